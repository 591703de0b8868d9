"""The rules of `launcher/answers/interview.py`: precedence, the card, the address, consent, back and replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kernel_cmdline import parse
from launcher.answers.interview import BESIDE, NO, QUESTIONS, Back, Interview, Told, refuse
from launcher.answers.lookup import Written, given_answers
from launcher.answers.questions import Facts, Question
from launcher.answers.row import Row
from launcher.answers.selectors import DeviceMissing
from launcher.errors import AnswerError, ErrorKind, LauncherError, Unanswered
from launcher.model.machine import Machine
from launcher.model.plan import Address, AddressSource, After, Compression, Next, Plan, ResultPage, Role
from launcher.sentence import say, verbatim
from tests.common import ONE, TWO

PXE = "ip=10.77.0.160:10.77.0.1:10.77.0.1:255.255.255.0 "


class Script:
    """An `Ask` that answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.presets: dict[str, str | None] = {}
        self.problems: list[str] = []

    def __call__(self, question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
        self.asked.append(question.key)
        self.presets[question.key] = preset
        if problem:
            self.problems.append(str(problem.sentence))
        answer = self.answers.pop(0)
        if answer == "<back>":
            raise Back
        if answer == "<yes>":
            return question.choices(facts)[1].text
        return answer


def plan(line: str, machine: Machine, *answers: str, told: Told | None = None) -> tuple[Plan, Script]:
    script = Script(*answers)
    return Interview(given_answers(parse(line)), machine, script, told).plan(), script


def test_the_documentations_line_asks_for_the_role_alone_and_a_sender_needs_no_more() -> None:
    result, script = plan(f"load_ramdisk=1 initrd=initrd-udpcast root=01:00 auto {PXE}", ONE, "snd")
    assert script.asked == ["umode"]
    assert (result.role, result.target.path, result.nic.name) == (Role.SEND, "/dev/sda", "eth0")
    assert (result.port, result.compression, result.after) == (9000, Compression.ZSTD, After())


def test_a_receiver_chosen_with_a_key_is_confirmed() -> None:
    result, script = plan("", ONE, "rcv", "<yes>")
    assert script.asked == ["umode", "confirm"]
    assert result.role is Role.RECEIVE
    assert result.compression is None


def test_role_and_disk_given_ask_nothing() -> None:
    _, script = plan("umode=rcv disk=/dev/sda", ONE)
    assert script.asked == []


def test_the_only_disk_is_no_consent_but_auto_is() -> None:
    _, script = plan("umode=rcv", ONE, "<yes>")
    assert script.asked == ["confirm"]
    interview = Interview(given_answers(parse("umode=rcv auto=yes")), ONE, refuse)
    assert interview.plan().target.path == "/dev/sda"
    assert not interview.certain


def test_a_role_chosen_with_a_key_is_confirmed_even_where_the_disk_was_named() -> None:
    _, script = plan("disk=/dev/sda", ONE, "rcv", "<yes>")
    assert script.asked == ["umode", "confirm"]


def test_a_disk_chosen_with_a_key_is_confirmed_even_where_the_role_was_named() -> None:
    _, script = plan("umode=rcv nic=eth0", TWO, "/dev/sdb", "<yes>")
    assert script.asked == ["disk", "confirm"]
    line = "umode=rcv nic=eth0 disk=/dev/sdb"
    assert plan(line, TWO)[1].asked == []
    assert plan(line, TWO, "<yes>", told=Told({"disk": "/dev/sda"}))[1].asked == ["confirm"]


def test_a_confirmation_of_one_disk_does_not_serve_for_another() -> None:
    told = Told({})
    plan("", ONE, "rcv", "<yes>", told=told)
    swapped = replace(ONE, disks=(replace(ONE.disks[0], serial="OTHER"),))
    _, script = plan("", swapped, "<yes>", told=told)
    assert script.asked == ["confirm"]
    assert "not confirmed" in script.problems[0]


@pytest.mark.parametrize(
    "other",
    [{"links": ("/dev/disk/by-path/pci-0000:00:1f.2-ata-2",)}, {"wwn": "0x5"}, {"model": "Other"}, {"size": 10**12}],
)
def test_a_confirmation_of_one_disk_does_not_serve_for_its_twin(other: dict[str, Any]) -> None:
    """Serial numbers are not always unique."""
    told = Told({})
    plan("", ONE, "rcv", "<yes>", told=told)
    _, script = plan("", replace(ONE, disks=(replace(ONE.disks[0], **other),)), "<yes>", told=told)
    assert script.asked == ["confirm"]


def test_a_disk_that_is_chosen_anew_is_confirmed_anew() -> None:
    told = Told({})
    plan("umode=rcv", TWO, "/dev/sda", "eth0", "<yes>", told=told)
    told.tell("disk", "/dev/sda")
    _, script = plan("umode=rcv", TWO, "<yes>", told=told)
    assert script.asked == ["confirm"]


@pytest.mark.parametrize("auto", ["auto=yes", 'auto="yes "', "AUTO=YES"])
def test_what_an_operator_chose_is_confirmed_whatever_auto_says(auto: str) -> None:
    told = Told({"umode": "rcv"})
    _, script = plan(auto, ONE, "<yes>", told=told)
    assert script.asked == ["confirm"]


def test_doubt_asks_for_the_role_again_and_for_consent() -> None:
    script = Script("rcv", "<yes>")
    Interview(given_answers(parse("auto=yes umode=rcv disk=/dev/sda")), ONE, script, doubt=True).plan()
    assert script.asked == ["umode", "confirm"]


@pytest.mark.parametrize(
    ("disk", "certain"),
    [("/dev/sda", True), ("serial:S21NX0AG123456", True), ("size:500G", False), ("serial:NO,/dev/sda", False)],
)
def test_a_selector_that_another_disk_may_fit_is_not_certain_before_all_are_known(disk: str, certain: bool) -> None:
    interview = Interview(given_answers(parse(f"auto=yes umode=rcv nic=eth0 disk={disk}")), ONE, refuse)
    interview.plan()
    assert interview.certain is certain


def test_without_a_link_unattended_waits_instead_of_giving_up() -> None:
    unlinked = replace(TWO, nics=tuple(replace(nic, link=False) for nic in TWO.nics))
    with pytest.raises(DeviceMissing, match="link"):
        Interview(given_answers(parse("auto=yes umode=snd disk=/dev/sda")), unlinked, refuse).plan()


def test_no_on_the_confirmation_goes_back_to_the_role() -> None:
    told = Told({})
    with pytest.raises(Back):
        plan("", ONE, "rcv", NO, told=told)
    assert told.back()
    assert told.answers == {}
    assert not told.back()


@pytest.mark.parametrize(
    ("line", "machine", "message"),
    [
        ("auto=yes", ONE, "role is not given"),
        ("auto=yes umode=rcv", TWO, "disk is neither given"),
        ("auto=yes umode=rcv port=9001", ONE, "odd"),
        ("auto=yes umode=snd compr=rar", ONE, "compr=rar"),
        ("auto=yes umode=snd dhcp=no", ONE, "ip is neither given"),
    ],
)
def test_unattended_stops_with_a_sentence_where_something_is_open_or_wrong(
    line: str, machine: Machine, message: str
) -> None:
    with pytest.raises((Unanswered, AnswerError), match=message):
        Interview(given_answers(parse(line)), machine, refuse).plan()


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "auto=yes umode=rcv disk=/dev/sdq"])
def test_a_device_that_is_missing_is_told_apart_because_it_may_still_appear(line: str) -> None:
    with pytest.raises(DeviceMissing):
        Interview(given_answers(parse(line)), replace(ONE, disks=()), refuse).plan()


def test_auto_no_asks_everything_with_the_given_value_preselected() -> None:
    first = ("en", "us", "snd", "/dev/sda", "eth0", "dhcp", "9002", "zstd", "")
    answers = (*first, "50", "60", "no", "yes", "menu", "n")
    result, script = plan("auto=no port=9002 umode=rcv disk=/dev/sda silence=50", ONE, *answers)
    settings = "silence start_timeout blank used after remontee_info"
    assert script.asked == f"lang kbmap umode disk nic ip port compr udpcparam {settings}".split()
    assert (script.presets["port"], script.presets["umode"]) == ("9002", "rcv")
    assert (script.presets["silence"], script.presets["start_timeout"]) == ("50", "43200")
    assert (result.port, result.start_timeout) == (9002, 60)


WHERE_A_QUESTION = {
    "netmask": "ip=10.0.0.7",
    "gateway": "ip=10.0.0.7",
    "page_remontee": "remontee_info=y",
    "num_op": "remontee_info=y page_remontee=http://se3/r",
    "auto_reboot": "auto_reboot=success",
    **dict.fromkeys(("blank", "used"), "umode=snd"),
}
"""Beside which line a row is a question, where it is not always one."""

GIVEN = {
    **{"lang": "de", "kbmap": "be", "umode": "rcv", "disk": "/dev/sda", "nic": "eth0", "ip": "10.0.0.7/24"},
    **{"netmask": "24", "gateway": "10.0.0.1", "port": "9002", "compr": "gzip", "udpcparam": "--nosync"},
    **{"silence": "50", "start_timeout": "60", "blank": "yes", "verify": "no", "used": "no", "holes": "zero"},
    **{"grow": "yes", "require": "equal", "retry": "2", "after": "reboot", "auto_reboot": "success"},
    **{"remontee_info": "y", "page_remontee": "http://se3/r", "num_op": "7"},
}
"""Of each row a value that is not its default."""


class Agreeing(Script):
    """Takes what is preselected, or whatever is possible."""

    def __call__(self, question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
        assert problem is None
        self.asked.append(question.key)
        self.presets[question.key] = preset
        choices = question.choices(facts)
        return preset if preset is not None else choices[-1].text if choices else GIVEN[question.key]


@pytest.mark.parametrize("row", [*QUESTIONS, *BESIDE], ids=lambda row: row.key)
def test_auto_no_asks_each_question_of_the_table_with_what_is_given_or_the_default(row: Row) -> None:
    line = f"auto=no {WHERE_A_QUESTION.get(row.key, 'umode=rcv')}"
    for given in ("", f"{row.key}={GIVEN[row.key]}"):
        script = Agreeing()
        interview = Interview(given_answers(parse(f"{line} {given}")), ONE, script)
        interview.plan()
        assert script.asked.count(row.key) == 1
        assert not given or script.presets[row.key] == GIVEN[row.key]


def test_auto_no_asks_for_the_keyboard_in_the_place_of_the_languages_usual_one() -> None:
    for line, preset in {"": "us", "lang=FR": "fr", "lang=de_CH": "ch-de", "lang=FR kbmap=BE": "BE"}.items():
        script = Agreeing()
        Interview(given_answers(parse(f"auto=no umode=snd {line}")), ONE, script).plan()
        assert (script.asked[:2], script.presets["kbmap"]) == (["lang", "kbmap"], preset)


def test_the_page_is_asked_for_where_the_operator_wants_it_told() -> None:
    interview = Interview(given_answers(parse("auto=no umode=snd remontee_info=y")), ONE, Agreeing())
    assert interview.plan().result_page == ResultPage("http://se3/r", None)
    assert interview.warnings == []


def test_a_wrong_answer_is_asked_again_with_the_sentence() -> None:
    result, script = plan("port=9001", ONE, "snd", "9003", "9004")
    assert script.asked == ["umode", "port", "port"]
    assert ["odd" in problem for problem in script.problems] == [True, True]
    assert result.port == 9004


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("BOOTIF=01-{1} nic=eth0", "eth1"),
        ("BOOTIF=01-{1} nic=eth0 rd.bootif=0", "eth0"),
        ("nic=BOOTIF BOOTIF=01-{1} rd.bootif=0", "eth1"),
        ("nic={1}", "eth1"),
        ("mac={1}", "eth1"),
        ("nic=eth1", "eth1"),
        ("BOOTIF=01-00-00-00-00-00-01 nic=eth1", "eth1"),
    ],
)
def test_the_card_is_bootifs_then_nics(line: str, name: str) -> None:
    macs = [nic.mac.replace(":", "-") for nic in TWO.nics]
    result, _ = plan(f"umode=snd disk=/dev/sda {line.format(*macs)}", TWO)
    assert result.nic.name == name


def test_the_card_is_the_only_one_with_a_link_else_a_question() -> None:
    linked = tuple(replace(nic, link=nic.name == "eth1") for nic in TWO.nics)
    result, _ = plan("umode=snd disk=/dev/sda", replace(TWO, nics=linked))
    assert result.nic.name == "eth1"
    both = tuple(replace(nic, link=True) for nic in TWO.nics)
    _, script = plan("umode=snd disk=/dev/sda", replace(TWO, nics=both), "eth0")
    assert script.asked == ["nic"]


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("", Address(AddressSource.DHCP)),
        ("ip=dhcp", Address(AddressSource.DHCP)),
        (PXE, Address(AddressSource.GIVEN, "10.77.0.160", 24, "10.77.0.1", lease=True)),
        (PXE + "dhcp=yes", Address(AddressSource.GIVEN, "10.77.0.160", 24, "10.77.0.1", lease=True)),
        (PXE + "dhcp=no", Address(AddressSource.GIVEN, "10.77.0.160", 24, "10.77.0.1", lease=False)),
        ("ip=10.0.0.7 netmask=255.255.0.0", Address(AddressSource.GIVEN, "10.0.0.7", 16, None)),
        ("ip=10.0.0.7/24 gateway=10.0.0.1", Address(AddressSource.GIVEN, "10.0.0.7", 24, "10.0.0.1")),
        (
            "ip=10.0.0.7::10.0.0.1:255.255.255.0:pc:eth0:off",
            Address(AddressSource.GIVEN, "10.0.0.7", 24, "10.0.0.1"),
        ),
    ],
)
def test_the_address(line: str, address: Address) -> None:
    assert plan(f"umode=snd {line}", ONE)[0].address == address


def test_auto_no_asks_for_the_address_on_one_screen() -> None:
    """The address, or that a DHCP server is asked; even where the line forbids that, the operator may know better."""
    line = "auto=no umode=snd disk=/dev/sda nic=eth0 dhcp=no"
    for told, address in (("dhcp", Address(AddressSource.DHCP)), ("10.0.0.7/24", None)):
        answers = (
            "en",
            "us",
            "snd",
            "/dev/sda",
            "eth0",
            told,
            *(["none"] if address is None else []),
            "9000",
            "zstd",
            "",
            *("40", "43200", "no", "yes"),
            "menu",
            "n",
        )
        result, script = plan(line, ONE, *answers)
        assert [key for key in script.asked if key in ("dhcp", "ip", "netmask")] == ["ip"]
        assert script.presets["ip"] is None
        assert result.address == (address or Address(AddressSource.GIVEN, "10.0.0.7", 24))


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("172.20.3.10:172.20.0.1:172.20.0.1:", 16),
        ("192.168.3.10:192.168.0.1:192.168.2.1:0.0.0.0", 22),
        ("10.0.0.7::10.0.0.1::pc:eth0:off", 8),
    ],
)
def test_without_a_mask_it_is_the_classs_or_one_that_covers_server_and_gateway(ip: str, prefix: int) -> None:
    assert plan(f"auto=yes umode=snd ip={ip}", ONE)[0].address.prefix == prefix


@pytest.mark.parametrize(
    "line",
    [
        *("ip=127.0.0.1/8", "ip=224.0.0.1", "ip=255.255.255.255", "ip=10.0.0.255/24", "ip=10.0.0.255 netmask=24"),
        "ip=10.0.0.0:10.0.0.1::255.255.255.0",
    ],
)
def test_an_address_that_no_pc_can_have_is_an_error(line: str) -> None:
    with pytest.raises(AnswerError, match="cannot be the address of a PC"):
        Interview(given_answers(parse(f"auto=yes umode=snd {line}")), ONE, refuse).plan()


def test_what_pxelinux_said_of_the_pc_goes_with_its_address() -> None:
    made, _ = plan(f"auto=yes umode=snd {PXE} SYSUUID=44454c4c-4200-1035-8056-b4c04f4d3132", ONE)
    assert made.address.sysuuid == "44454c4c-4200-1035-8056-b4c04f4d3132"


def test_going_back_beyond_the_first_answer_asks_what_was_given() -> None:
    script = Script("en", "snd", "/dev/sda", "eth0", "dhcp", "9000", "none", "", "menu")
    given = given_answers(parse("auto=yes umode=rcv disk=/dev/sda"))
    result = Interview(given, ONE, script, review=True).plan()
    assert script.presets["umode"] == "rcv"
    assert result.role is Role.SEND
    assert result.attended


def test_later_values_and_the_command_line_win() -> None:
    configuration = Written(verbatim("udpcfg.txt"), parse("port=9100 compr=gzip"))
    given = given_answers(parse("port=9002 port=9004"), configuration)
    assert (given["port"].text, given["compr"].text, str(given["compr"].source)) == ("9004", "gzip", "udpcfg.txt")


@pytest.mark.parametrize(
    ("line", "after", "warning"),
    [
        ("", After(), ""),
        ("auto_reboot=always", After(Next.REBOOT, Next.REBOOT), ""),
        ("auto_reboot=success", After(Next.REBOOT, Next.MENU), ""),
        ("auto_reboot=never", After(), ""),
        ("after=poweroff", After(Next.POWEROFF, Next.POWEROFF), ""),
        ("after=Reboot,shell", After(Next.REBOOT, Next.SHELL), ""),
        ("after=poweroff,menu auto_reboot=success", After(Next.POWEROFF, Next.MENU), "auto_reboot=success is not used"),
        ("after=reboot auto_reboot=always", After(Next.REBOOT, Next.REBOOT), ""),
    ],
)
def test_after_decides_before_auto_reboot(line: str, after: After, warning: str) -> None:
    interview = Interview(given_answers(parse(f"auto=yes umode=snd {line}")), ONE, refuse)
    assert interview.plan().after == after
    assert warning in " ".join(map(str, interview.warnings))
    assert bool(interview.warnings) == bool(warning)


@pytest.mark.parametrize(
    ("line", "page", "warning"),
    [
        ("", None, ""),
        ("remontee_info=y page_remontee=http://se3:909/r.php num_op=7", ResultPage("http://se3:909/r.php", "7"), ""),
        ("remontee_info=y page_remontee=http://se3/r num_op=", ResultPage("http://se3/r", None), ""),
        ("remontee_info=y num_op=7", None, "does not say which page"),
        ("page_remontee=http://se3/r", None, "without remontee_info=y"),
        ("remontee_info=n page_remontee=http://se3/r", None, ""),
    ],
)
def test_a_page_is_told_only_where_both_are_given(line: str, page: ResultPage | None, warning: str) -> None:
    interview = Interview(given_answers(parse(f"auto=yes umode=snd {line}")), ONE, refuse)
    assert interview.plan().result_page == page
    assert warning in " ".join(map(str, interview.warnings))
    assert bool(interview.warnings) == bool(warning)


def test_settings_reach_the_plan() -> None:
    result, _ = plan("auto=yes umode=rcv verify=no silence=60 start_timeout=300 retry=2", ONE)
    assert (result.verify, result.silence, result.start_timeout, result.retry) == (False, 60, 300, 2)
    default, _ = plan("auto=yes umode=rcv", ONE)
    assert (default.verify, default.silence, default.start_timeout, default.retry) == (True, 40, 43200, 0)


@pytest.mark.parametrize("role", ["rcv", "snd"])
def test_a_start_timeout_among_udpcasts_options_is_the_launchers_own(role: str) -> None:
    line = f'auto=yes umode={role} start_timeout=60 udpcparam="--nokbd --start-timeout 7"'
    interview = Interview(given_answers(parse(line)), ONE, refuse)
    result = interview.plan()
    assert (result.start_timeout, result.options.words) == (7, ("--nokbd",))
    assert [str(warning) for warning in interview.warnings] == [
        "start_timeout= is not used: --start-timeout in udpcparam decides."
    ]


def test_auto_no_asks_a_receiver_every_setting() -> None:
    first = ("en", "us", "rcv", "/dev/sda", "eth0", "dhcp", "9000", "recognise", "", "60", "300", "no", "zero", "yes")
    line = "auto=no silence=50 auto_reboot=success remontee_info=y page_remontee=http://se3/r"
    result, script = plan(line, ONE, *first, "equal", "3", "always", "y", "http://se3/s", "7", "<yes>")
    settings = "silence start_timeout verify holes grow require retry auto_reboot remontee_info page_remontee num_op"
    assert script.asked[9:] == [*settings.split(), "confirm"]
    assert script.presets["silence"] == "50"
    assert (result.silence, result.verify, result.after) == (60, False, After(Next.REBOOT, Next.REBOOT))
    assert (result.holes.value, result.grow.value, result.require.value, result.retry) == ("zero", "yes", "equal", 3)
    assert result.result_page == ResultPage("http://se3/s", "7")


def test_who_goes_back_is_asked_a_setting_with_a_good_default_only_where_it_is_given() -> None:
    interview = Interview(given_answers(parse("silence=50")), ONE, refuse, review=True)
    asked = [item.key for item in interview.preview() if item.asked]
    assert "silence" in asked and "port" in asked
    assert not {"start_timeout", "used", "holes", "grow", "require", "retry", "remontee_info"} & {*asked}


def test_retry_counts_for_unattended_receivers_only_and_says_so() -> None:
    interview = Interview(given_answers(parse("umode=rcv disk=/dev/sda retry=2")), ONE, refuse)
    interview.plan()
    assert [str(warning) for warning in interview.warnings] == [
        "retry=2 counts with auto=yes only: here the operator decides."
    ]


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("umode=rcv ip=10.0.0.7 netmask=24 gateway=10.0.0.1", ""),
        ("umode=rcv ip=10.0.0.7/24 gateway=10.0.0.1", ""),
        ("umode=rcv ip=10.0.0.7/16 netmask=24", "netmask=24 is not used: ip=10.0.0.7/16."),
        (f"umode=rcv {PXE} netmask=16", f"netmask=16 is not used: {PXE.strip()}."),
        (f"umode=rcv {PXE} gateway=none", f"gateway=none is not used: {PXE.strip()}."),
        (f"umode=rcv {PXE} netmask=255.255.255.0 gateway=10.77.0.1", ""),
        ("umode=rcv gateway=10.0.0.1", "gateway=10.0.0.1 is not used: ip=dhcp."),
        ("umode=rcv ip=eth7:dhcp ip=eth0:dhcp netmask=24", "netmask=24 is not used: ip=eth0:dhcp."),
        ("umode=rcv after=reboot,Shell shell=NO", "after=reboot,Shell is not used: shell=no."),
        ("umode=snd after=shell shell=no", "after=shell is not used: shell=no."),
        ("umode=snd after=shell shell=yes", ""),
        ("umode=snd after=reboot shell=no", ""),
        (
            "umode=rcv require=equal compr=gzip",
            "require=equal, compr=gzip: Send with zstd and the launcher, or leave require away.",
        ),
        ("umode=rcv require=equal compr=none", "require=equal, compr=none: Send with zstd"),
        ("umode=rcv require=equal compr=zstd", ""),
        ("umode=rcv require=equal", ""),
        ("umode=rcv compr=gzip", ""),
        ("umode=snd require=equal compr=gzip", ""),
    ],
)
def test_what_is_not_used_beside_another_word_is_said(line: str, warning: str) -> None:
    interview = Interview(given_answers(parse(f"auto=yes {line}")), ONE, refuse)
    interview.plan()
    said = [str(one) for one in interview.warnings if "eth7 is not on this PC" not in str(one)]
    assert warning in "\n".join(said) and len(said) == bool(warning), said


NO_DISK = replace(ONE, disks=())
REFUSED = replace(ONE, disks=(replace(ONE.disks[0], refused=say("it is in use")),))
UNLINKED = replace(TWO, nics=tuple(replace(nic, link=False) for nic in TWO.nics))


@pytest.mark.parametrize(
    ("line", "machine", "kind", "fields"),
    [
        ("umode=snd port=9001", ONE, ErrorKind.WRONG_VALUE, {"text": "9001", "near": 9000}),
        ("", ONE, ErrorKind.UNANSWERED, {}),
        ("umode=snd", TWO, ErrorKind.UNANSWERED, {"key": "disk", "count": 2, "choices": ["/dev/sda", "/dev/sdb"]}),
        ("umode=snd", NO_DISK, ErrorKind.DEVICE_MISSING, {}),
        ("umode=snd disk=sdq", ONE, ErrorKind.DEVICE_MISSING, {"counts": ["sdq matches nothing"]}),
        ("umode=snd disk=sda", REFUSED, ErrorKind.DEVICE_REFUSED, {"disk": "/dev/sda", "why": "it is in use"}),
        ("umode=snd disk=sda", UNLINKED, ErrorKind.NO_LINK, {}),
    ],
)
def test_an_error_is_a_kind_with_fields(
    line: str, machine: Machine, kind: ErrorKind, fields: dict[str, object]
) -> None:
    with pytest.raises(LauncherError) as caught:
        Interview(given_answers(parse(f"auto=yes {line}")), machine, refuse).plan()
    record = caught.value.record()
    assert (caught.value.kind, record["kind"]) == (kind, kind.value)
    assert isinstance(record["fields"], dict)
    assert record["fields"] | fields == record["fields"]

"""What is written of the answers, read again, is the same plan."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import launcher
from kernel_cmdline import CommandLine, parse
from launcher.answers.configuration import read_configuration
from launcher.answers.interview import CONFIRM, Back, Interview, Told
from launcher.answers.lookup import given_answers
from launcher.answers.questions import Facts, GivenAnswers, Question
from launcher.answers.rendering import Written, lasting, write
from launcher.answers.selectors import select_target
from launcher.answers.validation import explain_parameters
from launcher.errors import AnswerError, LauncherError
from launcher.model.machine import Machine, from_json
from launcher.model.plan import Plan
from tests.common import ONE, TWO

MACHINES = [
    from_json(path.read_text()) for path in sorted((Path(launcher.__file__).parent / "machines").glob("*.json"))
]
PXE = "BOOTIF=01-52-54-00-aa-bb-01 ip=10.0.0.7:10.0.0.1:10.0.0.1:255.255.255.0"


def written(line: str, machine: Machine, told: dict[str, str] | None = None) -> Written:
    given = given_answers(parse(line))
    preview = Interview(given, machine, nobody, Told(dict(told or {}))).preview()
    return write(preview, given, machine)


def nobody(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
    """Agrees to what is to be confirmed, and answers nothing else."""
    if question.key == CONFIRM:
        return question.choices(facts)[1].text
    raise AssertionError(f"{question.key} is asked: {problem}")


def said(one: Written) -> list[str]:
    return list(map(str, one.notes))


def test_nothing_said_is_nothing_written() -> None:
    one = written("quiet load_ramdisk=1 auto", ONE)
    assert (one.line, one.parameters, said(one)) == ("", (), [])
    assert one.file.startswith("# udpcfg.txt (udpcast-launcher)\n#lang=en\n") and "#port=9000\n" in one.file


def test_what_was_given_and_what_was_told_is_written_with_quotes_where_they_must_be() -> None:
    one = written('lang=FR keymap=fr UDPCParam="--min-receivers 2" quiet', ONE, {"umode": "snd", "port": "9004"})
    assert one.line == 'lang=FR kbmap=fr umode=snd port=9004 udpcparam="--min-receivers 2"'
    assert 'udpcparam="--min-receivers 2"\n' in one.file and "#port" not in one.file and "#compr=zstd\n" in one.file


def test_what_the_boot_loader_adds_is_left_out() -> None:
    line = f"umode=snd config=a.txt medium=UDPC SYSUUID=4c4c4544-0042-3510-8056-b4c04f4d3132 CPU=6P {PXE}"
    assert written(line, ONE).line == "umode=snd"
    assert written("ip=10.0.0.7/24 ip=eth9:dhcp", ONE).line == "ip=10.0.0.7/24 ip=eth9:dhcp"


def test_a_disk_that_was_chosen_is_written_by_what_lasts() -> None:
    disk = TWO.disks[1]
    one = written("", TWO, {"umode": "rcv", "disk": disk.path})
    assert one.line == f"umode=rcv disk=serial:{disk.serial}"
    assert f"disk=serial:{disk.serial} for this PC alone" in said(one)[0]
    assert said(one)[1].startswith("A PC with these answers overwrites that disk without asking")
    assert written(f"umode=snd disk={disk.path}", TWO).line == f"umode=snd disk={disk.path}"


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ("umode=rcv disk=/dev/sda", True),
        ("auto=yes umode=rcv disk=/dev/sda", True),
        ("auto=no umode=rcv disk=/dev/sda", False),
        ("consent=ask umode=rcv disk=/dev/sda", False),
        ("umode=rcv", False),
        ("umode=snd disk=/dev/sda", False),
    ],
)
def test_whether_a_pc_with_these_answers_asks_before_it_overwrites(line: str, without: bool) -> None:
    assert ("A PC with these answers overwrites that disk without asking" in str(said(written(line, ONE)))) is without


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"serial": "A B"}, "serial:A B"),
        ({"serial": "A,B", "wwn": "0x5000c500a"}, "wwn:0x5000c500a"),
        ({"serial": 'A "B', "wwn": None, "links": ("/dev/disk/by-path/x", "/dev/disk/by-id/y")}, "/dev/disk/by-id/y"),
        ({"serial": "SAME", "wwn": None, "links": ("/dev/disk/by-path/x",)}, "/dev/disk/by-path/x"),
        ({"serial": "A\x9bB", "wwn": "\u202e1", "links": ("/dev/disk/by-path/x",)}, "/dev/disk/by-path/x"),
        ({"serial": None, "wwn": None, "links": ()}, None),
    ],
)
def test_what_lasts_is_what_means_this_disk_and_no_other(changed: dict[str, object], text: str | None) -> None:
    disk = replace(ONE.disks[0], **changed)  # type: ignore[arg-type]
    machine = replace(ONE, disks=(disk, replace(disk, path="/dev/sdb", wwn=None, links=(), serial="SAME")))
    assert lasting(select_target(disk.path, machine, for_writing=False), machine) == text


def test_a_partition_has_no_serial_number() -> None:
    machine = next(one for one in MACHINES if any(disk.partitions and disk.links for disk in one.disks))
    disk = next(disk for disk in machine.disks if disk.partitions and disk.links)
    target = select_target(disk.partitions[0].path, machine, for_writing=False)
    text = lasting(target, machine)
    assert (
        text and text.startswith("/dev/disk/") and select_target(text, machine, for_writing=False).path == target.path
    )


def test_a_card_that_was_told_counts_against_the_one_that_pxe_booted() -> None:
    other = next(nic for nic in TWO.nics if nic.mac != "52:54:00:aa:bb:01")
    line = f"auto=no BOOTIF=01-{TWO.nics[0].mac.replace(':', '-')}"
    assert "rd.bootif=0" in written(line, TWO, {"nic": other.name}).line
    assert "rd.bootif" not in written(line, TWO, {"nic": TWO.nics[0].name}).line


def test_an_address_that_was_told_gives_way_to_the_boot_loaders() -> None:
    assert said(written(PXE, ONE, {"ip": "10.0.0.9/24"})) == [
        "ip=10.0.0.9/24 counts only where the boot loader adds no ip=."
    ]


def test_what_is_wrong_or_cannot_be_written_is_said_and_left_out() -> None:
    wrong = written("port=odd umode=snd", ONE)
    assert wrong.line == "umode=snd" and said(wrong)[0].startswith("port=odd")
    given = given_answers(CommandLine((parse("events=a").parameters[0],)))
    given["events"] = given["events"]._replace(text='"a b"')
    one = write((), given, ONE)
    assert one.line == "" and "double quote" in said(one)[0] and "events" not in one.file


@pytest.mark.parametrize("unseen", ["\x9b", "\u202e", "\u2028", "\ufeff", "\udc9b", "\t"])
def test_what_a_terminal_may_not_get_is_left_out_of_line_and_file(unseen: str) -> None:
    one = written(f'"events=a{unseen}b" port=9002', ONE)
    assert one.line == "port=9002" and "events" not in one.file
    assert said(one) == [f'The parameter "events" cannot be written: U+{ord(unseen):04X}.']
    assert written("events=a\udce9b", ONE).line == "events=a\udce9b"


def test_a_line_that_no_kernel_takes_is_no_line() -> None:
    options = "--max-wait 600 " * 200
    one = written(f'udpcparam="{options}"', ONE)
    assert one.line == "" and "bytes" in said(one)[0] and options.strip() in one.file


# --- the same plan again ----------------------------------------------------------------------------------------------

GIVEN = (
    *('lang=FR', 'umode=snd', 'umode=rcv', 'disk=/dev/sda', 'disk=size:500G', 'port=9004', 'compr=gzip', 'compr=zstd'),
    *('udpcparam="--min-receivers 2 --nokbd"', 'silence=60', 'verify=no', 'used=no', 'holes=zero', 'grow=yes', PXE),
    *('require=equal', 'retry=2', 'after=reboot,menu', 'auto_reboot=success', 'ip=10.0.0.9/24', 'auto=no', 'blank=yes'),
    *('kbmap=fr', 'shell=no', 'events=ttyS1', 'rd.bootif=0', 'nic=eth0', 'start_timeout=900', 'dhcp=yes', 'quiet'),
    *('remontee_info=y page_remontee="http://se3/r?a=b c"', 'remontee_info=y page_remontee=http://se3/r num_op=7'),
)  # fmt: skip


def somebody(seed: random.Random) -> object:
    """Answers every question somehow; agrees to an overwrite."""
    tries: list[str] = []

    def ask(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
        if question.key == CONFIRM:
            return question.choices(facts)[1].text
        choices = question.choices(facts)
        tries.append(question.key)
        assert len(tries) < 200, tries[-5:]
        if not choices and (problem or question.key in ("disk", "nic")):
            raise Back
        typed = {
            "port": "9008",
            "udpcparam": "--nokbd",
            "silence": "30",
            "ip": "dhcp",
            "netmask": "24",
            "gateway": "none",
        }
        return seed.choice(choices).text if choices else typed.get(question.key, preset or "")

    return ask


@pytest.mark.parametrize("number", range(60))
def test_what_is_written_gives_the_same_plan_again(number: int) -> None:
    seed = random.Random(number)
    machine = seed.choice(MACHINES)
    line = " ".join(seed.sample(GIVEN, seed.randrange(len(GIVEN) // 2)))
    given, told = given_answers(parse(line)), Told({})
    first = Interview(given, machine, somebody(seed), told)  # type: ignore[arg-type]
    try:
        plan = first.plan()
    except (LauncherError, Back):
        return
    one = write(Interview(given, machine, nobody, told).preview(), given, machine)
    added = PXE if PXE in line else ""
    if added and ("ip" in told.answers or "ip=10.0.0.9" in line):
        return  # the boot loader's own counts then
    assert explain_parameters(parse(one.line), machine)[2] == ()
    assert again(given_answers(parse(f"{one.line} {added}")), machine) == plan
    file = read_configuration(one.file.encode())
    assert again(given_answers(parse(added), file.answers), machine) == plan
    assert tuple(file.whole) == one.parameters


def again(given: GivenAnswers, machine: Machine) -> Plan:
    """The plan of these answers; whoever is asked takes what is preselected."""

    def ask(question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> str:
        if question.key == CONFIRM:
            return question.choices(facts)[1].text
        if problem or preset is None or "auto" not in given:
            raise AssertionError(f"{question.key} is asked: {problem}")
        return preset

    return Interview(given, machine, ask).plan()

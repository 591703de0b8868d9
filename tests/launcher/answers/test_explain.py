"""`explain`: every parameter's status, what is left to ask, and the sentences for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import Explanation, check, explain, to_json
from launcher.answers.validation import explain_parameters
from launcher.model.plan import After, Next
from tests.common import ONE, ROOT, recorded

DOCUMENTED = "load_ramdisk=1 initrd=initrd-udpcast root=01:00"
SCHOOL = (
    "initrd=udprd root=01:00 persoparams=oui lang=FR kbmap=FR dhcp=yes compr=lzop port=9002 umode=rcv disk=/dev/sda "
    'auto_reboot=success enableDiskmodule=yes diskmodule=AUTO netmodule=AUTO udpcparam="--start-timeout=300 --nokbd"'
)


def explained(line: str, machine: str = "one-disk-one-card") -> Explanation:
    return explain(parse(line), recorded(machine))


def status(explanation: Explanation, name: str) -> str:
    return next(item.status for item in explanation.parameters if item.name == name)


def test_the_documentations_line_leaves_the_role_alone() -> None:
    result = explained(DOCUMENTED)
    assert result.questions == ("umode",)
    assert result.errors == ()
    assert {item.status for item in result.parameters} == {"foreign"}


def test_the_schools_line_runs_without_a_question() -> None:
    result = explained(SCHOOL)
    assert (result.questions, result.errors) == ((), ())
    assert result.plan
    assert (result.plan.options.words, result.plan.start_timeout) == (("--nokbd",), 300)
    assert result.argv[0][0] == "udp-receiver"
    assert " --start-timeout 300 " in " ".join(result.argv[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("append initrd=udpcast-initrd umode=rcv", "append"),
        ("APPEND umode=rcv", "APPEND"),
        ("label udpcast kernel udpcast-linux append umode=rcv ipappend 3", "label, kernel, append, ipappend"),
        ("umode=rcv quiet -- append", ""),
        ("append=1 umode=rcv", ""),
    ],
)
def test_what_was_pasted_with_the_line_is_named(line: str, words: str) -> None:
    said = [one for one in map(str, explained(line).warnings) if "boot loader's configuration" in one]
    assert [one.partition(": ")[0] for one in said] == ([words] if words else [])
    assert [one for one in check(line)[1] if "boot loader's configuration" in one] == said


def test_two_disks_leave_the_disk_and_cards_without_bootif_may_leave_the_card() -> None:
    assert "disk" in explained("umode=snd", "two-disks-two-cards").questions


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("port=9001", "odd"),
        ("compr=rar", "compr=rar"),
        ("umod=rcv", "did you mean umode"),
        ("prot=9000", "did you mean port"),
        ("disk=/dev/sdz", "/dev/sdz matches nothing"),
        ("auto", ""),
        ("auto=yes", "role is not given"),
        ("auto=maybe", "auto=maybe"),
        ("umode", "umode has no value. Expected one of: snd, rcv, send"),
        ("retry", "retry has no value. retry= is no number of casts from 0 to 99."),
        ("num_op", "num_op has no value. Write num_op=7, or leave it out."),
        ("modparm", 'modparm has no value. Write modparm="debug=1 speed=100", or leave it out.'),
        ("gateway", "gateway has no value. Write gateway=10.0.0.1, or leave it out."),
        ("ip=10.0.0.999", "client"),
        ("lang=klingon", "lang=klingon"),
        ("lang=hu", "There is: EN, "),
        ("disk=seriall:S1", "seriall is no selector"),
        ("dsk=/dev/sda", "did you mean disk"),
        ("nodhcp", ""),
        ("nic=BOOTIF", "BOOTIF= is not on the line"),
        ("dhcp=no ip=dhcp", "dhcp=no"),
        ("ip=10.0.0.7/24 gateway=fe80::1", "IPv6"),
        ("ip=10.0.0.7::[fe80::1]:255.255.255.0", "expected an IPv4 address"),
        ("umode=snd compr=recognise", "receivers only"),
        ("netmask=255.0.255.0", "netmask"),
        ('udpcparam="--fiel x"', "--fiel"),
        ('udpcparam="--file /dev/sdb"', "--file"),
        ('udpcparam="--ttl \'1"', "udpcparam"),
        ("disk=serial:NOPE", "matches nothing"),
        ("disk=size:x", "size:x"),
        ("nic=eth9", "eth9"),
        ("verify=maybe", "verify=maybe"),
        ("silence=4", "silence=4 is no number of seconds from 5 to 3600"),
        ("silence=3601", "from 5 to 3600"),
        ("silence=\u0665\u0660", "from 5 to 3600"),
        ("start_timeout=0", "from 1 to 604800"),
        ("start_timeout=604801", "from 1 to 604800"),
        ("retry=100", "retry=100 is no number of casts from 0 to 99"),
        ("retry=-1", "from 0 to 99"),
        ("after=restart", "after=restart is not known"),
        ("after=", "after= is not known"),
        ("after=reboot,menu,shell", "or two of them"),
        ("auto_reboot=maybe", "auto_reboot=maybe"),
        ("remontee_info=maybe", "remontee_info=maybe"),
        ("page_remontee=https://se3/r", "no https"),
        ("page_remontee=se3/r", "no http URL"),
        ("page_remontee=http:///r", "no http URL"),
        ("page_remontee=http://user@se3/r", "no http URL"),
        ("page_remontee=http://se3:70000/r", "no http URL"),
        ('page_remontee="http://se3/a b"', "a character that a URL cannot have"),
        ("page_remontee=http://se3/r#x", "a character"),
        ("page_remontee=http://se3/r%2", "a character"),
        ("page_remontee=http://se3?room=%C3%A0", ""),
        ("num_op=x", "num_op=x is no number"),
    ],
)
def test_errors_name_what_is_wrong(line: str, words: str) -> None:
    errors = explained(line).errors
    assert bool(errors) == bool(words)
    assert words in " ".join(map(str, errors))


def test_names_match_without_case_and_with_dashes() -> None:
    result = explained("UMODE=snd Auto-Reboot=success")
    assert (status(result, "UMODE"), status(result, "Auto-Reboot")) == ("used", "used")
    assert result.plan
    assert result.plan.after == After(Next.REBOOT, Next.MENU)


def test_what_kernels_are_given_is_foreign_and_no_error() -> None:
    line = (
        "quiet splash console=ttyS0,115200n8 root=/dev/ram0 intel_iommu=on mitigations=off nvme.poll_queues=2 -- disk=x"
    )
    result = explained(line)
    assert {item.status for item in result.parameters} == {"foreign"}
    assert result.errors == ()


def test_an_overridden_value_is_a_warning() -> None:
    assert any("overridden" in str(warning) for warning in explained("port=9000 port=9002").warnings)


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("disk=/dev/sda fdrive=/dev/sdb", "disk=/dev/sda is overridden by a later fdrive=."),
        ("mac=52:54:00:aa:bb:01 NIC=eth1", "mac=52:54:00:aa:bb:01 is overridden by a later NIC=."),
    ],
)
def test_another_name_of_the_same_parameter_overrides_as_well(line: str, warning: str) -> None:
    assert warning in check(line)[1]


@pytest.mark.parametrize("line", ["disk='model:x'", "disk=“/dev/sda”", "disk=model:no such", "port=9001", "nic=“eth0”"])
def test_what_is_wrong_with_a_value_is_said_once(line: str) -> None:
    assert len(explained(f"auto=yes umode=rcv {line}").errors) == 1


def test_the_bare_auto_that_pxelinux_adds_overrides_nothing() -> None:
    assert check("auto=yes umode=rcv disk=/dev/sda auto") == ([], [])


def test_the_old_name_of_the_initrd_is_explained_and_any_other_is_the_boot_loaders_matter() -> None:
    old = "/udpcast/initrd-udpcast"
    assert [str(warning) for warning in explained(f"initrd={old}").warnings if old in str(warning)]
    for name in ("udpcast-initrd", "udprd", "pair/udpcast-initrd", "x,y"):
        assert not [warning for warning in explained(f"initrd={name}").warnings if "initrd" in str(warning)]


def test_a_line_at_which_the_kernel_panics_is_an_error() -> None:
    many = [f"x{number}=1" for number in range(32)]
    assert check(" ".join(many[:31]) + " root=01:00 a.b=1 initrd=x") == ([], [])
    assert "panics" in check(" ".join(many))[0][0]
    assert "panics" in str(explained(" ".join(many)).errors[0])


def test_a_kernel_that_has_read_the_line_did_not_stop_at_it() -> None:
    assert explain_parameters(parse(" ".join(f"x{number}=1" for number in range(40))), None)[2] == ()


def test_check_needs_no_machine() -> None:
    assert check(SCHOOL) == ([], [])
    assert check("disk=/dev/sdz umode=rcv") == ([], [])
    assert "odd" in check("port=9001")[0][0]
    assert "role" in check("auto=yes disk=sda")[0][0]
    assert "receivers only" in check("umode=snd compr=recognise")[0][0]
    assert "empty" in check("umode=rcv disk=serial:")[0][0]


def test_json_has_the_documented_keys() -> None:
    data = json.loads(to_json(explained(SCHOOL)))
    assert list(data) == ["parameters", "answers", "questions", "plan", "argv", "warnings", "errors"]
    assert set(data["parameters"][0]) == {"name", "value", "status", "source", "meaning"}
    assert data["answers"]["port"] == {"value": "9002", "source": "command line"}
    assert data["plan"]["disk"] == "/dev/sda"


@pytest.mark.parametrize(("line", "expected"), [(DOCUMENTED, 0), ("port=9001", 1), ("@/nonexistent", 2)])
def test_exit_statuses(line: str, expected: int) -> None:
    command = [
        sys.executable,
        "-m",
        "launcher",
        "explain",
        "--machine",
        "one-disk-one-card.json",
        "--cmdline",
        line,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == expected
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("umode=snd compr=gzip used=yes", "used=yes is not used: with compr=gzip the whole disk is sent"),
        ("umode=snd compr=none used=yes", "used=yes is not used: with compr=none"),
        ("umode=snd compr=gzip used=no", ""),
        ("umode=snd compr=gzip", ""),
        ("umode=snd used=yes", ""),
        ("umode=snd compr=zstd used=yes", ""),
        ("umode=rcv compr=gzip used=yes", ""),
        ("umode=rcv holes=discard", "For privacy, use holes=zero."),
        ("umode=rcv holes=zero", ""),
        ("umode=rcv", ""),
        ("umode=snd holes=discard", ""),
        ("umode=rcv disk=/dev/sda1 grow=yes", "grow=yes does nothing for /dev/sda1: it is a partition"),
        ("umode=rcv disk=/dev/sda1 grow=ask", "grow=ask does nothing for /dev/sda1"),
        ("umode=rcv disk=/dev/sda1 grow=no", ""),
        ("umode=rcv disk=/dev/sda1", ""),
        ("umode=rcv disk=/dev/sda grow=yes", ""),
        ("umode=rcv disk=/dev/sda grow=ask", ""),
        ("umode=rcv disk=/dev/sda auto=yes grow=ask", "grow=ask means no here: nobody is asked."),
        ("umode=rcv disk=/dev/sda auto=yes", ""),
    ],
)
def test_what_of_used_blocks_and_growing_comes_to_nothing_is_said(line: str, words: str) -> None:
    said = [one for one in map(str, explained(line).warnings) if any(key in one for key in ("used", "holes", "grow"))]
    assert len(said) == bool(words)
    assert all(words in one for one in said)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("umode=snd", "used", True),
        ("umode=snd used=no", "used", False),
        ("umode=rcv disk=/dev/sda", "holes", "keep"),
        ("umode=rcv disk=/dev/sda holes=ZERO", "holes", "zero"),
        ("umode=rcv disk=/dev/sda", "grow", "ask"),
        ("umode=rcv disk=/dev/sda grow=yes", "grow", "yes"),
    ],
)
def test_the_plan_says_what_becomes_of_used_blocks(line: str, key: str, value: object) -> None:
    plan = explained(line).plan
    assert plan and plan.record()[key] == value


@pytest.mark.parametrize("name", ["room.img.zst", "/srv/room.IMG", "/dev/sda,/srv/room.zst"])
def test_an_image_file_in_the_place_of_a_disk_is_named(name: str) -> None:
    words = f"disk={name.rpartition(',')[2]} is the name of an image file."
    assert [words in str(one) for one in explained(f"umode=rcv disk={name}").warnings] == [True]
    assert [words in one for one in check(f"umode=rcv disk={name}")[1] if "image" in one] == [True]
    assert not [one for one in check("umode=rcv disk=/dev/sda")[1] if "image" in one]


def test_what_fits_every_room_is_asked_where_everything_is() -> None:
    assert not {"used", "holes", "grow"} & {*explained("").questions}
    assert {"used", "holes", "grow"} <= {*explained("auto=no").questions}
    assert not {"used", "holes", "grow"} & {*explained("auto=yes").questions}


def test_what_the_launcher_stops_at_has_no_plan_and_what_must_be_seen_is_asked_first() -> None:
    """A wrong line shows nobody the overwrite of a disk that it does not mean."""
    wrong = "umode=rcv disk=model:Samsung SSD 860 EVO"
    alone, attended = explain(parse(f"auto=yes {wrong}"), ONE), explain(parse(wrong), ONE)
    assert alone.errors and (alone.plan, alone.argv, alone.questions) == (None, (), ())
    assert attended.errors and attended.plan is None and attended.questions[0] == "umode"
    right = explain(parse('auto=yes umode=rcv "disk=model:Samsung SSD"'), ONE)
    assert right.plan and right.plan.target.path == "/dev/sda" and not right.errors

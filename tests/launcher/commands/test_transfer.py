"""``launcher transfer``: what it takes and refuses, and one real transfer between two network namespaces."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.commands import transfer as headless
from launcher.commands.commands import command
from launcher.errors import AnswerError, ErrorKind, TransferFailed
from launcher.events import EventLog
from launcher.model.machine import Machine, Nic
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Plan, Role
from launcher.sentence import say, verbatim
from launcher.transfer.status import TransferState
from tests.common import ROOT
from tests.launcher.datapath.old_lives import gpt, md_superblock
from tests.launcher.transfer.fake_programs import plan as fake_plan

MIB = 1 << 20
ROOM = Machine(
    nics=(
        Nic("eth0", "52:54:00:00:00:01", addresses=("10.0.0.1",)),
        Nic("eth1", "52:54:00:00:00:02"),
    )
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "room.img"
    path.write_bytes(bytes(MIB))
    return path


def plan(*words: str, machine: Machine = ROOM) -> Plan:
    return headless.plan_of(headless.given(list(words)), machine)[0]


def test_a_sender_with_defaults(image: Path) -> None:
    found = plan("umode=snd", f"disk={image}")
    assert (found.role, found.target.path, found.target.size) == (Role.SEND, str(image), MIB)
    assert found.target.disk.sector_size == 0  # a file has none
    assert (found.nic.name, found.port, found.compression, found.verify) == ("eth0", 9000, Compression.ZSTD, True)
    assert not found.attended


def test_a_receiver_with_everything(image: Path) -> None:
    words = ("UMODE=receive", f"fdrive={image}", "mac=52:54:00:00:00:01", "port=9002", "compr=gzip", "verify=no")
    found = plan(*words, "udpcparam=--ttl 3 --min-receivers 5")
    assert (found.role, found.nic.name, found.port) == (Role.RECEIVE, "eth0", 9002)
    assert (found.compression, found.verify, found.options.words) == (Compression.GZIP, False, ("--ttl=3",))
    assert plan("umode=rcv", f"disk={image}").compression is None
    found = plan("umode=rcv", f"disk={image}", "silence=7", "start-timeout=300")
    assert (found.silence, found.start_timeout) == (7, 300)
    found = plan("umode=rcv", f"disk={image}", "udpcparam=--start-timeout 9 --ttl 3")
    assert (found.start_timeout, found.options.words) == (9, ("--ttl=3",))


def test_options_of_the_other_role_are_left_out_with_a_warning(image: Path) -> None:
    values = headless.given(["umode=rcv", f"disk={image}", "udpcparam=--min-receivers 5"])
    warnings = headless.plan_of(values, ROOM)[1]
    assert len(warnings) == 1
    assert "--min-receivers" in str(warnings[0])


def test_what_has_no_effect_on_a_new_image_is_said(tmp_path: Path) -> None:
    values = headless.given(["umode=rcv", f"disk={tmp_path}/new.zst", "holes=zero", "grow=yes"])
    _, warnings = headless.plan_of(values, ROOM)
    said = [str(warning) for warning in warnings if "no disk is written" in str(warning)]
    assert said == [f"{what} has no effect: no disk is written." for what in ("holes=zero", "grow=yes")]
    assert not headless.plan_of(headless.given(["umode=rcv", f"disk={tmp_path}/new.zst"]), ROOM)[1]


@pytest.mark.parametrize("place", [2, 3, 4, 5])
def test_an_image_that_is_replaced_is_named_anywhere(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """--force stands before, between or behind the other arguments."""
    seen: list[object] = []

    def transfer(words: list[str], wanted: headless.Wanted) -> int:
        seen.append((words, wanted))
        return 0

    monkeypatch.setattr(headless, "transfer", transfer)
    words = ["image", "store", "room.zst", "nic=eth0", "port=9002"]
    words.insert(place, "--force")
    assert command(words) == 0
    parameters = ["umode=rcv", "disk=room.zst", "nic=eth0", "port=9002"]
    assert seen == [(parameters, headless.Wanted.STORE_ANEW)]


def test_the_last_value_wins(image: Path) -> None:
    assert plan("umode=rcv", "port=9002", f"disk={image}", "port=9004").port == 9004


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["umode=snd"], "disk= is missing."),
        (["disk=IMAGE"], "umode= is missing."),
        (["umode"], '"umode" is no NAME=VALUE.'),
        (["auto_reboot=always"], "auto_reboot=always: auto_reboot is no parameter of a transfer without screens."),
        (["disc=x"], "disc=x: disc is not known."),
        (["umode=both", "disk=IMAGE"], "umode=both is not known."),
        (["umode=snd", "disk=IMAGE", "compr=rar"], "compr=rar is not known."),
        (["umode=snd", "disk=IMAGE", "verify=maybe"], "verify=maybe is not known."),
        (["umode=snd", "disk=IMAGE", "silence=0"], "silence=0 is no number of seconds from 5 to 3600."),
        (["umode=snd", "disk=IMAGE", "port=9001"], "port=9001 is odd."),
        (["umode=snd", "disk=IMAGE", "nic=eth1"], "eth1 has no IPv4 address."),
        (["umode=snd", "disk=IMAGE", "nic=eth7"], "The network card eth7 is not on this PC."),
        (["umode=snd", "disk=/nowhere"], "disk=/nowhere cannot be opened: No such file or directory."),
        (["umode=rcv", "disk=/dev/null"], "disk=/dev/null is neither a block device nor a regular file."),
        (["umode=rcv", "disk=/"], "disk=/ is neither a block device nor a regular file."),
        (["umode=rcv", "disk=EMPTY"], "disk=EMPTY has no bytes."),
    ],
)
def test_a_wrong_input_is_one_sentence_with_a_hint(image: Path, words: list[str], sentence: str) -> None:
    empty = image.with_name("empty")
    empty.touch()
    there = [word.replace("IMAGE", str(image)).replace("EMPTY", str(empty)) for word in words]
    with pytest.raises(AnswerError) as caught:
        plan(*there)
    assert str(caught.value.sentence) == sentence.replace("EMPTY", str(empty))
    assert caught.value.hint or "no number of seconds from 5 to 3600" in sentence


def test_of_several_cards_with_an_address_none_is_guessed(image: Path) -> None:
    two = Machine(nics=tuple(Nic(name, "", addresses=("10.0.0.1",)) for name in ("eth0", "eth1")))
    with pytest.raises(AnswerError, match=r"nic= is missing\. .*eth0, eth1"):
        plan("umode=snd", f"disk={image}", machine=two)


def test_an_address_without_a_broadcast_address_is_an_error_that_says_how_to_set_one(image: Path) -> None:
    """Udpcast's sender and receivers do not meet there; what counts is the first address, which udpcast takes."""
    card = Nic("eth0", "", addresses=("10.0.0.1/24", "10.1.0.1/24"), without_broadcast=("10.0.0.1/24",))
    with pytest.raises(AnswerError, match=r"eth0 has 10\.0\.0\.1/24 without a broadcast address") as caught:
        plan("umode=snd", f"disk={image}", machine=Machine(nics=(card,)))
    assert "ip address add 10.0.0.1/24 broadcast + dev eth0" in str(caught.value.hint)
    other = replace(card, without_broadcast=("10.1.0.1/24",))
    assert plan("umode=snd", f"disk={image}", machine=Machine(nics=(other,))).nic == other


def test_the_hint_for_a_card_without_an_address_leads_to_one_that_works(image: Path) -> None:
    with pytest.raises(AnswerError) as caught:
        plan("umode=snd", f"disk={image}", "nic=eth1")
    assert "broadcast +" in str(caught.value.hint)


def test_what_the_screens_show_is_told_once_on_standard_error(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    telling = headless.Telling(fake_plan(Role.SEND, image))
    state = TransferState(
        total=2_000_000,
        used=1_000_000,
        messages=(say("Connected."),),
        whole=(say("sda1 is sent whole: it is small."),),
        notes=(say("sda1 has no loader."),),
    )
    telling.tell(TransferState(messages=state.messages))
    telling.tell(state)
    telling.tell(state)
    for still in map(verbatim, ("Still for 10 s.", "Still for 11 s.")):
        telling.tell(replace(state, notes=(*state.notes, still), still=still))
    telling.once(state.notes[0], say("A remark."))
    assert capsys.readouterr().err.splitlines() == [
        "launcher: Connected.",
        "launcher: 1.0 of 2.0 MB are used, and only that is sent.",
        "launcher: sda1 is sent whole: it is small.",
        "launcher: sda1 has no loader.",
        "launcher: Still for 10 s.",
        "launcher: A remark.",
    ]


def run(*words: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "launcher", "transfer", *words]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def test_a_wrong_parameter_ends_with_2_a_sentence_and_an_event() -> None:
    done = run("umode=rcv", "disk=/nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("launcher: disk=/nowhere cannot be opened: No such file or directory. ")
    (event,) = (json.loads(line) for line in done.stdout.splitlines())
    assert (event["event"], event["sentence"] + " " + event["hint"]) == ("error", done.stderr[10:].strip())


NOT_NEEDED = ("urwid", "pyudev", "netifaces")


def without(directory: Path) -> dict[str, str]:
    """An environment in which to import what is not needed ends the program."""
    for name in NOT_NEEDED:
        (directory / f"{name}.py").write_text(f"raise AssertionError('{name} is imported')\n")
    return {**os.environ, "PYTHONPATH": str(directory)}


IMPORTS = """
import sys
from launcher.commands import transfer as headless
from launcher.commands.commands import command
from launcher.hardware.probe import cards
from launcher.model.machine import Machine, Nic
from launcher.transfer.transfer import Transfer
cards()
room = Machine(nics=(Nic("eth0", "", addresses=("10.0.0.1/24",)),))
for role in ("snd", "rcv"):
    headless.plan_of(headless.given([f"umode={role}", f"disk={sys.argv[1]}"]), room)
print("launcher.transfer.receiver" in sys.modules, *(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_it_imports_neither_urwid_nor_pyudev_nor_netifaces(image: Path) -> None:
    """All modules, and all that is done before the transfer; the transfer itself is looked at below."""
    command = [sys.executable, "-c", IMPORTS, str(image), *NOT_NEEDED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_detection_would_not_pass_for_that(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "launcher", "machine"]
    done = subprocess.run(command, cwd=ROOT, env=without(tmp_path), capture_output=True, text=True, check=False)
    assert "pyudev is imported" in done.stderr


def test_the_help_names_each_parameter_and_status() -> None:
    text = run("--help").stdout
    assert [name for name in headless.TAKEN if f"\n  {name}" not in text] == []
    assert all(f"\n  {status}  " in text for status in (0, 1, 2))


class Fake:
    """A transfer that ends as told."""

    def __init__(self, end: Outcome | Exception) -> None:
        self.end = end

    def __call__(self, plan: Plan, log: EventLog) -> Fake:
        return self

    def start(self) -> None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, timeout: float) -> Outcome:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def snapshot(self) -> TransferState:
        return TransferState()


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Outcome(OutcomeKind.EQUAL, say("Good.")), 0),
        (Outcome(OutcomeKind.DIFFERENT, say("Bad.")), 1),
        (OSError("a bug, perhaps after something was written"), 1),
        (ValueError("the same"), 1),
    ],
)
def test_only_an_ok_outcome_is_a_success_and_a_crash_is_no_wrong_parameter(
    image: Path, monkeypatch: pytest.MonkeyPatch, end: Outcome | Exception, status: int
) -> None:
    monkeypatch.setattr("launcher.transfer.transfer.Transfer", Fake(end))
    monkeypatch.setattr(headless, "cards", lambda: ROOM)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    assert headless.transfer(["umode=rcv", f"disk={image}"]) == status


def test_a_transfer_that_could_not_be_started_is_reported_as_such(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "launcher.transfer.transfer.Transfer", Fake(TransferFailed(ErrorKind.PROGRAM_MISSING, say("zstd is missing.")))
    )
    monkeypatch.setattr(headless, "cards", lambda: ROOM)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    with pytest.raises(TransferFailed):
        headless.transfer(["umode=rcv", f"disk={image}"])


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def two_seats() -> Iterator[tuple[str, str]]:
    """Two network namespaces with a cable between them."""
    programs = ("ip", "udp-sender", "udp-receiver", "zstd")
    missing = [name for name in programs if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing more'}")
    seats = (f"uh{os.getpid()}a", f"uh{os.getpid()}b")
    try:
        for seat in seats:
            ip("netns", "add", seat)
        ip("-n", seats[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", seats[1])
        for number, seat in enumerate(seats, 1):
            ip("-n", seat, "address", "add", f"10.98.0.{number}/24", "broadcast", "+", "dev", "eth0")
            ip("-n", seat, "link", "set", "eth0", "up")
        yield seats
    finally:
        for seat in seats:
            subprocess.run(["ip", "netns", "del", seat], check=False, capture_output=True)


def start(seat: str, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = ["ip", "netns", "exec", seat, sys.executable, "-m", "launcher", "transfer", *words]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.mark.netns
def test_an_image_goes_from_one_seat_to_the_other(two_seats: tuple[str, str], tmp_path: Path) -> None:
    source, target_file = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(12 * MIB) + bytes(4 * MIB))
    target_file.write_bytes(b"\xaa" * (16 * MIB))
    env = without(tmp_path)
    receiver = start(two_seats[1], "umode=rcv", f"disk={target_file}", "port=9010", env=env)
    words = ("umode=snd", f"disk={source}", "blank=yes", "port=9010", "nic=eth0", "udpcparam=--min-receivers 1")
    status, events, err = ended(start(two_seats[0], *words, env=env))
    assert (status, events[-1]["event"], events[-1]["kind"]) == (0, "outcome", "sent"), err
    status, events, err = ended(receiver)
    assert (status, events[-1]["event"], events[-1]["kind"]) == (0, "outcome", "equal"), err
    assert err.strip().splitlines()[-1].startswith(f"launcher: {events[-1]['sentence']}")
    assert target_file.read_bytes() == source.read_bytes()


@pytest.mark.netns
def test_a_target_that_is_too_small_ends_with_1(two_seats: tuple[str, str], tmp_path: Path) -> None:
    source, target_file = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(2 * MIB))
    target_file.write_bytes(b"\xaa" * MIB)
    receiver = start(two_seats[1], "umode=rcv", f"disk={target_file}", "port=9012")
    sender = start(two_seats[0], "umode=snd", f"disk={source}", "blank=yes", "port=9012", "udpcparam=--min-receivers 1")
    status, events, _ = ended(receiver)
    assert (status, events[-1]["kind"]) == (1, "too-small")
    assert target_file.read_bytes() == b"\xaa" * MIB
    sender.send_signal(signal.SIGTERM)
    ended(sender)


@pytest.mark.netns
def test_sigterm_ends_a_transfer_with_its_outcome(two_seats: tuple[str, str], tmp_path: Path) -> None:
    target_file = tmp_path / "target"
    target_file.write_bytes(bytes(MIB))
    receiver = start(two_seats[1], "umode=rcv", f"disk={target_file}", "port=9014")
    assert receiver.stdout is not None
    first = receiver.stdout.readline()  # its events begin when it can be stopped
    while json.loads(first)["event"] != "command":
        first = receiver.stdout.readline()
    receiver.send_signal(signal.SIGTERM)
    status, events, _ = ended(receiver)
    assert (status, events[-1]["kind"]) == (1, "cancelled")


def test_a_blank_image_is_sent_only_where_that_is_meant(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Machine(nics=(Nic("no-such-card", "52:54:00:00:00:01", addresses=("10.0.0.1",)),))
    monkeypatch.setattr(headless, "cards", lambda: nowhere)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    with pytest.raises(TransferFailed) as caught:
        headless.transfer(["umode=snd", f"disk={image}"])
    assert caught.value.kind is ErrorKind.SOURCE_BLANK
    assert plan("umode=snd", f"disk={image}", "blank=yes").blank


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Path]:
    """A disk that was a member of a RAID."""
    (tmp_path / "member").write_bytes(b"")
    os.truncate(tmp_path / "member", 32 * MIB)
    md_superblock(tmp_path / "member")
    words = ["losetup", "--find", "--show", str(tmp_path / "member")]
    made = subprocess.run(words, check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


@pytest.mark.netns
def test_a_larger_disk_with_an_old_life_is_the_clone_and_nothing_else(
    two_seats: tuple[str, str], tmp_path: Path, member: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"")
    os.truncate(source, 16 * MIB)
    gpt(source)
    receiver = start(two_seats[1], "umode=rcv", f"disk={member}", "port=9018")
    sender = start(two_seats[0], "umode=snd", f"disk={source}", "port=9018", "udpcparam=--min-receivers 1")
    status, events, err = ended(receiver)
    assert (status, events[-1]["kind"]) == (0, "equal"), err
    assert ended(sender)[0] == 0
    (cleared,) = next(event for event in events if event["event"] == "behind")["cleared"]
    assert cleared["kind"] == "linux_raid_member" and cleared["offset"] > 16 * MIB
    assert f"Old signatures behind the clone were cleared: linux_raid_member at byte {cleared['offset']:,}." in err
    assert f"{member} is 16.8 MB larger than what was sent." in err
    told = subprocess.run(["blkid", "-p", member], check=False, capture_output=True, text=True).stdout
    assert 'PTTYPE="gpt"' in told and "raid" not in told
    assert member.read_bytes()[: 16 * MIB] == source.read_bytes()

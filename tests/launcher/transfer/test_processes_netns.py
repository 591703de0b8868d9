"""The processes of a real cast: which rights they have, and that none of them holds a seat up for ever."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.launcher.test_confinement import fields, without_rights
from tests.launcher.transfer.test_transfer_netns import (
    MIB,
    Room,
    blank,
    built,  # noqa: F401 - a fixture
    data,  # noqa: F401 - a fixture
    middle,
    result,
    room,  # noqa: F401 - a fixture
    until_event,
    until_runs,
)


@pytest.mark.netns
def test_no_program_of_a_cast_has_rights(room: Room, data: bytes) -> None:  # noqa: F811
    """On either side, as root: the user, the capabilities, and the disk."""
    target, sending, receiver = middle(room, data, "zstd")
    for seat, program in ((0, "udp-sender"), (1, "udp-receiver"), (1, "unpack")):
        process = Path(f"/proc/{until_runs(room, seat, program)}")
        told = fields((process / "status").read_text())
        without_rights(told)
        assert told["Uid"].split() == told["Gid"].split() == ["65534"] * 4
        assert {Path(fd.readlink()).name.partition(":")[0] for fd in (process / "fd").iterdir()} <= {
            *("pipe", "socket", "null", "tty"),
            "anon_inode",
        }
    assert target.read_bytes()[: 2 * MIB] != blank(2 * MIB), "and the cast goes on"
    for one in (sending, receiver):
        one.kill()


@pytest.mark.field
@pytest.mark.parametrize(
    ("seat", "program", "sender", "receiver"),
    [
        (0, "udp-sender", "stage-failed", "truncated"),
        (1, "udp-receiver", "receiver-lost", "truncated"),
        (1, "unpack", "receiver-lost", "stage-failed"),
    ],
)
def test_a_program_that_stops_for_good_in_the_cast_ends_it_on_either_side(
    room: Room,  # noqa: F811
    data: bytes,  # noqa: F811
    seat: int,
    program: str,
    sender: str,
    receiver: str,
) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    quick = {"silence": 5, "standstill": 5, "more_patient": 4}
    receiving = room.start(1, "rcv", target, report_at=2 * MIB, **quick)
    sending = room.start(0, "snd", source, udpcparam=["--max-bitrate=12m"], key_at=1, **quick)
    receiving.stdout.readline()  # type: ignore[union-attr]
    os.kill(until_runs(room, seat, program), signal.SIGSTOP)
    sent, received = result(sending, 90), result(receiving, 90)
    assert (sent["kind"], received["kind"]) == (sender, receiver), (sent["sentence"], received["sentence"])
    if sender == "stage-failed":
        assert f"Nothing has moved through {program} for " in sent["sentence"]
    if receiver == "stage-failed":
        assert f"Nothing has moved through {program} for " in received["sentence"]


@pytest.mark.field
@pytest.mark.parametrize("connected", [False, True])
def test_a_udp_sender_that_stops_for_good_before_the_cast_ends_with_the_time_to_begin(
    room: Room,  # noqa: F811
    data: bytes,  # noqa: F811
    connected: bool,
) -> None:
    source = room.disk("source", data)
    receiver = room.start(1, "rcv", room.disk("one", blank()), start_timeout=12) if connected else None
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=2"], start_timeout=8, silence=5)
    pid = until_runs(room, 0, "udp-sender")
    if connected:
        until_event(Path(f"{source}.events"), "connected")
    os.kill(pid, signal.SIGSTOP)
    sent = result(sending)
    assert sent["kind"] == "no-receivers", sent
    if receiver:
        assert result(receiver)["kind"] == "no-sender"


@pytest.mark.field
def test_a_udp_receiver_that_stops_for_good_before_the_cast_ends_with_the_time_to_begin(
    room: Room,  # noqa: F811
) -> None:
    receiver = room.start(1, "rcv", room.disk("one", blank()), start_timeout=4)
    os.kill(until_runs(room, 1, "udp-receiver"), signal.SIGSTOP)
    assert result(receiver)["kind"] == "no-sender"

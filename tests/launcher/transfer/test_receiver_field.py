"""A room of real udpcast with what the field has: a pulled cable, forged datagrams, multicast that is not forwarded."""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.transfer.heartbeat import DISCONNECT, Notice, write_notice
from tests.launcher.transfer import test_transfer_netns as rooms
from tests.launcher.transfer.test_transfer_netns import MIB, Room, claims, ip, result, told, until_event

pytestmark = pytest.mark.field
SIZE = 16 * MIB
built = rooms.built
HELLO = bytes.fromhex("0500000000000009ea62000100000000000000000000000005b00000")
FORGE = """
import json, socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for packet, to in json.loads(sys.argv[1]):
    one.sendto(bytes.fromhex(packet), (to, 0))
"""


@pytest.fixture
def room(built: Room) -> Iterator[Room]:
    yield built
    built.clear()
    for number in (1, 2, 3):
        ip("-n", built.hub, "link", "set", f"p{number}", "up")
        subprocess.run(["bridge", "-n", built.hub, "link", "set", "dev", f"p{number}", "mcast_flood", "on"], check=True)


@pytest.fixture(scope="module")
def data() -> bytes:
    return random.Random(3).randbytes(SIZE)


def forged(data: bytes, to: str, port: int) -> tuple[str, str]:
    """A datagram in the sender's name."""
    udp = struct.pack("!HHHH", 9001, port, 8 + len(data), 0) + data
    addresses = socket.inet_aton("10.99.0.1"), socket.inet_aton(to)
    return (struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, *addresses) + udp).hex(), to


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_pulled_cable_changes_no_other_seats_result(room: Room, data: bytes, compression: str) -> None:
    source = room.disk("source", data)
    targets = [room.disk(name, bytes(SIZE)) for name in ("one", "two")]
    ours = room.start(1, "rcv", targets[0], silence=5)
    cut = room.start(2, "rcv", targets[1], silence=5, report_at=2 * MIB)
    words = ["--min-receivers=2", "--max-bitrate=60m"]
    sending = room.start(0, "snd", source, compression=compression, udpcparam=words, silence=5)
    cut.stdout.readline()  # type: ignore[union-attr]
    ip("-n", room.hub, "link", "set", "p3", "down")
    assert claims(result(ours), targets[0], data) == ("equal" if compression == "zstd" else "written")
    assert result(sending)["kind"] == "receiver-lost"
    ip("-n", room.hub, "link", "set", "p3", "up")
    assert claims(result(cut, 90), targets[1], data) not in ("equal", "written")


STRAYS = {
    "a receiver's CMD_OK": (bytes(8), 9000),
    "an answer with blocks of no bytes": (rooms.REPLY.replace(bytes.fromhex("000005b0"), bytes(4)), 9001),
    "an answer that all places are taken": (rooms.REPLY.replace(bytes(4), b"\xff" * 4, 1), 9001),
}


@pytest.mark.parametrize("stray", STRAYS)
def test_no_datagram_ends_a_seat_that_waits(room: Room, data: bytes, stray: str) -> None:
    target = room.disk("one", bytes(SIZE))
    ours = room.start(1, "rcv", target, times=rooms.QUICK_TO_ASK)
    rooms.until_listens(room, 1)
    datagram, port = STRAYS[stray]
    rooms.send(room, 0, datagram, "10.99.0.2", port)
    if port == 9001:  # who seems to be a sender is left first
        rooms.until(lambda: told(target, "heard") or told(target, "disconnected"))
    room.plain(0, "udp-sender", *rooms.PLAIN, *rooms.FAST, "--file", str(room.disk("source", data)))
    assert claims(result(ours), target, data) == "written"


@pytest.mark.parametrize("compression", rooms.COMPRESSIONS)
def test_forged_datagrams_end_nothing_while_data_flows(room: Room, data: bytes, compression: str) -> None:
    source, target = room.disk("source", data), room.disk("one", bytes(SIZE))
    ours = room.start(1, "rcv", target)
    words = ["--min-receivers=1", "--max-bitrate=30m"]
    sending = room.start(0, "snd", source, compression=compression, udpcparam=words)
    until_event(Path(f"{target}.events"), "cast")
    farewell = write_notice(Notice("any", "cancelled"))
    packets = [forged(HELLO, "10.99.0.2", 9000), forged(farewell, "10.99.0.2", 9001)]
    room.plain(2, sys.executable, "-c", FORGE, json.dumps(packets)).communicate(timeout=30)
    assert claims(result(ours), target, data) == ("equal" if compression == "zstd" else "written")
    assert result(sending)["kind"] == "sent"


def test_multicast_that_is_not_forwarded_is_said(room: Room, data: bytes) -> None:
    targets = [room.disk(name, bytes(SIZE)) for name in ("one", "two")]
    for port in ("p2", "p3"):
        subprocess.run(["bridge", "-n", room.hub, "link", "set", "dev", port, "mcast_flood", "off"], check=True)
    receivers = [room.start(seat, "rcv", path, start_timeout=45) for seat, path in enumerate(targets, 1)]
    sending = room.start(0, "snd", room.disk("source", data), udpcparam=["--min-receivers=2"], silence=12)
    result(sending)
    for receiver, target in zip(receivers, targets, strict=True):
        outcome = result(receiver)
        assert outcome["kind"] == "no-sender"
        assert "10.99.0.1 was there and cast, but no data came here" in outcome["sentence"]
        assert "--broadcast" in outcome["hint"]
        assert "has begun, but no data comes here" in told(target, "heard")[0]["sentence"]


def test_who_comes_while_a_broadcast_cast_runs_takes_part_in_the_next_one(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    targets = [room.disk(name, bytes(SIZE)) for name in ("one", "two")]
    first = room.start(1, "rcv", targets[0])
    words = ["--min-receivers=1", "--broadcast"]
    sending = room.start(0, "snd", source, udpcparam=[*words, "--max-bitrate=30m"])
    until_event(Path(f"{source}.events"), "cast")
    late = room.start(2, "rcv", targets[1])
    until_event(Path(f"{targets[1]}.events"), "heard")
    assert "A cast of 10.99.0.1 is under way" in told(targets[1], "heard")[0]["sentence"]
    assert claims(result(first), targets[0], data) == "equal"
    assert result(sending)["kind"] == "sent"
    assert result(room.start(0, "snd", source, udpcparam=words))["kind"] == "sent"
    assert claims(result(late), targets[1], data) == "equal"


def test_a_forged_answer_costs_neither_the_seat_nor_the_senders_cast(room: Room, data: bytes) -> None:
    """Whoever is asked counts the seat, and one wanted receiver begins the cast."""
    answer = bytes.fromhex("00070000") + struct.pack("!II", 0, 1456) + bytes.fromhex("00000009e8620001") + bytes(12)
    target = room.disk("one", bytes(SIZE))
    ours = room.start(1, "rcv", target, start_timeout=60)
    until_event(Path(f"{target}.events"), "command")
    rooms.until_listens(room, 1)
    packet, to = forged(answer, "10.99.0.2", 9000)
    words = bytearray.fromhex(packet)
    words[12:16] = socket.inet_aton("10.99.0.3")
    room.plain(2, sys.executable, "-c", FORGE, json.dumps([(words.hex(), to)])).communicate(timeout=30)
    until_event(Path(f"{target}.events"), "connected")
    assert told(target, "connected")[0]["address"] == "10.99.0.3"
    sending = room.start(0, "snd", room.disk("source", data), udpcparam=["--min-receivers=1"], start_timeout=60)
    assert claims(result(ours, 90), target, data) == "equal"
    assert result(sending)["kind"] == "sent"


def test_a_farewell_in_a_waiting_seats_name_costs_it_half_a_minute(room: Room, data: bytes) -> None:
    source, targets = room.disk("source", data), [room.disk(name, bytes(SIZE)) for name in ("one", "two")]
    ours = room.start(1, "rcv", targets[0], start_timeout=90)
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=2"], start_timeout=90)
    until_event(Path(f"{source}.events"), "connected")
    words = bytearray.fromhex(forged(DISCONNECT, "10.99.0.1", 9001)[0])
    words[12:16], words[20:22] = socket.inet_aton("10.99.0.2"), struct.pack("!H", 9000)
    room.plain(2, sys.executable, "-c", FORGE, json.dumps([(words.hex(), "10.99.0.1")])).communicate(timeout=30)
    until_event(Path(f"{source}.events"), "disconnected")
    late = room.start(2, "rcv", targets[1], start_timeout=90)
    assert [claims(result(one, 90), target, data) for one, target in zip((ours, late), targets, strict=True)] == [
        "equal",
        "equal",
    ]
    assert result(sending)["kind"] == "sent"

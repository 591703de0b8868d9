"""What a real sender says of its receivers: how many were wanted, who never was one, and for whom it waited."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.transfer.test_transfer_netns import (
    Room,
    blank,
    built,
    claims,
    data,
    ip,
    result,
    room,
    until_event,
    until_runs,
)

__all__ = ["built", "data", "room"]

GO, CONNECT = "00020000", "00030000" + "00000009" + "00010000"
HELLO = "05000000" + "00000009" + "ea000001" + "00" * 12 + "05b00000"
"""udpcast's words, as a stranger says them: begin the cast; I am a receiver; I am a sender."""

FORGE = """
import json, socket, struct, sys, time
words, sources, ports, pace = bytes.fromhex(sys.argv[1]), *map(json.loads, sys.argv[2:])
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
udp = struct.pack("!HHHH", *ports, 8 + len(words), 0) + words
for source in sources:
    addresses = socket.inet_aton(source) + socket.inet_aton("10.99.0.1")
    out.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + addresses + udp, ("10.99.0.1", 0))
    time.sleep(pace)
"""


def forge(room: Room, words: str, *sources: str, ports: tuple[int, int] = (9000, 9001), pace: float = 0.0) -> None:
    """A datagram from the third seat to the first, as if each of `sources` had sent it, so many seconds apart."""
    process = room.plain(2, sys.executable, "-c", FORGE, words, *map(json.dumps, (sources, ports, pace)))
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


def told(source: Path, name: str) -> list[dict[str, object]]:
    events = [json.loads(line) for line in Path(f"{source}.events").read_text().splitlines()]
    return [event for event in events if event["event"] == name]


@pytest.mark.netns
def test_a_cast_for_which_fewer_came_than_were_wanted_is_no_success(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target)
    sent = result(room.start(0, "snd", source, udpcparam=["--min-receivers=2", "--max-wait=1"], listen=0))
    assert (sent["kind"], sent["ok"], sent["wanted"], sent["present"]) == ("fewer-receivers", False, 2, 1), sent
    assert "only 1 receiver was there until the end; wanted: 2" in sent["sentence"]
    assert claims(result(receiver), target, data) == "equal"
    (outcome,) = told(source, "outcome")
    assert (outcome["wanted"], outcome["present"]) == (2, 1)


@pytest.mark.netns
def test_a_cast_that_a_stranger_begins_says_so(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target)
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=2"], listen=0)
    until_event(Path(f"{source}.events"), "connected")
    forge(room, GO, "10.99.0.3")
    sent = result(sending)
    assert sent["kind"] == "fewer-receivers", sent
    assert "10.99.0.3 began the cast with 1 connected, not this PC" in sent["sentence"]
    assert claims(result(receiver), target, data) == "equal"


@pytest.mark.netns
def test_a_stranger_that_begins_the_cast_for_nobody_does_not_end_it(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=1"], listen=0)
    first = until_runs(room, 0, "udp-sender")
    forge(room, GO, "10.99.0.3")
    deadline = time.monotonic() + 20
    while room.processes(0, "udp-sender") in ([], [first]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert claims(result(room.start(1, "rcv", target)), target, data) == "equal"
    assert result(sending)["kind"] == "sent"


@pytest.mark.field
def test_a_greeting_with_this_pcs_own_address_stops_nothing(room: Room, data: bytes) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=1"], listen=0)
    until_runs(room, 0, "udp-sender")
    forge(room, HELLO, *["10.99.0.1"] * 5, ports=(9001, 9000), pace=0.6)
    until_event(Path(f"{source}.events"), "rival")
    assert claims(result(room.start(1, "rcv", target)), target, data) == "equal"
    sent = result(sending)
    assert sent["kind"] == "sent", sent
    assert any("with this PC's own address, 10.99.0.1" in one for one in sent["seen"]["messages"])


@pytest.mark.field
def test_one_greeting_of_a_stranger_stops_nothing(room: Room, data: bytes) -> None:
    """Nor do many at once."""
    source, target = room.disk("source", data), room.disk("one", blank())
    sending = room.start(0, "snd", source, udpcparam=["--min-receivers=1"])
    until_event(Path(f"{source}.events"), "transfer")
    forge(room, HELLO, *["10.99.0.3"] * 50, ports=(9001, 9000))
    assert claims(result(room.start(1, "rcv", target)), target, data) == "equal"
    assert result(sending)["kind"] == "sent"


@pytest.mark.field
@pytest.mark.parametrize("strangers", [1, 1100])
def test_who_only_says_that_it_is_a_receiver_is_none(room: Room, data: bytes, strangers: int) -> None:
    source, target = room.disk("source", data), room.disk("one", blank())
    receiver = room.start(1, "rcv", target, silence=20)
    counted = min(strangers, 300)  # of very many at once some datagrams get lost
    least = f"--min-receivers={counted + 1}"
    sending = room.start(0, "snd", source, udpcparam=[least], listen=0, silence=5)
    until_event(Path(f"{source}.events"), "connected")
    forge(room, CONNECT, *(f"10.99.{1 + number // 250}.{1 + number % 250}" for number in range(strangers)))
    sent = result(sending, 120)
    assert claims(result(receiver), target, data) == "equal"
    assert (sent["kind"], sent["present"]) == ("fewer-receivers", 1), sent["sentence"]
    assert "connected, never answered" in sent["sentence"]
    assert len(sent["sentence"]) < 600
    assert sum("never answered" in one for one in sent["lost"]) >= counted


@pytest.fixture
def unforwarded(room: Room) -> Iterator[None]:
    """A switch that forwards multicast only where it was asked for, and hears nobody ask."""
    ports = ("p2", "p3")
    bridge = ("ip", "netns", "exec", room.hub, "bridge", "link", "set", "dev")
    for port in ports:
        subprocess.run([*bridge, port, "mcast_flood", "off"], check=True)
    yield
    for port in ports:
        subprocess.run([*bridge, port, "mcast_flood", "on"], check=True)


@pytest.fixture
def narrow(room: Room) -> Iterator[None]:
    """A switch through which only small packets come."""
    for port in ("p2", "p3"):
        ip("-n", room.hub, "link", "set", port, "mtu", "1000")
    yield
    for port in ("p2", "p3"):
        ip("-n", room.hub, "link", "set", port, "mtu", "1500")


@pytest.mark.field
@pytest.mark.parametrize(
    ("network", "words"),
    [("unforwarded", ("no data gets through", "IGMP")), ("narrow", ("only small packets get through", "MTU"))],
)
def test_receivers_that_get_no_data_have_connected_all_the_same(
    room: Room, data: bytes, network: str, words: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(network)
    source = room.disk("source", data)
    targets = [room.disk(name, blank()) for name in ("one", "two")]
    for seat, target in enumerate(targets, 1):
        room.start(seat, "rcv", target)
    sent = result(room.start(0, "snd", source, udpcparam=["--min-receivers=2"], listen=0, silence=15), 120)
    assert sent["kind"] == "receiver-lost", sent
    assert f"2 receivers have connected, but {words[0]}" in sent["sentence"]
    assert words[1] in sent["hint"] and "--broadcast" in sent["hint"]
    if network == "unforwarded":  # who asks again and again is dropped within seconds
        assert [(one["receivers"], one["asked"]) for one in told(source, "unanswered")] == [(2, False)]
    assert [target.read_bytes() for target in targets] == [blank(), blank()]


@pytest.mark.field
def test_a_seat_for_which_all_wait_is_named(room: Room, data: bytes) -> None:
    source = room.disk("source", data)
    slow, quick = room.disk("one", blank()), room.disk("two", blank())
    receivers = [
        room.start(1, "rcv", slow, pause_at=1 << 20, pause=25, silence=60),
        room.start(2, "rcv", quick, silence=60),
    ]
    sent = result(room.start(0, "snd", source, udpcparam=["--min-receivers=2"], listen=0, compression="none"), 120)
    assert sent["kind"] == "sent", sent
    named = told(source, "slow")
    assert {event["address"] for event in named} == {"10.99.0.2"}
    assert "The cast has waited for 10.99.0.2" in " ".join(sent["seen"]["messages"])
    for process, target in zip(receivers, (slow, quick), strict=True):
        assert claims(result(process), target, data) == "written"

"""The kernel's filters that pick a udp-sender's packets; the real kernel runs them, over packets that are made here."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from launcher.transfer import monitor as heard
from launcher.transfer.heartbeat import Farewell, farewell_port, read_farewell, write_farewell
from launcher.transfer.monitor import SenderNews, attach, farewells_from, greetings_from, greetings_to, packets_from

SENDER, OTHER, PORT = "10.77.1.1", "10.77.1.2", 9000
HELLO = b"\x05\x00" + bytes(30)


def packet(
    payload: bytes = HELLO,
    source: str = SENDER,
    port: int = PORT,
    protocol: int = 17,
    fragment: int = 0,
    options: int = 0,
) -> bytes:
    """An IPv4 packet (RFC 791) with `options` words of options, and UDP in it."""
    udp = struct.pack("!HHHH", 9001, port, 8 + len(payload), 0) + payload
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45 + options, 0, 20 + len(udp), 1, fragment, 64, protocol, 0,
        socket.inet_aton(source), socket.inet_aton("255.255.255.255"),
    )  # fmt: skip
    return header + bytes(4 * options) + udp


class Filtered:
    """A socket that lets through what a filter accepts, as a packet socket would."""

    def __init__(self, program: bytes) -> None:
        self._in, self._out = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        attach(self._out, program)
        self._out.setblocking(False)

    def passes(self, data: bytes) -> bytes | None:
        """What comes of `data`; None for nothing."""
        self._in.send(data)
        try:
            return self._out.recv(1 << 16)
        except BlockingIOError:
            return None

    def close(self) -> None:
        self._in.close()
        self._out.close()


@pytest.fixture
def greetings() -> Iterator[Filtered]:
    """The filter of a sender that listens for another one."""
    one = Filtered(greetings_to(PORT))
    yield one
    one.close()


@pytest.fixture
def packets() -> Iterator[Filtered]:
    """The filter of a receiver that listens for its own sender."""
    one = Filtered(packets_from(SENDER, PORT))
    yield one
    one.close()


@pytest.fixture
def farewells() -> Iterator[Filtered]:
    """The filter of a receiver for its sender's last word."""
    one = Filtered(farewells_from(SENDER, PORT))
    yield one
    one.close()


@pytest.mark.parametrize("options", [0, 1, 10])
def test_a_greeting_is_heard_whoever_it_is_from(greetings: Filtered, options: int) -> None:
    for source in (SENDER, OTHER):
        found = greetings.passes(packet(source=source, options=options))
        assert found is not None
        assert len(found) == 20
        assert found[12:16] == socket.inet_aton(source)


@pytest.mark.parametrize(
    "unwanted",
    [
        packet(port=PORT + 1),
        packet(protocol=6),
        packet(fragment=1),
        packet(b"\x02\x00" + bytes(30)),
        packet(b"\x05\x01" + bytes(30)),
        packet(b""),
        packet()[:20],
        b"",
    ],
    ids=["port", "tcp", "fragment", "data", "other", "empty", "cut", "nothing"],
)
def test_what_is_no_greeting_is_not_heard(greetings: Filtered, unwanted: bytes) -> None:
    assert greetings.passes(unwanted) is None


@pytest.mark.parametrize("payload", [HELLO, b"\x02\x00" + bytes(1400), b""], ids=["greeting", "data", "empty"])
def test_everything_of_the_own_sender_is_heard(packets: Filtered, payload: bytes) -> None:
    assert packets.passes(packet(payload, port=PORT + 1)) is not None
    assert packets.passes(packet(payload)) is not None
    assert packets.passes(packet(payload, options=3)) is not None
    assert packets.passes(packet(payload, fragment=0x4000)) is not None  # "do not fragment" is no fragment


@pytest.mark.parametrize(
    "unwanted",
    [packet(source=OTHER), packet(port=PORT + 2), packet(port=PORT - 1), packet(protocol=6), packet(fragment=0x2001)],
    ids=["address", "port above", "port below", "tcp", "fragment"],
)
def test_what_is_not_of_the_own_sender_is_not_heard(packets: Filtered, unwanted: bytes) -> None:
    assert packets.passes(unwanted) is None


def test_of_the_own_sender_only_greetings_are_greetings() -> None:
    own = Filtered(greetings_from(SENDER, PORT))
    assert own.passes(packet(options=2)) is not None
    for unwanted in (packet(source=OTHER), packet(port=PORT + 1), packet(b"\x02\x00" + bytes(30)), packet(b"")):
        assert own.passes(unwanted) is None
    own.close()


LAST_WORD = Farewell("5e5510", "read-error")


@pytest.mark.parametrize("options", [0, 3])
def test_a_farewell_comes_whole(farewells: Filtered, options: int) -> None:
    data = write_farewell(LAST_WORD)
    found = farewells.passes(packet(data, port=farewell_port(PORT), options=options))
    assert found is not None
    assert found.endswith(data)


@pytest.mark.parametrize(
    "unwanted",
    [
        packet(write_farewell(LAST_WORD)),
        packet(write_farewell(LAST_WORD), source=OTHER, port=farewell_port(PORT)),
        packet(b"\x02\x00" + bytes(30), port=farewell_port(PORT)),
    ],
    ids=["port", "address", "request"],
)
def test_what_is_no_farewell_is_not_heard(farewells: Filtered, unwanted: bytes) -> None:
    assert farewells.passes(unwanted) is None


def test_a_farewell_is_read_as_it_was_written() -> None:
    assert read_farewell(write_farewell(LAST_WORD)) == LAST_WORD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ULfw",
        b"ULfw[]",
        b'ULfw{"session":1,"kind":"x"}',
        b'ULfw{"session":"x"}',
        b'ULfw{"session":"x","kind":"\xff"}',
        b"ULfw" + b"[" * 100_000,
        write_farewell(LAST_WORD)[1:],
    ],
)
def test_what_cannot_be_read_is_no_farewell(data: bytes) -> None:
    assert read_farewell(data) is None


class Wire:
    """What a `SenderNews` would hear: greetings, so many seconds behind its beginning, and datagrams."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.greetings: list[float] = []
        self.packets: list[bytes] = []
        monkeypatch.setattr(heard, "_listen", lambda nic, program: None)
        monkeypatch.setattr(SenderNews, "_greeting", lambda _: self.greetings.pop(0) if self.greetings else None)
        monkeypatch.setattr(SenderNews, "_farewell", lambda _: self.packets.pop(0) if self.packets else None)
        self.news = SenderNews("eth0", SENDER, PORT)
        self.began = time.time()

    def greet(self, *seconds: float) -> bool:
        self.greetings += (self.began + each for each in seconds)
        return self.news.began_anew()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def test_a_pause_in_the_greetings_tells_another_sender(wire: Wire) -> None:
    assert not wire.greet()
    assert not wire.greet(0.5, 1.5)
    assert not wire.greet(4.4)  # two of them got lost
    assert wire.greet(5.4, 8.5, 9.5)
    assert not wire.greet(10.5)


def test_a_first_greeting_counts_from_the_connection(wire: Wire) -> None:
    assert wire.greet(3.1)


def test_a_sender_that_greets_seldom_is_taken_for_another_one_once_only(wire: Wire) -> None:
    assert wire.greet(5)
    assert not wire.greet(10, 15, 20)
    assert wire.greet(31)


def test_what_came_before_is_no_news(wire: Wire) -> None:
    wire.greetings.append(wire.began + 3.5)
    wire.packets.append(packet(write_farewell(LAST_WORD)))
    wire.news.forget()
    assert not wire.greet()
    assert wire.news.farewell() is None
    assert not wire.greet(0.9)


def test_behind_the_first_byte_the_first_greeting_counts(wire: Wire) -> None:
    assert wire.news.greeted() is None
    wire.greetings += [wire.began + 0.1, wire.began + 1.1]
    assert wire.news.greeted() == wire.began + 0.1
    assert wire.news.greeted() is None


def test_the_last_word_that_can_be_read_is_heard(wire: Wire) -> None:
    wire.packets += [packet(write_farewell(LAST_WORD), options=1), packet(b"ULfw?")]
    assert wire.news.farewell() == LAST_WORD
    assert wire.news.farewell() is None

"""The kernel's filters that pick a udp-sender's packets; the real kernel runs them, over packets that are made here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from launcher.heard import attach, greetings_to, packets_from

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
    assert packets.passes(packet(payload)) is not None
    assert packets.passes(packet(payload, options=3)) is not None
    assert packets.passes(packet(payload, fragment=0x4000)) is not None  # "do not fragment" is no fragment


@pytest.mark.parametrize(
    "unwanted",
    [packet(source=OTHER), packet(port=PORT + 1), packet(protocol=6), packet(fragment=0x2001)],
    ids=["address", "port", "tcp", "fragment"],
)
def test_what_is_not_of_the_own_sender_is_not_heard(packets: Filtered, unwanted: bytes) -> None:
    assert packets.passes(unwanted) is None

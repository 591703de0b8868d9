"""Which senders can be heard on the wire, beside udpcast itself.

A receiver counts the packets of its own sender (`SenderWatch`) and hears what that says beside its data (`SenderNews`),
a sender listens for another one (`Greetings`).

udp-receiver waits for ever for a sender that vanished, and does not look at another one. But a living udp-sender is
never quiet for long: before the cast it greets (``--rexmit-hello-interval``), and while it waits for a receiver that
does not answer it repeats its question each second. So silence on the wire tells a dead sender from a slow one.

Nor does a udp-receiver mind a sender that begins anew on the same PC: it takes the greetings of the new one for the old
one's, never connects, and would write the new cast's data behind the old cast's. A udp-sender greets before its cast
only, and without a pause; so a greeting during the cast, or behind a pause before it, tells the two apart.

A packet socket with a filter in the kernel sees the packets that arrive at the card, but not those that this PC sends.
The one that counts all packets is open only while nothing comes through udp-receiver; a cast that flows costs nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from .heartbeat import MAGIC, Farewell, farewell_port, read_farewell

PAUSE = 3.0  # seconds without a greeting that a sender of ours makes when it begins anew (`sender.LISTEN` is longer)

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_UDP = 17


class SenderWatch:
    """Counts the packets of the sender at `address` to `port` and the next one that arrive at the card `nic`.

    `limit` in seconds; `over` is asked whether its cast is known to have ended (see `copying.Watch`). Without an
    address, or without the right to open a packet socket, nothing is ever heard.
    """

    def __init__(self, nic: str, address: str, port: int, limit: float, over: Callable[[bool], bool]) -> None:
        self.heard = 0
        self._limit = limit
        self._over = over
        self._last = time.monotonic()
        self._socket = _listen(nic, packets_from(address, port)) if address else None

    def silent(self) -> float:
        """Seconds since the last packet, or since this watch began."""
        if self._socket:
            with contextlib.suppress(OSError):  # nothing more to read; or the card is down, which is silence as well
                while self._socket.recv(1):
                    self.heard += 1
                    self._last = time.monotonic()
        return time.monotonic() - self._last

    def gone(self) -> bool:
        """Whether there was no sign of the sender for too long."""
        return self.silent() >= self._limit

    def over(self, came: bool) -> bool:
        """Whether the sender's cast is known to have ended."""
        return self._over(came)

    def close(self) -> None:
        """Stop listening."""
        if self._socket:
            self._socket.close()
            self._socket = None


class SenderNews:
    """What the sender at `address` says beside the data of its cast: that it greets, and that its cast is over.

    Both are kept until they are asked for, so that nothing is missed by asking late. Without the right to open a packet
    socket nothing is ever heard.
    """

    def __init__(self, nic: str, address: str, port: int) -> None:
        self.address = address
        self._greetings = _listen(nic, greetings_from(address, port))
        self._farewells = _listen(nic, farewells_from(address, port))
        if self._greetings:
            self._greetings.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._last = time.time()
        self._usual = 0.0

    def forget(self) -> None:
        """What was said until now is no news: the connection is new, or the cast has begun."""
        while self._greeting() is not None or self._farewell() is not None:
            pass
        self._last = time.time()

    def began_anew(self) -> bool:
        """Whether a greeting came `PAUSE` behind the one before, or behind `forget`.

        A plain sender may have a longer interval (``--rexmit-hello-interval``); a pause is twice the one seen last.
        """
        anew = False
        while (when := self._greeting()) is not None:
            gap, self._last = when - self._last, when
            anew = anew or gap >= max(PAUSE, 2 * self._usual)
            self._usual = gap
        return anew

    def greeted(self) -> float | None:
        """When the first greeting came that was not asked for yet (seconds since 1970); None for none."""
        first = self._greeting()
        while self._greeting() is not None:
            pass
        return first

    def farewell(self) -> Farewell | None:
        """The last word that was not asked for yet."""
        last = None
        while (data := self._farewell()) is not None:
            last = read_farewell(data[_header_length(data) + 8 :]) or last
        return last

    def close(self) -> None:
        """Stop listening."""
        for one in (self._greetings, self._farewells):
            if one:
                one.close()
        self._greetings = self._farewells = None

    def _greeting(self) -> float | None:
        """When the next greeting came, by the kernel's clock; None when there is none."""
        if self._greetings:
            with contextlib.suppress(OSError):
                _, notes, _, _ = self._greetings.recvmsg(1, 64)
                for level, kind, data in notes:
                    if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                        seconds, nanoseconds = struct.unpack("ll", data)
                        return float(seconds + nanoseconds / 1e9)
                return time.time()
        return None

    def _farewell(self) -> bytes | None:
        if self._farewells:
            with contextlib.suppress(OSError):
                return self._farewells.recv(_WHOLE)
        return None


class Greeting(NamedTuple):
    """The IPv4 address and the MAC address of a sender."""

    address: str
    mac: str


class Greetings:
    """Hears udp-senders that wait for receivers on `port`: they greet when they start, and then at intervals.

    That interval is udp-sender's ``--rexmit-hello-interval``: a second for the launcher's, and none for a plain one,
    which cannot be heard therefore. Nor can one that is casting. Without the right to open a packet socket nothing is
    ever heard.
    """

    def __init__(self, nic: str, port: int) -> None:
        self._socket = _listen(nic, greetings_to(port))

    def sender(self, seconds: float) -> Greeting | None:
        """One that was heard within `seconds`, or None."""
        sources = [self._socket] if self._socket else []
        for one in select.select(sources, [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                header, (_, _, _, _, mac) = one.recvfrom(20)
                return Greeting(socket.inet_ntoa(header[12:16]), mac.hex(":"))
        return None

    def close(self) -> None:
        """Stop listening."""
        if self._socket:
            self._socket.close()
            self._socket = None


def _listen(nic: str, program: bytes) -> socket.socket | None:
    try:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
    except (OSError, AttributeError):
        return None
    try:
        attach(listener, program)
        listener.setblocking(False)
        listener.bind((nic, _ETH_P_IP))  # only now packets come, all through the filter
    except (OSError, ValueError):
        listener.close()
        return None
    return listener


def attach(listener: socket.socket, program: bytes) -> None:
    """Let the kernel drop what `program` does not accept (socket(7), SO_ATTACH_FILTER). Raises OSError."""
    memory = ctypes.create_string_buffer(program)
    header = struct.pack("HP", len(program) // 8, ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)


_LOAD_BYTE, _LOAD_HALF, _LOAD_WORD, _HEADER_LENGTH = 0x30, 0x28, 0x20, 0xB1
_LOAD_HALF_BEHIND, _LOAD_WORD_BEHIND = 0x48, 0x40
_AND, _EQUAL, _ANY_BIT, _GIVE = 0x54, 0x15, 0x45, 0x06
_Step = tuple[int, int, bool | None]
_IS_UDP: tuple[_Step, ...] = ((_LOAD_BYTE, 9, None), (_EQUAL, _UDP, True))
_HAS_PORTS: tuple[_Step, ...] = ((_LOAD_HALF, 6, None), (_ANY_BIT, 0x1FFF, False))  # a later fragment has none
_HEADER, _WHOLE = 20, 1500  # how many bytes of a packet are wanted
_HELLO = 0x0500  # the first two bytes of udp-sender's greeting, whatever its options (measured)


def packets_from(address: str, port: int) -> bytes:
    """The filter that accepts UDP over IPv4 from `address` to `port`, which is even, and the next one."""
    return _filter(*_from(address), *_to(port, either=True))


def greetings_from(address: str, port: int) -> bytes:
    """The filter that accepts the greetings to `port` of a udp-sender at `address`."""
    return _filter(*_from(address), *_to(port), *_GREETS)


def greetings_to(port: int) -> bytes:
    """The filter that accepts a udp-sender's greetings to `port`."""
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port), *_GREETS)


def farewells_from(address: str, port: int) -> bytes:
    """The filter that accepts the farewells of a launcher at `address` whose port base is `port`, whole."""
    magic = int.from_bytes(MAGIC, "big")
    says = ((_LOAD_WORD_BEHIND, 8, None), (_EQUAL, magic, True))
    return _filter(*_from(address), *_to(farewell_port(port)), *says, wanted=_WHOLE)


_GREETS: tuple[_Step, ...] = ((_LOAD_HALF_BEHIND, 8, None), (_EQUAL, _HELLO, True))


def _from(address: str) -> tuple[_Step, ...]:
    number = int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")
    return (*_IS_UDP, (_LOAD_WORD, 12, None), (_EQUAL, number, True), *_HAS_PORTS)


def _to(port: int, either: bool = False) -> tuple[_Step, ...]:
    even = ((_AND, 0xFFFE, None),) if either else ()
    return (_HEADER_LENGTH, 0, None), (_LOAD_HALF_BEHIND, 2, None), *even, (_EQUAL, port, True)


def _filter(*steps: _Step, wanted: int = _HEADER) -> bytes:
    """A classic BPF program (bpf(4), linux/filter.h) that accepts a packet for which all is so, its first `wanted`
    bytes.

    A step is an instruction, its operand, and what a comparison must be. Offsets are those of the IPv4 header (RFC
    791), with which the packets of such a socket begin, and behind it those of the UDP header.
    """
    code = []
    for number, (what, operand, truth) in enumerate(steps):
        refuse = len(steps) - number  # so many instructions are between this one and the last
        if_true, if_false = (0, 0) if truth is None else (0, refuse) if truth else (refuse, 0)
        code.append(struct.pack("HBBI", what, if_true, if_false, operand))
    return b"".join((*code, struct.pack("HBBI", _GIVE, 0, 0, wanted), struct.pack("HBBI", _GIVE, 0, 0, 0)))


def _header_length(packet: bytes) -> int:
    return (packet[0] & 15) * 4

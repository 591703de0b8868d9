"""Which senders can be heard on the wire, beside udpcast itself.

A receiver counts the packets of its own sender (`SenderWatch`), a sender listens for another one (`Greetings`).

udp-receiver waits for ever for a sender that vanished, and does not look at another one. But a living udp-sender is
never quiet for long: before the cast it greets (``--rexmit-hello-interval``), and while it waits for a receiver that
does not answer it repeats its question each second. So silence on the wire tells a dead sender from a slow one.

A packet socket with a filter in the kernel sees the packets that arrive for the port base, but not those that this PC
sends. It is open only while nothing comes through udp-receiver; a cast that flows costs nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import socket
import struct
import time
from typing import NamedTuple

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_UDP = 17


class SenderWatch:
    """Counts the packets of the sender at `address` to `port` that arrive at the card `nic`.

    `limit` in seconds. Without an address, or without the right to open a packet socket, nothing is ever heard.
    """

    def __init__(self, nic: str, address: str, port: int, limit: float) -> None:
        self.heard = 0
        self._limit = limit
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

    def close(self) -> None:
        """Stop listening."""
        if self._socket:
            self._socket.close()
            self._socket = None


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


_LOAD_BYTE, _LOAD_HALF, _LOAD_WORD, _LOAD_HALF_BEHIND, _HEADER_LENGTH = 0x30, 0x28, 0x20, 0x48, 0xB1
_EQUAL, _ANY_BIT, _GIVE = 0x15, 0x45, 0x06
_Step = tuple[int, int, bool | None]
_IS_UDP: tuple[_Step, ...] = ((_LOAD_BYTE, 9, None), (_EQUAL, _UDP, True))
_HAS_PORTS: tuple[_Step, ...] = ((_LOAD_HALF, 6, None), (_ANY_BIT, 0x1FFF, False))  # a later fragment has none
_HELLO = 0x0500  # the first two bytes of udp-sender's greeting, whatever its options (measured)


def packets_from(address: str, port: int) -> bytes:
    """The filter that accepts UDP over IPv4 from `address` to `port`."""
    number = int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")
    return _filter(*_IS_UDP, (_LOAD_WORD, 12, None), (_EQUAL, number, True), *_HAS_PORTS, *_to(port))


def greetings_to(port: int) -> bytes:
    """The filter that accepts a udp-sender's greetings to `port`."""
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port), (_LOAD_HALF_BEHIND, 8, None), (_EQUAL, _HELLO, True))


def _to(port: int) -> tuple[_Step, ...]:
    return (_HEADER_LENGTH, 0, None), (_LOAD_HALF_BEHIND, 2, None), (_EQUAL, port, True)


def _filter(*steps: _Step) -> bytes:
    """A classic BPF program (bpf(4), linux/filter.h) that accepts the IPv4 header of a packet for which all is so.

    A step is an instruction, its operand, and what a comparison must be. Offsets are those of the IPv4 header (RFC
    791), with which the packets of such a socket begin, and behind it those of the UDP header.
    """
    code = []
    for number, (what, operand, wanted) in enumerate(steps):
        refuse = len(steps) - number  # so many instructions are between this one and the last
        if_true, if_false = (0, 0) if wanted is None else (0, refuse) if wanted else (refuse, 0)
        code.append(struct.pack("HBBI", what, if_true, if_false, operand))
    return b"".join((*code, struct.pack("HBBI", _GIVE, 0, 0, 20), struct.pack("HBBI", _GIVE, 0, 0, 0)))

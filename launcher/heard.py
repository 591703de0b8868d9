"""Whether the sender can still be heard: its packets on the wire, counted beside udp-receiver.

udp-receiver waits for ever for a sender that vanished, and does not look at another one. But a living udp-sender is
never quiet for long: before the cast it greets (``--rexmit-hello-interval``), and while it waits for a receiver that
does not answer it repeats its question each second. So silence on the wire tells a dead sender from a slow one.

A packet socket with a filter in the kernel sees packets from the sender's address to the port base, and copies one
byte of each. It is open only while nothing comes through udp-receiver; a cast that flows costs nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import time

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_UDP = 17


class SenderWatch:
    """Counts the packets of the sender at `address` to `port` that arrive at the card `nic`.

    `limit` in seconds. Without the right to open a packet socket nothing is ever heard.
    """

    def __init__(self, nic: str, address: str, port: int, limit: float) -> None:
        self.heard = 0
        self._limit = limit
        self._last = time.monotonic()
        self._socket = _listen(nic, address, port)

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


def _listen(nic: str, address: str, port: int) -> socket.socket | None:
    try:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
    except (OSError, AttributeError):
        return None
    try:
        program = packet_filter(address, port)
        memory = ctypes.create_string_buffer(program)
        header = struct.pack("HP", len(program) // 8, ctypes.addressof(memory))
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)
        listener.setblocking(False)
        listener.bind((nic, _ETH_P_IP))  # only now packets come, all through the filter
    except (OSError, ValueError):
        listener.close()
        return None
    return listener


def packet_filter(address: str, port: int) -> bytes:
    """A classic BPF program (bpf(4), linux/filter.h): accept one byte of UDP over IPv4 from `address` to `port`.

    Offsets are those of the IPv4 header (RFC 791), with which the packets of such a socket begin.
    """
    load_byte, load_half, load_word, load_half_behind, header_length = 0x30, 0x28, 0x20, 0x48, 0xB1
    equal, any_bit, give = 0x15, 0x45, 0x06
    steps = (
        (load_byte, 0, 0, 9),  # protocol
        (equal, 0, 8, _UDP),
        (load_word, 0, 0, 12),  # source address
        (equal, 0, 6, int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")),
        (load_half, 0, 0, 6),  # a later fragment has no port
        (any_bit, 4, 0, 0x1FFF),
        (header_length, 0, 0, 0),
        (load_half_behind, 0, 0, 2),  # destination port
        (equal, 0, 1, port),
        (give, 0, 0, 1),
        (give, 0, 0, 0),
    )
    return b"".join(struct.pack("HBBI", *step) for step in steps)

"""Who has an address on this wire already: ARP (RFC 826), as RFC 5227 asks before an address is taken.

Every machine answers that, also one that drops pings, as Windows does. What this machine has itself is not asked: the
question does not come back to its own card. `read` and `probe` are pure.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..loop import AT_ONCE

_ARP = 0x0806
_ETHERNET_IP = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_REQUEST = 1

_SIOCGIFCONF = 0x8912
_IFREQ = struct.Struct(f"16sI4s{struct.calcsize('16sLLHBBB0L') - 24}x")
"""struct ifreq with a struct sockaddr_in in it: the card's name, family and port, the address."""
_MOST_OWN = 1024


@dataclass(frozen=True)
class Holder:
    """`mac` says that it has `address`."""

    address: IPv4Address
    mac: str


def probe(address: IPv4Address, mac: str) -> bytes:
    """The question of `mac` who has `address`; nobody takes the asker for somebody with an address (0.0.0.0)."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    return _ETHERNET_IP + struct.pack("!H", _REQUEST) + hardware + bytes(4) + bytes(6) + address.packed


def read(packet: bytes) -> Holder | None:
    """Who says, by an answer or a question of his own, that he has an address; None for anything else."""
    if len(packet) < 28 or packet[:6] != _ETHERNET_IP or packet[14:18] == bytes(4):
        return None
    return Holder(IPv4Address(packet[14:18]), packet[8:14].hex(":"))


def own() -> frozenset[IPv4Address]:
    """The addresses that this machine has now, on all cards (SIOCGIFCONF of netdevice(7)). Raises OSError."""
    room = array.array("B", bytes(_MOST_OWN * _IFREQ.size))
    where, size = room.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        (used, _) = struct.unpack("iP", fcntl.ioctl(asking, _SIOCGIFCONF, struct.pack("iP", size, where)))
    return frozenset(IPv4Address(entry[2]) for entry in _IFREQ.iter_unpack(room[:used]))


class Arp:
    """ARP on one card. Raises OSError."""

    def __init__(self, interface: str) -> None:
        self._interface = interface
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            self._socket.bind((interface, _ARP))
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def ask(self, address: IPv4Address) -> None:
        """Ask everybody; a card that is down is said elsewhere."""
        with contextlib.suppress(OSError):
            mac = self._socket.getsockname()[4].hex(":")  # that of a bridge changes
            self._socket.sendto(probe(address, mac), (self._interface, _ARP, 0, 0, b"\xff" * 6))

    def holders(self) -> Iterator[Holder]:
        """What was said since the last time, some of much."""
        with contextlib.suppress(OSError):
            for _ in range(AT_ONCE):
                found = read(self._socket.recv(1 << 12))
                if found:
                    yield found

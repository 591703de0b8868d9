"""A card's wire, below the IP layer: the DHCP messages on it, whoever sent them, and ours.

A packet socket (packet(7)) hears what comes in whatever a firewall or another program does with it, and reaches clients
that have no address. It hears what the switch sends to this card: all broadcasts. The card is not made promiscuous:
beside a switch that would show nothing more. What this machine sends is not heard. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..loop import AT_ONCE
from . import datagram, message
from .datagram import Datagram
from .message import Message

EVERYBODY = IPv4Address("255.255.255.255")
NOBODY = IPv4Address(0)

_ETHERNET_IP = 0x0800
_ETHERNET = 1  # ARPHRD_ETHER
_OTHER_HOST = 3  # PACKET_OTHERHOST of packet(7): also that of a VLAN which this card does not have
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of socket(7)

Filter = tuple[tuple[int, int, int, int], ...]
"""A program of classic BPF: what to do, how far to go on when that is true and when it is not, a value."""

_DHCP_ONLY = (
    (0x30, 0, 0, 9),  # the protocol
    (0x15, 0, 7, 17),  # is UDP, or: drop
    (0x28, 0, 0, 6),  # the fragment
    (0x45, 5, 0, 0x1FFF),  # is not the first one: drop
    (0xB1, 0, 0, 0),  # behind the IP header
    (0x48, 0, 0, 2),  # the target port
    (0x15, 1, 0, message.SERVER_PORT),
    (0x15, 0, 1, message.CLIENT_PORT),
    (0x06, 0, 0, 0xFFFF),  # keep
    (0x06, 0, 0, 0),  # drop
)
"""A filter of the kernel (BPF): without it each packet of a transfer would wake us."""
_NOTHING = ((0x06, 0, 0, 0),)


@dataclass(frozen=True)
class Heard:
    """A DHCP message, and the address that its packet came from."""

    source: IPv4Address
    message: Message


class Wire:
    """The wire of one Ethernet card. Raises OSError when the card is not there, or is none of that kind."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            attach(self._socket, _DHCP_ONLY)
            self._socket.bind((interface, _ETHERNET_IP))
            if self._socket.getsockname()[3] != _ETHERNET:
                raise OSError(errno.EPROTOTYPE, "it is no Ethernet card")
        except OSError:
            self._socket.close()
            raise
        self._interface = interface
        self._socket.setblocking(False)

    @property
    def mac(self) -> str:
        """The card's MAC address now; that of a bridge changes with the cards on it."""
        return str(self._socket.getsockname()[4].hex(":"))

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def heard(self) -> Iterator[Heard]:
        """Messages that are there now, some of many. Raises OSError once when the card went down, not for ever."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(AT_ONCE):
                packet, sender = self._socket.recvfrom(1 << 16)
                found = datagram.read(packet) if sender[2] != _OTHER_HOST else None
                said = message.read(found.payload) if found else None
                if found and said:
                    yield Heard(found.source, said)

    def wait(self, seconds: float) -> bool:
        """Wait so long for messages; False when none came."""
        return bool(select.select([self._socket], [], [], max(0.0, seconds))[0])

    def ask(self, question: bytes) -> None:
        """Send what a client without an address sends. Raises OSError."""
        self._send("ff:ff:ff:ff:ff:ff", Datagram(NOBODY, message.CLIENT_PORT, EVERYBODY, message.SERVER_PORT, question))

    def answer(self, server: IPv4Address, reply: Message) -> None:
        """Send a server's answer to its client, as RFC 2131 (4.1) says. Raises OSError."""
        mac, target = reply.mac, reply.own if int(reply.own) else reply.given
        if reply.kind is message.Kind.NAK or not int(target) or (reply.broadcast and not int(reply.own)):
            mac, target = "ff:ff:ff:ff:ff:ff", EVERYBODY
        self._send(mac, Datagram(server, message.SERVER_PORT, target, message.CLIENT_PORT, reply.data))

    def _send(self, mac: str, packet: Datagram) -> None:
        hardware = bytes.fromhex(mac.replace(":", ""))
        self._socket.sendto(datagram.write(packet), (self._interface, _ETHERNET_IP, 0, 0, hardware))


def attach(end: socket.socket, instructions: Filter) -> None:
    """Let the kernel choose what comes to this socket (struct sock_fprog of linux/filter.h)."""
    memory = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in instructions))
    end.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", len(instructions), ctypes.addressof(memory)))


def hold_port(interface: str, port: int) -> socket.socket:
    """Take a port of a card, and read nothing there: what comes is heard on the wire, and no client is told (by ICMP)
    that nobody listens. Raises OSError, when another server has it too."""
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        attach(held, _NOTHING)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        held.bind(("", port))
    except OSError:
        held.close()
        raise
    return held

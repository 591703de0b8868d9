"""What the PCs ask, as it arrives at the card: before a firewall, and whether dnsmasq reads it or not.

A packet socket (packet(7)) sees what comes in before any rule of netfilter, and what goes out behind them. The kernel
hands on only what is needed (a classic BPF program): requests to the ports of a boot server, of each TFTP transfer its
first packets, of HTTP the first of a connection, so that 30 PCs that load 35 MB cost nothing here. `read` is pure.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..loop import AT_ONCE, Loop
from ..wire import message
from ..wire.message import Kind
from ..wire.wire import Filter, attach

_ALL, _IP = 0x0003, 0x0800  # only who listens to all protocols gets what goes out
_OUTGOING = 4  # PACKET_OUTGOING of packet(7)
_READ, _DATA, _ACK, _ERROR, _OPTIONS = 1, 3, 4, 5, 6  # RFC 1350, RFC 2347
_SYN, _SYN_ACK = 0x02, 0x12  # flags of TCP (RFC 9293, 3.1)
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_PROTOCOL = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL of linux/filter.h
_SIZE = 1 << 12
_BUFFER = 1 << 22


@dataclass(frozen=True)
class Ask:
    """A PC that boots asks by DHCP, on port 67 or 4011. `number` is its transaction's, as dnsmasq's log has it."""

    mac: str
    number: int
    port: int


@dataclass(frozen=True)
class Read:
    """A client asks for a file by TFTP."""

    address: str
    port: int
    name: str


@dataclass(frozen=True)
class Took:
    """A client has taken the first data of a file."""

    address: str
    port: int


@dataclass(frozen=True)
class Answered:
    """A client's question by TFTP was answered: by data, options, or an error.

    With `windows` of blocks (RFC 7440, dnsmasq 2.93) the first block need not be acknowledged by itself.
    """

    address: str
    port: int
    windows: bool = False


@dataclass(frozen=True)
class Knock:
    """A client begins a connection for HTTP, or repeats that, for it got no answer."""

    address: str
    port: int


@dataclass(frozen=True)
class Lost:
    """More came than could be heard."""


Heard = Ask | Read | Took | Answered | Knock | Lost


class Hearing:
    """Hands on what is heard on the interface. Close it."""

    def __init__(
        self, loop: Loop, interface: str, server: IPv4Address, http: int, heard: Callable[[Heard], None]
    ) -> None:
        """`http` is the port of HTTP. Raises OSError where packet sockets are not allowed."""
        self._loop, self._server, self._http, self._heard = loop, str(server), http, heard
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            attach(self._socket, program(server, http))
            self._socket.bind((interface, _ALL))
        except OSError:
            self._socket.close()
            raise
        with contextlib.suppress(OSError):  # in a user namespace: what is allowed to all has to do
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.setblocking(False)
        loop.watch(self._socket, self.drain)

    def drain(self) -> None:
        """Hand on all that has arrived, but for a flood. Who learns something otherwise may call it first: what came
        first counts."""
        with contextlib.suppress(OSError):  # nothing more; or the interface is down or gone, which others tell
            for _ in range(16 * AT_ONCE):
                packet, sender = self._socket.recvfrom(_SIZE)
                if heard := read(packet, self._server, self._http, outgoing=sender[2] == _OUTGOING):
                    self._heard(heard)
        _, lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        if lost:
            self._heard(Lost())

    def close(self) -> None:
        self._loop.unwatch(self._socket)
        self._socket.close()


def read(packet: bytes, server: str, http: int, *, outgoing: bool = False) -> Heard | None:
    """What an IP packet says, or None; a damaged one says nothing."""
    if len(packet) < 28 or packet[0] >> 4 != 4:
        return None
    source, target = (socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16))
    inner = packet[(packet[0] & 15) * 4 :]
    if packet[9] == socket.IPPROTO_TCP:
        return _knock(inner, source, http) if target == server and not outgoing else None
    return _datagram(inner, source, target, server, outgoing) if packet[9] == socket.IPPROTO_UDP else None


def _knock(tcp: bytes, source: str, http: int) -> Knock | None:
    if len(tcp) < 20:
        return None
    from_port, to_port = struct.unpack("!HH", tcp[:4])
    return Knock(source, from_port) if to_port == http and tcp[13] & _SYN_ACK == _SYN else None


def _datagram(udp: bytes, source: str, target: str, server: str, outgoing: bool) -> Heard | None:
    if len(udp) < 12:
        return None
    from_port, to_port = struct.unpack("!HH", udp[:4])
    code, block = struct.unpack("!HH", udp[8:12])
    if outgoing:
        is_first = code in {_OPTIONS, _ERROR} or (code == _DATA and block == 1)
        windows = code == _OPTIONS and b"\0windowsize\0" in udp
        return Answered(target, to_port, windows) if source == server and is_first else None
    if to_port in {67, 4011}:
        return _ask(udp[8:], to_port)
    if target != server:
        return None
    if to_port == 69:
        name = re.match(rb"([^\0]+)\0", udp[10:])
        return Read(source, from_port, plain(os.fsdecode(name[1]))) if name and code == _READ else None
    return Took(source, from_port) if code == _ACK and block == 1 else None


def plain(name: str) -> str:
    """A file's name in the tree, however the client writes it (dnsmasq takes them all)."""
    return name.replace("\\", "/").lstrip("/")


def _ask(data: bytes, port: int) -> Ask | None:
    """A DHCPDISCOVER or, on the ports of PXE, a request, of a PC that says it is one that boots (RFC 2131, PXE 2.1)."""
    said, kind = message.read(data), Kind.DISCOVER if port == message.SERVER_PORT else Kind.REQUEST
    if said is None or said.is_reply or said.kind is not kind or not said.vendor.startswith(message.BOOTING[:2]):
        return None
    return Ask(said.mac, int.from_bytes(said.transaction, "big"), port)


def program(server: IPv4Address, http: int) -> Filter:
    """The BPF program (the kernel's networking/filter.rst) that lets through what `read` wants.

    A line: its name, what to do, where to go on when that is true and when it is not ("": the next line), a value.
    """
    byte, half, word, indexed, header, equal, bits, give = 0x30, 0x28, 0x20, 0x48, 0xB1, 0x15, 0x45, 0x06
    byte_indexed, only = 0x50, 0x54
    lines = (
        ("", half, "", "", _PROTOCOL),
        ("", equal, "", "no", _IP),
        ("", byte, "", "", 9),
        ("", equal, "tcp", "", socket.IPPROTO_TCP),
        ("", equal, "", "no", socket.IPPROTO_UDP),
        ("", half, "", "", 6),
        ("", bits, "no", "", 0x1FFF),  # a later fragment has no ports
        ("", header, "", "", 0),
        ("", indexed, "", "", 2),
        ("", equal, "yes", "", 67),
        ("", equal, "yes", "", 4011),
        ("", equal, "ours", "", 69),
        ("", indexed, "", "", 8),
        ("", equal, "block", "", _ACK),
        ("", equal, "block", "", _DATA),
        ("", equal, "ours", "", _ERROR),
        ("", equal, "ours", "no", _OPTIONS),
        ("block", indexed, "", "", 10),
        ("", equal, "", "no", 1),
        ("ours", word, "", "", 12),
        ("", equal, "yes", "", int(server)),
        ("", word, "", "", 16),
        ("", equal, "yes", "no", int(server)),
        ("tcp", half, "", "", 6),
        ("", bits, "no", "", 0x1FFF),
        ("", header, "", "", 0),
        ("", indexed, "", "", 2),
        ("", equal, "", "no", http),
        ("", byte_indexed, "", "", 13),
        ("", only, "", "", _SYN_ACK),
        ("", equal, "", "no", _SYN),
        ("", word, "", "", 16),
        ("", equal, "yes", "no", int(server)),
        ("yes", give, "", "", _SIZE),
        ("no", give, "", "", 0),
    )
    places = {name: at for at, (name, *_) in enumerate(lines) if name}

    def distance(at: int, name: str) -> int:
        return places[name] - at - 1 if name else 0

    return tuple(
        (code, distance(at, true), distance(at, false), value) for at, (_, code, true, false, value) in enumerate(lines)
    )

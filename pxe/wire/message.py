"""DHCP messages (RFC 2131, options of RFC 2132): from bytes to a frozen value, and the few that we write ourselves.

Pure. What is damaged is no message: `read` returns None and never raises, whatever a stranger sends.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address

from ..entries.architectures import BY_HTTP, BY_PXE

SERVER_PORT, CLIENT_PORT = 67, 68

BOOTING = (BY_PXE, BY_HTTP, "udpcast-launcher")
"""How the vendor class (option 60) of a client begins that boots from the network: firmware by PXE and by HTTP, and our
launcher (`launcher/network/dhcp.py`), which such a firmware has loaded."""

_COOKIE = b"\x63\x82\x53\x63"
_OPTIONS = 240
"""Where the options begin."""
_LEAST = 300
"""Bytes: shorter messages are dropped by some relays and clients (RFC 1542, 2.1)."""
_NOWHERE = IPv4Address(0)


class Kind(IntEnum):
    """The message type, option 53."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class Option(IntEnum):
    """The options that are looked at."""

    PAD = 0
    ROUTER = 3
    REQUESTED = 50
    LEASE_TIME = 51
    KIND = 53
    SERVER = 54
    PARAMETERS = 55
    VENDOR = 60
    CLIENT_ID = 61
    BOOT_FILE = 67
    USER_CLASS = 77
    AGENT = 82
    ARCHITECTURE = 93
    INTERFACE = 94
    UUID = 97
    SUBNET = 118
    END = 255


@dataclass(frozen=True)
class Message:
    """One message. `options` are in the order in which they came; `data` is all of it, as it came.

    `own` is the address that the client says it has (ciaddr), `given` the one it gets (yiaddr), `relay` that of a relay
    agent (giaddr). Each is 0.0.0.0 where there is none.
    """

    is_reply: bool
    kind: Kind
    mac: str
    transaction: bytes
    own: IPv4Address = _NOWHERE
    given: IPv4Address = _NOWHERE
    relay: IPv4Address = _NOWHERE
    broadcast: bool = False
    options: tuple[tuple[int, bytes], ...] = ()
    data: bytes = field(default=b"", repr=False, compare=False)

    def option(self, code: Option) -> bytes:
        """The value of an option, the first of several; empty where there is none."""
        return next((value for number, value in self.options if number == code), b"")

    def address(self, code: Option) -> IPv4Address | None:
        """The value of an option that is one address."""
        value = self.option(code)
        return IPv4Address(value) if len(value) == 4 else None

    @property
    def server(self) -> IPv4Address | None:
        """The server that sent a reply, or that a client has chosen."""
        return self.address(Option.SERVER)

    @property
    def next_server(self) -> IPv4Address:
        """Where a server says that the boot file is (siaddr); 0.0.0.0 where it does not say."""
        return IPv4Address(self.data[20:24])

    @property
    def wanted(self) -> IPv4Address | None:
        """The address that a request is about."""
        return self.address(Option.REQUESTED) or (self.own if self.own != _NOWHERE else None)

    @property
    def vendor(self) -> str:
        """The vendor class: what the client, or a boot server, is."""
        return self.option(Option.VENDOR).decode("ascii", "replace")

    @property
    def boots(self) -> bool:
        """True for a client that boots from the network."""
        # iPXE writes its user class without the length that RFC 3004 asks for; others may write it with one.
        return self.vendor.startswith(BOOTING) or b"iPXE" in self.option(Option.USER_CLASS)

    @property
    def boot_file(self) -> str:
        """What a server tells its client to load; "" for nothing."""
        name = self.option(Option.BOOT_FILE) or self.data[108:236]
        return name.partition(b"\0")[0].decode("ascii", "replace")


def read(data: bytes) -> Message | None:
    """The DHCP message in the payload of a datagram; None for anything else: BOOTP, other hardware than Ethernet."""
    if len(data) < _OPTIONS or data[0] not in (1, 2) or data[1:3] != b"\x01\x06" or data[236:240] != _COOKIE:
        return None
    options = tuple(_options(data[_OPTIONS:]))
    try:
        kind = Kind(int.from_bytes(next((value for code, value in options if code == Option.KIND), b"")))
    except ValueError:
        return None
    (flags,) = struct.unpack("!H", data[10:12])
    return Message(
        is_reply=data[0] == 2,
        kind=kind,
        mac=data[28:34].hex(":"),
        transaction=data[4:8],
        own=IPv4Address(data[12:16]),
        given=IPv4Address(data[16:20]),
        relay=IPv4Address(data[24:28]),
        broadcast=bool(flags & 0x8000),
        options=options,
        data=data,
    )


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) > 1 and data[0] != Option.END:
        if data[0] == Option.PAD:
            data = data[1:]
            continue
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]


def discover(mac: str, transaction: bytes, *, pxe: bool = False, kind: int = 0) -> bytes:
    """A client's first question, which asks for a broadcast answer; `pxe`: as the firmware of a PC asks, of the `kind`
    (option 93) that is BIOS if nothing else is said.

    `transaction` has four bytes.
    """
    broadcast = 0x8000
    hardware = bytes.fromhex(mac.replace(":", ""))
    header = struct.pack("!BBBB4sHH16x6s10x192x", 1, 1, 6, 0, transaction, 0, broadcast, hardware)
    options = [(Option.KIND, bytes([Kind.DISCOVER])), (Option.PARAMETERS, bytes([1, 3, 43, 60, 66, 67]))]
    if pxe:  # RFC 4578; the UUID is made of the MAC address, where nobody set a better one
        options += [
            (Option.VENDOR, f"PXEClient:Arch:{kind:05}:UNDI:{'003016' if kind else '002001'}".encode()),
            (Option.ARCHITECTURE, kind.to_bytes(2)),
            (Option.INTERFACE, bytes([1, 3, 16] if kind else [1, 2, 1])),
            (Option.UUID, bytes(11) + hardware),
        ]
    return written(header, options)


def written(header: bytes, options: Iterable[tuple[int, bytes]]) -> bytes:
    """A message from its first 236 bytes and its options."""
    body = b"".join(bytes([code, len(value)]) + value for code, value in options)
    return (header[:236] + _COOKIE + body + bytes([Option.END])).ljust(_LEAST, b"\0")

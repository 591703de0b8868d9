"""DHCP messages as clients and servers write them, for the tests of the boot server's gate."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from pxe.wire.message import Kind, Message, Option, read

XID = b"\x01\x02\x03\x04"
MAC, OTHER_MAC = "52:54:00:aa:bb:11", "52:54:00:aa:bb:12"
PXE = ((Option.VENDOR, b"PXEClient:Arch:00000:UNDI:002001"),)
NOWHERE = "0.0.0.0"


def address(text: str) -> bytes:
    return IPv4Address(text).packed


def raw(
    kind: int,
    *options: tuple[int, bytes],
    mac: str = MAC,
    own: str = NOWHERE,
    given: str = NOWHERE,
    relay: str = NOWHERE,
    operation: int = 1,
    flags: int = 0x8000,
) -> bytes:
    """The payload of a datagram."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    fixed = struct.pack("!BBBB4sHH", operation, 1, 6, 0, XID, 0, flags)
    fixed += address(own) + address(given) + bytes(4) + address(relay) + hardware + bytes(10 + 192)
    body = b"".join(bytes([code, len(value)]) + value for code, value in ((Option.KIND, bytes([kind])), *options))
    return fixed + b"\x63\x82\x53\x63" + body + b"\xff"


def made(data: bytes) -> Message:
    found = read(data)
    assert found
    return found


def discover(*options: tuple[int, bytes], mac: str = MAC) -> Message:
    return made(raw(Kind.DISCOVER, *options, mac=mac))


def request(
    wanted: str = "", *options: tuple[int, bytes], server: str = "", own: str = NOWHERE, mac: str = MAC
) -> Message:
    """With `server`: after an offer (SELECTING); without: after a start (INIT-REBOOT); with `own`: a renewal."""
    asked = [(int(Option.REQUESTED), address(wanted))] if wanted else []
    chosen = [(int(Option.SERVER), address(server))] if server else []
    return made(raw(Kind.REQUEST, *asked, *chosen, *options, own=own, mac=mac))


def reply(
    kind: Kind, given: str, *options: tuple[int, bytes], server: str = "10.77.0.1", seconds: int = 3600, mac: str = MAC
) -> Message:
    sent = ((Option.SERVER, address(server)), (Option.LEASE_TIME, seconds.to_bytes(4)))
    return made(raw(kind, *sent, *options, given=given, operation=2, mac=mac))

"""IPv4 and UDP by hand (RFC 791, 768): a client without an address can only be reached so. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

_UDP = 17
_FRAGMENT = 0x3FFF  # "more fragments", and where this one belongs


@dataclass(frozen=True)
class Datagram:
    """One UDP datagram with its addresses and ports."""

    source: IPv4Address
    source_port: int
    target: IPv4Address
    target_port: int
    payload: bytes


def read(packet: bytes) -> Datagram | None:
    """The datagram in an IPv4 packet; None for anything else, for a fragment, and for a damaged one.

    No checksum is looked at: between a virtual card and its bridge it is not there yet.
    """
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != _UDP:
        return None
    start, (fragment,) = (packet[0] & 15) * 4, struct.unpack("!H", packet[6:8])
    if start < 20 or fragment & _FRAGMENT or len(packet) < start + 8:
        return None
    source, target, length = struct.unpack("!HHH", packet[start : start + 6])
    if length < 8:
        return None
    payload = packet[start + 8 : start + length]  # short frames are padded
    return Datagram(IPv4Address(packet[12:16]), source, IPv4Address(packet[16:20]), target, payload)


def write(datagram: Datagram) -> bytes:
    """The IPv4 packet of a datagram."""
    addresses = datagram.source.packed + datagram.target.packed
    length = 8 + len(datagram.payload)
    udp = struct.pack("!HHHH", datagram.source_port, datagram.target_port, length, 0) + datagram.payload
    udp = udp[:6] + struct.pack("!H", _sum(addresses + struct.pack("!HH", _UDP, length) + udp) or 0xFFFF) + udp[8:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, _UDP, 0) + addresses
    return header[:10] + struct.pack("!H", _sum(header)) + header[12:] + udp


def _sum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

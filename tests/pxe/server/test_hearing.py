"""Packets to what they say; the filter in the kernel is tried with real ones (test_serve.py)."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxe.loop import AT_ONCE
from pxe.server.hearing import Answered, Ask, Heard, Hearing, Knock, Read, Took, read

SERVER, PC, HTTP = "10.77.0.1", "10.77.0.9", 8068
MAC = bytes.fromhex("525400aabb01")


def packet(payload: bytes, to_port: int, source: str = PC, target: str = SERVER, from_port: int = 2070) -> bytes:
    udp = struct.pack("!HHHH", from_port, to_port, 8 + len(payload), 0) + payload
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + ends + udp


def dhcp(kind: int, vendor: bytes, operation: int = 1) -> bytes:
    header = struct.pack("!BBBBI20x6s202x", operation, 1, 6, 0, 4711, MAC)
    return header + b"\x63\x82\x53\x63" + bytes([53, 1, kind, 0, 60, len(vendor)]) + vendor + b"\xff"


def tcp(flags: int, to_port: int = HTTP, target: str = SERVER) -> bytes:
    segment = struct.pack("!HHIIBBHHH", 2070, to_port, 1, 0, 0x50, flags, 1000, 0, 0)
    ends = socket.inet_aton(PC) + socket.inet_aton(target)
    return struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + ends + segment


PXE = b"PXEClient:Arch:00000:UNDI:002001"


@pytest.mark.parametrize(
    ("seen", "heard"),
    [
        (packet(dhcp(1, PXE), 67, "0.0.0.0", "255.255.255.255"), Ask("52:54:00:aa:bb:01", 4711, 67)),
        (packet(dhcp(3, PXE), 4011), Ask("52:54:00:aa:bb:01", 4711, 4011)),
        (packet(dhcp(1, b"HTTPClient:Arch:00016"), 67), Ask("52:54:00:aa:bb:01", 4711, 67)),
        (tcp(0x02), Knock(PC, 2070)),
        (tcp(0xC2), Knock(PC, 2070)),
        (tcp(0x12), None),
        (tcp(0x10), None),
        (tcp(0x02, to_port=80), None),
        (tcp(0x02, target="10.77.0.2"), None),
        (tcp(0x02)[:39], None),
        (packet(dhcp(3, PXE), 67), None),
        (packet(dhcp(1, b"udhcp 1.35.0"), 67), None),
        (packet(dhcp(1, PXE, operation=2), 67), None),
        (packet(b"\0\1\\pxelinux.0\0octet\0", 69), Read(PC, 2070, "pxelinux.0")),
        (packet(b"\0\1/pxelinux.0\0octet\0", 69, target="10.77.0.2"), None),
        (packet(b"\0\2udpcast-linux\0octet\0", 69), None),
        (packet(b"\0\4\0\1", 40000), Took(PC, 2070)),
        (packet(b"\0\4\0\0", 40000), None),
        (packet(b"\0\4\0\2", 40000), None),
        (packet(b"\0\4\0\1", 40000, target="10.77.0.2"), None),
    ],
)
def test_what_comes_in(seen: bytes, heard: Heard | None) -> None:
    assert read(seen, SERVER, HTTP) == heard


@pytest.mark.parametrize(
    ("payload", "heard"),
    [
        (b"\0\6blksize\0001408\0tsize\0004711\0", Answered(PC, 2070)),
        (b"\0\6blksize\0001408\0windowsize\0004\0", Answered(PC, 2070, windows=True)),
        (b"\0\3\0\1data", Answered(PC, 2070)),
        (b"\0\3\0\2data", None),
        (b"\0\5\0\1file not found\0", Answered(PC, 2070)),
        (b"\0\4\0\1", None),
    ],
)
def test_what_goes_out(payload: bytes, heard: Heard | None) -> None:
    assert read(packet(payload, 2070, SERVER, PC, 40000), SERVER, HTTP, outgoing=True) == heard


@given(st.binary(max_size=400), st.booleans(), st.sampled_from((67, 69, 4011, 9)))
def test_a_damaged_packet_says_nothing_wrong(payload: bytes, outgoing: bool, port: int) -> None:
    for seen in (payload, packet(payload, port)):
        read(seen, SERVER, HTTP, outgoing=outgoing)


def test_no_flood_holds_the_loop() -> None:
    class Flood:
        def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int, int]]:
            return packet(dhcp(1, PXE), 67), ("eth1", 0x0800, 0)

        def getsockopt(self, *words: int) -> bytes:
            return bytes(8)

    seen: list[Heard] = []

    def heard(what: Heard) -> None:
        seen.append(what)
        assert len(seen) <= 16 * AT_ONCE

    hearing = object.__new__(Hearing)
    vars(hearing).update(_socket=Flood(), _server=SERVER, _http=HTTP, _heard=heard)
    hearing.drain()
    assert len(seen) == 16 * AT_ONCE

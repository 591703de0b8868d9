"""The DHCP question: what is sent, and that no packet of a stranger can confuse its answer."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxe.probe import Offer, discover, read_offer

MAC, XID = bytes.fromhex("525400aabb01"), b"\x01\x02\x03\x04"
SERVER = bytes([10, 77, 0, 1])


def ip_packet(message: bytes, port: int = 68, protocol: int = 17, header: int = 20) -> bytes:
    udp = struct.pack("!HHHH", 67, port, 8 + len(message), 0) + message
    start = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | header // 4, 0, header + len(udp), 0, 0, 64, protocol, 0, SERVER, b"\xff" * 4
    )
    return start + b"\0" * (header - 20) + udp


def offer(
    kind: int = 2, operation: int = 2, transaction: bytes = XID, options: bytes = b"\x36\x04\x0a\x4d\0\x02"
) -> bytes:
    address = bytes([10, 77, 0, 160])
    fixed = struct.pack("!BBBB4sHH4s4s8x6s10x192x", operation, 1, 6, 0, transaction, 0, 0x8000, b"\0" * 4, address, MAC)
    return fixed + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"


def test_the_question() -> None:
    question = discover(MAC, XID)
    assert len(question) == 300
    assert question[:12] == bytes([1, 1, 6, 0]) + XID + bytes([0, 0, 0x80, 0])
    assert question[28:34] == MAC
    assert question[236:243] == bytes([0x63, 0x82, 0x53, 0x63, 53, 1, 1])


@pytest.mark.parametrize(
    ("packet", "server"),
    [
        (ip_packet(offer()), "10.77.0.2"),
        (ip_packet(offer(), header=24), "10.77.0.2"),
        (ip_packet(offer(options=b"\0\x36\x04\x0a\x4d\0\x02")), "10.77.0.2"),
        (ip_packet(offer(options=b"")), "10.77.0.1"),  # no server identifier: the sender's address
    ],
)
def test_an_offer(packet: bytes, server: str) -> None:
    assert read_offer(packet, XID) == Offer(IPv4Address(server), IPv4Address("10.77.0.160"))


@pytest.mark.parametrize(
    "packet",
    [
        ip_packet(offer(kind=5)),
        ip_packet(offer(operation=1)),
        ip_packet(offer(transaction=b"abcd")),
        ip_packet(offer(), port=67),
        ip_packet(offer(), protocol=6),
        ip_packet(discover(MAC, XID)),
        b"",
    ],
)
def test_no_offer(packet: bytes) -> None:
    assert read_offer(packet, XID) is None


@given(st.binary(max_size=400), st.integers(0, 400))
def test_damage_is_no_crash(noise: bytes, cut: int) -> None:
    read_offer(noise, XID)
    read_offer(ip_packet(offer())[:cut] + noise, XID)
    read_offer(ip_packet(offer(options=noise)), XID)

"""DHCP messages and their datagrams: what is read, what is written, and that no stranger's packet confuses us."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.network.dhcp import VENDOR
from pxe.wire import datagram, message
from pxe.wire.datagram import Datagram
from pxe.wire.message import Kind, Option, discover, read
from tests.pxe.wire.dhcp_messages import MAC, PXE, XID, address, made, raw

A = IPv4Address
OFFER = raw(
    Kind.OFFER, (Option.SERVER, address("10.77.0.2")), (Option.BOOT_FILE, b"x.0\0"), given="10.77.0.160", operation=2
)


def test_a_plain_question() -> None:
    question = discover(MAC, XID)
    assert len(question) == 300
    assert question[:12] == bytes([1, 1, 6, 0]) + XID + bytes([0, 0, 0x80, 0])
    said = made(question)
    assert (said.kind, said.mac, said.broadcast, said.boots) == (Kind.DISCOVER, MAC, True, False)


def test_a_pxe_clients_question() -> None:
    said = made(discover(MAC, XID, pxe=True))
    assert said.boots
    assert said.vendor == "PXEClient:Arch:00000:UNDI:002001"
    assert [code for code, _ in said.options] == [53, 55, 60, 93, 94, 97]
    assert [len(said.option(code)) for code in (Option.ARCHITECTURE, Option.INTERFACE, Option.UUID)] == [2, 3, 17]


def test_an_offer() -> None:
    said = made(OFFER)
    assert (said.is_reply, said.kind, said.transaction) == (True, Kind.OFFER, XID)
    assert (said.server, said.given, said.boot_file) == (A("10.77.0.2"), A("10.77.0.160"), "x.0")


@pytest.mark.parametrize(
    ("options", "boots"),
    [
        ((), False),
        (((Option.VENDOR, b"MSFT 5.0"),), False),
        (((Option.VENDOR, b"udhcp 1.35.0"),), False),
        (((Option.VENDOR, b"x PXEClient"),), False),
        (PXE, True),
        (((Option.VENDOR, b"HTTPClient:Arch:00016:UNDI:003016"),), True),
        (((Option.VENDOR, VENDOR.encode()),), True),
        (((Option.USER_CLASS, b"iPXE"),), True),
        (((Option.USER_CLASS, b"\4iPXE"),), True),
        (((Option.USER_CLASS, b"staff"),), False),
    ],
)
def test_who_boots(options: tuple[tuple[int, bytes], ...], boots: bool) -> None:
    assert made(raw(Kind.DISCOVER, *options)).boots is boots


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OFFER[:239],
        OFFER[:236] + b"BOOT" + OFFER[240:],
        OFFER[:240] + b"\xff",  # BOOTP
        raw(0),
        raw(9),
        b"\3" + OFFER[1:],
        OFFER[:1] + b"\x20" + OFFER[2:],  # InfiniBand
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    assert read(data) is None


def test_padding_and_a_missing_end() -> None:
    data = raw(Kind.OFFER)[:-1].replace(b"\x35\x01\x02", b"\0\0\x35\x01\x02\x36\x04\x0a\x4d\0\x02\x0c\x09ab")
    said = made(data)
    assert (said.server, said.options[-1]) == (A("10.77.0.2"), (12, b"ab"))


def test_a_datagram_comes_back_as_it_was() -> None:
    sent = Datagram(A("10.77.0.1"), 67, A("255.255.255.255"), 68, b"abc")
    packet = datagram.write(sent)
    assert datagram.read(packet) == sent
    assert datagram.read(packet + bytes(15)) == sent  # the padding of a short frame
    assert datagram.read(b"\x46" + packet[1:20] + bytes(4) + packet[20:]) == sent  # with IP options


@pytest.mark.parametrize("payload", [b"abc", b"abcd", b"", b"\xff" * 300])
def test_the_checksums_are_right(payload: bytes) -> None:
    """What is summed is a multiple of 65,535 with a right checksum in it (RFC 1071)."""
    packet = datagram.write(Datagram(A("10.77.0.1"), 67, A("10.77.0.160"), 68, payload))
    header, udp = packet[:20], packet[20:]
    pseudo = header[12:20] + bytes([0, 17]) + udp[4:6]
    for summed in (header, pseudo + udp + bytes(len(udp) % 2)):
        assert sum(int.from_bytes(summed[at : at + 2]) for at in range(0, len(summed), 2)) % 0xFFFF == 0
    assert header[10:12] != b"\0\0" != udp[6:8]


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 0x65), (0, 0x41), (0, 0x4F), (6, 0x20), (7, 1), (9, 6), (25, 7)],
    ids=["IPv6", "no header", "cut", "more fragments", "a later fragment", "TCP", "no UDP"],
)
def test_what_is_no_datagram(place: int, value: int) -> None:
    packet = bytearray(datagram.write(Datagram(A("10.77.0.1"), 67, A("10.77.0.160"), 68, b"abc")))
    packet[place] = value
    assert datagram.read(bytes(packet)) is None


@given(st.binary(max_size=400), st.integers(0, 400))
def test_damage_is_no_crash(noise: bytes, cut: int) -> None:
    packet = datagram.write(Datagram(A("10.77.0.1"), 67, A("10.77.0.160"), 68, OFFER))
    for data in (noise, packet[:cut] + noise):
        found = datagram.read(data)
        read(found.payload if found else data)
    said = read(OFFER[:240] + noise)
    if said:
        assert said.vendor is not None
        assert message.read(message.written(said.data, said.options)) == said


def test_a_question_of_a_pc_with_uefi() -> None:
    said = made(discover(MAC, XID, pxe=True, kind=7))
    assert said.vendor.startswith("PXEClient:Arch:00007:")
    assert said.option(Option.ARCHITECTURE) == bytes([0, 7])

"""The offer for PCs with UEFI HTTP boot: who gets one, and what is in it."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from pxe.entries.architectures import ARCHITECTURES
from pxe.proxy import http
from pxe.wire.message import Kind, Message, Option
from tests.pxe.wire.dhcp_messages import MAC, PXE, discover, made, raw, reply, request

SERVER = IPv4Address("10.77.0.1")
URL = "http://10.77.0.1/udpcast.img"
UUID = (Option.UUID, bytes(range(17)))


def firmware(number: int = 16, vendor: str = "HTTPClient") -> tuple[tuple[int, bytes], ...]:
    words = f"{vendor}:Arch:{number:05}:UNDI:003000".encode()
    return (Option.VENDOR, words), (Option.ARCHITECTURE, number.to_bytes(2))


def test_the_offer() -> None:
    asked = discover(*firmware(), UUID)
    offer = http.offer(asked, SERVER, URL)
    assert (offer.is_reply, offer.kind, offer.mac, offer.transaction) == (True, Kind.OFFER, MAC, asked.transaction)
    assert (int(offer.given), int(offer.own), int(offer.relay)) == (0, 0, 0)
    assert offer.data[20:24] == SERVER.packed
    assert offer.server == SERVER
    assert offer.vendor == "HTTPClient"
    assert offer.boot_file == URL
    assert offer.option(Option.UUID) == UUID[1]
    assert offer.broadcast
    assert 300 <= len(offer.data) <= 576


def test_a_long_url_is_in_the_option_alone_and_a_longer_one_is_refused() -> None:
    url = f"http://10.77.0.1:8080/{'a' * 150}"
    offer = http.offer(discover(*firmware(), UUID), SERVER, url)
    assert offer.boot_file == url
    assert offer.data[108:236] == bytes(128)
    assert len(offer.data) <= 576
    with pytest.raises(ValueError, match="longer"):
        http.offer(discover(*firmware()), SERVER, url * 2)


@pytest.mark.parametrize("uuid", [b"", b"\0", bytes(255)])
def test_a_strange_uuid_does_not_come_back(uuid: bytes) -> None:
    offer = http.offer(discover(*firmware(), (Option.UUID, uuid)), SERVER, URL)
    assert Option.UUID not in dict(offer.options)


@pytest.mark.parametrize(
    "said",
    [
        discover(),
        discover(*PXE),
        discover(*firmware(7, "PXEClient")),
        request("10.77.0.9", *firmware()),
        request("10.77.0.9", *firmware(), server="10.77.0.1"),
        made(raw(Kind.INFORM, *firmware())),
        made(raw(Kind.DECLINE, *firmware())),
        made(raw(Kind.DISCOVER, *firmware(), relay="10.9.0.1")),
        reply(Kind.OFFER, "10.77.0.9", *firmware()),
    ],
)
def test_nothing_else_is_answered(said: Message) -> None:
    assert not http.asks(said)


def test_of_the_kinds_that_ask_by_http_the_table_says_what_each_is() -> None:
    for one in ARCHITECTURES:
        for number in one.numbers:
            assert http.kind(discover(*firmware(number))) == (one if one.http else None)
    assert http.kind(discover(*firmware(999))) is None
    assert http.kind(discover((Option.VENDOR, b"HTTPClient"))) is None
    assert http.kind(discover((Option.VENDOR, b"HTTPClient"), (Option.ARCHITECTURE, b"\x10"))) is None
    assert http.architecture(discover((Option.ARCHITECTURE, b"\x00\x10\x00\x07"))) == 16

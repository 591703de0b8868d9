"""Which interface, which of its addresses, and why."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import pytest

from pxe.__main__ import main
from pxe.server.addresses import Address, AddressError, Choice, Span, check_name, choose

PUBLIC, PRIVATE, OTHER, LINK, HOST = (
    Address(IPv4Interface(text))
    for text in ("198.51.100.7/24", "10.77.0.1/24", "192.168.1.1/24", "169.254.3.4/16", "10.9.9.9/32")
)
SPAN = IPv4Address("192.168.1.50"), IPv4Address("192.168.1.99")


@pytest.mark.parametrize(
    ("there", "wanted", "span", "chosen", "why"),
    [
        ([PRIVATE], None, None, PRIVATE, ""),
        ([PUBLIC], None, None, PUBLIC, ""),
        ([PUBLIC, LINK, PRIVATE, OTHER], None, None, PRIVATE, "the first private one"),
        ([PUBLIC, PRIVATE, OTHER], None, SPAN, OTHER, "for 192.168.1.50 to 192.168.1.99 lie in its network"),
        ([PUBLIC, PRIVATE], None, SPAN, PRIVATE, "though the range lies in none of their networks"),
        ([HOST, PRIVATE], None, None, PRIVATE, "the first private one"),
        ([HOST, PUBLIC], None, None, PUBLIC, "the first one that has room for PCs"),
        ([PUBLIC, PRIVATE], IPv4Address("198.51.100.7"), None, PUBLIC, ""),
    ],
)
def test_the_choice(
    there: list[Address], wanted: IPv4Address | None, span: Span | None, chosen: Address, why: str
) -> None:
    found = choose("eth1", there, wanted, span)
    assert found.address == chosen.interface
    assert (why in found.why) if why else found == Choice(chosen.interface)


def test_a_choice_says_all() -> None:
    assert choose("eth1", [PUBLIC, PRIVATE], None, None).why == (
        "eth1 has 198.51.100.7/24, 10.77.0.1/24: 10.77.0.1 is used, the first private one "
        "(--address takes another one)."
    )


def test_an_address_that_is_not_there() -> None:
    with pytest.raises(AddressError, match=r"^eth1 has no address 10\.0\.0\.9: it has 198\.51\.100\.7/24\.$"):
        choose("eth1", [PUBLIC], IPv4Address("10.0.0.9"), None)
    with pytest.raises(AddressError, match=r"^eth1 has no IPv4 address: give it one first"):
        choose("eth1", [], IPv4Address("10.0.0.9"), None)


@pytest.mark.parametrize("name", ["eth1", "br-lan", "enp3s0f1", "eth1.20", "wg0"])
def test_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("lo", "leads to this machine only"),
        ("eth1:0", "an alias, a second address of eth1: use --interface eth1 with --address"),
        ("eth1@if5", "the interface is called eth1"),
        ("", "is no name of an interface"),
        ("eth*", "is no name of an interface"),
        ("../eth1", "is no name of an interface"),
        ("a" * 16, "is no name of an interface"),
    ],
)
def test_what_is_no_interface_for_pcs(name: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--interface", name, "--pair", "."])
    assert stopped.value.code == 2
    assert part in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"lo |alias|called|no name"):
        check_name(name)

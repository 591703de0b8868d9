"""What shows another server on the wire, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from pxe.entries.room import Machine
from pxe.wire import sentences
from pxe.wire.message import Kind, Message, Option
from pxe.wire.others import LONG, MOST, Gives, News, Other, Others, other
from pxe.wire.wire import Heard
from tests.pxe.wire.dhcp_messages import MAC, NOWHERE, discover, made, raw, reply, request

A = IPv4Address
OURS, FOREIGN, ROUTER = A("10.77.0.1"), A("10.77.0.2"), A("10.77.0.254")
PXE = (Option.VENDOR, b"PXEClient")
DHCP = Other(FOREIGN, Gives.ADDRESSES, f"offered 10.77.0.50 to {MAC}")
PROXY = Other(FOREIGN, Gives.BOOT, "answers PCs that boot", is_boot_server=True)


def offer(*options: tuple[int, bytes], given: str = "10.77.0.50") -> Message:
    return reply(Kind.OFFER, given, *options, server="10.77.0.2")


@pytest.mark.parametrize(
    ("message", "gives", "did"),
    [
        (offer(), Gives.ADDRESSES, f"offered 10.77.0.50 to {MAC}"),
        (reply(Kind.ACK, "10.77.0.50", server="10.77.0.2"), Gives.ADDRESSES, f"gave 10.77.0.50 to {MAC}"),
        (reply(Kind.ACK, NOWHERE, server="10.77.0.2"), Gives.ADDRESSES, f"answers to {MAC}"),
        (reply(Kind.NAK, NOWHERE, server="10.77.0.2"), Gives.ADDRESSES, f"refused an address to {MAC}"),
        (request("10.77.0.50", server="10.77.0.2"), Gives.ADDRESSES, f"is asked by {MAC} for 10.77.0.50"),
        (made(raw(Kind.OFFER, given="10.77.0.50", operation=2)), Gives.ADDRESSES, f"offered 10.77.0.50 to {MAC}"),
        (offer(PXE), Gives.ADDRESSES, f"offered 10.77.0.50 to {MAC}"),
        (offer(PXE, given=NOWHERE), Gives.BOOT, "answers PCs that boot"),
        (offer((Option.VENDOR, b"HTTPClient"), given=NOWHERE), Gives.BOOT, "answers PCs that boot"),
        (made(raw(Kind.ACK, PXE, operation=2)), Gives.BOOT, "answers PCs that boot"),
    ],
)
def test_a_server_shows_itself(message: Message, gives: Gives, did: str) -> None:
    found = other(Heard(FOREIGN, message), OURS)
    assert found
    assert (found.server, found.gives, found.did, found.relay) == (FOREIGN, gives, did, None)


@pytest.mark.parametrize(
    "message",
    [
        discover(),
        discover(PXE),
        request("10.77.0.50"),
        request(own="10.77.0.50"),
        request("10.77.0.50", server="10.77.0.1"),
        reply(Kind.OFFER, "10.77.0.100"),
        made(raw(Kind.RELEASE, (Option.SERVER, FOREIGN.packed), own="10.77.0.50")),
    ],
)
def test_what_shows_none_but_ours(message: Message) -> None:
    assert other(Heard(A(NOWHERE), message), OURS) is None


@pytest.mark.parametrize("message", [offer(), request("10.77.0.50", server="10.77.0.2")])
def test_it_is_known_who_gets_which_address(message: Message) -> None:
    found = other(Heard(FOREIGN, message), OURS)
    assert found
    assert (found.client, found.about) == (MAC, A("10.77.0.50"))


def test_this_machines_own_address_is_given_to_nobody() -> None:
    one = Other(FOREIGN, Gives.ADDRESSES, "x", client=MAC, about=OURS)
    said = sentences.own_address(one, "pc01", "br0")
    assert said.startswith("10.77.0.1 is this machine's own address, and the DHCP server 10.77.0.2 gives it to pc01")


def test_a_server_behind_a_router_is_named_with_it() -> None:
    found = other(Heard(ROUTER, offer()), OURS)
    assert found
    assert found.address == "10.77.0.2 (by way of 10.77.0.254)"


def test_a_server_is_said_once_and_when_it_falls_silent_and_when_it_is_back() -> None:
    others = Others()
    assert others.add(DHCP, 0) is News.NEW
    assert others.add(DHCP, 1) is None
    assert others.add(PROXY, 1) is News.NEW  # the same machine, something else
    assert others.silent(LONG + 1) == ()
    others.add(PROXY, LONG)
    assert others.silent(LONG + 2) == ((FOREIGN, Gives.ADDRESSES),)
    assert others.silent(LONG + 3) == ()
    assert others.add(DHCP, LONG + 4) is News.BACK
    assert others.add(DHCP, LONG + 5) is None


def test_invented_servers_fill_no_screen() -> None:
    others = Others()
    news = [others.add(Other(A(number), Gives.ADDRESSES, ""), 0) for number in range(2 * MOST)]
    assert news == [News.NEW] * MOST + [None] * MOST


def test_a_server_names_where_the_boot_file_is() -> None:
    named = bytearray(offer().data)
    named[20:24] = ROUTER.packed
    found = [
        other(Heard(FOREIGN, said), OURS)
        for said in (
            made(bytes(named)),
            offer(),
            reply(Kind.NAK, NOWHERE, server="10.77.0.2"),
            request("10.77.0.50", server="10.77.0.2"),
            offer(PXE, given=NOWHERE),
        )
    ]
    assert [one.next_server if one else OURS for one in found] == [ROUTER, A(0), None, None, None]


@pytest.mark.parametrize(
    ("one", "proxy", "force", "words"),
    [
        (DHCP, False, False, "a DHCP server (10.77.0.2) already answers on br0: two would give out addresses twice."),
        (DHCP, True, False, ""),
        (DHCP, False, True, ""),
        (PROXY, False, False, "another boot server (10.77.0.2, by proxy DHCP) already answers on br0"),
        (PROXY, True, False, "another boot server (10.77.0.2, by proxy DHCP) already answers on br0"),
        (PROXY, True, True, ""),
    ],
)
def test_what_is_in_the_way_at_the_start(one: Other, proxy: bool, force: bool, words: str) -> None:
    said = sentences.refusal("br0", one, proxy, force)
    assert said.startswith(words) if words else not said


def test_nothing_that_was_not_proved_is_claimed() -> None:
    [said] = sentences.first_look("br0", (), False, 6)
    assert said.startswith("No other DHCP server answered on br0 in 6 s.")
    assert "shows itself later" in said
    [said] = sentences.first_look("br0", (), True, 6)
    assert said.startswith("warning: no DHCP server answers on br0;")


def test_a_server_that_names_another_boot_file_is_said() -> None:
    named = Other(FOREIGN, Gives.ADDRESSES, "x", boot_file="grub.0")
    [said] = sentences.first_look("br0", (named,), True, 6)
    assert said.startswith('warning: the DHCP server 10.77.0.2 tells PCs to load "grub.0"')
    assert 'But the DHCP server 10.77.0.2 tells PCs to load "grub.0"' in sentences.new("br0", named, True, False)
    assert "But" not in sentences.new("br0", DHCP, True, False)


@pytest.mark.parametrize(
    ("one", "proxy", "force", "words"),
    [
        (
            DHCP,
            False,
            False,
            f"ANOTHER DHCP SERVER is on br0: 10.77.0.2 (offered 10.77.0.50 to {MAC}). From now on no PC",
        ),
        (
            DHCP,
            False,
            True,
            f"ANOTHER DHCP SERVER is on br0: 10.77.0.2 (offered 10.77.0.50 to {MAC}). This one goes on",
        ),
        (PROXY, False, False, "another boot server (proxy DHCP) is on br0: 10.77.0.2 (answers PCs that boot)."),
        (PROXY, True, False, "another boot server (proxy DHCP) is on br0: 10.77.0.2 (answers PCs that boot)."),
        (DHCP, True, False, "the DHCP server 10.77.0.2 gives addresses on br0."),
    ],
)
def test_what_is_said_of_a_server_that_comes_later(one: Other, proxy: bool, force: bool, words: str) -> None:
    assert sentences.new("br0", one, proxy, force).startswith(words)


ROOM = tuple(Machine(f"52:54:00:aa:bb:{number:02x}", name=f"pc{number:02}") for number in range(1, 9))
STRANGER = "02:00:00:00:00:01"


def test_it_is_said_for_whom_a_server_answered_and_for_whom_not() -> None:
    macs = [one.mac for one in ROOM]
    assert sentences.answered(DHCP, ROOM[:2], {macs[1]}, STRANGER) == (
        "The DHCP server 10.77.0.2 answered for pc02 (52:54:00:aa:bb:02), and not for pc01 (52:54:00:aa:bb:01)."
    )
    said = sentences.answered(DHCP, ROOM, {"another card"}, STRANGER)
    assert "answered for none of the PCs of the room, and not for pc01" in said
    assert said.endswith("pc05 (52:54:00:aa:bb:05) and 3 more.")
    for answered in ({STRANGER}, set(macs)):
        assert not sentences.answered(DHCP, ROOM, answered, STRANGER)
    assert not sentences.answered(DHCP, (), {MAC}, STRANGER)


@pytest.mark.parametrize(
    "said", [sentences.refusal("br0", DHCP, False, False), sentences.new("br0", DHCP, False, False)]
)
def test_proxy_is_advised_with_what_it_needs(said: str) -> None:
    assert "et it give addresses to the PCs of the room" in said.partition("--proxy")[0]


def test_what_is_said_of_a_silent_server() -> None:
    said = sentences.silent(FOREIGN, Gives.ADDRESSES, closed=True)
    assert said.startswith("the DHCP server 10.77.0.2 has not been heard for 30 min. It may be there all the same")
    assert sentences.silent(FOREIGN, Gives.BOOT, closed=True).endswith("for 30 min.")
    assert sentences.silent(FOREIGN, Gives.ADDRESSES, closed=False).endswith("for 30 min.")


def test_a_server_that_is_known_and_names_a_boot_file_to_some_is_news() -> None:
    others, names = Others(), replace(DHCP, boot_file="theirs.0")
    assert [others.add(one, 0.0) for one in (DHCP, names, names, DHCP)] == [News.NEW, News.NAMES, None, None]


def test_a_card_in_another_network_than_the_addresses_that_are_given_is_warned_of() -> None:
    own, given = IPv4Interface("10.0.0.1/24"), [A("10.77.0.51"), A("10.77.0.50")]
    said = sentences.other_network("br0", own, DHCP, given)
    assert said.startswith("br0 has 10.0.0.1/24, but the DHCP server 10.77.0.2 gives PCs addresses of another network")
    assert "such as 10.77.0.50:" in said
    assert sentences.other_network("br0", own, DHCP, [*given, A("10.0.0.7")]) == ""
    assert sentences.other_network("br0", own, DHCP, []) == ""

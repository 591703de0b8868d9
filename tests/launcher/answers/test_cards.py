"""Which card is chosen, and which ``ip=`` is its own: the device in ``ip=``, two cards with one MAC address, links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import Explanation, explain
from launcher.answers.interview import Interview, refuse
from launcher.answers.lookup import given_answers
from launcher.answers.selectors import DeviceMissing
from launcher.errors import AnswerError, ErrorKind, Unanswered
from launcher.model.machine import Machine, Nic
from launcher.model.plan import Plan
from tests.common import ONE

FIRST, SECOND = "52:54:00:aa:bb:01", "52:54:00:aa:bb:02"
TO_FIRST = "ip=10.11.11.100::10.11.11.1:255.255.255.0::eth0:none"
TO_SECOND = "ip=10.11.11.101::10.11.11.1:255.255.255.0::eth1:none"
BY_PXE = "ip=10.77.0.5:10.77.0.1:10.77.0.1:255.255.255.0"
BOOTIF = "BOOTIF=01-52-54-00-aa-bb-01"


def machine(*links: bool | None, macs: tuple[str, ...] = (FIRST, SECOND)) -> Machine:
    cards = (Nic(f"eth{n}", mac, link=link) for n, (mac, link) in enumerate(zip(macs, links, strict=True)))
    return replace(ONE, nics=tuple(cards))


LINKED = machine(True, True)


def interview(line: str, there: Machine, *, complete: bool = True) -> Interview:
    return Interview(given_answers(parse(f"auto=yes umode=snd {line}")), there, refuse, complete=complete)


def plan(line: str, there: Machine) -> Plan:
    return interview(line, there).plan()


def said(line: str, there: Machine) -> Explanation:
    return explain(parse(f"auto=yes umode=snd {line}"), there)


@pytest.mark.parametrize(
    ("line", "card", "address"),
    [
        ("ip=eth1:dhcp", "eth1", None),
        (TO_SECOND, "eth1", "10.11.11.101"),
        (f"{TO_FIRST} {TO_SECOND} nic=eth1", "eth1", "10.11.11.101"),
        (f"{TO_FIRST} {TO_SECOND} nic=eth0", "eth0", "10.11.11.100"),
        (f"{TO_SECOND} {TO_FIRST} nic={SECOND}", "eth1", "10.11.11.101"),
        (f"{TO_SECOND} {BY_PXE} {BOOTIF}", "eth0", "10.77.0.5"),
        (f"{BY_PXE} {TO_SECOND}", "eth1", "10.11.11.101"),
        (f"ip=eth0:dhcp {TO_SECOND} {TO_FIRST} {BOOTIF}", "eth0", "10.11.11.100"),
    ],
)
def test_ip_chooses_the_card_where_nothing_else_does_and_counts_for_that_card(
    line: str, card: str, address: str | None
) -> None:
    made = plan(line, LINKED)
    assert (made.nic.name, made.address.address) == (card, address)


def test_of_two_cards_with_an_address_each_the_one_with_a_link_is_taken() -> None:
    made = plan(f"{TO_FIRST} {TO_SECOND}", machine(True, False))
    assert (made.nic.name, made.address.address) == ("eth0", "10.11.11.100")
    assert "is not used" not in str(said(f"{TO_FIRST} {TO_SECOND}", machine(True, False)).warnings)
    with pytest.raises(Unanswered, match="Add nic="):
        plan(f"{TO_FIRST} {TO_SECOND}", LINKED)


@pytest.mark.parametrize(("line", "card"), [(f"{TO_SECOND} {BOOTIF}", "eth0"), (f"{TO_FIRST} nic=eth1", "eth1")])
def test_an_address_for_another_card_is_not_used_and_that_is_said(line: str, card: str) -> None:
    made = plan(line, LINKED)
    assert (made.nic.name, made.address.address) == (card, None)
    other = "eth1" if card == "eth0" else "eth0"
    assert any(f"it is for {other}, and {card} was chosen." in str(one) for one in said(line, LINKED).warnings)


def test_a_card_that_is_named_and_not_there_is_said() -> None:
    with pytest.raises(DeviceMissing, match="The network card eth7 is not on this PC"):
        plan("ip=eth7:dhcp", LINKED)
    warnings = map(str, said(f"ip=eth7:dhcp {BY_PXE} {BOOTIF}", LINKED).warnings)
    assert "ip=eth7:dhcp is not used: eth7 is not on this PC, and eth0 was chosen." in warnings


def test_of_several_named_cards_one_that_is_not_there_is_said() -> None:
    warnings = map(str, said(f"ip=eth7:dhcp {TO_SECOND}", LINKED).warnings)
    assert "ip=eth7:dhcp is not used: eth7 is not on this PC, and eth1 was chosen." in warnings
    early = interview(f"ip=eth7:dhcp {TO_SECOND}", LINKED, complete=False)
    early.preview()
    assert early.warnings == []


def test_no_address_is_shown_while_the_card_is_open_that_it_would_be_for() -> None:
    settled = {item.key: item.answer for item in interview(f"{TO_FIRST} {TO_SECOND}", LINKED).preview()}
    assert settled["nic"] is None
    assert "ip" not in settled
    assert "ip" in {item.key for item in interview(BY_PXE, LINKED).preview()}


def test_an_ip_for_another_card_overrides_nothing() -> None:
    for line, overridden in ((f"{TO_FIRST} {TO_SECOND}", 0), (f"{TO_FIRST} {TO_FIRST}", 1), ("ip=dhcp ip=dhcp", 1)):
        explained = explain(parse(f"nic=eth0 {line}"), LINKED)
        assert len([one for one in explained.warnings if "overridden" in str(one)]) == overridden


ONE_MAC = (FIRST, FIRST)


@pytest.mark.parametrize("line", [BOOTIF, f"nic={FIRST}", f"nic=BOOTIF {BOOTIF}"])
def test_of_two_cards_with_one_mac_address_the_one_with_a_link_is_meant(line: str) -> None:
    assert plan(line, machine(False, True, macs=ONE_MAC)).nic.name == "eth1"
    assert plan(line, machine(True, False, macs=ONE_MAC)).nic.name == "eth0"
    with pytest.raises(AnswerError, match=r"eth0, eth1 have the same MAC address .* and a link") as both:
        plan(line, machine(True, True, macs=ONE_MAC))
    assert not isinstance(both.value, DeviceMissing)
    with pytest.raises(DeviceMissing, match="and no link") as none:  # which is waited for
        plan(line, machine(False, None, macs=ONE_MAC))
    assert none.value.kind is ErrorKind.NO_LINK


def test_nic_chooses_among_cards_with_one_mac_address() -> None:
    assert plan(f"nic=eth0 rd.bootif=0 {BOOTIF}", machine(True, True, macs=ONE_MAC)).nic.name == "eth0"


@pytest.mark.parametrize(
    ("line", "certain"), [(BOOTIF, False), (f"nic={FIRST}", False), ("nic=eth0", True), ("ip=eth0:dhcp", True)]
)
def test_a_mac_address_is_not_certain_before_late_cards_are_there(line: str, certain: bool) -> None:
    made = interview(f"disk=/dev/sda {line}", LINKED, complete=False)
    made.plan()
    assert made.certain is certain


def test_of_several_named_cards_the_first_to_appear_is_not_certain() -> None:
    """The other one may be the one with a link."""
    for links in (True, False):
        early = interview(f"disk=/dev/sda {TO_FIRST} {TO_SECOND}", machine(links, macs=(FIRST,)), complete=False)
        assert early.plan().nic.name == "eth0"
        assert not early.certain


def test_a_card_without_a_link_that_bootif_chose_is_a_warning_where_another_has_one() -> None:
    warning = "BOOTIF chose eth0, which has no link; eth1 has one."
    for there, warned in ((machine(False, True), True), (LINKED, False), (machine(False, False), False)):
        assert (warning in map(str, said(BOOTIF, there).warnings)) is warned
    early = interview(BOOTIF, machine(False, True), complete=False)
    early.preview()
    assert warning not in map(str, early.warnings), "links come up one after the other"

"""The header of every screen tells one PC from another: by the chosen card, and the address that this one has.

What is told while a card has no link or no address, and what is done when another card has one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.model.machine import Machine, Nic
from launcher.model.outcome import OutcomeKind
from launcher.network.address import AddressState, Phase
from launcher.sentence import say
from tests.common import ONE, TWO
from tests.launcher.session.driver import ANOTHER, FakeJob, FakeSystem, Seat, begun

pytestmark = pytest.mark.usefixtures("no_terminal")

FIRST, SECOND = (nic.mac for nic in TWO.nics)


def header(text: str) -> str:
    return " ".join(text.splitlines()[0].split())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ip=eth1:dhcp", SECOND),
        ("ip=10.11.11.101::10.11.11.1:255.255.255.0::eth1:none", f"10.11.11.101 {SECOND}"),
        ("ip=10.0.0.7/24 nic=eth1", f"10.0.0.7 {SECOND}"),
        (f"ip=dhcp BOOTIF={SECOND}", SECOND),
        ("nic=eth0", FIRST),
    ],
)
def test_a_question_shows_the_chosen_card(line: str, said: str) -> None:
    seat = begun(f"disk=/dev/sda {line}", FakeSystem(TWO))
    assert (seat.shown, header(seat.text)) == ("umode", f"udpcast-launcher {said}")


def test_of_two_cards_none_is_shown_before_one_is_chosen() -> None:
    seat = begun("umode=snd disk=/dev/sda", FakeSystem(TWO))
    assert (seat.shown, header(seat.text)) == ("nic", "udpcast-launcher")


def test_the_address_is_that_which_the_card_has_got() -> None:
    system = FakeSystem(ONE, job=FakeJob(ready=False))
    seat = begun("auto=yes umode=rcv", system)
    assert (seat.shown, header(seat.text)) == ("waiting", f"udpcast-launcher {ONE.nics[0].mac}")
    system.job.ready = True
    seat.tick()
    assert (seat.shown, header(seat.text)) == ("transfer", f"udpcast-launcher 10.0.0.7 {ONE.nics[0].mac}")
    seat.over(OutcomeKind.EQUAL)
    assert (seat.shown, header(seat.text)) == ("result", f"udpcast-launcher 10.0.0.7 {ONE.nics[0].mac}")
    seat.menu()
    assert (seat.shown, header(seat.text)) == ("menu", f"udpcast-launcher 10.0.0.7 {ONE.nics[0].mac}")


def test_an_error_shows_it_too() -> None:
    two_disks = FakeSystem(replace(ONE, disks=(*ONE.disks, ANOTHER)))
    seat = begun("auto=yes umode=rcv ip=10.0.0.7/24", two_disks)
    assert (seat.shown, header(seat.text)) == ("error", f"udpcast-launcher 10.0.0.7 {ONE.nics[0].mac}")


WIRED = Nic("usb0", "52:54:00:00:00:07", link=True)


def without_link(*others: Nic) -> Machine:
    """The PC with one disk whose own card has no link."""
    return replace(ONE, nics=(replace(ONE.nics[0], link=False), *others))


def connecting(machine: Machine, line: str = "auto=yes umode=rcv") -> tuple[FakeSystem, Seat]:
    system = FakeSystem(machine, job=FakeJob(ready=False))
    return system, begun(line, system)


def words(seat: Seat) -> str:
    return " ".join(seat.text.split())


def test_who_waits_for_a_link_is_told_for_how_long_and_where_else_there_is_one() -> None:
    system, seat = connecting(without_link(), "auto=yes umode=rcv nic=eth0")
    system.job.waits = replace(system.job.waits, left=41.3)
    seat.tick()
    assert "Waiting for a link. Waiting up to 42 s more. Is its cable plugged in" in words(seat)
    assert "have a link" not in words(seat)
    system.now = without_link(WIRED)
    seat.devices_changed()
    seat.tick()
    assert "These have a link: usb0." in words(seat)
    assert seat.shown == "waiting", "the line insists on its card"


def test_who_waits_for_an_address_learns_that_the_switch_may_still_be_silent() -> None:
    system, seat = connecting(ONE)
    for attempts, told in ((1, False), (2, True)):
        system.job.waits = AddressState(Phase.ASKING, say("Asking."), left=90.0, attempts=attempts)
        seat.tick()
        assert "Asking. Waiting up to 91 s more." in words(seat)
        assert ("spanning tree" in words(seat)) is told


def test_a_card_that_comes_with_a_link_is_taken_instead_of_the_only_one_that_has_none() -> None:
    system, seat = connecting(without_link())
    assert (seat.shown, header(seat.text).split()[-1]) == ("waiting", ONE.nics[0].mac)
    system.now = without_link(replace(WIRED, link=False))
    seat.devices_changed()
    system.now = without_link(WIRED)
    seat.devices_changed()
    assert (seat.shown, header(seat.text).split()[-1]) == ("waiting", WIRED.mac)
    assert system.job.closed, "the first card is let go"


def test_a_card_that_has_its_link_is_kept_whatever_comes() -> None:
    system, seat = connecting(ONE)
    system.job.waits = AddressState(Phase.ASKING, say("Asking."))
    system.now = without_link(WIRED)
    seat.devices_changed()
    assert (header(seat.text).split()[-1], system.job.closed) == (ONE.nics[0].mac, 0)

"""The header of every screen tells one PC from another: by the chosen card, and the address that this one has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.model.outcome import OutcomeKind
from tests.common import ONE, TWO
from tests.launcher.session.driver import ANOTHER, FakeJob, FakeSystem, begun

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

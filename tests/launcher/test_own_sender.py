"""When a receiver takes its sender for gone; what is heard is made up here, the rules are the real ones."""

from __future__ import annotations

from typing import Any

import pytest

from launcher import own_sender
from launcher.farewell import Farewell
from launcher.heard import Greeting
from launcher.machine import Disk, Nic
from launcher.own_sender import MORE_PATIENT, OwnSender
from launcher.plan import SILENCE, Address, AddressSource, Plan, Role, Target
from launcher.stream import Manifest

DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(
    Role.RECEIVE, Target(DISK.path, DISK.size, DISK), Nic("eth0", "52:54:00:75:64:01"), Address(AddressSource.GIVEN)
)
A, B = "10.77.1.1", "10.77.1.2"


class Air:
    """What is there to be heard; each of the three listeners is one of these."""

    def __init__(self) -> None:
        self.silent = self.anew = False
        self.heard = 2
        self.said: Farewell | None = None
        self.greets: Greeting | None = None
        self.forgotten = self.closed = 0
        self.address = A

    def watch(self, nic: str, address: str, port: int, limit: float, over: Any) -> Air:
        self.address, self.limit, self.over = address, limit, over
        return self

    def news(self, nic: str, address: str, port: int) -> Air:
        self.address = address
        return self

    def gone(self) -> bool:
        return self.silent

    def began_anew(self, pause: float = 3.0) -> bool:
        return self.anew

    def farewell(self) -> Farewell | None:
        last, self.said = self.said, None
        return last

    def sender(self, seconds: float) -> Greeting | None:
        return self.greets

    def forget(self) -> None:
        self.forgotten += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> Air:
    air = Air()
    monkeypatch.setattr(own_sender, "SenderWatch", air.watch)
    monkeypatch.setattr(own_sender, "SenderNews", air.news)
    monkeypatch.setattr(own_sender, "Greetings", lambda nic, port: air)
    return air


def reason(own: OwnSender) -> str | None:
    gone = own.gone()
    return gone.reason if gone else None


def test_who_was_never_found_is_not_gone(air: Air) -> None:
    air.silent = air.anew = True
    air.said = Farewell("s", "cancelled")
    assert reason(OwnSender(PLAN)) is None


def test_before_the_cast_each_sign_of_an_end_counts(air: Air) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    assert reason(own) is None
    air.said = Farewell("whatever", "cancelled")
    assert reason(own) == "ended before the cast"
    air.anew = True
    assert reason(own) == "began anew before the cast"
    air.anew, air.silent = False, True
    assert reason(own) == "silent before the cast"


@pytest.mark.parametrize(("another", "gone"), [(None, False), (A, False), (B, True)])
def test_one_that_greeted_once_is_gone_only_while_another_one_goes_on(
    air: Air, another: str | None, gone: bool
) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    air.silent, air.heard = True, 1
    air.greets = Greeting(another, "52:54:00:00:00:01") if another else None
    assert bool(own.gone()) == gone


def test_the_same_sender_met_again_has_said_nothing_yet_and_another_one_is_listened_to(air: Air) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    own.part()
    assert own.address is None
    own.meet(A, False)
    assert (air.forgotten, air.address) == (1, A)
    own.meet(B, False)
    assert (air.forgotten, air.address) == (1, B)


@pytest.mark.parametrize(("session", "believed"), [("mine", True), ("another", False)])
def test_a_farewell_counts_for_its_own_cast(air: Air, session: str, believed: bool) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    own.cast_begins()
    own.hear(Manifest(1, 512, "mine", "1", silence=SILENCE + 5))
    own.look_out()
    assert air.limit == SILENCE + 5 + MORE_PATIENT
    assert not air.over()
    air.said = Farewell(session, "read-error")
    assert air.over() == believed
    assert (own.farewell is not None) == believed
    assert not own.anew


def test_a_stream_without_a_manifest_has_only_one_sender_to_believe(air: Air) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    own.look_out()
    air.said = Farewell("any", "read-error")
    assert air.over()
    assert air.over(), "what was said once stays so"


def test_a_greeting_in_mid_cast_is_another_casts(air: Air) -> None:
    own = OwnSender(PLAN)
    own.meet(A, False)
    own.look_out()
    assert not air.over()
    air.anew = True
    assert air.over() and own.anew

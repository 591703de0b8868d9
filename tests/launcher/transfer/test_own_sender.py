"""When a receiver takes its sender for gone; what is heard is made up here, the rules are the real ones."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from launcher.datapath.framing import Manifest
from launcher.model.machine import Disk, Nic
from launcher.model.plan import SILENCE, Address, AddressSource, Options, Plan, Role, Target
from launcher.transfer import own_sender
from launcher.transfer import sender as sending
from launcher.transfer.heartbeat import APART, TIMES, Farewell
from launcher.transfer.monitor import PAUSE
from launcher.transfer.own_sender import IN_FLIGHT, MORE_PATIENT, OwnSender

DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(
    Role.RECEIVE, Target(DISK.path, DISK.size, DISK), Nic("eth0", "52:54:00:75:64:01"), Address(AddressSource.GIVEN)
)
A, B = "10.77.1.1", "10.77.1.2"


class Air:
    """What is there to be heard; both listeners are one of these."""

    def __init__(self) -> None:
        self.silent = self.anew = False
        self.heard = 1
        self.said: Farewell | None = None
        self.greets: float | None = None
        self.forgotten = 0
        self.address = A

    def watch(self, nic: str, address: str, port: int, limit: float, over: Any) -> Air:
        self.address, self.limit, self.over = address, limit, over
        return self

    def news(self, nic: str, address: str, port: int) -> Air:
        self.address = address
        return self

    def gone(self) -> bool:
        return self.silent

    def began_anew(self) -> bool:
        return self.anew

    def greeted(self) -> float | None:
        return self.greets

    def farewell(self) -> Farewell | None:
        last, self.said = self.said, None
        return last

    def forget(self) -> None:
        self.forgotten += 1

    def close(self) -> None: ...


class Moved:
    """How many bytes have moved."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> Air:
    air = Air()
    monkeypatch.setattr(own_sender, "SenderWatch", air.watch)
    monkeypatch.setattr(own_sender, "SenderNews", air.news)
    return air


@pytest.fixture
def moved() -> Moved:
    return Moved()


@pytest.fixture
def own(air: Air, moved: Moved) -> OwnSender:
    """A sender that was found; `air` is what is heard of it."""
    one = OwnSender(PLAN, moved)
    one.meet(A)
    return one


def reason(own: OwnSender) -> str | None:
    gone = own.gone()
    return gone.reason if gone else None


def test_who_was_never_found_is_not_gone(air: Air, moved: Moved) -> None:
    air.silent = air.anew = True
    air.said = Farewell("s", "cancelled")
    assert reason(OwnSender(PLAN, moved)) is None


def test_before_the_cast_each_sign_of_an_end_counts(own: OwnSender, air: Air) -> None:
    assert reason(own) is None
    air.said = Farewell("whatever", "cancelled")
    assert reason(own) == "ended before the cast"
    air.anew = True
    assert reason(own) == "began anew before the cast"
    air.anew, air.silent = False, True
    assert reason(own) == "silent before the cast"


def test_silence_counts_only_of_one_that_was_heard(own: OwnSender, air: Air) -> None:
    """A plain udp-sender greets once, before it is found."""
    air.silent, air.heard = True, 0
    assert reason(own) is None


def test_the_same_sender_met_again_has_said_nothing_yet_and_another_one_is_listened_to(
    own: OwnSender, air: Air
) -> None:
    own.part()
    assert own.address is None
    own.meet(A)
    assert (air.forgotten, air.address) == (1, A)
    own.meet(B)
    assert (air.forgotten, air.address) == (1, B)


@pytest.mark.parametrize(("session", "believed"), [("mine", True), ("another", False)])
def test_a_farewell_counts_for_its_own_cast(own: OwnSender, air: Air, session: str, believed: bool) -> None:
    own.cast_begins()
    own.hear(Manifest(1, 512, "mine", "1", silence=SILENCE + 5))
    own.look_out()
    assert air.limit == SILENCE + 5 + MORE_PATIENT
    assert not air.over(False)
    air.said = Farewell(session, "read-error")
    assert air.over(False) == believed
    assert (own.farewell is not None) == believed
    assert own.anew is None


def test_a_stream_without_a_manifest_has_only_one_sender_to_believe(own: OwnSender, air: Air) -> None:
    own.look_out()
    air.said = Farewell("any", "read-error")
    assert air.over(False) and air.over(True), "what was said once stays so"


def test_behind_a_greeting_nothing_more_comes_once_udp_receiver_need_not_linger(
    own: OwnSender, air: Air, moved: Moved
) -> None:
    own.look_out()
    now = time.time()
    air.greets = now - 0.7  # it has everything, and lingers
    assert not air.over(False)
    assert air.over(True), "what comes now is the next cast's"
    assert own.anew == now - 0.7
    late = OwnSender(replace(PLAN, options=Options(("--exit-wait=3000",), exit_wait=3000)), moved)
    late.meet(A)
    late.look_out()
    air.greets = now - 2
    assert not air.over(False)
    air.greets = now
    fresh = OwnSender(PLAN, moved)
    fresh.meet(A)
    fresh.look_out()
    assert not air.over(True), "the last of the old cast"
    air.greets = now - 1.6
    over = OwnSender(PLAN, moved)
    over.meet(A)
    over.look_out()
    assert air.over(False)


@pytest.mark.parametrize(
    ("behind", "more", "mixed"),
    [(None, 0, False), (-5.0, IN_FLIGHT, False), (0.05, 0, False), (0.3, 0, True), (-5.0, IN_FLIGHT + 1, True)],
    ids=["at once", "what was under way", "its last", "waited for", "too much"],
)
def test_behind_a_greeting_a_stream_without_a_check_is_not_believed_when_more_comes(
    own: OwnSender, air: Air, moved: Moved, behind: float | None, more: int, mixed: bool
) -> None:
    greeting = time.time()
    moved.count, air.greets = 1000, greeting
    own.listen()
    moved.count += more
    assert own.mixed(None if behind is None else greeting + behind) == mixed


def test_without_a_greeting_or_a_farewell_a_stream_is_one_casts(own: OwnSender, air: Air) -> None:
    assert not own.mixed(time.time())
    air.said = Farewell("any", "cancelled")
    assert own.mixed(None)


def test_a_sender_that_begins_anew_makes_a_pause_that_tells_it_and_its_farewell_is_over_before() -> None:
    assert sending.LISTEN > PAUSE > (TIMES - 1) * APART


def test_nothing_is_closed_while_the_other_thread_listens(own: OwnSender, air: Air) -> None:
    listening, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def greeted() -> None:
        listening.set()
        assert go_on.wait(10)
        assert not closed.is_set()

    air.greeted = greeted  # type: ignore[method-assign]
    air.close = closed.set  # type: ignore[method-assign]
    own.waiting_is_over()
    closed.clear()
    stream = threading.Thread(target=own.listen)
    stream.start()
    assert listening.wait(10)
    closing = threading.Thread(target=own.close)
    closing.start()
    assert not closed.wait(0.2)
    go_on.set()
    stream.join(10)
    closing.join(10)
    assert closed.is_set()

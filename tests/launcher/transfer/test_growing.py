"""What follows an equal clone on a larger target: whether it is done, by whom, and that the clone stays a success."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from launcher.errors import ErrorKind, LauncherError
from launcher.events import EventLog
from launcher.model.growth import Growth, GrowthKind, Offer, Tell, failed, grown
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Grow
from launcher.sentence import say
from launcher.transfer import transfer
from launcher.transfer.growing import GrowJob, carried_out
from launcher.transfer.transfer import Phase, Transfer
from tests.common import a_plan

DEADLINE = 10.0
PLAN = a_plan()


class Events(EventLog):
    """Keeps what is emitted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict[str, Any]] = []

    def emit(self, event: str, **fields: Any) -> None:
        self.seen.append({"event": event, **fields})

    def kinds(self, event: str) -> list[str]:
        return [one.get("kind", "") for one in self.seen if one["event"] == event]


Work = Callable[[Tell], Growth]


def offer(work: Work) -> Offer:
    return Offer("sda2", "ext4", 10, 20, work)


def succeeds(tell: Tell) -> Growth:
    tell(say("Moving sda3 ..."))
    return grown(OFFER)


OFFER = offer(succeeds)


def refuses(tell: Tell) -> Growth:
    raise LauncherError(ErrorKind.PROGRAM_FAILED, say("resize2fs could not be started."), say("Look at it."))


def has_a_bug(tell: Tell) -> Growth:
    raise ZeroDivisionError("by nothing")


def breaks(tell: Tell) -> Growth:
    return replace(failed(OFFER, say("no.")), kind=GrowthKind.BROKEN, sentence=say("sda2 is broken."))


def test_what_grows_tells_its_steps_and_becomes_a_result() -> None:
    log = Events()
    job = GrowJob(OFFER, log)
    job.start()
    growth = job.wait(DEADLINE)
    assert growth == grown(OFFER)
    assert list(map(str, job.told)) == ["Moving sda3 ..."]
    assert log.kinds("growth") == ["grown"]


def test_what_cannot_begin_leaves_the_clone_as_it_was_and_says_so() -> None:
    log = Events()
    growth = carried_out(offer(refuses), lambda sentence: None, log)
    assert growth.kind is GrowthKind.FAILED
    words = str(growth.sentence)
    assert "resize2fs could not be started." in words and "The clone is as it was." in words
    assert (log.kinds("growth"), log.kinds("crash")) == (["failed"], [])


def test_behind_a_bug_nothing_is_claimed_of_the_clone() -> None:
    log = Events()
    growth = carried_out(offer(has_a_bug), lambda sentence: None, log)
    assert growth.kind is GrowthKind.BROKEN and "cast again" in str(growth.hint)
    assert "nobody knows what the disk holds now" in str(growth.sentence)
    assert "ZeroDivisionError: by nothing" in str(growth.sentence)
    assert (log.kinds("growth"), len(log.kinds("crash"))) == (["broken"], 1)


def test_without_a_thread_nothing_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    log = Events()
    job = GrowJob(OFFER, log)
    job.start()
    growth = job.wait(0)
    assert growth and growth.kind is GrowthKind.NOT_GROWN and log.kinds("growth") == ["not-grown"]


class Side:
    """A receiver whose clone is equal, and could grow."""

    commands = ()
    offer = OFFER

    def __init__(self, *arguments: object) -> None: ...

    def leave(self) -> None: ...

    def prepare(self) -> Callable[[], Outcome]:
        return lambda: Outcome(OutcomeKind.EQUAL, say("It is equal."), offer=self.offer)


def outcome_of(
    monkeypatch: pytest.MonkeyPatch, grow: Grow, attended: bool, work: Work = succeeds
) -> tuple[Outcome, Events]:
    monkeypatch.setattr(transfer, "Receiver", Side)
    monkeypatch.setattr(Side, "offer", offer(work))
    log = Events()
    cast = Transfer(replace(PLAN, grow=grow, attended=attended), log)
    cast.start()
    outcome = cast.wait(DEADLINE)
    cast.close()
    assert outcome
    return outcome, log


@pytest.mark.parametrize("attended", [True, False])
def test_what_was_said_before_is_done_before_the_outcome(monkeypatch: pytest.MonkeyPatch, attended: bool) -> None:
    outcome, log = outcome_of(monkeypatch, Grow.YES, attended)
    assert outcome.growth and outcome.growth.kind is GrowthKind.GROWN and outcome.ok
    told = [one["event"] for one in log.seen if one["event"] in ("phase", "growth", "outcome")]
    assert told == ["phase", "growth", "outcome"]
    assert log.seen[-1]["growth"]["kind"] == "grown"


def test_who_is_there_is_asked_behind_the_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, log = outcome_of(monkeypatch, Grow.ASK, attended=True)
    assert (outcome.offer, outcome.growth, log.kinds("growth")) == (OFFER, None, [])


def test_where_nobody_is_there_nothing_grows_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _ = outcome_of(monkeypatch, Grow.ASK, attended=False)
    assert outcome.offer is None and outcome.growth and outcome.ok
    assert "nobody was there to be asked (grow=yes" in str(outcome.growth.sentence)


@pytest.mark.parametrize("attended", [True, False])
def test_who_said_no_hears_nothing_of_it(monkeypatch: pytest.MonkeyPatch, attended: bool) -> None:
    outcome, _ = outcome_of(monkeypatch, Grow.NO, attended)
    assert (outcome.offer, outcome.growth) == (None, None)


def test_a_growing_that_failed_leaves_a_success_and_one_that_broke_the_clone_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome, _ = outcome_of(monkeypatch, Grow.YES, attended=False, work=refuses)
    assert outcome.ok and outcome.kind is OutcomeKind.EQUAL
    outcome, log = outcome_of(monkeypatch, Grow.YES, attended=False, work=breaks)
    assert not outcome.ok and outcome.kind is OutcomeKind.BROKEN
    assert (log.seen[-1]["ok"], log.seen[-1]["kind"]) == (False, "broken")


def test_while_it_grows_that_is_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    casts: list[Transfer] = []

    def work(tell: Tell) -> Growth:
        tell(say("Growing ..."))
        seen.append(casts[0].snapshot())
        return grown(OFFER)

    monkeypatch.setattr(transfer, "Receiver", Side)
    monkeypatch.setattr(Side, "offer", offer(work))
    casts.append(Transfer(replace(PLAN, grow=Grow.YES), Events()))
    casts[0].start()
    assert casts[0].wait(DEADLINE)
    casts[0].close()
    assert [(state.phase, str(state.messages[-1])) for state in seen] == [(Phase.GROWING, "Growing ...")]

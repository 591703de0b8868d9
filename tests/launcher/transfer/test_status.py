"""What is to be seen of a transfer while it runs."""

from __future__ import annotations

import select
from types import SimpleNamespace
from typing import Any

import pytest

from launcher.events import EventLog
from launcher.model.plan import Role
from launcher.model.times import TIMES
from launcher.sentence import NOTHING, say
from launcher.transfer import attendance, sender_signals
from launcher.transfer.evidence import Receiver, ReceiverState
from launcher.transfer.status import Phase, Status
from tests.common import a_plan


def test_the_status_tells_that_there_is_news() -> None:
    status = Status(1000)

    def news() -> bool:
        return bool(select.select([status.fileno()], [], [], 0)[0])

    assert not news()
    status.show((Receiver(0, "10.0.0.2"), Receiver(1, "10.0.0.3")))
    assert news()
    state = status.snapshot()
    assert [one.address for one in state.receivers] == ["10.0.0.2", "10.0.0.3"]
    assert not news()
    status.begin()
    status.moved(500)
    assert news()
    state = status.snapshot()
    assert (state.phase, state.bytes, state.total) == (Phase.CASTING, 500, 1000)
    assert state.remaining is not None
    status.show((Receiver(0, "10.0.0.2"), Receiver(1, "10.0.0.3")))
    assert not news(), "they are the same"
    status.show((Receiver(0, "10.0.0.2", ReceiverState.FINISHED), Receiver(1, "10.0.0.3", ReceiverState.DROPPED)))
    assert news()
    assert [one.state for one in status.snapshot().receivers] == [ReceiverState.FINISHED, ReceiverState.DROPPED]
    status.enter(Phase.DONE)
    before = status.snapshot().elapsed
    assert status.snapshot().elapsed == before
    status.close()
    assert status.snapshot().phase is Phase.DONE


def test_what_remains_and_the_speed_are_of_what_really_moves() -> None:
    status = Status(None)
    status.begin()
    status.expect(500_000, 60_000)
    status.moved(200_000, 180_000)
    state = status.snapshot()
    assert (state.bytes, state.total, state.sent, state.used) == (200_000, 500_000, 20_000, 60_000)
    assert state.remaining is not None and state.rate > 0
    assert abs(state.remaining * state.rate - 40_000) < 1
    assert status.progress == {"bytes": 200_000, "total": 500_000, "sent": 20_000, "used": 60_000}
    status.close()


def test_without_holes_all_of_it_moves() -> None:
    status = Status(None)
    status.expect(500_000)
    status.moved(200_000)
    state = status.snapshot()
    assert state.progress == (200_000, 500_000) and not state.holes
    assert status.progress["used"] == 500_000
    status.close()


def test_what_moved_is_read_back_unless_it_is_said_how_much() -> None:
    status = Status(500_000)
    status.moved(500_000, 440_000)
    status.enter(Phase.VERIFYING)
    assert status.snapshot().progress == (0, 60_000)
    status.read_back(500_000)
    status.reread(70_000)
    assert status.snapshot().progress == (70_000, 500_000)
    status.close()


def test_what_was_told_of_the_waiting_is_over_once_data_flows() -> None:
    status = Status(1000)
    waits, stays = say("The cast starts when the sender starts it."), say("Connected to the sender.")
    status.tell(waits, until_cast=True)
    status.tell(stays)
    assert status.snapshot().over == frozenset()
    status.begin()
    assert (status.snapshot().messages, status.snapshot().over) == ((waits, stays), frozenset([waits]))


def test_what_is_true_no_more_is_no_longer_shown_until_it_is_told_anew() -> None:
    status = Status(1000)
    held = say("No data gets through.")
    status.attend(held)
    status.no_longer(held)
    assert (status.snapshot().attention, status.snapshot().over) == (NOTHING, frozenset([held]))
    status.attend(held)
    assert (status.snapshot().attention, status.snapshot().over) == (held, frozenset())


def test_that_nothing_gets_through_is_over_once_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = SimpleNamespace(hears=True, drain=tuple)
    monkeypatch.setattr(attendance, "ReceiverMonitor", lambda *words: silent)
    status = Status(1000)
    job: Any = SimpleNamespace(plan=a_plan(Role.SEND), times=TIMES, status=status, log=EventLog())
    there = attendance.Attendance(job, silent)  # type: ignore[arg-type]
    there._act(sender_signals.NobodyAnswers(2, asked=False))
    assert "no data gets through" in str(status.snapshot().attention)
    there.take(sender_signals.Flowing(1.0))
    assert (status.snapshot().attention, len(status.snapshot().over)) == (NOTHING, 1)


def test_what_was_read_before_the_cast_is_no_rate() -> None:
    """The first screen of a cast said thousands of megabytes a second, and nothing left to wait for."""
    status = Status(1_000_000)
    status.moved(300_000)
    status.begin()
    state = status.snapshot()
    assert state.rate == 300_000
    assert state.remaining == pytest.approx(700_000 / 300_000)
    status.close()

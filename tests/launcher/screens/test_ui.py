"""The loop's ticks: how often they come, and that a new pace counts at once."""

from __future__ import annotations

from typing import Any

import pytest
import urwid

from launcher.screens import ui


class NoScreen:
    """A terminal that is not there."""

    started = False

    def __init__(self, *consoles: Any) -> None: ...

    def tty_signal_keys(self, *keys: str) -> None: ...

    def register_palette(self, palette: Any) -> None: ...

    def hook_event_loop(self, *arguments: Any) -> None: ...


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> ui.Ui:
    monkeypatch.setattr(ui, "Screen", NoScreen)
    return ui.Ui(*(lambda: None,) * 3)


def run(loop: ui.Ui, seconds: float) -> None:
    """Serve alarms only."""

    def stop(*_: object) -> None:
        raise urwid.ExitMainLoop

    loop._loop.set_alarm_in(seconds, stop)
    loop._loop.event_loop.run()


def test_ticks_come_at_the_pace_of_the_moment(loop: ui.Ui) -> None:
    pauses, came = iter([0.05, 0.2, 50.0]), list[None]()
    loop.every(lambda: next(pauses), lambda: came.append(None))
    run(loop, 1.0)
    assert len(came) == 2


def test_a_new_pace_counts_at_once_and_only_once(loop: ui.Ui) -> None:
    pace, came = [50.0], list[float]()
    loop.every(lambda: pace[0], lambda: came.append(pace[0]))
    pace[0] = 0.1
    loop.hasten()
    loop.hasten()
    run(loop, 0.35)
    assert 1 <= len(came) <= 3


def test_a_tick_may_change_the_pace_itself(loop: ui.Ui) -> None:
    came: list[None] = []

    def tick() -> None:
        came.append(None)
        loop.hasten()

    loop.every(lambda: 0.1, tick)
    run(loop, 0.55)
    assert 1 <= len(came) <= 5


def test_every_key_is_heard_before_it_does_anything_and_a_new_window_size_is_none() -> None:
    heard: list[str] = []
    loop = ui.Ui.__new__(ui.Ui)
    loop._touched = lambda: heard.append("key")
    assert loop._filter(["window resize"], []) == ["window resize"]
    assert heard == []
    assert loop._filter(["down"], []) == ["down"]
    assert heard == ["key"]

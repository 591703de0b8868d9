"""The running PC under the launcher: which cards are brought up, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from launcher.events import EventLog
from launcher.model.machine import Machine, Nic
from launcher.network import card
from launcher.session.system import RunningSystem
from tests.common import TWO


def test_a_card_is_brought_up_once_and_not_before_its_driver_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[str] = []

    def note(nics: Iterable[Nic], _: object) -> None:
        raised.extend(nic.name for nic in nics)

    first, second = TWO.nics
    seen = [Machine(nics=(replace(first, ready=False), second)), Machine(nics=(first, second))]
    system = RunningSystem(EventLog())
    monkeypatch.setattr(card, "raise_links", note)
    monkeypatch.setattr(system, "_detect", lambda: seen[0])
    system.detect()
    assert raised == [second.name]
    seen.pop(0)
    system.detect()
    system.detect()
    assert raised == [second.name, first.name]

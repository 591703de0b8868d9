"""The fault table: each row can be run, has a place for every kind of fault, and docs/faults.md shows it as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom import scenarios
from qemu.classroom.fault_table import room
from qemu.classroom.faults import GRAMMAR, Kind, parse_fault
from qemu.classroom.scenarios import IN_EVERY_RUN, SCENARIOS, Scenario
from qemu.classroom.spec import seats
from tests.common import ROOT

DOCUMENT = (ROOT / "docs/faults.md").read_text()


def test_the_document_shows_the_table_and_the_grammar_as_they_are() -> None:
    assert scenarios.markdown() in DOCUMENT, "python3 docs/renew.py puts it there"
    assert f"\n{GRAMMAR}\n" in DOCUMENT


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: row.name)
def test_a_row_is_a_classroom_and_speaks_of_every_seat(row: Scenario) -> None:
    plan = seats(room(row, Path("/pair")))
    assert set(row.seats) == {seat.name for seat in plan}
    for seat in plan:
        assert row.line in seat.append


def test_every_kind_of_fault_is_in_the_table_and_names_are_unique() -> None:
    assert {parse_fault(text).kind for row in SCENARIOS for text in row.faults} == set(Kind), "one is in no row"
    assert len({row.name for row in SCENARIOS}) == len(SCENARIOS)
    assert scenarios.by_name(IN_EVERY_RUN)
    assert scenarios.by_name("no such row") is None


def test_the_sender_waits_for_those_who_will_come() -> None:
    row = scenarios.by_name("late-receiver")
    assert row
    assert "--min-receivers 1 " in seats(room(row, Path("/pair")))[0].append

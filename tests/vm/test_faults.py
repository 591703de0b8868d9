"""Every row of the fault table, on real virtual machines: what each seat says, how soon, and what its disk holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.classroom import run_classroom
from qemu.classroom.fault_table import room, unmet
from qemu.classroom.report import Verdict, table
from qemu.classroom.scenarios import IN_EVERY_RUN, SCENARIOS, Scenario
from tests.common import PAIR

ROWS = [
    pytest.param(row, id=row.name, marks=[pytest.mark.faults, *([pytest.mark.vm] if row.name == IN_EVERY_RUN else [])])
    for row in SCENARIOS
]


@pytest.mark.parametrize("row", ROWS)
def test_every_seat_tells_the_truth_in_time(row: Scenario, tmp_path: Path) -> None:
    report = run_classroom(room(row, PAIR, tmp_path))
    assert report.verdict is not Verdict.FALSE_SUCCESS, table(report)
    assert not unmet(row, report), table(report)

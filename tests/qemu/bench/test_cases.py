"""What the transfer benchmarks compare: their cases, their goal, their model disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.bench.cases import DATA, all_cases, goal, write_source


def test_the_goal_is_held_against_every_case() -> None:
    assert goal({"a": 0.97, "b": 0.966, "c": 1.4}) == "at least 0.97 of plain: 3 of 3 cases"
    assert goal({"a": 0.964, "b": 1.0}) == "at least 0.97 of plain: 1 of 2 cases; below: a (0.96)"


def test_every_case_has_a_wire_of_its_own_speed_unless_processors_are_asked_for() -> None:
    wires, everything = all_cases(), all_cases(processors=True)
    kinds = {(case.compression, case.data, case.receivers) for case in wires}
    assert len(kinds) == len(wires) == 24
    assert all(case.wire for case in wires)
    assert set(wires) < set(everything)
    assert {(case.compression, case.data, case.receivers) for case in everything if not case.wire} == kinds


@pytest.mark.parametrize("kind", DATA)
def test_a_source_is_the_same_each_time(tmp_path: Path, kind: str) -> None:
    one = write_source(tmp_path / "one", kind, 5 << 20).read_bytes()
    assert len(one) == 5 << 20
    assert one == write_source(tmp_path / "two", kind, 5 << 20).read_bytes()

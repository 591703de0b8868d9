"""The benchmark of single stages: one small run of all, and its table."""

from __future__ import annotations

import json

import pytest

from qemu.bench import stages as bench_stages
from qemu.bench.stages import Stage, StageError, measure, table, to_json


def test_every_stage_moves_everything() -> None:
    found = measure(3, 1, lambda _: None)
    assert len(found) == 5
    assert all(one.speed > 0 and one.cpu > 0 for one in found)
    assert json.loads(to_json(found))[0]["name"] == found[0].name


def test_a_stage_that_loses_bytes_is_not_measured() -> None:
    with pytest.raises(StageError, match="moved 7 bytes; 9 were expected"):
        bench_stages._once(lambda: 7, 9)


def test_the_table_tells_how_much_of_a_gigabit_that_is() -> None:
    assert table((Stage("one", 250.0, 0.5),)).splitlines()[1].split() == ["one", "250", "0.50", "2.0"]

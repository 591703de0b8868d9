"""Plain udpcast in the same machines, as the benchmark measures it: the disks are held against it as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.bench.cases import Way, write_source
from qemu.bench.classrooms import RoomCase, RoomSettings, result, spec
from qemu.classroom.classroom import run_classroom
from qemu.disks.raw import MIB
from tests.common import PAIR

pytestmark = pytest.mark.vm


def test_a_cast_by_hand_is_measured(tmp_path: Path) -> None:
    model = write_source(tmp_path / "model.img", "noise", 16 * MIB)
    case = RoomCase("zstd", "noise", 1)
    seconds, outcomes = result(run_classroom(spec(RoomSettings(PAIR, (case,)), case, Way.PLAIN, model)))
    assert seconds > 0
    assert outcomes == ("by-hand",)

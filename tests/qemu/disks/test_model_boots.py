"""The small model disk starts by itself, and a disk that does not is told from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.starting import boot_clones
from qemu.disks.model import small_model
from qemu.disks.raw import create
from qemu.machine.accel import choose
from tests.common import PAIR

pytestmark = pytest.mark.vm

KERNEL = PAIR / "udpcast-linux"


def test_the_small_model_boots_and_a_blank_disk_does_not(tmp_path: Path) -> None:
    model = small_model(tmp_path / "model.img", KERNEL, seed=11)
    blank = create(tmp_path / "blank.img", model.size)
    good, bad = boot_clones((model.path, blank), "MODEL DISK BOOTED 11", choose(KERNEL), print, ask=False)
    assert good.problem == ""
    assert "No bootable device" in bad.problem

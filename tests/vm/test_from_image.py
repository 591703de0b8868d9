"""A server stores a PC's disk as a file and casts the file: to a larger disk, which boots; and one that was spoilt."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.from_image import FromImageSpec, Spoilt, run_from_image
from qemu.disks.likeness import Likeness
from qemu.disks.model import small_model
from qemu.disks.raw import MIB
from tests.common import PAIR

pytestmark = pytest.mark.faults


def spec(tmp_path: Path, spoilt: Spoilt) -> FromImageSpec:
    model = small_model(tmp_path / "model.img", PAIR / "udpcast-linux")
    return FromImageSpec(PAIR, model, model.size + 64 * MIB, spoilt=spoilt)


def test_a_pc_is_cloned_from_a_stored_image_and_boots(tmp_path: Path) -> None:
    found = run_from_image(spec(tmp_path, Spoilt.NOT), tmp_path / "artefacts")
    assert found.stored and found.stored["ok"], found
    assert found.image < 60 * MIB, "only what is used is kept"
    assert found.cast and found.cast["kind"] == "sent", found
    assert found.received and found.received.kind == "equal", found
    assert found.disk is Likeness.USED, found.why
    assert found.booted and not found.booted.problem


@pytest.mark.parametrize("spoilt", [Spoilt.CUT, Spoilt.CHANGED])
def test_an_image_that_was_spoilt_makes_no_clone(tmp_path: Path, spoilt: Spoilt) -> None:
    """It is refused before the first byte, or nobody takes it for whole."""
    found = run_from_image(spec(tmp_path, spoilt), tmp_path / "artefacts")
    assert found.stored and found.stored["ok"], found
    assert found.disk is Likeness.NONE, found
    if found.received is None:
        assert found.blank
        assert "room.img.zst" in found.said
    else:
        assert not found.received.ok, found

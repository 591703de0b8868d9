"""What the sender knows of a hibernated system reaches the receiver, who grows nothing then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.block_device import SourceDisk
from launcher.datapath.framing import read_manifest
from launcher.model.growth import GrowthKind
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Grow, Role
from launcher.sentence import say
from launcher.transfer.resizing import room
from launcher.transfer.stream import DiskCast
from launcher.used.survey import Part, Survey
from launcher.used.used_map import UsedMap
from tests.disks import MIB
from tests.launcher.resize.tables import BASIC, gpt
from tests.launcher.transfer.fake_programs import plan

SIZE = 40 * MIB


@pytest.mark.parametrize("hibernated", [True, False])
def test_beside_it_nothing_grows(hibernated: bool, tmp_path: Path) -> None:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(SIZE)
    system = Part("sda1", 1, MIB, 16 * MIB, "ntfs", whole=say("whole") if hibernated else None, hibernated=hibernated)
    data = Part("sda2", 2, 17 * MIB, 16 * MIB, "ntfs")
    found = Survey(UsedMap(SIZE), (system, data), gpt((1, 16, BASIC), (17, 16, BASIC)), 33 * MIB)
    source = SourceDisk(str(path))
    manifest = read_manifest(DiskCast(plan(Role.SEND, path), source, found).manifest("session"))
    source.close()
    assert manifest is not None
    wanted = replace(plan(Role.RECEIVE, path), grow=Grow.YES)
    outcome = room(wanted, Outcome(OutcomeKind.EQUAL, say("Equal.")), manifest, 4 * SIZE)
    assert (outcome.offer is None) == hibernated
    if hibernated:
        assert outcome.growth is not None and outcome.growth.kind is GrowthKind.NOT_GROWN
        assert "hibernation" in str(outcome.growth.sentence)

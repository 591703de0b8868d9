"""Recorded machines: every file in launcher/machines/ is readable, plausible, and survives the round trip."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.model.machine import from_json, to_json
from tests.common import MACHINES, recorded

FILES = sorted(MACHINES.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_round_trip(path: Path) -> None:
    text = path.read_text()
    assert to_json(from_json(text)) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_machine_could_exist(path: Path) -> None:
    found = from_json(path.read_text())
    assert len({disk.path for disk in found.disks}) == len(found.disks)
    assert len({nic.mac for nic in found.nics}) == len(found.nics)
    for disk in found.eligible_disks:
        assert disk.size % disk.sector_size == 0
        assert sum(partition.size for partition in disk.partitions) <= disk.size
        assert all(partition.path.startswith(disk.path) for partition in disk.partitions)


def test_the_machines_are_what_their_names_say() -> None:
    one = recorded("one-disk-one-card")
    assert [disk.path for disk in one.eligible_disks] == ["/dev/sda"]
    assert [nic.name for nic in one.nics] == ["eth0"]
    assert one.eligible_disks[0].size == 500107862016
    assert {partition.filesystem for partition in one.eligible_disks[0].partitions} >= {"vfat", "ntfs"}
    two = recorded("two-disks-two-cards")
    assert (len(two.eligible_disks), len(two.nics)) == (2, 2)
    assert recorded("no-disk").eligible_disks == ()
    assert [nic.link for nic in recorded("no-link").nics] == [False]
    assert [disk.removable for disk in recorded("usb-stick-and-disk").eligible_disks] == [False, True]
    assert any(disk.sector_size == 4096 for disk in recorded("many-disks").disks)
    assert recorded("small-disk").disks[0].size < one.eligible_disks[0].size


@pytest.mark.parametrize("text", ["", "[]", "null", '{"disks": [{}]}', '{"nics": [{"name": "eth0"}]}', '{"disks": 1}'])
def test_what_is_no_machine_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="this is no recorded machine"):
        from_json(text)

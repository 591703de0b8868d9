"""Recorded machines: every file in launcher/machines/ is readable, plausible, and survives the round trip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.hardware.usage import Entry, Use
from launcher.model.machine import CD_DRIVE, Disk, Machine, from_json, to_json
from launcher.sentence import say, verbatim
from launcher.translate import set_language, tr
from tests.common import MACHINES, ONE, recorded

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


def test_a_reason_is_recorded_in_english_and_a_constant_one_can_be_translated_again() -> None:
    """Any other is a text that was recorded."""
    uses = say("it is in use: {how}", how=say("{device} is mounted on {place}", device="/dev/sda1", place="/{a}: b"))
    disks = (Disk("/dev/sda", 1, refused=uses), Disk("/dev/sr0", 1, refused=CD_DRIVE), Disk("/dev/sdb", 1))
    words = ["it is in use: /dev/sda1 is mounted on /{a}: b", "it is a CD drive", None]
    text = to_json(Machine(disks))
    assert [one["refused"] for one in json.loads(text)["disks"]] == words
    read = from_json(text)
    assert [disk.refused and str(disk.refused) for disk in read.disks] == words
    assert (read.disks[1].refused, read.eligible_disks) == (CD_DRIVE, disks[2:])
    assert to_json(read) == text


def test_a_reason_is_a_text() -> None:
    with pytest.raises(ValueError, match="refused is 1, expected str"):
        from_json('{"disks": [{"path": "/dev/sda", "size": 1, "refused": 1}]}')


@pytest.mark.parametrize("text", ["", "[]", "null", '{"disks": [{}]}', '{"nics": [{"name": "eth0"}]}', '{"disks": 1}'])
def test_what_is_no_machine_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="this is no recorded machine"):
        from_json(text)


USES = [
    Use("/dev/sda2", entry=Entry("8:2", "/dev/sda2", "/boot")),
    Use("/dev/sda2", entry=Entry("8:2", "/dev/sda2")),
    Use("/dev/sda2", "md0"),
    Use("/dev/sda2", "dm-0", Entry("254:0", "/dev/dm-0", "/srv")),
]


@pytest.mark.parametrize("use", USES, ids=lambda use: str(use.refusal))
def test_a_recorded_reason_is_the_sentence_that_it_was(use: Use) -> None:
    machine = Machine((replace(ONE.disks[0], refused=use.refusal),))
    refused = from_json(to_json(machine)).disks[0].refused
    assert refused is not None and str(refused) == str(use.refusal)
    set_language("de")
    assert tr(refused) == tr(use.refusal) and "in Benutzung" in tr(refused)


def test_a_recorded_reason_that_nobody_gives_stays_as_it_is() -> None:
    machine = Machine((replace(ONE.disks[0], refused=verbatim("it is in use: by {me}")),))
    assert str(from_json(to_json(machine)).disks[0].refused) == "it is in use: by {me}"

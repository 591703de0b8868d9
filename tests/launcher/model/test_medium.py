"""The boot medium is no disk of this PC."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import explain
from launcher.answers.interview import Interview, refuse
from launcher.answers.lookup import given_answers
from launcher.errors import LauncherError
from launcher.model.machine import BOOT_MEDIUM, CD_DRIVE, MAYBE_BOOT_MEDIUM, Disk, Partition, from_json, to_json
from launcher.model.medium import find_medium, without_medium
from tests.common import ONE

LABEL = "UDPC1A2B3C4"
STICK = Disk(
    "/dev/sdb",
    41_943_040,
    model="Stick",
    transport="usb",
    removable=True,
    partition_table="dos",
    partitions=(Partition("/dev/sdb1", 41_943_040, "iso9660", LABEL), Partition("/dev/sdb2", 6_291_456, "vfat", "ESP")),
)
WHOLE = replace(STICK, partitions=(), filesystem="iso9660", label=LABEL)
DISC = Disk("/dev/sr0", 41_943_040, label=LABEL, refused=CD_DRIVE)
OTHER = replace(STICK, path="/dev/sdc", partitions=(Partition("/dev/sdc1", 41_943_040, "vfat", "DATA"),))


@pytest.mark.parametrize("medium", [STICK, WHOLE, DISC], ids=["stick", "whole stick", "disc"])
def test_it_is_found_and_refused_and_nothing_else_is(medium: Disk) -> None:
    there = replace(ONE, disks=(*ONE.disks, medium, OTHER))
    assert find_medium(there, LABEL) == medium
    guarded = without_medium(there, LABEL)
    assert [disk.refused for disk in guarded.disks] == [*(disk.refused for disk in ONE.disks), BOOT_MEDIUM, None]
    assert without_medium(there, None) is there


def test_a_disk_that_udev_has_yet_to_look_at_may_be_it() -> None:
    late = Disk("/dev/sdb", 41_943_040, settled=False)
    there = replace(ONE, disks=(*ONE.disks, late))
    assert without_medium(there, LABEL).disks[-1].refused == MAYBE_BOOT_MEDIUM
    known = replace(there, disks=(*there.disks, replace(STICK, path="/dev/sdc")))
    assert without_medium(known, LABEL).disks[-2].refused is None


def test_it_is_neither_target_nor_source_though_it_is_named_or_the_only_one() -> None:
    alone = without_medium(replace(ONE, disks=(STICK,)), LABEL)
    both = without_medium(replace(ONE, disks=(*ONE.disks, STICK)), LABEL)
    for role in ("rcv", "snd"):
        line = f"auto=yes umode={role} nic=eth0"
        with pytest.raises(LauncherError) as lonely:
            Interview(given_answers(parse(line)), alone, refuse).plan()
        assert "/dev/sdb cannot be used: it is the medium that this PC was booted from" in str(lonely.value)
        assert Interview(given_answers(parse(line)), both, refuse).plan().target.path == "/dev/sda"
        with pytest.raises(LauncherError) as caught:
            Interview(given_answers(parse(f"{line} disk=/dev/sdb")), both, refuse).plan()
        assert "it is the medium that this PC was booted from, or a copy of it" in str(caught.value)


def test_the_reason_of_a_recorded_machine_is_read_back() -> None:
    guarded = without_medium(replace(ONE, disks=(STICK,)), LABEL)
    assert from_json(to_json(guarded)) == guarded


def test_explain_refuses_it_as_the_pc_does() -> None:
    there = replace(ONE, disks=(*ONE.disks, STICK))
    told = explain(parse(f"medium={LABEL} auto=yes umode=rcv disk=/dev/sdb nic=eth0"), there)
    assert any("booted from" in str(error) for error in told.errors)

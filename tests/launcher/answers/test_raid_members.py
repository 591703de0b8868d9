"""Members of a RAID: one disk of several is hardly ever what was meant, so it is said wherever it can be chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import explain
from launcher.answers.questions import Facts
from launcher.answers.reading import disks
from launcher.answers.selectors import whole
from launcher.model.machine import FIRMWARE_RAID, Disk, Machine, Partition
from launcher.screens.summary import target_text
from tests.common import ONE, TWO
from tests.launcher.session.driver import ADDRESS, FakeSystem, begun

WINDOWS = Partition("/dev/sda3", 857_919_717_376, "ntfs")
MEMBER = replace(ONE.disks[0], filesystem="isw_raid_member", partitions=(WINDOWS,), partition_table=None)


def on(*disks: Disk) -> Machine:
    return replace(ONE, disks=disks)


def warnings(line: str, machine: Machine) -> str:
    return " ".join(map(str, explain(parse(line), machine).warnings))


@pytest.mark.parametrize("kind", sorted(FIRMWARE_RAID))
def test_what_is_on_the_disk_begins_with_the_raid_whatever_else_is_there(kind: str) -> None:
    disk = replace(MEMBER, filesystem=kind)
    assert str(disks(Facts(on(disk)))[0].detail).startswith(f"MEMBER OF A FIRMWARE RAID ({kind}); sda3 ntfs")
    assert f"  MEMBER OF A FIRMWARE RAID ({kind})\n  sda3 ntfs" in str(target_text(whole(disk)))


@pytest.mark.parametrize("line", ["auto=yes umode=rcv", "auto=yes umode=snd", "umode=rcv disk=/dev/sda3", ""])
def test_explain_warns_of_a_member(line: str) -> None:
    assert "/dev/sda is a member of a firmware RAID (isw_raid_member)." in warnings(line, on(MEMBER))
    assert "RAID" not in warnings(line, on(replace(MEMBER, filesystem=None)))


def test_explain_warns_of_every_member_that_may_be_meant() -> None:
    other = replace(MEMBER, path="/dev/sdb")
    said = warnings("umode=rcv", on(MEMBER, other))
    assert "/dev/sda is a member" in said and "/dev/sdb is a member" in said
    assert "/dev/sda is a member" not in warnings("umode=rcv disk=/dev/sdb", on(MEMBER, other))


@pytest.mark.parametrize(("disk", "said"), [("/dev/sda", True), ("/dev/sda1", True), ("/dev/sdb", False)])
def test_explain_warns_of_one_disk_of_a_linux_raid(disk: str, said: bool) -> None:
    one, two = TWO.disks[:2]
    part = Partition("/dev/sda1", 10**9, "linux_raid_member")
    machine = on(replace(one, path="/dev/sda", filesystem="linux_raid_member", partitions=(part,)), two)
    assert ("is a member of a Linux RAID" in warnings(f"umode=rcv disk={disk}", machine)) is said


@pytest.mark.usefixtures("no_terminal")
def test_an_operator_sees_it_before_the_overwrite() -> None:
    seat = begun(f"{ADDRESS} umode=rcv", FakeSystem(on(MEMBER)))
    assert seat.shown == "confirm"
    assert "MEMBER OF A FIRMWARE RAID (isw_raid_member)" in seat.text
    assert "Delete the RAID in the firmware setup first." in seat.text


@pytest.mark.usefixtures("no_terminal")
def test_without_an_operator_it_is_in_the_event_log() -> None:
    seat = begun(f"{ADDRESS} auto=yes umode=rcv", FakeSystem(on(MEMBER)))
    notes = [event["text"] for event in seat.logged("note")]
    assert len(notes) == 1 and "firmware RAID" in notes[0]

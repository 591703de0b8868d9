"""A source on which nothing is recognised: asked about on a screen, refused where nobody attends, unless blank=yes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_cmdline import parse
from launcher.answers.explain import explain
from launcher.answers.selectors import identity, whole
from launcher.errors import ErrorKind
from launcher.model.machine import Disk, Partition
from tests.common import ONE
from tests.launcher.session.driver import ADDRESS, FakeSystem, Seat, begun

pytestmark = pytest.mark.usefixtures("no_terminal")

DISK = ONE.disks[0]
BLANK = replace(DISK, partition_table=None, filesystem=None, partitions=())
EMPTY_TABLE = replace(BLANK, partition_table="gpt")
NO_TABLE = "No partition table, file system, swap, LUKS, LVM or RAID is recognised on it."
NO_PARTITIONS = "It has a partition table (gpt) without partitions, and nothing else is recognised."
NO_FILES = "No file system, swap, LUKS, LVM or RAID is recognised on it."
RECOGNISED = [
    DISK,
    replace(BLANK, filesystem="LVM2_member"),
    replace(BLANK, filesystem="crypto_LUKS"),
    replace(BLANK, filesystem="swap"),
    replace(BLANK, partition_table="mac"),  # whose partitions not every kernel shows
    replace(BLANK, partitions=(Partition("/dev/sda1", 1),)),  # of a kernel that knows more than udev
]
PARTED = replace(DISK, partitions=(Partition("/dev/sda1", 1 << 20), Partition("/dev/sda2", 1 << 30, "ext4")))


def seat(line: str, disk: Disk) -> Seat:
    return begun(f"{ADDRESS} {line}", FakeSystem(replace(ONE, disks=(disk,))))


@pytest.mark.parametrize("disk", RECOGNISED)
@pytest.mark.parametrize("line", ["umode=snd", "auto=yes umode=snd"])
def test_a_disk_on_which_something_is_recognised_is_sent_without_more(disk: Disk, line: str) -> None:
    room = seat(line, disk)
    assert (room.shown, len(room.system.started)) == ("transfer", 1)


@pytest.mark.parametrize(("disk", "words"), [(BLANK, NO_TABLE), (EMPTY_TABLE, NO_PARTITIONS)])
def test_an_operator_confirms_that_a_blank_disk_is_sent(disk: Disk, words: str) -> None:
    room = seat("umode=snd", disk)
    assert (room.shown, room.system.started) == ("confirm", [])
    said = " ".join(room.text.split())
    assert "Nothing is recognised on /dev/sda. Send it all the same?" in said
    assert words in said and "overwritten with it" in said
    assert "is lost" not in said
    room.confirm()
    assert room.shown == "transfer"
    (plan,) = room.system.started
    assert plan.blank


def test_who_says_no_chooses_again() -> None:
    room = seat("", BLANK)
    room.answer("umode", "snd")
    room.answer("confirm", "no")
    assert (room.shown, room.system.started) == ("umode", [])


def test_a_consent_to_one_blank_disk_is_none_to_another() -> None:
    room = seat("umode=snd", BLANK)
    consent = f"send {identity(whole(BLANK))}"
    room.system.now = replace(ONE, disks=(replace(BLANK, serial="OTHER"),))
    room.devices_changed()
    room.answer("confirm", consent)
    assert (room.shown, room.system.started) == ("confirm", [])
    room.confirm()
    assert room.system.started[0].target.disk.serial == "OTHER"


@pytest.mark.parametrize(("disk", "words"), [(BLANK, NO_TABLE), (EMPTY_TABLE, NO_PARTITIONS)])
def test_without_an_operator_a_blank_disk_is_not_sent(disk: Disk, words: str) -> None:
    room = seat("auto=yes umode=snd", disk)
    assert (room.shown, room.system.started) == ("error", [])
    said = " ".join(room.text.split())
    assert f"/dev/sda is not sent unattended. {words}" in said
    assert "blank=yes sends it all the same" in said
    assert [event["kind"] for event in room.logged("error")] == [ErrorKind.SOURCE_BLANK.value]


@pytest.mark.parametrize("line", ["auto=yes umode=snd blank=yes", "umode=snd blank=yes"])
def test_unless_the_line_says_that_it_is_meant(line: str) -> None:
    room = seat(line, BLANK)
    assert (room.shown, len(room.system.started)) == ("transfer", 1)


@pytest.mark.parametrize(("part", "sent"), [("/dev/sda1", False), ("/dev/sda2", True)])
def test_of_a_partition_it_is_what_is_in_it_that_counts(part: str, sent: bool) -> None:
    room = seat(f"auto=yes umode=snd disk={part}", PARTED)
    assert bool(room.system.started) is sent
    assert sent or NO_FILES in " ".join(room.text.split())


def test_a_receiver_is_asked_nothing_of_it() -> None:
    room = seat("auto=yes umode=rcv", BLANK)
    assert (room.shown, len(room.system.started)) == ("transfer", 1)


@pytest.mark.parametrize("line", ["auto=yes umode=snd", "auto=yes umode=snd blank=no"])
def test_explain_calls_it_an_error_where_nobody_attends(line: str) -> None:
    found = explain(parse(line), replace(ONE, disks=(BLANK,)))
    assert any(f"/dev/sda is not sent unattended. {NO_TABLE}" in str(error) for error in found.errors)
    assert found.plan is None


def test_explain_says_that_an_operator_confirms_it() -> None:
    found = explain(parse("umode=snd nic=eth0"), replace(ONE, disks=(BLANK,)))
    assert found.questions == ("confirm",)
    assert f"/dev/sda: {NO_TABLE} That it is sent is confirmed on a screen." in map(str, found.warnings)
    assert found.errors == ()
    assert explain(parse("umode=snd nic=eth0 blank=yes"), replace(ONE, disks=(BLANK,))).questions == ()


def test_what_udev_has_not_looked_at_is_left_to_the_transfer_where_nobody_attends() -> None:
    """It asks the library itself; an operator is asked here."""
    unknown = replace(ONE, disks=(replace(BLANK, settled=False),))
    assert explain(parse("auto=yes umode=snd nic=eth0"), unknown).errors == ()
    assert explain(parse("umode=snd nic=eth0"), unknown).questions == ("confirm",)

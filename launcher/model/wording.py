"""How sizes, rates, times, disks and cards are written for people: one place for screens, logs and sentences."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..sentence import NOTHING, Field, Figures, Measure, Sentence, joined, say, say_many
from .machine import Disk, Nic, Partition
from .plan import Target


@dataclass(frozen=True)
class Size(Measure):
    """So many bytes; `bare`: without the unit, which the words behind it have."""

    count: float
    bare: bool = False

    def put(self, figures: Figures) -> str:
        number, unit = scaled(self.count)
        words = figures.number(number, ".1f" if unit else ".0f")
        return words if self.bare else f"{words} {figures.units[unit]}"


@dataclass(frozen=True)
class Rate(Measure):
    """So many bytes in a second."""

    count: float

    def put(self, figures: Figures) -> str:
        return f"{figures.number(self.count / 1e6, '.1f')} {figures.units[2]}/s"


@dataclass(frozen=True)
class Seconds(Measure):
    """So many seconds."""

    count: int

    def put(self, figures: Figures) -> str:
        return f"{figures.number(self.count, ',')} s"


@dataclass(frozen=True)
class Moment(Measure):
    """A time since 1970, which somebody may have made up, in this PC's time zone."""

    seconds: int

    def put(self, figures: Figures) -> str:
        try:
            return time.strftime(figures.moment, time.localtime(self.seconds))
        except (OverflowError, ValueError, OSError):
            return str(self.seconds)


def scaled(count: float) -> tuple[float, int]:
    """So many bytes as a number below 1000, and how many times a thousand it is."""
    unit = 0
    while count >= 999.95 and unit < 4:
        count, unit = count / 1000, unit + 1
    return count, unit


def size(count: float) -> Size:
    """Bytes in decimal units, as disks are sold: ``500.1 GB``."""
    return Size(count)


def part_of(part: float, whole: float) -> Sentence:
    """``58.2 of 500.1 GB``; with two units where they differ: ``3.1 MB of 500.1 GB``."""
    same = scaled(part)[1] == scaled(whole)[1]
    return say("{done} of {total}", done=Size(part, bare=same), total=Size(whole))


def rate(bytes_per_second: float) -> Rate:
    """``112.3 MB/s``, 1 MB being 10^6 bytes."""
    return Rate(bytes_per_second)


def duration(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(seconds: int) -> Moment:
    """``2026-11-28 20:15``."""
    return Moment(seconds)


def disk_line(disk: Disk) -> Sentence:
    """Path, model, size and serial in one line; what is unknown is left out."""
    return joined(
        ", ",
        disk.path,
        disk.model,
        size(disk.size),
        disk.serial and say("serial {serial}", serial=disk.serial),
        disk.transport,
        disk.removable and say("USB stick or card"),
        disk.read_only and say("write-protected"),
    )


def partition_line(disk: Disk, partition: Partition) -> Sentence:
    """``sda2 ntfs "Windows" 499.3 GB``."""
    name, label = partition.path.removeprefix("/dev/"), partition.label and f'"{partition.label}"'
    return joined(" ", name, partition.filesystem or say("unknown"), label, size(partition.size))


def blank_line(target: Target, table: str | None = None) -> Sentence:
    """What is not on a disk or partition on which nothing is recognised; `table` is the kind of its empty table."""
    table = table or target.disk.partition_table
    if target.partition:
        return say("No file system, swap, LUKS, LVM or RAID is recognised on it.")
    if table:
        return say(
            "It has a partition table ({table}) without partitions, and nothing else is recognised.", table=table
        )
    return say("No partition table, file system, swap, LUKS, LVM or RAID is recognised on it.")


def raid_line(kind: str) -> Sentence:
    """That a disk is one of several in a firmware RAID."""
    return say("MEMBER OF A FIRMWARE RAID ({kind})", kind=kind)


def contents_line(disk: Disk) -> Sentence:
    """What is on a disk: its partitions, or a file system without partitions, or that nothing was recognised. Of a
    firmware RAID's member that comes first."""
    member = disk.firmware_raid and raid_line(disk.firmware_raid)
    if disk.partitions or member:
        return joined("; ", member, *(partition_line(disk, partition) for partition in disk.partitions))
    if disk.filesystem:
        label = disk.label and f'"{disk.label}"'
        return say("{filesystem}, no partitions", filesystem=joined(" ", disk.filesystem, label))
    return say("no partitions recognised")


def nic_line(nic: Nic) -> Sentence:
    """Name, MAC, driver and link in one line."""
    return joined(", ", nic.name, nic.mac, nic.driver, nic.model, _link(nic))


def _link(nic: Nic) -> Sentence:
    if not nic.link:
        return say("no link") if nic.link is False else NOTHING
    return say("link {speed} Mbit/s", speed=nic.speed) if nic.speed else say("link")


def listed(words: tuple[Field, ...], shown: int) -> Sentence:
    """The first `shown` of `words`, and how many more there are."""
    return joined(", ", *words[:shown], more(len(words) - shown))


def more(count: int) -> Sentence:
    """That a list goes on with `count` others; nothing where it does not."""
    return say_many("and {count} more", "and {count} more", count) if count > 0 else NOTHING

"""What uses a disk: the one answer, for the screens, for `transfer`, and right before a disk is opened.

Rules, in one place:

* A disk is used where it, one of its partitions, or what is built upon these (device mapper, RAID) is mounted or is
  swap space. Where nothing more is known of what is built upon it, that alone is a use, and it may write.
* A mount is told by the device's number or by its name: btrfs has numbers of its own, an initrd's root may have a name
  that is no device (proc(5)). All names of a device count: the kernel's, the device mapper's, and links below /dev.
* A mount is for writing when its file system is (the last column of mountinfo), whatever the mount itself allows.

Sources: /proc/self/mountinfo and /proc/swaps (proc(5)); /sys/dev/block/MAJOR:MINOR/ holds a directory for each
partition, and ``holders/`` names the device-mapper and RAID devices upon it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..sentence import Sentence, say


@dataclass(frozen=True)
class Entry:
    """A line of mountinfo or swaps: a device's `number` and `name`; `place` where it is mounted.

    Swap space has neither a number nor a place, but "".
    """

    number: str
    name: str
    place: str = ""
    writable: bool = True


@dataclass(frozen=True)
class Use:
    """One use of a disk, through its part `device`, which is the disk itself or a partition.

    `holder` is what is built upon that part, or ""; `entry` what is mounted or swapped to, None where only the holder
    is known.
    """

    device: str
    holder: str = ""
    entry: Entry | None = None

    @property
    def writable(self) -> bool:
        """Whether the disk may change while this use lasts."""
        return self.entry is None or self.entry.writable

    @property
    def words(self) -> Sentence:
        """In words, for who has to end it."""
        if self.entry is None:
            return say("{device} is part of {holder}", device=self.device, holder=self.holder)
        name, place = self.entry.name, self.entry.place
        if not place:
            return say("{device} is swap space", device=name)
        if self.writable:
            return say("{device} is mounted for writing on {place}", device=name, place=place)
        return say("{device} is mounted read-only on {place}", device=name, place=place)

    @property
    def refusal(self) -> Sentence:
        """As the reason for which a disk is not offered."""
        device = self.device
        if self.entry is None or self.holder:
            how = say("{device} is part of {holder}", device=device, holder=self.holder)
        elif not self.entry.place:
            how = say("{device} is used as swap space", device=device)
        else:
            how = say("{device} is mounted on {place}", device=device, place=self.entry.place)
        return say("it is in use: {how}", how=how)


class Usage:
    """The uses of all disks at one moment. `root` is where /proc, /sys and /dev are, for tests."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root.resolve()
        entries = [*mounts(_text(root / "proc/self/mountinfo")), *swaps(_text(root / "proc/swaps"))]
        self._entries = [(entry, {entry.name, self._real(entry.name)}) for entry in entries]

    def of(self, number: str) -> list[Use]:
        """All uses of the block device with the number ``MAJOR:MINOR``."""
        members = list(_members(self._root / "sys/dev/block" / number))
        told: dict[Entry, Use] = {}  # several parts of a disk may be parts of one RAID: a use is told once
        for entry, names in self._entries:
            for member in members:
                if entry.number == member.number or names & member.names:
                    told.setdefault(entry, Use(member.device, member.holder, entry))
        explained = {use.holder for use in told.values()}
        held: dict[str, Use] = {}
        for member in members:
            if member.holder and member.holder not in explained:
                held.setdefault(member.holder, Use(member.device, member.holder))
        return [*told.values(), *held.values()]

    def _real(self, name: str) -> str:
        """Where a link below /dev leads."""
        if not name.startswith("/dev/"):
            return name
        return "/" + os.path.relpath((self._root / name[1:]).resolve(), self._root)


def uses(path: str) -> list[Use]:
    """All uses of the block device at `path`, now."""
    number = Path(path).stat().st_rdev
    return Usage().of(f"{os.major(number)}:{os.minor(number)}")


def mounts(mountinfo: str) -> Iterator[Entry]:
    """What is mounted, from /proc/self/mountinfo."""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, ends = left.split(" "), right.split(" ")
        if len(fields) > 4 and len(ends) > 1:
            writable = len(ends) < 3 or "rw" in ends[2].split(",")
            yield Entry(fields[2], _unescaped(ends[1]), _unescaped(fields[4]), writable)


def swaps(table: str) -> Iterator[Entry]:
    """What is swap space, from /proc/swaps."""
    for line in table.splitlines()[1:]:
        yield Entry("", _unescaped(re.split(r"[ \t]", line, maxsplit=1)[0]))


@dataclass(frozen=True)
class _Member:
    """A device through which the bytes of a disk are reached. `device` and `holder` as a use has them."""

    number: str
    names: frozenset[str]
    device: str
    holder: str


def _members(directory: Path, device: str = "", holder: str = "") -> Iterator[_Member]:
    """The device with this directory in /sys, its partitions, and what holds them."""
    try:
        place = directory.resolve(strict=True)
        number = (place / "dev").read_text().strip()
    except OSError:
        return  # it is gone
    name = f"/dev/{place.name.replace('!', '/')}"
    mapped = _text(place / "dm/name").strip()
    device = device if holder else name
    yield _Member(number, frozenset((name, f"/dev/mapper/{mapped}") if mapped else (name,)), device, holder)
    for below in _listed(place):
        if below.startswith(place.name) and (place / below / "partition").exists():
            yield from _members(place / below, device, holder)
    for above in _listed(place / "holders"):
        yield from _members(place / "holders" / above, device, holder or above)


def _listed(directory: Path) -> list[str]:
    try:
        return sorted(below.name for below in directory.iterdir())
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _unescaped(word: str) -> str:
    """The kernel writes blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)

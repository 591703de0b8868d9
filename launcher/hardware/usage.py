"""What uses a block device: mounts and swap, of the device itself, of its partitions, and of what is built upon them.

Sources: proc(5) for /proc/self/mountinfo and /proc/swaps; /sys/dev/block/MAJOR:MINOR/ holds a directory for each
partition, and ``holders/`` names the device-mapper and RAID devices upon it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Use:
    """One use, in words for the operator; `writable`: the device may change while it lasts."""

    words: str
    writable: bool


def uses(path: str, root: Path = Path("/")) -> list[Use]:
    """All uses of the block device at `path`. `root` is where /proc and /sys are, for tests."""
    number = Path(path).stat().st_rdev
    return uses_of(f"{os.major(number)}:{os.minor(number)}", root)


def uses_of(number: str, root: Path = Path("/")) -> list[Use]:
    """All uses of the block device with the number ``MAJOR:MINOR``."""
    members = dict(_members(root / "sys/dev/block" / number))
    return [*_mounts(members, root / "proc/self/mountinfo"), *_swaps(members, root / "proc/swaps")]


def _members(directory: Path) -> Iterator[tuple[str, str]]:
    """Number and name of the device, of its partitions, and of what holds them."""
    try:
        place = directory.resolve(strict=True)
        yield (place / "dev").read_text().strip(), place.name
    except OSError:
        return
    for below in sorted(place.iterdir()):
        if below.name.startswith(place.name) and (below / "partition").exists():
            yield from _members(below)
    holders = place / "holders"
    for holder in sorted(holders.iterdir()) if holders.is_dir() else ():
        yield from _members(holder)


def _mounts(members: dict[str, str], mountinfo: Path) -> Iterator[Use]:
    names = {f"/dev/{name}" for name in members.values()}
    for line in _lines(mountinfo):
        left, _, right = line.partition(" - ")
        fields, ends = left.split(" "), right.split(" ")
        if len(fields) < 6 or len(ends) < 3:
            continue
        # btrfs has numbers of its own, so the source's name counts as well.
        if fields[2] in members or _text(ends[1]) in names:
            readable = "rw" not in ends[2].split(",")
            how = "read-only" if readable else "for writing"
            yield Use(f"{_text(ends[1])} is mounted {how} on {_text(fields[4])}", not readable)


def _swaps(members: dict[str, str], swaps: Path) -> Iterator[Use]:
    names = {f"/dev/{name}" for name in members.values()}
    for line in _lines(swaps)[1:]:
        name = _text(line.split(" ", 1)[0].split("\t", 1)[0])
        if name in names:
            yield Use(f"{name} is swap space", True)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _text(word: str) -> str:
    """The kernel writes blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)

"""What a clone has of its source where not every byte was sent: every used block, and every file.

Two witnesses, neither of them the launcher: partclone's map of the source's used blocks (`parts`), byte by byte, and
the files by what they hold (`contents`). A clone on a disk of another size has a table of its own; where a partition
was moved or has grown, its file system is checked, and its files are what counts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .contents import Files, files
from .parts import Part, Range, parts, used
from .raw import SECTOR, first_difference
from .tools import DiskError, run

GPT_SECTORS = 34
"""A GPT with its protective MBR at the begin of a disk; one less at its end."""


BOOT_CODE = 440


class Likeness(Enum):
    """What a target has of its source."""

    USED = "equal in every used block"  # and every file
    GROWN = "equal in every file, grown"  # and every used block of what has not moved
    NONE = "differs"


@dataclass(frozen=True)
class Source:
    """A source disk, looked at once."""

    path: Path
    size: int
    parts: tuple[Part, ...]
    used: tuple[Range, ...]
    files: dict[int, Files]

    @property
    def holes(self) -> int:
        """How many bytes nobody uses."""
        return self.size - sum(end - begin for begin, end in self.used)


def look(path: Path, whole: Iterable[int] = ()) -> Source:
    """Ask the tools about a source; the partitions `whole` are not clean, so that all of them is used. Raises
    DiskError."""
    found = parts(path)
    contents = {part.number: content for part in found if (content := files(path, part)) is not None}
    return Source(path, path.stat().st_size, found, tuple(used(path, whole)), contents)


def likeness(target: Path, source: Source) -> tuple[Likeness, str]:
    """What `target` has of the source; where nothing is proved, the second says what differs."""
    size = target.stat().st_size
    theirs = parts(target)
    if not source.parts or [_name(part) for part in theirs] != [_name(part) for part in source.parts]:
        return Likeness.NONE, "it has other partitions than the source"
    if more := known(target) - known(source.path):
        return Likeness.NONE, f"the signature of {' and '.join(sorted(more))} is on it, which the source has not"
    pairs = list(zip(source.parts, theirs, strict=True))
    stayed = [mine for mine, other in pairs if (mine.start, mine.size) == (other.start, other.size)]
    ranges = list(source.used) if size == source.size else _within(source, stayed)
    where = first_difference(source.path, target, ranges)
    if where is not None:
        return Likeness.NONE, f"byte {where}, which is used, differs"
    try:
        wrong = "".join(filter(None, (_wrong(target, source, mine, other) for mine, other in pairs)))
    except DiskError as error:
        wrong = str(error)
    if not wrong and size != source.size and (size < source.size or len(stayed) < len(pairs)):
        wrong = _wrong_table(target)
    if wrong:
        return Likeness.NONE, wrong
    return (Likeness.USED if len(stayed) == len(pairs) else Likeness.GROWN), ""


def known(image: Path) -> set[str]:
    """What wipefs finds on the whole disk, by its words."""
    return {
        line.split()[-1] for line in run(["wipefs", "--noheadings", "--output", "TYPE", image]).splitlines() if line
    }


def _name(part: Part) -> tuple[int, str, str, str]:
    return part.number, part.type, part.uuid, part.name


def _within(source: Source, stayed: list[Part]) -> list[Range]:
    """What is used and no table: boot code, and all up to the end of the last partition where each of them stayed
    where it was; else what is in those that did."""
    begin = GPT_SECTORS * SECTOR
    if stayed == list(source.parts):
        places = [(0, BOOT_CODE), (begin, stayed[-1].end)]
    else:
        places = [(0, BOOT_CODE), *((max(part.start, begin), part.end) for part in stayed)]
    cut = ((max(one, first), min(end, last)) for one, end in source.used for first, last in places)
    return [one for one in cut if one[0] < one[1]]


def _wrong_table(target: Path) -> str:
    """What sfdisk has against the table of a disk for which one was written; "" where nothing."""
    done = subprocess.run(["sfdisk", "--verify", target], check=False, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip()
    return "" if done.returncode == 0 and "No errors detected" in said else f"its partition table: {said}"


def _wrong(target: Path, source: Source, mine: Part, other: Part) -> str:
    """What of one partition is not as it was, "" where nothing is."""
    name = f"partition {mine.number}"
    if (mine.kind, mine.identity) != (other.kind, other.identity):
        return f"{name} is {other.kind} {other.identity}, not {mine.kind} {mine.identity}. "
    if mine.number in source.files:
        found = files(target, other)
        if found != source.files[mine.number]:
            return f"{name} has other files than the source: {_first(source.files[mine.number], found or {})}. "
    if mine.size != other.size and mine.kind.startswith("ext"):
        return _unsound(target, other)
    return ""


def _first(wanted: Files, found: Files) -> str:
    differing = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    return ", ".join(differing[:3])


def _unsound(target: Path, part: Part) -> str:
    """What e2fsck says against a file system that has grown, and whether it has."""
    place = f"{target}?offset={part.start}"
    done = subprocess.run(["e2fsck", "-fn", place], check=False, capture_output=True, text=True)
    if done.returncode:
        return f"e2fsck of partition {part.number}: {(done.stdout + done.stderr).strip().splitlines()[-1]}. "
    if filled(target, part) < part.size - (8 << 20):
        return f"the file system of partition {part.number} has not grown. "
    return ""


def filled(image: Path, part: Part) -> int:
    """How many bytes of its partition an ext file system takes."""
    said = run(["dumpe2fs", "-h", f"{image}?offset={part.start}"])
    fields = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    return int(fields["Block count"]) * int(fields["Block size"])

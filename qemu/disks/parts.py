"""The partitions of an image, what is on them, and which of their blocks are used, by other people's programs.

Nothing here is the launcher's: the map of used blocks is partclone's (its domain log), so that a launcher that takes a
used block for a hole is found out. partclone believes a file system that is not clean: only the harness's own disks,
which are, are asked this way.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .raw import SECTOR, copy_out
from .tools import DiskError, run

Range = tuple[int, int]
"""From this byte up to that one."""

SWAP_HEADER = 64 << 10
MAPPERS = {
    **dict.fromkeys(("ext2", "ext3", "ext4"), "partclone.ext4"),
    "ntfs": "partclone.ntfs",
    "xfs": "partclone.xfs",
    "btrfs": "partclone.btrfs",
}


@dataclass(frozen=True)
class Part:
    """A partition: `start` and `size` in bytes, `type` and `uuid` of the table, `kind` as blkid names what is on it
    ("": nothing it knows), `identity` that one's UUID or serial number."""

    number: int
    start: int
    size: int
    type: str
    uuid: str = ""
    name: str = ""
    kind: str = ""
    identity: str = ""

    @property
    def end(self) -> int:
        return self.start + self.size


def parts(image: Path) -> tuple[Part, ...]:
    """In the order of the disk; none where there is no table. Raises DiskError."""
    try:
        table = json.loads(run(["sfdisk", "--json", image]))["partitiontable"]
    except DiskError:
        return ()
    sector = table.get("sectorsize", SECTOR)
    found = [_part(image, entry, sector) for entry in table.get("partitions", ())]
    return tuple(sorted(found, key=lambda part: part.start))


def _part(image: Path, entry: dict[str, str | int], sector: int) -> Part:
    number = int(str(entry["node"]).removeprefix(str(image)).lstrip("p"))
    start, size = int(entry["start"]) * sector, int(entry["size"]) * sector
    known = probe(image, start, size)
    identity = known.get("UUID", known.get("VOLUME_ID", ""))
    kind, uuid, name = (str(entry.get(word, "")) for word in ("type", "uuid", "name"))
    return Part(number, start, size, kind, uuid, name, known.get("TYPE", ""), identity)


def probe(image: Path, start: int, size: int) -> dict[str, str]:
    """What blkid says of a part of the image; empty where it knows nothing there (or several things at once)."""
    words = ["blkid", "-p", "-O", str(start), "-S", str(size), "-o", "export", str(image)]
    said = subprocess.run(words, check=False, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def used(image: Path, whole: Iterable[int] = ()) -> list[Range]:
    """The ranges of the image that hold something: all that no file system calls free; of the partitions `whole`, which
    are not clean, all. Raises DiskError."""
    known = {part.number: [(part.start, part.end)] for part in parts(image) if part.number in whole}
    with tempfile.TemporaryDirectory(prefix="used-") as scratch:
        return used_ranges(image, known, Path(scratch))


def used_ranges(image: Path, known: Mapping[int, Sequence[Range]], scratch: Path) -> list[Range]:
    """The same, where the ranges of some partitions are known by their numbers, as places on the disk."""
    found: list[Range] = []
    position = 0
    for part in parts(image):
        found.append((position, part.start))
        if part.number in known:
            found += known[part.number]
        else:
            inside = used_of(image, part, scratch)
            found += [(part.start + begin, part.start + end) for begin, end in inside]
        position = part.end
    return _joined([*found, (position, image.stat().st_size)])


def used_of(image: Path, part: Part, scratch: Path) -> list[Range]:
    """The ranges of one partition that hold something, from its start on."""
    if part.kind == "swap":
        return [(0, SWAP_HEADER)]
    mapper = MAPPERS.get(part.kind)
    if mapper is None:
        return [(0, part.size)]
    copy = copy_out(image, part.start, part.size, scratch / "partition")
    found = [*mapped(mapper, copy, scratch)]
    end = max(end for _, end in found)
    return [*found, (max(end, _length(copy, scratch)), part.size)]  # behind the file system: nobody calls it free


def mapped(mapper: str, device: Path, scratch: Path) -> Iterator[Range]:
    """What partclone calls used on `device`, a block device or a file."""
    log = scratch / "map"
    run([mapper, "--quiet", "-D", "-s", device, "-O", log, "-L", scratch / "partclone.log"])
    for line in log.read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "+":
            yield int(words[0], 16), int(words[0], 16) + int(words[1], 16)


def _length(device: Path, scratch: Path) -> int:
    """How much of the device the last map speaks of."""
    lines = [line.split() for line in (scratch / "map").read_text().splitlines()]
    return max(int(words[0], 16) + int(words[1], 16) for words in lines if len(words) == 3 and words[2] in "+?")


def _joined(ranges: list[Range]) -> list[Range]:
    """The same bytes in as few ranges as will do."""
    found: list[Range] = []
    for begin, end in sorted(one for one in ranges if one[0] < one[1]):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found

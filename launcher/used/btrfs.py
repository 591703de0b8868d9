"""btrfs: which chunks are used, by btrfs-inspect-internal(8).

A chunk is used as a whole. What of it is free is in trees that change with every write; which chunks there are changes
seldom, and is written with each commit.

The gate, by all superblocks (``dump-super --all``): their checksums are right, they agree, every feature is one of
`INCOMPATIBLE` and `READ_ONLY_COMPATIBLE`, no log is left to be replayed, there is one device, and it is not larger than
its partition. Then the extents of the device tree (``dump-tree -t dev``) are believed where they lie in it in their
order, are as many bytes as the superblock says, and the chunk tree (``-t chunk``) has the same ones. Superblocks are
used, wherever they lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..hardware.window import Window
from ..sentence import Sentence, say, verbatim
from .doubt import Doubt, Tools, failed, fields, unknown

PROGRAM = "btrfs"
WRITTEN = 0x1
"""The one flag of a superblock that is at rest: no seed, no change of its UUID under way."""
INCOMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x10000
"""Of btrfs_tree.h: MIXED_BACKREF, DEFAULT_SUBVOL, MIXED_GROUPS, COMPRESS_LZO, COMPRESS_ZSTD, BIG_METADATA,
EXTENDED_IREF, SKINNY_METADATA, NO_HOLES, METADATA_UUID, SIMPLE_QUOTA. Nothing of RAID, zones and new trees."""
READ_ONLY_COMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8
"""FREE_SPACE_TREE, FREE_SPACE_TREE_VALID, VERITY, BLOCK_GROUP_TREE."""
SUPERBLOCKS = (64 << 10, 64 << 20, 256 << 30)
SUPERBLOCK = 64 << 10
"""More than one has."""
SAME = ("fsid", "generation", "total_bytes", "num_devices", "dev_item.uuid", "dev_item.bytes_used")

_FIELD = re.compile(r"([a-z_.]+)(?: \(deprecated\))?\s+(\S.*)")
_ITEM = re.compile(r"\titem \d+ key \((\S+) (\S+) (\S+)\) ")
_CHUNK = re.compile(r"\t\tlength (\d+) owner \d+ ")
_STRIPE = re.compile(r"\t\t\tstripe \d+ devid (\d+) offset (\d+)")
_LENGTH = re.compile(r"\t\tchunk_objectid \d+ chunk_offset \d+ length (\d+)")


@dataclass(frozen=True)
class Volume:
    """Bytes of the device, of its chunks, and of what is used in these; the device's number."""

    total: int
    chunks: int
    used: int
    device: int


def look(window: Window, tools: Tools, free: Callable[[int, int], None]) -> int:
    """Tell `free` what is free (begin and end, in bytes); the bytes that are used. Raises Doubt and LauncherError."""
    volume = gate(tools.text(PROGRAM, "inspect-internal", "dump-super", "--all", window.path), window.length)
    chunks = Chunks(volume)
    reading = Reading(volume, free)
    for tree, take in (("chunk", chunks.line), ("dev", reading.line)):
        ended = tools.lines(take, PROGRAM, "inspect-internal", "dump-tree", "-t", tree, window.path)
        if ended.status or ended.errors.strip():
            raise failed(PROGRAM, ended)
    reading.end(chunks.end())
    return volume.used


def gate(text: str, length: int) -> Volume:
    """What the superblocks say, in a partition of `length` bytes. Raises Doubt."""
    texts = re.split(r"^superblock: ", text, flags=re.MULTILINE)[1:]
    blocks = [fields(_FIELD, one.split("\n"), PROGRAM) for one in texts]
    if [_number(block, "bytenr") for block in blocks] != [at for at in SUPERBLOCKS if at + 4096 <= length]:
        raise unknown(PROGRAM)
    for block in blocks:
        if not all(block.get(name, "").endswith("[match]") for name in ("csum", "magic")):
            raise Doubt(say("its superblocks are damaged"), _check())
        if _number(block, "log_root"):
            raise Doubt(say("it was not unmounted (power loss?)"), say("start its system and shut it down"))
        if any(name not in block or block[name] != blocks[0].get(name) for name in SAME):
            raise Doubt(say("its superblocks differ (power loss?)"), say("start its system and shut it down"))
    first = blocks[0]
    if _number(first, "num_devices") != 1:
        raise Doubt(say("it is on several devices"))
    if _number(first, "flags") != WRITTEN:
        raise Doubt(say("it has flags that are not known here ({flags})", flags=first["flags"]))
    incompatible, compatible = _number(first, "incompat_flags"), _number(first, "compat_ro_flags")
    if incompatible & ~INCOMPATIBLE or compatible & ~READ_ONLY_COMPATIBLE or _number(first, "compat_flags"):
        flags = f"{incompatible:#x}, {compatible:#x}"
        raise Doubt(say("it has features that are not known here ({names})", names=flags))
    volume = Volume(
        _number(first, "dev_item.total_bytes"),
        _number(first, "dev_item.bytes_used"),
        _number(first, "bytes_used"),
        _number(first, "dev_item.devid"),
    )
    if max(volume.total, _number(first, "total_bytes")) > length:
        raise Doubt(say("the file system is larger than the partition"), _check())
    if not 0 < volume.chunks <= volume.total:
        raise unknown(PROGRAM)
    return volume


class Chunks:
    """What btrfs writes of the chunk tree, line by line: the extents (begin and length). Raises Doubt."""

    def __init__(self, volume: Volume) -> None:
        self._device = str(volume.device)
        self._length: int | None = None  # of the chunk whose stripes come
        self._extents: set[tuple[int, int]] = set()

    def line(self, line: str) -> None:
        """The next line."""
        if _ITEM.match(line):
            self._length = None
        elif found := _CHUNK.match(line):
            self._length = int(found[1])
        elif found := _STRIPE.fullmatch(line):
            if self._length is None or found[1] != self._device:
                raise unknown(PROGRAM)
            self._extents.add((int(found[2]), self._length))

    def end(self) -> set[tuple[int, int]]:
        """Behind the last line."""
        return self._extents


class Reading:
    """What btrfs writes of the device tree, line by line. Raises Doubt."""

    def __init__(self, volume: Volume, free: Callable[[int, int], None]) -> None:
        self._volume = volume
        self._free = free
        self._next = 0  # what is before is told
        self._begin: int | None = None  # of the extent whose length comes
        self._left = volume.chunks
        self._extents: set[tuple[int, int]] = set()

    def line(self, line: str) -> None:
        """The next line."""
        if found := _ITEM.match(line):
            if self._begin is not None or found[2] in {"DEV_REPLACE", "UNKNOWN"}:
                raise unknown(PROGRAM)
            if found[2] == "DEV_EXTENT":
                self._begin = self._place(found[1], found[3])
        elif self._begin is not None and (found := _LENGTH.fullmatch(line)):
            self._extent(self._begin, int(found[1]))
            self._begin = None

    def end(self, chunks: set[tuple[int, int]]) -> None:
        """Behind the last line; `chunks` are the extents by the chunk tree."""
        if self._begin is not None or self._left:
            raise unknown(PROGRAM)
        if self._extents != chunks:
            raise Doubt(say("its trees of chunks differ"), _check())
        self._gap(self._volume.total)

    def _place(self, device: str, begin: str) -> int:
        if device != str(self._volume.device) or not begin.isdecimal():
            raise unknown(PROGRAM)
        return int(begin)

    def _extent(self, begin: int, length: int) -> None:
        if not (self._next <= begin < begin + length <= self._volume.total) or length > self._left:
            raise unknown(PROGRAM)
        self._gap(begin)
        self._next = begin + length
        self._left -= length
        self._extents.add((begin, length))

    def _gap(self, end: int) -> None:
        """Up to there nothing is used but superblocks."""
        for at in SUPERBLOCKS:
            if self._next < at + SUPERBLOCK and at < end:
                if self._next < at:
                    self._free(self._next, at)
                self._next = at + SUPERBLOCK
        if self._next < end:
            self._free(self._next, end)


def _number(block: dict[str, str], name: str) -> int:
    try:
        return int(block[name].split()[0], 0)
    except (KeyError, ValueError) as error:
        raise unknown(PROGRAM) from error


def _check() -> Sentence:
    return say("check it with {command}", command=verbatim("`btrfs check`"))

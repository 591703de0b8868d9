"""XFS: which blocks are free, by xfs_db(8), which only reads here.

The gate: every feature is one of `INCOMPATIBLE` and `READ_ONLY_COMPATIBLE`, log and data are on this device and nothing
else is, no repair is under way, and ``xfs_logprint -t`` finds nothing left in the log. Then the free extents (``freesp
-d``) are believed where those of each allocation group lie in it in their order, are as many blocks as its header
counts, all headers together count as many as the superblock, and the group's other tree, by size, has the same ones.

xfs_db lists of each group first the blocks that it keeps for its own trees (the free list, of single blocks in any
order), then the extents in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..hardware.window import Window
from ..sentence import Sentence, say, verbatim
from .doubt import Doubt, Tools, failed, fields, unknown

LOG, DB = "xfs_logprint", "xfs_db"
VERSION = 5
INCOMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80
"""Of xfs_format.h: FTYPE, SPINODES, META_UUID, BIGTIME, NREXT64, EXCHRANGE, PARENT. Not NEEDSREPAIR, nor what gives
realtime devices groups of their own."""
READ_ONLY_COMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8
"""FINOBT, RMAPBT, REFLINK, INOBTCNT."""
NEEDS_REPAIR = 0x10
LISTS = ("-c", "freesp -d", "-c", "freesp -d -c")
GROUPS_MOST = 1 << 14
"""All are named on one command line."""

_FIELD = re.compile(r"(\w+) = ?(.*)")
_STATE = re.compile(r"state: <(\w+)>")
_EXTENT = re.compile(r"\s*(\d+)\s+(\d+)\s+(\d+)")


@dataclass(frozen=True)
class Volume:
    """Bytes of a block, how many blocks there are and in how many groups of `group`, and how many are free."""

    block: int
    blocks: int
    group: int
    groups: int
    free: int


def look(window: Window, tools: Tools, free: Callable[[int, int], None]) -> int:
    """Tell `free` what is free (begin and end, in bytes); the bytes that are used. Raises Doubt and LauncherError."""
    volume = gate(tools.text(DB, "-r", "-c", "sb 0", "-c", "print", window.path), window.length)
    log = Log()
    ended = tools.lines(log.line, LOG, "-t", window.path)
    if ended.status:
        raise failed(LOG, ended)
    log.end()
    words = [word for number in range(volume.groups) for word in ("-c", f"agf {number}", "-c", "print")]
    reading = Reading(volume, free)
    ended = tools.lines(reading.line, DB, "-r", *words, *LISTS, window.path)
    if ended.status:
        raise failed(DB, ended)
    reading.end()
    return (volume.blocks - volume.free) * volume.block


def gate(text: str, length: int) -> Volume:
    """What the superblock says, in a partition of `length` bytes. Raises Doubt."""
    found = fields(_FIELD, map(str.strip, text.split("\n")), DB)
    if _number(found, "magicnum") != 0x58465342:
        raise unknown(DB)
    if (version := _number(found, "versionnum") & 0xF) != VERSION:
        raise Doubt(say("its format is old (version {version})", version=version))
    if not _is_checked(found):
        raise Doubt(say("its superblock is damaged"), _repair())
    incompatible, compatible = _number(found, "features_incompat"), _number(found, "features_ro_compat")
    if incompatible & NEEDS_REPAIR or _number(found, "inprogress"):
        raise Doubt(say("a repair of it was not finished"), _repair())
    if incompatible & ~INCOMPATIBLE or compatible & ~READ_ONLY_COMPATIBLE or _number(found, "features_compat"):
        flags = f"{incompatible:#x}, {compatible:#x}"
        raise Doubt(say("it has features that are not known here ({names})", names=flags))
    if not _number(found, "logstart"):
        raise Doubt(say("its log is on another device"))
    if _number(found, "rblocks") or _number(found, "rextents"):
        raise Doubt(say("it has a realtime device"))
    volume = Volume(*(_number(found, name) for name in ("blocksize", "dblocks", "agblocks", "agcount", "fdblocks")))
    if volume.block * volume.blocks > length:
        raise Doubt(say("the file system is larger than the partition"), _repair())
    if not (
        volume.block == 1 << _number(found, "blocklog") >= 512
        and volume.free < volume.blocks
        and 0 < volume.groups <= GROUPS_MOST
        and (volume.groups - 1) * volume.group < volume.blocks <= volume.groups * volume.group
    ):
        raise unknown(DB)
    return volume


class Log:
    """What xfs_logprint writes. Raises Doubt where something is left in the log."""

    def __init__(self) -> None:
        self._is_clean = False

    def line(self, line: str) -> None:
        """The next line."""
        if found := _STATE.search(line):
            if found[1] != "CLEAN":
                raise Doubt(say("it was not unmounted (power loss?)"), say("start its system and shut it down"))
            self._is_clean = True

    def end(self) -> None:
        """Behind the last line."""
        if not self._is_clean:
            raise unknown(LOG)


class Reading:
    """What xfs_db writes of the groups' headers and then of the free extents, line by line. Raises Doubt."""

    def __init__(self, volume: Volume, free: Callable[[int, int], None]) -> None:
        self._volume = volume
        self._free = free
        self._fields: dict[str, str] | None = None  # of the header that is read
        self._own: list[int] = []  # blocks that each group keeps for its trees
        self._left: list[int] = []  # free blocks of each group that are not listed yet
        self._counted = 0
        self._lists = 0  # by place, then by size
        self._at: int | None = None  # the group whose extents are read; None outside of a list
        self._next = 0  # its first block that may be free yet
        self._keeps = 0  # of its own blocks, so many come still
        self._sum = 0  # over all extents by place, without those by size

    def line(self, line: str) -> None:
        """The next line."""
        if self._at is not None:
            self._listed(line)
        elif line.split() == ["agno", "agbno", "len"]:
            self._header_ends()
            self._lists, self._at, self._keeps = self._lists + 1, -1, 0
        elif self._lists:  # the summary
            return
        elif found := _FIELD.fullmatch(line.strip()):
            if found[1] == "magicnum":
                self._header_ends()
                self._fields = {}
            if self._fields is None or found[1] in self._fields:
                raise unknown(DB)
            self._fields[found[1]] = found[2]

    def end(self) -> None:
        """Behind the last line."""
        if self._at is not None or self._lists != 2 or len(self._left) != self._volume.groups:
            raise unknown(DB)
        if any(self._left) or self._sum or self._counted != self._volume.free:
            raise _differs()

    def _header_ends(self) -> None:
        if self._fields is None:
            return
        if not _is_checked(self._fields):
            raise Doubt(say("the header of a group is damaged"), _repair())
        number = len(self._left)
        length = min(self._volume.group, self._volume.blocks - number * self._volume.group)
        names = ("magicnum", "seqno", "length")
        if [_number(self._fields, name) for name in names] != [0x58414746, number, length]:
            raise unknown(DB)
        own, left = _number(self._fields, "flcount"), _number(self._fields, "freeblks")
        self._own.append(own)
        self._left.append(left)
        self._counted += own + left + _number(self._fields, "btreeblks")
        self._fields = None

    def _listed(self, line: str) -> None:
        if line.split()[:2] == ["from", "to"]:
            if self._keeps:
                raise _differs()
            self._at = None
            return
        found = _EXTENT.fullmatch(line)
        if not found:
            raise unknown(DB)
        number, block, count = map(int, found.groups())
        if number != self._at:
            self._group(number)
        if self._keeps:
            if count != 1:
                raise unknown(DB)
            self._keeps -= 1
        elif self._lists == 1:
            self._sum += hash((number, block, count))
            self._extent(number, block, count)
        else:
            self._sum -= hash((number, block, count))

    def _group(self, number: int) -> None:
        """The first line of a group."""
        if self._keeps or self._at is None or not self._at < number < len(self._own):
            raise unknown(DB)
        self._at, self._next, self._keeps = number, 0, self._own[number]

    def _extent(self, number: int, block: int, count: int) -> None:
        begin = number * self._volume.group
        length = min(self._volume.group, self._volume.blocks - begin)
        if not (self._next <= block < block + count <= length) or count > self._left[number]:
            raise _differs()
        self._next = block + count + 1
        self._left[number] -= count
        self._free((begin + block) * self._volume.block, (begin + block + count) * self._volume.block)


def _differs() -> Doubt:
    return Doubt(say("its counts of free blocks differ"), _repair())


def _number(found: dict[str, str], name: str) -> int:
    try:
        return int(found[name], 0)
    except (KeyError, ValueError) as error:
        raise unknown(DB) from error


def _is_checked(found: dict[str, str]) -> bool:
    """Whether its checksum is right."""
    return found.get("crc", "").endswith("(correct)")


def _repair() -> Sentence:
    return say("check it with {command}", command=verbatim("`xfs_repair`"))

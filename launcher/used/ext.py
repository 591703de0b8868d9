"""ext2, ext3 and ext4: which blocks are free, by dumpe2fs(8).

The gate: every feature is one of `PROVEN`; the state is exactly ``clean``, no error is recorded, nothing is left in the
journal, which is inside; the file system is not larger than its partition. Then the free blocks are believed where each
group lists as many as it counts, the groups follow one another without a gap to the last block, and all together are
as many as the superblock says. dumpe2fs itself checks the checksums of what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..hardware.window import Window
from ..sentence import say
from .doubt import Doubt, Tools, failed, fields, unknown

PROGRAM = "dumpe2fs"
PROVEN = frozenset(
    """
    has_journal ext_attr resize_inode dir_index filetype extent extents 64bit flex_bg sparse_super sparse_super2
    large_file huge_file dir_nlink extra_isize metadata_csum metadata_csum_seed uninit_bg meta_bg inline_data large_dir
    ea_inode encrypt casefold verity quota project orphan_file fast_commit stable_inodes
    """.split()
)
"""Features that leave the meaning of the bitmaps as it is."""

HEADER_MOST = 1000
"""Lines."""

_FIELD = re.compile(r"([A-Z][A-Za-z #]*):\s*(.*)")
_GROUP = re.compile(r"Group (\d+): \(Blocks (\d+)-(\d+)\)")
_COUNT = re.compile(r"  (\d+) free blocks, ")
_FREE = re.compile(r"  Free blocks: ?(.*)")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def look(window: Window, tools: Tools, free: Callable[[int, int], None]) -> int:
    """Tell `free` what is free (begin and end, in bytes); the bytes that are used. Raises Doubt and LauncherError."""
    reading = Reading(window.length, free)
    ended = tools.lines(reading.line, PROGRAM, window.path)
    if ended.status:
        raise failed(PROGRAM, ended)
    return reading.end()


class Reading:
    """What dumpe2fs writes, line by line. Raises Doubt where it is not as it has to be."""

    def __init__(self, length: int, free: Callable[[int, int], None]) -> None:
        self._length = length
        self._free = free
        self._header: list[str] | None = []  # None behind it
        self._block = self._blocks = self._left = 0  # the left ones are free by the superblock, and not listed yet
        self._next_group = 0
        self._next_block = 0
        self._counted: int | None = 0  # free blocks in the group by its own count; None until it has said it
        self._listed = False

    def line(self, line: str) -> None:
        """The next line."""
        if self._header is not None and not _GROUP.match(line):
            if len(self._header) == HEADER_MOST:
                raise unknown(PROGRAM)
            self._header.append(line)
        elif found := _GROUP.match(line):
            self._group(*map(int, found.groups()))
        elif found := _COUNT.match(line):
            self._count(int(found[1]))
        elif found := _FREE.fullmatch(line):
            self._ranges(found[1])

    def end(self) -> int:
        """Behind the last line: the bytes that are used."""
        if self._header is not None or not self._listed or self._next_block != self._blocks:
            raise unknown(PROGRAM)
        if self._left:
            raise Doubt(say("its counts of free blocks differ"), say("check it with `e2fsck -f`"))
        return self._used

    def _group(self, number: int, first: int, last: int) -> None:
        if self._header is not None:
            found = fields(_FIELD, self._header, PROGRAM)
            self._block, self._blocks, self._left, self._next_block = gate(found, self._length)
            self._used = (self._blocks - self._left) * self._block
            self._header, self._listed = None, True
        if not self._listed or (number, first) != (self._next_group, self._next_block) or not first <= last:
            raise unknown(PROGRAM)
        self._next_group, self._first, self._next_block = number + 1, first, last + 1
        self._counted, self._listed = None, False

    def _count(self, count: int) -> None:
        if self._header is not None or self._counted is not None:
            raise unknown(PROGRAM)
        self._counted = count

    def _ranges(self, text: str) -> None:
        if self._counted is None or self._listed:
            raise unknown(PROGRAM)
        least, count = self._first, 0
        for one in text.split(", ") if text else ():
            found = _RANGE.fullmatch(one)
            if not found:
                raise unknown(PROGRAM)
            first = int(found[1])
            last = int(found[2] or first)
            if not least <= first <= last < self._next_block:
                raise unknown(PROGRAM)
            least, count = last + 2, count + last + 1 - first
            self._free(first * self._block, (last + 1) * self._block)
        if count != self._counted:
            raise Doubt(say("its counts of free blocks differ"), say("check it with `e2fsck -f`"))
        self._left -= count
        self._listed = True


def gate(header: dict[str, str], length: int) -> tuple[int, int, int, int]:
    """The size of a block, how many there are and are free, and which is the first, by the header. Raises Doubt."""
    check = say("check it with `e2fsck -f`")
    features = set(header.get("Filesystem features", "").split())
    if not features or any(name not in header for name in ("Filesystem state", "Block count", "Free blocks")):
        raise unknown(PROGRAM)
    if "needs_recovery" in features:
        raise Doubt(say("it was not unmounted (power loss?)"), say("start its system and shut it down"))
    if header["Filesystem state"] != "clean":
        raise Doubt(say("its state is “{state}”", state=header["Filesystem state"]), check)
    if any(name in header for name in ("FS Error count", "Journal errno")):
        raise Doubt(say("it has recorded errors"), check)
    if "orphan_present" in features:
        raise Doubt(say("it has deleted files that are not cleaned up"), check)
    if "bigalloc" in features:
        raise Doubt(say("it counts its blocks in clusters (bigalloc)"))
    if strange := features - PROVEN:
        raise Doubt(say("it has features that are not known here ({names})", names=tuple(sorted(strange))))
    if any(name in header for name in ("Journal device", "Journal UUID", "Journal users")):
        raise Doubt(say("its journal is on another device"))
    if "has_journal" in features and header.get("Journal start") != "0":
        raise Doubt(say("there is something in its journal"), say("start its system and shut it down"))
    try:
        names = ("Block size", "Fragment size", "Block count", "Free blocks", "First block")
        block, fragment, blocks, free, first = (int(header[name]) for name in names)
    except (KeyError, ValueError) as error:
        raise unknown(PROGRAM) from error
    if block * blocks > length:
        raise Doubt(say("the file system is larger than the partition"), check)
    if not (block == fragment >= 1024 and first in {0, 1} and first < blocks and 0 <= free < blocks):
        raise unknown(PROGRAM)
    return block, blocks, free, first

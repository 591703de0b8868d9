"""How a clone may take the room of a larger target. Pure.

Rules, in one place:

* *The last big partition* grows. Looked at from the disk's end, a partition is *small* where it is swap, a recovery
  partition, an EFI System Partition, Microsoft's reserved one, or has less than a tenth of what all partitions have
  together. The first one that is not is the last big one. It grows if its file system can: `GROWS`.
* What is behind it (all of it is small) moves behind the source's end, as it is: same sizes, order and distances, by a
  multiple of 1 MiB. So until the new table is written, no byte of the clone has changed. Of swap only the ends are
  copied (`used.edges`): UUID and label are there, and the rest holds nothing.
* What boots by its place on the disk is never moved (a BIOS boot partition, PReP, an active one). Where a system is
  hibernated (by the sender's word, and an NTFS by its own), nothing is changed at all: it still has its file systems.
  No NTFS grows beside BitLocker, where nobody can know that.
* An extended partition moves with its logical ones, or grows around them.
* A disk that is hardly larger (by less than a hundredth) stays as it is.
* Nothing is shrunk. Sectors are equal; a DOS table reaches 2^32 sectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.wording import size as in_words
from ..sentence import Sentence, say
from ..used.edges import FIRST, LAST
from ..used.table import EXTENDED
from .table import DOS, Entry, Table, read_table

EXT = ("ext2", "ext3", "ext4")
NTFS = "ntfs"
WHEN_MOUNTED = ("xfs", "btrfs")
GROWS = frozenset((*EXT, NTFS, *WHEN_MOUNTED))
MIB = 1 << 20
SWAP = "swap"
SLEEPING, BITLOCKER = "swsuspend", "BitLocker"
ASLEEP = say("a system sleeps on it (hibernation)")
_SMALL_TYPES = frozenset(
    {
        "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",  # swap
        "82",
        "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC",  # Windows' recovery
        "27",
        "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",  # EFI System Partition
        "ef",
        "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",  # Microsoft's reserved one
    }
)
_BY_PLACE = frozenset(
    {
        "21686148-6449-6E6F-744E-656564454649",  # BIOS boot
        "9E1A2D38-C612-4316-AA26-8B49521E5A8B",  # PReP
        "41",
    }
)
_ACTIVE_GPT = "LegacyBIOSBootable"
_SHARE = 10
_WORTH = 100
_DOS_SECTORS = 2**32 - 1


@dataclass(frozen=True)
class Content:
    """What is known of a partition: its number, the kind of what is in it, as blkid names it ("": nothing), and whether
    a system is hibernated there."""

    number: int
    kind: str = ""
    hibernated: bool = False


@dataclass(frozen=True)
class Move:
    """Of the partition `number`, `length` bytes are copied from byte `begin` to byte `to`."""

    number: int
    begin: int
    to: int
    length: int


@dataclass(frozen=True)
class GrowthPlan:
    """The table `old` becomes `new` on a disk of `size` bytes; no byte before `reach`, the source's length, is copied
    to. The partition `number` with a file system of `kind` grows, others `moves`. On the partitions `ntfs` a Windows
    may be hibernated."""

    old: Table
    new: Table
    size: int
    reach: int
    number: int
    kind: str
    moves: tuple[Move, ...] = ()
    ntfs: tuple[int, ...] = ()

    @property
    def begin(self) -> int:
        """Where it begins, in bytes."""
        return _entry(self.old, self.number).start * self.old.sector

    @property
    def before(self) -> int:
        """How many bytes it has."""
        return _entry(self.old, self.number).size * self.old.sector

    @property
    def edge(self) -> tuple[int, int]:
        """From which byte up to which its new end is cleared: a member of a RAID has its mark there."""
        end = self.begin + self.after
        return max(self.reach, end - MIB), end

    @property
    def after(self) -> int:
        """How many it will have."""
        return _entry(self.new, self.number).size * self.new.sector


@dataclass(frozen=True)
class NoGrowth:
    """Why nothing grows, as a part of a sentence. `worth`: it would be worth it."""

    sentence: Sentence
    worth: bool = True


def growth(text: str | None, length: int, size: int, contents: tuple[Content, ...]) -> GrowthPlan | NoGrowth:
    """What becomes of the clone of a disk of `length` bytes, with the partition table `text`, on one of `size`."""
    table = read_table(text)
    if not text and any(content.number == 0 and content.kind for content in contents):
        return NoGrowth(say("the sender's disk has no partition table"))
    if table is None or table.end > length:
        return NoGrowth(say("the sender's disk has no partition table that is understood"))
    if size - length < max(length // _WORTH, MIB):
        return NoGrowth(say("the disk is hardly larger"), worth=False)
    known = {content.number: content.kind for content in contents}
    if SLEEPING in known.values() or any(content.hibernated for content in contents):
        return NoGrowth(ASLEEP)
    big, behind = _split(table, known)
    if big is None:
        return NoGrowth(say("no partition is large enough"))
    kind = known.get(big.number, "")
    if kind not in GROWS:
        return NoGrowth(_cannot(big.number, kind))
    if kind == NTFS and BITLOCKER in known.values():
        return NoGrowth(say("nobody knows whether Windows is hibernated on it (BitLocker)"))
    stays = next((one for one in behind if _fixed(one)), None)
    if stays:
        return NoGrowth(
            say(
                "partition {stays} is behind partition {number} and cannot move: the PC boots from it by its place",
                stays=stays.number,
                number=big.number,
            )
        )
    new = _grown(table, big, behind, length, size)
    if isinstance(new, NoGrowth):
        return new
    moves = tuple(move for one in behind for move in _moves(one, _entry(new, one.number), known, table))
    windows = tuple(one.number for one in table.entries if known.get(one.number) == NTFS)
    return GrowthPlan(table, new, size, length, big.number, kind, moves, windows)


def _split(table: Table, known: dict[int, str]) -> tuple[Entry | None, tuple[Entry, ...]]:
    """The last big partition, and what is behind it, with an extended one that is there."""
    inner = sorted((one for one in table.entries if one is not table.extended), key=lambda one: one.start)
    whole = sum(one.size for one in inner)
    for number in range(len(inner) - 1, -1, -1):
        one = inner[number]
        if not _small(one, known.get(one.number, ""), whole):
            outer = table.extended
            behind = [*inner[number + 1 :], *([outer] if outer and outer.start >= one.end else [])]
            return one, tuple(behind)
    return None, ()


def _small(entry: Entry, kind: str, whole: int) -> bool:
    return kind == SWAP or entry.kind in _SMALL_TYPES or entry.size * _SHARE < whole


def _cannot(number: int, kind: str) -> Sentence:
    if not kind:
        return say("what is on partition {number} is not recognised", number=number)
    return say("partition {number} ({kind}) is of a kind that cannot grow here", number=number, kind=kind)


def _fixed(entry: Entry) -> bool:
    """Whether it boots by its place."""
    return entry.kind in _BY_PLACE or entry.bootable or _ACTIVE_GPT in entry.rest


def _grown(table: Table, big: Entry, behind: tuple[Entry, ...], length: int, size: int) -> Table | NoGrowth:
    """The table on the larger disk."""
    unit = MIB // table.sector
    limit = (size - table.tail) // table.sector
    if table.label == DOS:
        limit = min(limit, _DOS_SECTORS)
    limit = limit // unit * unit
    outer = table.extended if table.logical(big) else None
    if not behind:
        end = limit
        if end <= max(one.end for one in table.entries):
            return NoGrowth(say("its partition table reaches no further"))
        changed = {big.number: replace(big, size=end - big.start)}
        if outer:
            changed[outer.number] = replace(outer, size=end - outer.start)
        return _changed(table, changed)
    begin = min(one.start for one in behind)
    last = max(one.end for one in (*behind, *([outer] if outer else ())))
    keep = min(begin - big.end, unit) if outer else 0  # where a logical partition's own sector is, before it
    shift = (limit - last) // unit * unit
    needed = math.ceil(length / table.sector) - (begin - keep)
    if shift < max(needed, 1):
        more = max(0, needed - shift) * table.sector
        return NoGrowth(say("{size} more would be needed to move what is behind it", size=in_words(max(more, MIB))))
    changed = {one.number: replace(one, start=one.start + shift) for one in behind}
    end = min(begin - keep, outer.end if outer else begin)
    changed[big.number] = replace(big, size=end + shift - big.start)
    if outer:
        changed[outer.number] = replace(outer, size=outer.size + shift)
    return _changed(table, changed)


def _changed(table: Table, changed: dict[int, Entry]) -> Table:
    return replace(table, entries=tuple(changed.get(one.number, one) for one in table.entries))


def _moves(old: Entry, new: Entry, known: dict[int, str], table: Table) -> Iterator[Move]:
    """What is copied of one that moves; an extended partition has nothing of its own."""
    length, begin, to = (number * table.sector for number in (old.size, old.start, new.start))
    if table.label == DOS and old.kind in EXTENDED:
        return
    if known.get(old.number) == SWAP and length > FIRST + LAST:
        rest = length - LAST
        yield Move(old.number, begin, to, FIRST)
        yield Move(old.number, begin + rest, to + rest, LAST)
    else:
        yield Move(old.number, begin, to, length)


def _entry(table: Table, number: int) -> Entry:
    return next(one for one in table.entries if one.number == number)

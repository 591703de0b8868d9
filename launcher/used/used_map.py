"""Which chunks of a disk are sent, and which are holes. Pure.

Rules, in one place:

* Everything is used until somebody proves it free, and `free` is the only way to say so. What is said of a part of a
  granule says nothing: ranges shrink inwards to whole granules, and never grow. So no mistake of rounding takes a used
  block for a hole.
* A chunk is a hole where all its granules are free. In a chunk that is sent, free granules are zeros on the wire: what
  is stale there is nobody's, and need not be packed.
* A bit for each granule: 4 MB for 2 TB, however many ranges there are.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK = 1 << 20
"""Bytes of a frame's data; chunks begin at its multiples."""
GRANULE = 64 << 10
HOLE_MOST = 64 << 20
"""Bytes of one hole on the wire; a longer one is several."""

_GRANULES = CHUNK // GRANULE
_AT_ONCE = 1 << 14
_ALL_FREE = (1 << _GRANULES) - 1


@dataclass(frozen=True)
class Run:
    """`length` bytes from `offset` on: all of them a hole, or one chunk that is sent, in which the ranges `blank`
    (of the chunk, in bytes: begin, end) are zeros."""

    offset: int
    length: int
    hole: bool = False
    blank: tuple[tuple[int, int], ...] = ()


class UsedMap:
    """The map of a disk of `length` bytes."""

    def __init__(self, length: int) -> None:
        """All of it is used."""
        self.length = length
        self._free = array("H", bytes(2 * -(-length // CHUNK)))  # for each chunk, a bit for each granule

    def free(self, begin: int, end: int) -> None:
        """From byte `begin` up to `end` nothing is used. Raises ValueError where that is not on the disk."""
        if not 0 <= begin <= end <= self.length:
            raise ValueError(f"bytes {begin} to {end} are not on a disk of {self.length}")
        first, last = -(-begin // GRANULE), end // GRANULE
        while first < last and first % _GRANULES:
            self._mark(first)
            first += 1
        whole = max(first, last // _GRANULES * _GRANULES)
        self._free[first // _GRANULES : whole // _GRANULES] = array("H", b"\xff\xff") * ((whole - first) // _GRANULES)
        for granule in range(whole, last):
            self._mark(granule)

    def add(self, other: UsedMap) -> None:
        """What `other`, of the same disk, knows to be free."""
        if other.length != self.length:
            raise ValueError(f"a map of {other.length} bytes is not of a disk of {self.length}")
        for begin in range(0, len(self._free), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            ours, theirs = (int.from_bytes(one[some].tobytes(), "little") for one in (self._free, other._free))
            self._free[some] = array("H", (ours | theirs).to_bytes(2 * len(self._free[some]), "little"))

    def _mark(self, granule: int) -> None:
        self._free[granule // _GRANULES] |= 1 << granule % _GRANULES

    @property
    def sent(self) -> int:
        """Bytes in chunks that are sent."""
        return self.length - CHUNK * self._free.count(_ALL_FREE)  # a last chunk that is not whole never has all of them

    def runs(self) -> Iterator[Run]:
        """The whole disk in its order."""
        begin = 0  # of the hole that is under way
        for number, free in enumerate(self._free):
            offset = number * CHUNK
            if free == _ALL_FREE:
                if offset + CHUNK - begin == HOLE_MOST:
                    yield Run(begin, HOLE_MOST, hole=True)
                    begin = offset + CHUNK
                continue
            if offset > begin:
                yield Run(begin, offset - begin, hole=True)
            yield Run(offset, min(CHUNK, self.length - offset), blank=_ranges(free))
            begin = offset + CHUNK
        if begin < self.length:
            yield Run(begin, self.length - begin, hole=True)


def _ranges(free: int) -> tuple[tuple[int, int], ...]:
    """The bits of a chunk as ranges of bytes."""
    found: list[tuple[int, int]] = []
    for granule in range(_GRANULES if free else 0):
        if free >> granule & 1:
            begin = granule * GRANULE
            if found and found[-1][1] == begin:
                found[-1] = found[-1][0], begin + GRANULE
            else:
                found.append((begin, begin + GRANULE))
    return tuple(found)

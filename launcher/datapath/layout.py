"""What was written of a disk, and which holes there were. Pure.

A byte for each chunk (2 MB for 2 TB), however data and holes take turns: so a clone can be read again, with the holes
as they came, in a small memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..used.used_map import CHUNK, HOLE_MOST


class Layout:
    """What was written of a disk, and which holes there were, in their order: a byte for each chunk, 2 MB for 2 TB."""

    _DATA, _HOLE, _GOES_ON = b"\0", b"\1", b"\2"

    def __init__(self) -> None:
        self.length = 0  # bytes of the disk until here
        self.holes = 0  # bytes of it in holes
        self._chunks = bytearray()

    @property
    def written(self) -> int:
        """Bytes of data."""
        return self.length - self.holes

    def data(self, length: int) -> None:
        """So many bytes more were data."""
        self._chunks += self._DATA * self._count(length)

    def hole(self, length: int) -> None:
        """So many bytes more were a hole."""
        self._chunks += self._HOLE + self._GOES_ON * (self._count(length) - 1)
        self.holes += length

    def _count(self, length: int) -> int:
        """In whole chunks, of which the last one may be shorter."""
        before = -(-self.length // CHUNK)
        self.length += length
        return -(-self.length // CHUNK) - before

    def runs(self) -> Iterator[tuple[int, int, bool]]:
        """Offset, length, and whether it is a hole: each hole as it came, and data as far as it goes."""
        at, end = 0, len(self._chunks)
        while at < end:
            hole = self._chunks[at : at + 1] == self._HOLE
            after = self._after_hole(at + 1) if hole else self._chunks.find(self._HOLE, at)
            after = end if after < 0 else after
            offset = at * CHUNK
            yield offset, min(after * CHUNK, self.length) - offset, hole
            at = after

    def _after_hole(self, at: int) -> int:
        rest = self._chunks[at : at + HOLE_MOST // CHUNK]
        return at + len(rest) - len(rest.lstrip(self._GOES_ON))

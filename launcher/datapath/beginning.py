"""What of a larger disk's stream goes on a smaller one: the bytes before the end of the last partition.

All of the stream is digested, as everywhere; so what comes is proven to be the sender's. Of that, the beginning has two
digests of its own: of its bytes, which the disk must give back, and the one without the partition table, which the
sender forms too (`digests.TableEndDigest`).
"""

from __future__ import annotations

from dataclasses import replace

from .digests import DiskDigest, TableEndDigest
from .moved import Kept, Moved


class Beginning:
    """The bytes before `end`, of which the first `head` are the partition table's."""

    def __init__(self, head: int, end: int) -> None:
        self.end = end
        self._all = DiskDigest()
        self._behind_table = TableEndDigest(head, end)

    def inside(self, offset: int, length: int) -> int:
        """How many of `length` bytes from `offset` on are in it."""
        return min(length, max(0, self.end - offset))

    def data(self, offset: int, data: memoryview) -> None:
        """What is in it of data that comes; `data` ends with it, or before."""
        self._all.data(data)
        self._behind_table.data(offset, data)

    def hole(self, offset: int, length: int) -> None:
        """The same of a hole."""
        self._all.hole(length)
        self._behind_table.hole(offset, length)

    def of(self, moved: Moved) -> Moved:
        """`moved`, which came to its end, with what is known of the beginning."""
        return replace(moved, kept=Kept(self.end, self._all.hexdigest(), self._behind_table.hexdigest()))

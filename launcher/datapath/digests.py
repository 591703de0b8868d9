"""The digests of a disk, as the sender forms them while it reads, and a receiver of what it wrote and read again.

XXH128, as xxhsum(1) prints it: it finds every fault that happens by chance (two different disks have the same one once
in 2^128), at the speed of memory. It does not keep out a forger; udpcast, which believes whoever answers, does not
either.

Rules, in one place:

* What is fed comes in the disk's order, without a gap: `data`, and `hole` for each hole of the wire, with the bounds it
  has there. A hole counts by its offset and length, so nobody has to read or to make zeros, and a hole in another place
  is another disk. Zeros that are data are data. Without holes, the digest is that of the bytes alone.
* `DiskDigest` covers all of it.
* `TableEndDigest` covers what a smaller disk can hold as well: the bytes from 0 up to the end of the last partition
  (`table_end`), without the first `table_head` bytes, where the primary table is, that is written anew for another
  size. Data and holes that cross one of these bounds count with what is between them.
"""

from __future__ import annotations

import struct

import xxhash

from .framing import SECTOR

_HOLE = struct.Struct("<QQ")
_GPT_ENTRY = 128  # bytes; UEFI 2.10, 5.3.3
_GPT_ENTRIES = 128


class DiskDigest:
    """The digest of the whole disk. `count`: bytes so far, holes too."""

    def __init__(self) -> None:
        self.count = 0
        self._state = xxhash.xxh3_128()

    def data(self, data: memoryview) -> None:
        """The bytes that follow."""
        self._state.update(data)
        self.count += len(data)

    def hole(self, length: int) -> None:
        """So many bytes follow that nobody uses."""
        self._state.update(_HOLE.pack(self.count, length))
        self.count += length

    def digest(self) -> bytes:
        """The digest so far."""
        return self._state.digest()

    def hexdigest(self) -> str:
        """The same in hexadecimal."""
        return self._state.hexdigest()


class TableEndDigest:
    """The digest of the bytes from `head` (see `table_head`) up to `end`."""

    def __init__(self, head: int, end: int) -> None:
        self._head, self._end = head, end
        self._state = xxhash.xxh3_128()

    def data(self, offset: int, data: memoryview) -> None:
        """The bytes of the disk that follow, from `offset` on."""
        if offset < self._end:
            self._state.update(data[max(0, self._head - offset) : self._end - offset])

    def hole(self, offset: int, length: int) -> None:
        """A hole follows."""
        begin, end = max(offset, self._head), min(offset + length, self._end)
        if begin < end:
            self._state.update(_HOLE.pack(begin, end - begin))

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._state.hexdigest()


def table_head(table: str | None, sector_size: int, entries: int = _GPT_ENTRIES) -> int:
    """How many bytes at the disk's beginning are the primary table: of a ``gpt`` the protective MBR, the header and the
    entries, in whole sectors; else the first sector."""
    sector = sector_size or SECTOR
    if table != "gpt":
        return sector
    return 2 * sector + -(-entries * _GPT_ENTRY // sector) * sector

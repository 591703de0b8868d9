"""The records in which the worker that unpacks a stream (`unpack`) gives it to the process that holds the disk.

Pure, but for the pipe that somebody else reads. Rules, in one place:

* The worker parses what the wire says, and has no rights. Whoever took it over by a forged stream writes these records
  as it likes: so each is checked here again, and the worst that can come of it is a wrong clone.
* A record is a header (kind, offset, length) and, but for a hole, so many bytes. Each kind has its longest: nothing
  else is ever read into memory.
* The first record is the manifest, an empty one where the stream has none. One trailer, or none, comes behind the data;
  the end is the last record, and without it the stream was not read to its end.
* Data and holes cover the disk from its first byte on, without a gap and without going back; so no record can say
  where something goes, only what comes next. Each begins at a multiple of `CHUNK`: only the last one may be shorter.
* A hole has at most `HOLE_MOST` bytes. There are none where no manifest came, and nothing lies behind the length that a
  manifest announced.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from ..sentence import Sentence, say
from ..used.used_map import CHUNK, HOLE_MOST

MANIFEST_MOST = 64 << 10
TRAILER_MOST = 4096
DISK_MOST = 1 << 63
"""No disk is larger: offsets are signed."""

HEADER = struct.Struct("<QQQ")


class Kind(IntEnum):
    """What a record is."""

    MANIFEST = 1  # the frame, as it came
    DATA = 2
    HOLE = 3  # no bytes follow
    TRAILER = 4  # the frame, as it came
    END = 5  # of the stream; no bytes follow


MOST = {
    Kind.MANIFEST: MANIFEST_MOST,
    Kind.DATA: CHUNK,
    Kind.HOLE: HOLE_MOST,
    Kind.TRAILER: TRAILER_MOST,
    Kind.END: 0,
}
"""The greatest length of each kind."""


@dataclass(frozen=True)
class Record:
    """A checked header: `length` bytes from `offset` on; of a manifest and a trailer only the length counts."""

    kind: Kind
    offset: int = 0
    length: int = 0

    def header(self) -> bytes:
        """As it goes through the pipe."""
        return HEADER.pack(self.kind, self.offset, self.length)


class BadRecord(Exception):
    """The worker gave what it may not give."""

    def __init__(self, words: Sentence) -> None:
        super().__init__(str(words))
        self.words = words


class Checked:
    """Looks at each record's header: raises BadRecord at the first that breaks the rules. Then nothing of it, nor
    anything behind it, counts.

    `limit`: no byte lies at or behind it. `place`: where the next byte belongs.
    """

    def __init__(self) -> None:
        self.limit, self.place = DISK_MOST, 0
        self._allowed = {Kind.MANIFEST}

    def announce(self, length: int, holes: bool) -> None:
        """The manifest, which was taken, says that the disk is so long, and whether there may be holes in it."""
        self.limit = length
        self._allowed |= {Kind.TRAILER, Kind.HOLE} if holes else {Kind.TRAILER}

    def take(self, header: bytes) -> Record:
        """The record whose header this is."""
        number, offset, length = HEADER.unpack(header)
        kind = next((kind for kind in Kind if kind == number), None)
        if kind is None or kind not in self._allowed or length > MOST[kind]:
            words = say("a record of kind {kind} and length {length:,} is out of place", kind=number, length=length)
            raise BadRecord(words)
        if kind is Kind.MANIFEST:
            self._allowed = {Kind.DATA, Kind.END}
        if kind in (Kind.DATA, Kind.HOLE):
            self._cover(offset, length)
        elif kind in (Kind.TRAILER, Kind.END):
            self._allowed = {Kind.END} if kind is Kind.TRAILER else set()
        return Record(kind, offset, length)

    def _cover(self, offset: int, length: int) -> None:
        if offset != self.place or length == 0 or length > self.limit - offset:
            raise BadRecord(
                say(
                    "a record of length {length:,} was to go to byte {offset:,}, where {place:,} of {limit:,} is next",
                    length=length,
                    offset=offset,
                    place=self.place,
                    limit=self.limit,
                )
            )
        self.place += length
        if length % CHUNK:
            self._allowed -= {Kind.DATA, Kind.HOLE}


class RecordReader:
    """Reads records through `fill`, which fills a buffer and tells how much is in it (less only at the end)."""

    def __init__(self, fill: Callable[[memoryview], int]) -> None:
        self.checked = Checked()
        self._fill = fill
        self._header = memoryview(bytearray(HEADER.size))
        self._next: Record | None = None

    def peek(self) -> Record | None:
        """The next record, which stays the next; None where the worker gave no more: it has failed, unless END came.
        Raises BadRecord, and what `fill` raises."""
        if self._next is None and self._fill(self._header) == len(self._header):
            self._next = self.checked.take(bytes(self._header))
        return self._next

    def take(self, memory: memoryview) -> Record | None:
        """The next record, and its bytes in `memory`, which has room for the longest of its kind. None as in `peek`;
        also where the bytes did not all come."""
        record, self._next = self.peek(), None
        if record is None or record.kind in (Kind.HOLE, Kind.END):
            return record
        return record if self._fill(memory[: record.length]) == record.length else None

    def frame(self, kind: Kind) -> bytes | None:
        """The bytes of the next record if it is a `kind`, manifest or trailer; None where it is another one."""
        record = self.peek()
        if record is None or record.kind is not kind:
            return None
        memory = memoryview(bytearray(record.length))
        return bytes(memory) if self.take(memory) else None

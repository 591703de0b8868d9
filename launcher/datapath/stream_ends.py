"""Where a stream goes into the worker that unpacks it, and where its records come out. Both have a fixed memory.

Behind a disk's data comes the trailer of its cast. A seek table may follow that, and nothing else.
"""

from __future__ import annotations

import mmap
import os

from ..udpcast.unpacking import Complaint
from ..used.used_map import CHUNK
from .frames import OUR_MAGIC, TAG
from .framing import TRAILER_BYTES, TRAILER_MOST, Manifest, read_trailer, skippable_size
from .records import DISK_MOST, HEADER, Kind, Record
from .worker import FIRST_BYTES

BUFFER = 2 << 20
"""Bytes of the stream that may lie here; what has to be there as a whole is little more than half of it."""
QUIET_MOST = 64 << 20
"""Bytes of a stream that may go by without a byte of data in them."""
SEEK_MAGIC = b"\x5e\x2a\x4d\x18"
SEEK_LINE_MOST = 12  # bytes for each frame
_OUR_MAGIC = OUR_MAGIC.to_bytes(4, "little")


class Refused(Exception):
    """Nothing more is taken of the stream, for the reason that the words tell, in English."""

    def __init__(self, complaint: Complaint, words: str) -> None:
        super().__init__(words)
        self.complaint = complaint


class Source:
    """The stream: its next bytes lie in memory until they are taken."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._memory = memoryview(mmap.mmap(-1, BUFFER))
        self._begin = self._end = 0
        self._quiet = 0

    @property
    def there(self) -> memoryview:
        """What lies in memory."""
        return self._memory[self._begin : self._end]

    def more(self) -> bool:
        """Wait until more lies in memory, where there must be room; False at the end of the stream."""
        if self._end == BUFFER:
            left = self._end - self._begin
            self._memory[:left] = self._memory[self._begin : self._end]
            self._begin, self._end = 0, left
        count = os.readv(self._fd, [self._memory[self._end :]])
        self._end += count
        return count > 0

    def need(self, count: int) -> bool:
        """Wait until `count` bytes lie in memory; False where the stream ends before."""
        while self._end - self._begin < count:
            if not self.more():
                return False
        return True

    def head(self, count: int) -> bytes:
        """The next bytes, fewer only at the end of the stream."""
        self.need(count)
        return bytes(self.there[:count])

    def take(self, count: int, given: int) -> None:
        """These bytes are done with; so many bytes of data were in them. Raises Refused where none come for too
        long."""
        self._quiet = 0 if given else self._quiet + count
        if self._quiet > QUIET_MOST:
            raise Refused(Complaint.BEHIND, f"{self._quiet:,} bytes went by without any data")
        self._begin += count
        if self._begin == self._end:
            self._begin = self._end = 0

    def skip(self, count: int) -> bool:
        """Take `count` bytes in which there is no data; False where the stream ends before."""
        while count:
            if not self.there and not self.more():
                return False
            step = min(count, len(self.there))
            self.take(step, 0)
            count -= step
        return True


class Sink:
    """The records. Data is put into `room`, and given on by `fill`. `place` is how much data and holes were given,
    `limit` how much may be."""

    def __init__(self, fd: int) -> None:
        self.place = 0
        self.limit = DISK_MOST
        self._fd = fd
        self._memory = memoryview(mmap.mmap(-1, HEADER.size + CHUNK))
        self._filled = 0

    @property
    def room(self) -> memoryview:
        """Where the next data goes; never empty."""
        return self._memory[HEADER.size + self._filled :][: CHUNK - self._filled]

    def fill(self, count: int) -> None:
        """So much data was put there; a full chunk is given on at once. Raises Refused where it is too much."""
        self._filled += count
        if self.place + self._filled > self.limit:
            raise Refused(
                Complaint.DAMAGED, f"corrupt: there are more than the {self.limit:,} bytes that were announced"
            )
        if self._filled == CHUNK:
            self.flush()

    def flush(self) -> None:
        """Give on the data that is there."""
        length, self._filled = self._filled, 0
        if length:
            HEADER.pack_into(self._memory, 0, Kind.DATA, self.place, length)
            self._write(self._memory[: HEADER.size + length])
            self.place += length

    def hole(self, length: int) -> None:
        """A hole follows."""
        self._write(Record(Kind.HOLE, self.place, length).header())
        self.place += length

    def frame(self, kind: Kind, frame: bytes) -> None:
        """A manifest or a trailer follows, as it came."""
        self.flush()
        self._write(Record(kind, 0, len(frame)).header() + frame)

    def end(self) -> None:
        """All of the stream was given."""
        self.flush()
        self._write(Record(Kind.END).header())

    def _write(self, data: memoryview | bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]


def is_ours(head: bytes) -> bool:
    """Whether a frame that begins so (`FIRST_BYTES` are enough) is one that the launcher makes."""
    return len(head) == FIRST_BYTES and head.startswith(_OUR_MAGIC) and head.endswith(TAG)


def may_be_trailer(size: int) -> bool:
    """Whether a frame that is skipped may be a trailer, by its length."""
    return TRAILER_BYTES <= size <= TRAILER_MOST


def take_trailer(source: Source, sink: Sink, manifest: Manifest, frame: bytes) -> None:
    """Take `frame`, which is the next and may be the trailer of this cast, and give it on; with all that may follow it.
    Raises Refused where it is none, or where something else follows."""
    if read_trailer(frame, manifest.session) is None:
        raise Refused(Complaint.CUT, "the trailer is none of this cast's: its end is missing")
    source.take(len(frame), 0)
    sink.frame(Kind.TRAILER, frame)
    head = source.head(8)
    size = skippable_size(head) if head[:4] == SEEK_MAGIC else None
    frames = 2 * -(-manifest.length // CHUNK) + 3
    if size is not None and size <= frames * SEEK_LINE_MOST:
        source.skip(size)  # where it is cut, nothing of the disk is missing
    if source.need(1):
        raise Refused(Complaint.BEHIND, "trailing garbage: something follows the trailer")

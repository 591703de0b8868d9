"""A stream of format 3, walked frame by frame (see `framing`, `frames`).

Rules, in one place:

* Data and holes follow each other in the disk's order, each where the one before it ended. A data frame says how long
  its content is: a chunk, or less at the disk's end. So nothing is unpacked that has not its place.
* A hole is the frame that names it, and behind it the one frame of zeros that `zero_frame` makes: it is compared, and
  not unpacked. There are holes only where the manifest says how much is used.
* The trailer of this cast ends the disk. A seek table may follow it, and nothing else.
* Where the stream ends between two frames without a trailer, that is for others to judge. Every other frame, order or
  length is refused, and nothing of it is given on.
"""

from __future__ import annotations

from ..udpcast.unpacking import Complaint
from ..used.used_map import CHUNK
from . import zstd
from .frames import HOLE_BYTES, bound, read_hole, zero_frame
from .framing import TRAILER_BYTES, TRAILER_MOST, Manifest, read_trailer, skippable_size
from .records import Kind
from .stream_ends import Refused, Sink, Source

MAGIC = b"\x28\xb5\x2f\xfd"
SEEK_MAGIC = b"\x5e\x2a\x4d\x18"
SEEK_LINE_MOST = 12  # bytes for each frame
HEAD = 18  # bytes that tell how long a frame's content is
FRAME_MOST = bound(CHUNK)
TRAILER = b'"frame":"trailer"'


class Walk:
    """One walk, from behind the manifest to the end."""

    def __init__(self, source: Source, sink: Sink, manifest: Manifest) -> None:
        self._source, self._sink, self._manifest = source, sink, manifest
        self._decompressor = zstd.Decompressor()

    def run(self) -> None:
        """Raises Refused."""
        while head := self._source.head(8):
            size = skippable_size(head)
            if head[:4] == MAGIC:
                self._data()
            elif size == HOLE_BYTES:
                self._hole()
            elif size is not None and TRAILER_BYTES <= size <= TRAILER_MOST:
                self._trailer(size)
                return
            elif len(head) < 8:
                raise self._cut()
            else:
                raise Refused(
                    Complaint.BEHIND, f"unsupported format: no frame of a disk follows byte {self._sink.place:,}"
                )

    def _data(self) -> None:
        source, sink = self._source, self._sink
        wanted = min(CHUNK, self._manifest.length - sink.place)
        try:
            content = zstd.content_size(source.head(HEAD))
            if wanted <= 0 or content != wanted:
                raise self._damaged(f"a frame of {content} bytes, where {wanted} are left")
            while (size := zstd.frame_size(source.there)) is None:
                if len(source.there) > FRAME_MOST:
                    raise self._damaged("a frame that is too long")
                if not source.more():
                    raise self._cut()
            if size > FRAME_MOST:
                raise self._damaged("a frame that is too long")
            if self._decompressor.frame(source.there[:size], sink.room) != wanted:
                raise self._damaged("a frame of another length than it says")
        except zstd.ZstdError as error:
            raise self._damaged(str(error)) from error
        source.take(size, wanted)
        sink.fill(wanted)
        sink.flush()

    def _hole(self) -> None:
        place, end = self._sink.place, self._manifest.length
        hole = read_hole(self._whole(HOLE_BYTES))
        if hole is None or self._manifest.used is None:
            raise self._damaged("a hole that nothing announced")
        offset, length = hole
        if offset != place or length > end - place or (length % CHUNK and length != end - place):
            raise self._damaged(f"a hole of {length:,} bytes from byte {offset:,} on, where it may not be")
        zeros = zero_frame(length)
        if self._whole(HOLE_BYTES + len(zeros))[HOLE_BYTES:] != zeros:
            raise self._damaged("a hole that holds something")
        self._source.take(HOLE_BYTES + len(zeros), length)
        self._sink.hole(length)

    def _trailer(self, size: int) -> None:
        frame = self._whole(size)
        if read_trailer(frame, self._manifest.session) is None:
            raise self._damaged("a trailer that is none of this cast")
        self._source.take(size, 0)
        self._sink.frame(Kind.TRAILER, frame)
        head = self._source.head(8)
        table = skippable_size(head) if head[:4] == SEEK_MAGIC else None
        frames = 2 * (-(-self._manifest.length // CHUNK)) + 3
        if table is not None and table <= frames * SEEK_LINE_MOST:
            self._source.skip(table)  # where it is cut, nothing of the disk is missing
        if self._source.need(1):
            raise Refused(Complaint.BEHIND, "trailing garbage: something follows the trailer")

    def _whole(self, size: int) -> bytes:
        """The next `size` bytes, which are not taken yet."""
        if not self._source.need(size):
            raise self._cut()
        return bytes(self._source.there[:size])

    def _cut(self) -> Refused:
        """The stream ends within a frame; unless that one only says that it is longer than it is."""
        if TRAILER in bytes(self._source.there):
            return self._damaged("a frame that goes beyond the trailer")
        return Refused(Complaint.CUT, f"unexpected end in a frame at byte {self._sink.place:,} of the disk")

    def _damaged(self, what: str) -> Refused:
        return Refused(Complaint.DAMAGED, f"corrupt at byte {self._sink.place:,} of the disk: {what}")

"""The stream of a disk of which the manifest says how much is used, walked frame by frame (see `framing`, `frames`).

Rules, in one place:

* Data and holes follow each other in the disk's order, each where the one before it ended. A data frame says how long
  its content is: a chunk, or less at the disk's end. So nothing is unpacked that has not its place.
* A hole is the frame that names it, and behind it the one frame of zeros that `zero_frame` makes: it is compared, and
  not unpacked.
* The trailer of this cast ends the disk. A seek table may follow it, and nothing else.
* It has the whole frame in memory, and unpacks it: this runs in the worker. Where each frame of a stream ends, without
  unpacking any, in the process that keeps it: `walking`.
* Where the stream ends between two frames without a trailer, that is for others to judge. Every other frame, order or
  length is refused, and nothing of it is given on.
"""

from __future__ import annotations

from ..udpcast.unpacking import Complaint
from ..used.used_map import CHUNK
from . import zstd
from .frames import HEADER, HOLE_BYTES, TAG, bound, read_hole, zero_frame
from .framing import Manifest, skippable_size
from .stream_ends import Refused, Sink, Source, may_be_trailer, take_trailer

MAGIC = b"\x28\xb5\x2f\xfd"
HEAD = 18  # bytes that tell how long a frame's content is
FRAME_MOST = bound(CHUNK)
TRAILER = b'"frame":"trailer"'
_WORD = HEADER.size + len(TAG) + 1
"""Where that stands in a trailer, behind the bracket."""


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
            elif size is not None and may_be_trailer(size) and _is_trailer(self._whole(size)):
                take_trailer(self._source, self._sink, self._manifest, self._whole(size))
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
            content = zstd.content_size(head := source.head(HEAD))
            if content is None and len(head) < HEAD:
                raise self._cut()
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
        if hole is None:
            raise self._damaged("what names a hole is none of it")
        offset, length = hole
        if offset != place or length > end - place or (length % CHUNK and length != end - place):
            raise self._damaged(f"a hole of {length:,} bytes from byte {offset:,} on, where it may not be")
        zeros = zero_frame(length)
        if self._whole(HOLE_BYTES + len(zeros))[HOLE_BYTES:] != zeros:
            raise self._damaged("a hole that holds something")
        self._source.take(HOLE_BYTES + len(zeros), length)
        self._sink.hole(length)

    def _whole(self, size: int) -> bytes:
        """The next `size` bytes, which are not taken yet."""
        if not self._source.need(size):
            raise self._cut()
        return bytes(self._source.there[:size])

    def _cut(self) -> Refused:
        """The stream ends within a frame; unless that one only says that it is longer than it is."""
        if TRAILER in bytes(self._source.there[_WORD + 1 :]):
            return self._damaged("a frame that goes beyond the trailer")
        return Refused(Complaint.CUT, f"unexpected end in a frame at byte {self._sink.place:,} of the disk")

    def _damaged(self, what: str) -> Refused:
        return Refused(Complaint.DAMAGED, f"corrupt at byte {self._sink.place:,} of the disk: {what}")


def _is_trailer(frame: bytes) -> bool:
    """Whether it says that it is one, of whichever cast. What names a hole may have become as long by a flipped bit."""
    return frame.startswith(TRAILER, _WORD)

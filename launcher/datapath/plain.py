"""Streams without holes: of zstd with frames of any size (format 2, and what others pack), and of gzip.

Rules, in one place:

* All that is unpacked is data, in chunks. A frame's window has a bound (`zstd.WINDOW_LOG`).
* What continues a stream must begin as a frame of its kind. With a manifest, its trailer ends the stream. Frames of
  others that are to be skipped are; one of our own in any other place shows that something of the stream is missing.
"""

from __future__ import annotations

from ..udpcast.unpacking import Complaint
from ..used.used_map import CHUNK
from . import zstd
from .framing import Manifest, skippable_size
from .stream_ends import Refused, Sink, Source, is_ours, may_be_trailer, take_trailer
from .worker import FIRST_BYTES

MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b"
GZIP_PIECE = 64 << 10  # bytes of a stream that are handed to zlib at once, which gives back what it did not take

CUT = "unexpected end in a frame"
GARBAGE = "trailing garbage: something follows that is no part of the stream"


def unpack_zstd(source: Source, sink: Sink, manifest: Manifest | None) -> None:
    """All of the stream that is behind `manifest`. Raises Refused."""
    decompressor = zstd.Decompressor()
    while head := source.head(8):
        size = skippable_size(head)
        if head[:4] == MAGIC:
            try:
                _frame(source, sink, decompressor)
            except zstd.ZstdError as error:
                raise _refused(error, sink) from error
        elif size is None:
            raise Refused(Complaint.BEHIND, GARBAGE)
        elif manifest and may_be_trailer(size) and is_ours(source.head(FIRST_BYTES)):
            take_trailer(source, sink, manifest, source.head(size))
            return
        elif is_ours(source.head(FIRST_BYTES)):
            raise Refused(Complaint.DAMAGED, f"corrupt: a frame of another stream follows byte {sink.place:,}")
        elif not source.skip(size):
            raise Refused(Complaint.CUT, CUT)


def _frame(source: Source, sink: Sink, decompressor: zstd.Decompressor) -> None:
    ended = False
    while not ended:
        done = decompressor.feed(source.there, sink.room)
        source.take(done.taken, done.given)
        sink.fill(done.given)
        ended = done.ended
        if not (done.taken or done.given or ended or source.more()):
            raise Refused(Complaint.CUT, CUT)


def _refused(error: zstd.ZstdError, sink: Sink) -> Refused:
    """A frame that wants too much memory is not damaged."""
    words = f"{error}, behind byte {sink.place:,}"
    return Refused(Complaint.OTHER if "memory" in words else Complaint.DAMAGED, words)


def unpack_gzip(source: Source, sink: Sink) -> None:
    """All of the stream, member by member. Raises Refused."""
    import zlib  # noqa: PLC0415 - rare

    while head := source.head(2):
        if head != GZIP_MAGIC:
            raise Refused(Complaint.BEHIND, GARBAGE)
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while not member.eof:
                if not source.need(1):
                    raise Refused(Complaint.CUT, CUT)
                piece = source.there[:GZIP_PIECE]
                data = member.decompress(piece, CHUNK)
                sink_all(sink, data)
                source.take(len(piece) - len(member.unconsumed_tail or member.unused_data), len(data))
        except zlib.error as error:
            raise Refused(Complaint.DAMAGED, f"corrupt behind byte {sink.place:,}: {error}") from error


def sink_all(sink: Sink, data: bytes) -> None:
    """Give on `data`, of any length."""
    left = memoryview(data)
    while left:
        room = sink.room
        count = min(len(room), len(left))
        room[:count] = left[:count]
        sink.fill(count)
        left = left[count:]

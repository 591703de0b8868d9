"""A stored image: the stream of one cast in a file, with zstd's seek table behind it. What is in it, and whether it is
whole.

Rules, in one place:

* The content decides, not the name: a regular file that begins with our manifest is one.
* It holds manifest, pieces, trailer and seek table, and nothing else. A piece is a data frame, or a hole with its zeros
  (`frames`). zstd's tools take all of it for the disk, with zeros in the holes.
* `look` reads its beginning and its end only. A file that was cut, or got longer, or whose frames were put together
  otherwise, contradicts its own seek table, its manifest or its trailer, and is not whole.
* What only the data would show, `look` does not see. Each piece is held against its line of the table when it is read
  (`as_told`); a frame's checksum and the trailer's digest, which no bit can change unseen, are looked at by whoever
  unpacks it: each receiver, and `images.check`.
* A seek table is believed no longer than a disk of the manifest's length can have it, and never longer than zstd's own
  (`FRAMES_MOST`): one that is made up takes no memory.
* Nothing here keeps out somebody who makes a new digest for other data.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..sentence import Sentence, say
from ..used.used_map import HOLE_MOST
from .frames import (
    DATA_MOST,
    HEADER,
    HOLE_BYTES,
    OUR_MAGIC,
    SEEK_ENTRY,
    SEEK_FOOT_BYTES,
    SEEK_MAGIC,
    TAG,
    bound,
    hole_frame,
    read_seek_foot,
    zero_frame,
)
from .framing import MANIFEST_MOST, TRAILER_MOST, Manifest, Trailer, read_manifest, read_trailer
from .zstd import ZstdError, content_size, frame_size

Read = Callable[[int, int], bytes]
"""From an offset and a count to the bytes there, fewer only at the file's end. Raises OSError or DiskError."""

PIECE_MOST = max(bound(DATA_MOST), HOLE_BYTES + len(zero_frame(HOLE_MOST)))
"""Bytes of the longest piece, as it is in the file."""

KEPT_FORMAT = 3
"""The first format of streams that can be kept: one frame for each chunk."""

FRAMES_MOST = 1 << 27
"""Lines that a seek table may have (``ZSTD_SEEKABLE_MAXFRAMES`` in zstd's contrib/seekable_format)."""

_AT_ONCE = 1 << 20


class NotWhole(Exception):
    """It is no whole stored image, for the reason `words`, which goes behind a colon."""

    def __init__(self, words: Sentence) -> None:
        super().__init__(str(words))
        self.words = words


@dataclass(frozen=True)
class Piece:
    """`packed` bytes of the file from `at` on, which are `length` bytes of the disk from `offset` on."""

    at: int
    packed: int
    offset: int
    length: int
    hole: bool


class Pieces:
    """The pieces of an image, in 17 bytes each. `sent`: bytes of data in them."""

    def __init__(self, at: int) -> None:
        """The first one begins at byte `at` of the file."""
        self.sent = 0
        self._at = array("Q", (at,))
        self._offset = array("Q", (0,))
        self._holes = bytearray()

    def add(self, packed: int, length: int, hole: bool) -> None:
        self._at.append(self._at[-1] + packed)
        self._offset.append(self._offset[-1] + length)
        self._holes.append(hole)
        self.sent += 0 if hole else length

    def __len__(self) -> int:
        return len(self._holes)

    def __iter__(self) -> Iterator[Piece]:
        return map(self._piece, range(len(self)))

    def holding(self, offset: int) -> Piece:
        """The piece that has byte `offset` of the disk. Raises IndexError where none has."""
        if not 0 <= offset < self.length:
            raise IndexError(offset)
        return self._piece(bisect_right(self._offset, offset) - 1)

    @property
    def length(self) -> int:
        """Of the disk, in bytes."""
        return self._offset[-1]

    @property
    def begin(self) -> int:
        """The byte of the file at which the first one begins."""
        return self._at[0]

    @property
    def end(self) -> int:
        """The byte of the file behind the last one."""
        return self._at[-1]

    def _piece(self, number: int) -> Piece:
        at, offset = self._at[number], self._offset[number]
        hole = bool(self._holes[number])
        return Piece(at, self._at[number + 1] - at, offset, self._offset[number + 1] - offset, hole)


@dataclass(frozen=True)
class Stored:
    """A whole image, as far as `look` sees: a file of `size` bytes, `trailer_bytes` of them the trailer's frame, which
    is behind the last one of `pieces`."""

    size: int
    manifest: Manifest
    trailer: Trailer
    trailer_bytes: int
    pieces: Pieces


def is_ours(head: bytes) -> bool:
    """Whether a file that begins with `head` is meant to be a stored image: it has a frame of ours there, whatever is
    in it. 25 bytes are enough."""
    return len(head) >= HEADER.size and HEADER.unpack_from(head)[0] == OUR_MAGIC and head[HEADER.size :].startswith(TAG)


IS_OURS_BYTES = HEADER.size + len(TAG)


def was_ours(read: Read, size: int) -> bool:
    """Whether a file ends as a stored image does, whatever it begins with: a frame of ours, and a seek table."""
    try:
        begin = _table(read, size, FRAMES_MOST)
    except NotWhole:
        return False
    line = (
        read(size - SEEK_FOOT_BYTES - SEEK_ENTRY.size, SEEK_ENTRY.size)
        if begin + HEADER.size < size - SEEK_FOOT_BYTES
        else b""
    )
    last = int.from_bytes(line[: SEEK_ENTRY.size // 2], "little")
    return 0 < last <= begin and is_ours(read(begin - last, IS_OURS_BYTES))


def manifest_of(read: Read) -> Manifest:
    """The manifest of a stored image, whole or not. Raises NotWhole, and what `read` raises."""
    manifest = read_manifest(read(0, MANIFEST_MOST))
    if manifest is None:
        raise NotWhole(say("its manifest is damaged, or of another version"))
    if manifest.format < KEPT_FORMAT:
        raise NotWhole(say("it is of an older version, whose streams cannot be kept"))
    return manifest


def look(read: Read, size: int) -> Stored:
    """The image in a file of `size` bytes. Raises NotWhole, and what `read` raises."""
    manifest = manifest_of(read)
    lines, begin = _lines(read, size, 2 * -(-manifest.length // DATA_MOST) + 2)
    told = sum(lines[0::2])
    if told != begin:
        raise NotWhole(
            say("its seek table begins at byte {begin:,}, and its own lines say byte {told:,}", begin=begin, told=told)
        )
    packed, raw = lines[0::2], lines[1::2]
    if len(packed) < 2 or raw[0] or raw[-1] or packed[0] != _frame_bytes(read, 0):
        raise NotWhole(_DAMAGED_TABLE)
    pieces = _pieces(packed, raw)
    length = packed[-1]
    trailer = read_trailer(read(pieces.end, length), manifest.session) if length <= TRAILER_MOST else None
    if trailer is None:
        raise NotWhole(say("its trailer is damaged, or belongs to another image"))
    if {manifest.length, trailer.length} != {pieces.length} or {manifest.used, trailer.sent} - {None, pieces.sent}:
        raise NotWhole(say("its manifest, its trailer and its seek table contradict each other"))
    return Stored(size, manifest, trailer, length, pieces)


def as_told(piece: Piece, data: bytes | memoryview) -> bool:
    """Whether `data` is what `piece` has to be: its hole and zeros, or one frame with so much in it."""
    if len(data) != piece.packed:
        return False
    if piece.hole:
        return bytes(data) == hole_frame(piece.offset, piece.length) + zero_frame(piece.length)
    try:
        return frame_size(data) == piece.packed and content_size(data) == piece.length
    except ZstdError:
        return False


_DAMAGED_TABLE = say("its seek table is damaged")


def _table(read: Read, size: int, most: int) -> int:
    """Where the seek table begins, which may have so many lines. Raises NotWhole."""
    table = read_seek_foot(read(max(0, size - SEEK_FOOT_BYTES), SEEK_FOOT_BYTES))
    if table is None:
        raise NotWhole(say("it does not end as an image does: it was cut, or something was put behind it"))
    begin = size - table.size
    if (
        begin < 0
        or table.line != SEEK_ENTRY.size
        or table.frames > min(most, FRAMES_MOST)
        or read(begin, HEADER.size) != HEADER.pack(SEEK_MAGIC, table.size - HEADER.size)
    ):
        raise NotWhole(_DAMAGED_TABLE)
    return begin


def _lines(read: Read, size: int, most: int) -> tuple[array[int], int]:
    """Packed and unpacked length of each frame, in turn, as the seek table has them; and where it begins. It may have
    so many lines. Raises NotWhole."""
    begin = _table(read, size, most)
    lines = array("I")
    at, end = begin + HEADER.size, size - SEEK_FOOT_BYTES
    while at < end:
        part = read(at, min(_AT_ONCE, end - at))
        if len(part) < min(_AT_ONCE, end - at):
            raise NotWhole(say("it became shorter while it was read"))
        lines.frombytes(part)
        at += len(part)
    if sys.byteorder == "big":
        lines.byteswap()
    return lines, begin


def _pieces(packed: array[int], raw: array[int]) -> Pieces:
    """What is between the first frame, the manifest, and the last one, the trailer."""
    pieces, number, last = Pieces(packed[0]), 1, len(packed) - 1
    while number < last:
        if pieces.length % DATA_MOST:  # a piece begins at a chunk
            raise NotWhole(_DAMAGED_TABLE)
        length, size = raw[number], packed[number]
        if length:
            if length > DATA_MOST or size > bound(DATA_MOST):
                raise NotWhole(_DAMAGED_TABLE)
            pieces.add(size, length, hole=False)
        else:
            number += 1
            length = raw[number]
            if size != HOLE_BYTES or not 0 < length <= HOLE_MOST or packed[number] != len(zero_frame(length)):
                raise NotWhole(_DAMAGED_TABLE)
            pieces.add(size + packed[number], length, hole=True)
        number += 1
    return pieces


def _frame_bytes(read: Read, at: int) -> int:
    """The length of the skippable frame there."""
    head = read(at, HEADER.size)
    return HEADER.size + int(HEADER.unpack(head)[1]) if len(head) == HEADER.size else 0

"""Any bytes of a stored image's disk, by its seek table: what is mounted from it is read so.

Each piece is held against its line before it is believed, and a frame's checksum is looked at: what has changed in the
file is an error where it is read, and never other data.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict

from kernel_cmdline import showable

from ..datapath.frames import DATA_MOST
from ..datapath.stored import NotWhole, Piece, Stored, as_told, look
from ..datapath.zstd import Decompressor, ZstdError

KEPT = 32  # pieces that are kept as they are on the disk: file systems come back to where they were


class Reader:
    """One image, open for reading; one thread's at a time."""

    def __init__(self, fd: int) -> None:
        """`fd` stays its owner's. Raises OSError where the image is not whole."""
        self._fd = fd
        self._decompressor = Decompressor()
        self._kept: OrderedDict[int, bytes | None] = OrderedDict()  # by offset; None: a hole
        try:
            self.stored: Stored = look(self._read, os.fstat(fd).st_size)
        except NotWhole as error:
            raise OSError(errno.EINVAL, f"no whole stored image: {showable(str(error))}") from error

    @property
    def length(self) -> int:
        """Of the disk, in bytes."""
        return self.stored.pieces.length

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` with the disk's bytes from `offset` on, all of which must be on it. Raises OSError."""
        if not 0 <= offset <= offset + len(buffer) <= self.length:
            raise OSError(errno.EINVAL, "these bytes are not on the disk")
        done = 0
        while done < len(buffer):
            piece = self.stored.pieces.holding(offset + done)
            begin = offset + done - piece.offset
            count = min(len(buffer) - done, piece.length - begin)
            data = self._content(piece)
            buffer[done : done + count] = bytes(count) if data is None else data[begin : begin + count]
            done += count

    def _content(self, piece: Piece) -> bytes | None:
        if piece.offset in self._kept:
            self._kept.move_to_end(piece.offset)
            return self._kept[piece.offset]
        found = self._unpacked(piece)
        self._kept[piece.offset] = found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def _unpacked(self, piece: Piece) -> bytes | None:
        packed = self._read(piece.at, piece.packed)
        if not as_told(piece, packed):
            raise OSError(errno.EIO, f"the image is damaged at its byte {piece.at}")
        if piece.hole:
            return None
        out = memoryview(bytearray(DATA_MOST))
        try:
            count = self._decompressor.frame(packed, out)
        except ZstdError as error:
            raise OSError(errno.EIO, f"the image is damaged at its byte {piece.at}: {error}") from error
        if count != piece.length:
            raise OSError(errno.EIO, f"the image is damaged at its byte {piece.at}")
        return bytes(out[:count])

    def _read(self, offset: int, count: int) -> bytes:
        """All of it, or less at the file's end."""
        parts = []
        while count > 0:
            part = os.pread(self._fd, count, offset)
            if not part:
                break
            parts.append(part)
            offset, count = offset + len(part), count - len(part)
        return b"".join(parts)

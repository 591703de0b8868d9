"""A stored image as what is sent: its frames go into the pipe as they are in the file; nothing is unpacked or packed.

The image was looked at when it was opened (`stored.look`). Each piece is held against its line of the seek table before
it goes out; one that is not as told there ends the sending, as a disk does that cannot be read. What a piece does not
show by its lengths and holes, its frame's checksum and the trailer's digest show to every receiver.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from functools import partial

from ..errors import ErrorKind, TransferFailed
from ..model.times import TIMES, Times
from ..sentence import say
from .block_device import WINDOW, DiskError, SourceDisk
from .moved import Moved
from .stored import PIECE_MOST, NotWhole, Piece, Stored, as_told, look

STORE_AGAIN = say("Store it again, or copy it again from where it is whole.")


def bytes_of(source: SourceDisk, offset: int, count: int) -> bytes:
    """All of them, or fewer at the file's end. Raises DiskError."""
    buffer = memoryview(bytearray(count))
    done = 0
    while done < count:
        got = source.read(buffer[done:], offset + done)
        if not got:
            break
        done += got
    return bytes(buffer[:done])


def file_size(source: SourceDisk) -> int:
    """In bytes, now."""
    return os.fstat(source.fd).st_size


class StoredSource(SourceDisk):
    """A stored image that is sent. Raises TransferFailed where it cannot be read, or is not whole. `stored`: what is in
    it."""

    def __init__(self, path: str, times: Times = TIMES) -> None:
        super().__init__(path, times)
        try:
            self.stored: Stored = look(partial(bytes_of, self), file_size(self))
        except NotWhole as error:
            self.close()
            sentence = say("{path} is no whole stored image: {why}.", path=path, why=error.words)
            raise TransferFailed(ErrorKind.SOURCE_REFUSED, sentence, STORE_AGAIN) from error
        except DiskError as error:
            self.close()
            sentence = say("{path} cannot be read: {error}.", path=path, error=error.words)
            raise TransferFailed(ErrorKind.DISK_UNREADABLE, sentence) from error


class StoredStream:
    """One sending of an image. `offset`: how far the disk is in it; `holes`: bytes of holes that were written."""

    def __init__(self, source: StoredSource) -> None:
        self.offset = self.holes = 0
        self._source = source

    def send(self, sink: int, progress: Callable[[int, int], None]) -> Moved:
        """Write all frames between manifest and trailer into the pipe `sink`; `progress` is told how far the disk is,
        and how much of it were holes."""
        memory = memoryview(mmap.mmap(-1, PIECE_MOST))
        try:
            for piece in self._source.stored.pieces:
                self._send(piece, memory[: piece.packed], sink)
                self.offset += piece.length
                self.holes += piece.length if piece.hole else 0
                progress(self.offset, self.holes)
        except BrokenPipeError:
            return Moved(self.offset, broken=True)
        except DiskError as error:
            return Moved(self.offset, error=error.words)
        return Moved(self.offset, self._source.stored.trailer.xxh128)

    def _send(self, piece: Piece, memory: memoryview, sink: int) -> None:
        done = 0
        while done < len(memory):
            count = self._source.read(memory[done:], piece.at + done)
            if not count:
                raise DiskError(piece.at + done, say("the image ends there"))
            done += count
        if not as_told(piece, memory):
            raise DiskError(piece.at, say("the image is damaged there"))
        self._source.send(memory, piece.at, sink)
        if (piece.at + piece.packed) // WINDOW > piece.at // WINDOW:
            self._source.forget(0, piece.at)

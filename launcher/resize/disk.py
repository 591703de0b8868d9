"""The target's bytes while its table and its partitions change: read from the disk itself, written and flushed.

It is opened once more beside what holds it for ourselves alone (`block_device.TargetDisk`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from ..asking import run
from .sectors import Piece
from .table import Table, read_table

CHUNK = 4 << 20


class Disk:
    """The disk or file at `path`. Every method raises OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.lseek(self._fd, 0, os.SEEK_END)

    def close(self) -> None:
        """Give it back."""
        os.close(self._fd)

    def forget(self) -> None:
        """Bring all to the disk, and drop what the kernel keeps of it: what is read next comes from the disk."""
        os.fsync(self._fd)
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def read(self, offset: int, length: int) -> bytes:
        """So many bytes from `offset` on."""
        data = os.pread(self._fd, length, offset)
        if len(data) != length:
            raise OSError(0, "it ends there")
        return data

    def write(self, pieces: Sequence[Piece]) -> None:
        """Write all of them, and bring them to the disk."""
        for piece in pieces:
            view = memoryview(piece.data)
            done = 0
            while done < len(view):
                done += os.pwrite(self._fd, view[done:], piece.offset + done)
        os.fsync(self._fd)

    def has(self, pieces: Sequence[Piece]) -> bool:
        """Whether all of them are on the disk."""
        self.forget()
        return all(self.read(piece.offset, len(piece.data)) == piece.data for piece in pieces)

    def copy(self, begin: int, to: int, length: int) -> bool:
        """Copy `length` bytes from `begin` to `to`; whether they are the same then, read from the disk again."""
        for offset, count in _chunks(length):
            self.write((Piece(to + offset, self.read(begin + offset, count)),))
        self.forget()
        pairs = ((self.read(begin + at, count), self.read(to + at, count)) for at, count in _chunks(length))
        return all(one == other for one, other in pairs)


def _chunks(length: int) -> Iterator[tuple[int, int]]:
    for offset in range(0, length, CHUNK):
        yield offset, min(CHUNK, length - offset)


@contextlib.contextmanager
def opened(path: str) -> Iterator[Disk]:
    """The disk, while it is needed. Raises OSError."""
    disk = Disk(path)
    try:
        yield disk
    finally:
        disk.close()


def read_dump(path: str, seconds: float) -> Table | None:
    """The table on the disk or file at `path`, as sfdisk reads it; None where it is none that is understood. Raises
    LauncherError."""
    done = run(("sfdisk", "--dump", path), seconds)
    return None if done.status else read_table(done.out)

"""What was written is read back, and compared with what it was: only data, and no hole."""

from __future__ import annotations

from collections.abc import Callable

from ..sentence import say
from .block_device import ALIGNMENT, DiskError, ReadBack
from .chunks import BufferedCopy
from .marked_digest import MARK_BYTES, MarkedDigest
from .moved import MARK, Moved, Reread
from .records import Kind, Record


def read_back(disk: ReadBack, written: Moved, progress: Callable[[int, int], None]) -> Reread:
    """Read what was `written` again, and compare it, at each mark, with what it was. Holes are not read.

    `progress` is told how far it is, and how much of that were holes.
    """
    read = _Reading(disk, written, progress)
    digest = _Comparing(written.marks)

    def compare(memory: memoryview, record: Record) -> None:
        if record.kind is Kind.HOLE:
            digest.hole(record.offset, record.length)
        else:
            digest.before(record.offset)
            digest(memory[: record.length])

    try:
        BufferedCopy(read.piece, compare, chunks=2).run()  # what is digested is still in the processor's cache then
    except DiskError as error:
        return Reread(error.offset, error=error.words)
    except _Different:
        return Reread(read.place, differs=digest.began)
    if digest.hexdigest() != written.on_disk[1]:
        return Reread(read.place, differs=digest.began)
    return Reread(read.place, digest.hexdigest())


class _Reading:
    """Reads what was written, in its order; `place` is the byte behind what was read or passed over."""

    def __init__(self, disk: ReadBack, written: Moved, progress: Callable[[int, int], None]) -> None:
        self.place = 0
        self._disk = disk
        self._runs = written.runs()
        self._left = 0  # bytes of the run that is under way
        self._holes = 0
        self._progress = progress

    def piece(self, memory: memoryview) -> Record | None:
        """The next data in `memory`, or the next hole."""
        while not self._left:
            run = next(self._runs, None)
            if run is None:
                return None
            offset, length, hole = run
            if hole:
                self.place = offset + length
                self._holes += length
                return Record(Kind.HOLE, offset, length)
            self._left = length
        return self._data(memory)

    def _data(self, memory: memoryview) -> Record:
        # Direct I/O reads whole sectors: what is behind the last byte is read, but not used.
        wanted = min(len(memory), -(-self._left // ALIGNMENT) * ALIGNMENT)
        offset = self.place
        count = min(self._disk.read(memory[:wanted], offset), self._left)
        if not count:
            raise DiskError(offset, say("it ends there"))
        self.place += count
        self._left -= count
        self._progress(self.place, self._holes)
        return Record(Kind.DATA, offset, count)


class _Different(Exception):
    """What is read back is not what was written."""


class _Comparing(MarkedDigest):
    """Digests what is read back, and stops at the first mark that differs. `began`: at which byte of the disk the mark
    begins that is under way."""

    def __init__(self, marks: bytes) -> None:
        super().__init__()
        self.began = 0
        self._before = marks

    def before(self, offset: int) -> None:
        """Data from byte `offset` on comes next."""
        if self.count % MARK == 0:
            self.began = offset

    def mark(self) -> None:
        super().mark()
        end = len(self.marks)
        if self.marks[-MARK_BYTES:] != self._before[end - MARK_BYTES : end]:
            raise _Different

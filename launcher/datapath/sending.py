"""The sender's loop: what is used of a disk, as frames, into a pipe.

Rules, in one place:

* Only the map says what is a hole (`used_map`), and it calls everything used that nobody has proved free. This loop
  never looks at data to decide that: zeros that are used are sent as data. The runs of the map have to cover the disk
  without a gap or an overlap, which is checked here again, run by run.
* What is read is what is digested is what is packed. In a chunk that is sent, free granules are zeros, for the digest
  too.
* One thread reads, digests and writes, in the disk's order; others make the frames meanwhile (`packing`). A disk that
  fails is so seen at once, also where nobody reads the pipe; and nothing is read while nobody takes what there is.
* A hole costs nothing: it is neither read nor packed.
* A map holds only as long as nothing is written to the disk. Where there are holes, that is looked at again and again,
  and once more behind the last byte: else the stream has no trailer, and no receiver says equal.
* The first failure ends the loop, and its value says which: nothing follows it into the pipe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ..sentence import say
from ..used.used_map import CHUNK, Run, UsedMap
from .block_device import WINDOW, DiskError, SourceDisk
from .copying import write_all
from .digests import DiskDigest, TableEndDigest
from .frames import hole_frame, zero_frame
from .moved import Moved
from .packing import Packing, Slot

GAP = 256 << 10
"""A free range in a chunk from this length on is not read; a shorter one is, since another request costs more."""
AHEAD = 8
"""Chunks that the kernel is asked to read before they are needed."""
WAITING_MOST = 64
"""Runs, holes too, that may wait to be written."""

CHANGED = say("something has written to it since it was looked at")

_ZEROS = memoryview(bytes(CHUNK))


class DiskStream:
    """One sending of the disk `source`, of which `used` says what is used. `table_end`: the second digest, where it is
    wanted. `unchanged`: whether nothing was written to the disk since it was looked at.

    `offset`: how far the disk was read, for others to see. `holes`: bytes of holes that were written.
    """

    def __init__(
        self,
        source: SourceDisk,
        used: UsedMap,
        table_end: TableEndDigest | None = None,
        unchanged: Callable[[], bool] | None = None,
    ) -> None:
        self.offset = self.holes = 0
        self._source = source
        self._used = used
        self._digest = DiskDigest()
        self._table_end = table_end
        self._unchanged = unchanged if used.sent < used.length else None
        self._waiting: deque[tuple[Run, Slot | None]] = deque()
        self._written = self._forgotten = 0

    def send(self, sink: int, progress: Callable[[int, int], None], threads: int | None = None) -> Moved:
        """Write all frames into the pipe `sink`; `progress` is told how far that is, and how much of it were holes."""
        try:
            with Packing(threads) as packing:
                for run in _ahead(self._checked(), self._source):
                    self._take(run, packing, sink, progress)
                while self._waiting:
                    self._write(packing, sink, progress)
                self._check()
        except BrokenPipeError:
            return Moved(self._written, broken=True)
        except DiskError as error:
            return Moved(error.offset, error=error.words)
        return Moved(self._written, self._digest.hexdigest())

    @property
    def table_end_digest(self) -> str | None:
        """The second digest, once all is sent."""
        return self._table_end.hexdigest() if self._table_end else None

    def _checked(self) -> Iterator[Run]:
        """The runs, in their order and without a gap to the disk's end: else it is a bug, and no success."""
        end = 0
        for run in self._used.runs():
            if run.offset != end or run.length <= 0:
                raise ValueError(f"a run of {run.length} bytes at {run.offset}, expected at {end}")
            end += run.length
            yield run
        if end != self._used.length:
            raise ValueError(f"runs up to {end}, expected up to {self._used.length}")

    def _take(self, run: Run, packing: Packing, sink: int, progress: Callable[[int, int], None]) -> None:
        """Read a run, and let it be packed; write what is ready."""
        slot = None
        if not run.hole:
            while not packing.free:
                self._write(packing, sink, progress)
            slot = packing.free.pop()
            self._read(run, slot)
            self._count(run, slot)
            packing.pack(slot)
        else:
            self._count(run)
        self._waiting.append((run, slot))
        self.offset = run.offset + run.length
        while self._waiting and (len(self._waiting) > WAITING_MOST or _is_ready(self._waiting[0][1])):
            self._write(packing, sink, progress)

    def _read(self, run: Run, slot: Slot) -> None:
        """What is used of a chunk, and zeros where it is free."""
        slot.length = run.length
        begin = 0
        for free, end in (*run.blank, (run.length, run.length)):
            if end - free >= GAP or free == run.length:
                self._fill(slot.data[begin:free], run.offset + begin)
                begin = end
        for free, end in run.blank:
            slot.data[free:end] = _ZEROS[: end - free]
        if self.offset - self._forgotten >= WINDOW:
            self._check()
            self._source.forget(0, self.offset)
            self._forgotten = self.offset

    def _check(self) -> None:
        if self._unchanged and not self._source.holds(self._unchanged):
            raise DiskError(self.offset, CHANGED)

    def _fill(self, memory: memoryview, offset: int) -> None:
        done = 0
        while done < len(memory):
            count = self._source.read(memory[done:], offset + done)
            if not count:
                raise DiskError(offset + done, say("it ends there"))
            done += count

    def _count(self, run: Run, slot: Slot | None = None) -> None:
        """Digest a run."""
        if slot is None:
            self._digest.hole(run.length)
        else:
            self._digest.data(slot.data[: run.length])
        if self._table_end and slot is None:
            self._table_end.hole(run.offset, run.length)
        elif self._table_end and slot:
            self._table_end.data(run.offset, slot.data[: run.length])

    def _write(self, packing: Packing, sink: int, progress: Callable[[int, int], None]) -> None:
        """Write the first run that waits."""
        run, slot = self._waiting.popleft()
        if slot is None:
            write_all(sink, hole_frame(run.offset, run.length) + zero_frame(run.length))
            self.holes += run.length
        else:
            write_all(sink, slot.frame())
            packing.free.append(slot)
        self._written = run.offset + run.length
        progress(self._written, self.holes)


def _is_ready(slot: Slot | None) -> bool:
    return slot is None or slot.ready


def _ahead(runs: Iterator[Run], source: SourceDisk) -> Iterator[Run]:
    """The same runs; the disk is told of each that is read a while before that."""
    known: deque[Run] = deque()
    for run in runs:
        if not run.hole:
            source.expect(run.offset, run.length)
        known.append(run)
        if len(known) > AHEAD:
            yield known.popleft()
    yield from known

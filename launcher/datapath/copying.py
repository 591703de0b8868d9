"""The loops that move the bytes: disk to pipe, pipe to pipe, pipe to disk. They count and digest, and judge nothing.

A loop ends with a value that says how far it came and why it stopped; expected failures are no exceptions.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from ..model.times import TIMES, Times
from ..sentence import say
from .beginning import Beginning
from .block_device import WINDOW, DiskError, SourceDisk, TargetDisk
from .chunks import CHUNK, BufferedCopy, chunk
from .layout import Layout
from .marked_digest import MarkedDigest
from .moved import Moved
from .records import BadRecord, Kind, Record, RecordReader


class Stalled(Exception):
    """Nothing came, and there is no sign any more of whom it should come from."""


class Watch(Protocol):
    """Looks for signs of the other side while nothing comes from it."""

    def ended(self, came: bool) -> bool:
        """Whether nothing more is to be taken: there was no sign for too long, or its end is known; where something has
        just `came`, whether that is somebody else's. Asked again and again while nothing comes."""


class Writable(Protocol):
    """A disk that is written to, or what stands for one."""

    def write(self, data: memoryview, offset: int) -> None:
        """Write all of it. Raises DiskError."""


class Incoming:
    """The reading end of a pipe that can be looked into, and that is not waited for without end.

    When nothing comes for `Times.look_out`, `watch` is called for somebody who tells how long waiting makes sense;
    without it, waiting has no end. All that only after the first byte: waiting for a sender to begin is no failure.

    `woken`: when something came last that had to be waited for (`time.monotonic`). `taken`: bytes so far.
    """

    def __init__(self, fd: int, watch: Callable[[], Watch] | None = None, times: Times = TIMES) -> None:
        self.woken: float | None = None
        self.taken = 0
        self._fd = fd
        self._watch = watch
        self._look_out = times.look_out * 1000  # milliseconds
        self._peeked = memoryview(b"")
        self._begun = False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def wait(self) -> None:
        """Wait, without end, until there is something to read, or the end of the input."""
        self._poll.poll()

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer only where the input ends before. Raises Stalled."""
        buffer = memoryview(bytearray(count))
        got = self.fill(buffer)
        self._peeked = buffer[:got]
        return bytes(self._peeked)

    def fill(self, buffer: memoryview) -> int:
        """Fill `buffer` and return how much is in it; less only at the end of the input. Raises Stalled."""
        got = 0
        while got < len(buffer):
            count = self.read(buffer[got:])
            if not count:
                break
            got += count
        return got

    def read(self, buffer: memoryview) -> int:
        """Read what is there into `buffer`, at least one byte; 0 at the end of the input. Raises Stalled."""
        if self._peeked:
            count = min(len(buffer), len(self._peeked))
            buffer[:count] = self._peeked[:count]
            self._peeked = self._peeked[count:]
            return count
        self._expect()
        count = os.readv(self._fd, [buffer])
        self.taken += count
        self._begun = True
        return count

    def pass_on(self, sink: int, most: int = CHUNK) -> int:
        """Move what is there into the pipe `sink`, at least one byte, `most` at most, and return how much; 0 at the end
        of the input.

        The kernel moves pages, and copies nothing (splice(2)). Raises Stalled, BrokenPipeError.
        """
        if self._peeked:
            count = os.write(sink, self._peeked[:most])
            self._peeked = self._peeked[count:]
            return count
        self._expect()
        count = os.splice(self._fd, sink, most)
        self.taken += count
        self._begun = True
        return count

    def _expect(self) -> None:
        if not (self._begun and self._watch) or self._poll.poll(0):
            return
        came = self._poll.poll(self._look_out)
        if not came:
            self._wait_watching(self._watch())
        if any(event & select.POLLIN for _, event in came or self._poll.poll(0)):
            self.woken = time.monotonic()

    def _wait_watching(self, watch: Watch) -> None:
        came = 0
        while not came:
            came = next((event for _, event in self._poll.poll(self._look_out)), 0)
            if came != select.POLLHUP and watch.ended(bool(came)):
                raise Stalled


def wide_pipe() -> tuple[int, int]:
    """A pipe of 1 MiB where the kernel allows it (less costs only speed): reading end, writing end."""
    ends = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, CHUNK)
    return ends


def write_all(fd: int, data: memoryview | bytes) -> None:
    """Write all of `data`. Raises BrokenPipeError when nobody reads any more."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def copy_from_disk(source: SourceDisk, length: int, sink: int, progress: Callable[[int], None]) -> Moved:
    """Move `length` bytes from the beginning of `source` into the pipe `sink`, and digest them.

    Each chunk is read for its digest, and then sent from the page cache (`SourceDisk.send`).
    """
    digest = MarkedDigest()
    memory = chunk()
    done = 0
    try:
        while done < length:
            count = source.read(memory[: min(CHUNK, length - done)], done)
            if not count:
                raise DiskError(done, say("it ends there"))
            digest(memory[:count])
            source.send(memory[:count], done, sink)
            done += count
            progress(done)
            if done // WINDOW > (done - count) // WINDOW:
                source.forget(0, done)
    except BrokenPipeError:
        return Moved(done, broken=True)
    except DiskError as error:
        return Moved(error.offset, error=error.words)
    return Moved(done, digest.hexdigest())


def copy_stream(incoming: Incoming, sink: int, most: int | None = None) -> Moved:
    """Move a compressed stream, or `most` bytes of it, into the pipe `sink` as it is; nothing of it is copied or looked
    at."""
    done = 0
    try:
        while most is None or done < most:
            count = incoming.pass_on(sink, CHUNK if most is None else min(CHUNK, most - done))
            if not count:
                break
            done += count
    except Stalled:
        return Moved(done, stalled=True)
    except BrokenPipeError:
        return Moved(done, broken=True)
    return Moved(done)


def copy_pipe(inlet: int, outlet: int) -> Moved:
    """Move everything from pipe to pipe; the kernel moves pages, no byte is copied or looked at (splice(2))."""
    done = 0
    try:
        while count := os.splice(inlet, outlet, CHUNK):
            done += count
    except BrokenPipeError:
        return Moved(done, broken=True)
    return Moved(done)


def copy_to_disk(
    fill: Callable[[memoryview], int], target: TargetDisk, size: int, progress: Callable[[int, int], None]
) -> Moved:
    """Write what `fill` gives to the beginning of `target`, never beyond `size` bytes, and digest what was written.

    The digest is there only when everything that came was written.
    """
    place = 0

    def piece(memory: memoryview) -> Record | None:
        nonlocal place
        count = fill(memory)
        place += count
        return Record(Kind.DATA, place - count, count) if count else None

    return _Writing(target, size, progress).run(piece)


def copy_records(
    reader: RecordReader,
    target: Writable,
    size: int,
    progress: Callable[[int, int], None],
    beginning: Beginning | None = None,
) -> Moved:
    """Write the data in the records of `reader` to its place on `target`, never beyond `size` bytes; nothing is written
    where there are holes. Digest both. The trailer is the `tail`. Of a larger disk, all comes, and the `beginning` is
    written."""
    tail, ended = b"", False

    def piece(memory: memoryview) -> Record | None:
        nonlocal tail, ended
        record = reader.take(memory)
        if record and record.kind is Kind.TRAILER:
            tail = bytes(memory[: record.length])
            record = reader.take(memory)
        ended = record is not None and record.kind is Kind.END
        return None if ended else record

    try:
        moved = _Writing(target, size, progress, beginning).run(piece)
    except BadRecord as bad:
        return Moved(reader.checked.place, bad=bad.words)
    return replace(moved, tail=tail, cut=moved.whole and not ended)


class _Writing:
    """Writes what comes to a disk, in its order, and digests it. `progress` is told how far it is, and how much of that
    were holes."""

    def __init__(
        self,
        target: Writable,
        size: int,
        progress: Callable[[int, int], None],
        beginning: Beginning | None = None,
    ) -> None:
        self._target = target
        self._size = size
        self._progress = progress
        self._beginning = beginning
        self._digest = MarkedDigest()
        self._layout = Layout()
        self._came, self._holes = 0, 0  # bytes of the disk until here, and those of holes

    def run(self, piece: Callable[[memoryview], Record | None]) -> Moved:
        """Everything that `piece` puts into memory and tells. The digest is there only when all was written."""
        digest, layout = self._digest, self._layout
        try:
            BufferedCopy(piece, self._take).run()
        except _Full:
            return Moved(self._came, overflow=True, layout=layout)
        except DiskError as error:
            return Moved(error.offset, error=error.words, overflow=error.full, layout=layout)
        except Stalled:
            return Moved(self._came, stalled=True, layout=layout)
        moved = Moved(self._came, digest.hexdigest(), layout=layout, marks=bytes(digest.marks))
        return self._beginning.of(moved) if self._beginning else moved

    def _take(self, memory: memoryview, record: Record) -> None:
        offset, length = record.offset, min(record.length, self._size - record.offset)
        wanted = self._beginning.inside(offset, length) if self._beginning else length
        if record.kind is Kind.HOLE:
            self._digest.hole(offset, length)
            self._holes += length
            if wanted:
                self._hole(offset, wanted)
        else:
            if wanted:
                self._data(memory[:wanted], offset)
            self._digest(memory[:length])
        self._came += length
        self._progress(self._came, self._holes)
        if length < record.length:
            raise _Full

    def _data(self, data: memoryview, offset: int) -> None:
        self._target.write(data, offset)
        self._layout.data(len(data))
        if self._beginning:
            self._beginning.data(offset, data)

    def _hole(self, offset: int, length: int) -> None:
        self._layout.hole(length)
        if self._beginning:
            self._beginning.hole(offset, length)


class _Full(Exception):
    """There is more than the target may hold."""

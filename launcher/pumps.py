"""The loops that move the bytes: disk to pipe, pipe to pipe, pipe to disk. They count and digest, and judge nothing.

Each runs in a thread of its own with one reused buffer; reading, writing and hashing release the interpreter's lock.
A pump ends with a value that says how far it came and why it stopped; expected failures are no exceptions.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

from .stream import TRAILER_BYTES

CHUNK = 1 << 20  # bytes moved at once
WINDOW = 16 << 20  # bytes after which writing back is started, and older pages are dropped from the cache


@dataclass(frozen=True)
class Moved:
    """What a pump did: `count` bytes moved (a disk's bytes, or a stream's), their `sha256`, and how it ended.

    `broken`: the process behind it stopped reading. `error`: the disk failed at offset `count`, in words.
    `overflow`: the target was full and there was more. `stalled`: nothing came for too long. `tail`: a stream's last
    bytes. With none of these set, everything that came was moved.
    """

    count: int = 0
    sha256: str | None = None
    broken: bool = False
    error: str | None = None
    overflow: bool = False
    stalled: bool = False
    tail: bytes = b""

    @property
    def whole(self) -> bool:
        """Whether the pump came to the regular end of its input."""
        return not (self.broken or self.error or self.overflow or self.stalled)


NO_BYTES = Moved()


class Stalled(Exception):
    """Nothing came for as long as one was willing to wait."""


class Incoming:
    """The reading end of a pipe that can be looked into, and that is not waited for without end.

    `limit` is in seconds, None for no limit. It counts only once the first byte has come: waiting for a sender to
    begin is no failure.
    """

    def __init__(self, fd: int, limit: float | None = None) -> None:
        self._fd = fd
        self._limit = None if limit is None else limit * 1000
        self._peeked = memoryview(b"")
        self._begun = False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

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
        if self._begun and not self._poll.poll(self._limit):
            raise Stalled
        count = os.readv(self._fd, [buffer])
        self._begun = True
        return count


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


def pump_source(source: int, length: int, sink: int, progress: Callable[[int], None]) -> Moved:
    """Move `length` bytes from the beginning of `source` into the pipe `sink`, and digest them."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    done = 0
    while done < length:
        try:
            count = os.preadv(source, [buffer[: min(CHUNK, length - done)]], done)
        except OSError as error:
            return Moved(done, error=error.strerror or "read error")
        if not count:
            return Moved(done, error="it ends there")
        data = buffer[:count]
        digest.update(data)
        try:
            write_all(sink, data)
        except BrokenPipeError:
            return Moved(done, broken=True)
        done += count
        progress(done)
        if done % WINDOW == 0:
            os.posix_fadvise(source, done - WINDOW, WINDOW, os.POSIX_FADV_DONTNEED)
    return Moved(done, sha256=digest.hexdigest())


def pump_stream(incoming: Incoming, sink: int) -> Moved:
    """Move a compressed stream into the pipe `sink` as it is, and keep its last bytes, where a trailer may be."""
    buffer = memoryview(bytearray(CHUNK))
    done = 0
    tail = b""
    try:
        while count := incoming.read(buffer):
            data = buffer[:count]
            tail = bytes(data[-TRAILER_BYTES:]) if count >= TRAILER_BYTES else (tail + data)[-TRAILER_BYTES:]
            done += count
            write_all(sink, data)
    except BrokenPipeError:
        return Moved(done, broken=True)
    except Stalled:
        return Moved(done, stalled=True)
    return Moved(done, tail=tail)


def pump_pipes(inlet: int, outlet: int) -> Moved:
    """Move everything from pipe to pipe; the kernel moves pages, no byte is copied or looked at (splice(2))."""
    done = 0
    try:
        while count := os.splice(inlet, outlet, CHUNK):
            done += count
    except BrokenPipeError:
        return Moved(done, broken=True)
    return Moved(done)


def pump_target(fill: Callable[[memoryview], int], target: int, size: int, progress: Callable[[int], None]) -> Moved:
    """Write what `fill` gives to the beginning of `target`, never beyond `size` bytes, and digest what was written."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    done = 0
    try:
        while count := fill(buffer):
            room = min(count, size - done)
            written = _write_at(target, buffer[:room], done)
            digest.update(buffer[:written])
            before, done = done, done + written
            progress(done)
            if done // WINDOW > before // WINDOW:
                _write_back(target, done // WINDOW * WINDOW)
            if room < count:
                return Moved(done, digest.hexdigest(), overflow=True)
    except _DiskError as error:
        return Moved(done + error.written, digest.hexdigest(), error=error.words, overflow=error.full)
    except Stalled:
        return Moved(done, digest.hexdigest(), stalled=True)
    return Moved(done, digest.hexdigest())


class _DiskError(Exception):
    def __init__(self, written: int, words: str, full: bool) -> None:
        super().__init__(words)
        self.written, self.words, self.full = written, words, full


def _write_at(target: int, data: memoryview, offset: int) -> int:
    done = 0
    while done < len(data):
        try:
            count = os.pwrite(target, data[done:], offset + done)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EFBIG)
            raise _DiskError(done, error.strerror or "write error", full) from error
        if not count:
            raise _DiskError(done, "nothing more is accepted", True)
        done += count
    return done


def _write_back(target: int, end: int) -> None:
    """Start writing back the window before `end`, and drop the one before that, which is on the disk by now.

    POSIX_FADV_DONTNEED starts the writing of dirty pages and drops clean ones (Linux, mm/fadvise.c): so neither a
    small memory fills with the disk, nor does the final flush take long.
    """
    os.posix_fadvise(target, max(0, end - 2 * WINDOW), min(end, 2 * WINDOW), os.POSIX_FADV_DONTNEED)


def timed(limit: float) -> Callable[[], bool]:
    """A function that is true at most once in `limit` seconds; true at its first call."""
    last = float("-inf")

    def due() -> bool:
        nonlocal last
        now = time.monotonic()
        if now - last < limit:
            return False
        last = now
        return True

    return due

"""All of a stored image read again: its frames through the worker that unpacks a stream (`unpack`), as a receiver has
it, and the digest of what comes out held against the image's own.

So what is said to be whole was unpacked, hole by hole and frame by frame, by the same code that a receiver has; only
nothing is written.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..process import Process, spawn
from ..sentence import Sentence, say, verbatim
from .block_device import DiskError
from .copying import Incoming, copy_records, wide_pipe, write_all
from .moved import Moved
from .records import BadRecord, Kind, RecordReader
from .stored_stream import StoredSource, StoredStream, bytes_of
from .worker import WORKER, worker

Progress = Callable[[int, int], None]
"""Told how far it is in the disk, and how many bytes of that were holes. What it raises ends the reading."""


@dataclass(frozen=True)
class Checked:
    """What came of it: `count` bytes of the disk came out, with this `digest` where all of them did. `wrong`: why the
    image is not what it has to be, or None."""

    count: int = 0
    digest: str | None = None
    wrong: Sentence | None = None


class Nowhere:
    """In place of a disk: what is written is let go."""

    def write(self, data: memoryview, offset: int) -> None:
        """Nothing."""


def read_all(source: StoredSource, progress: Progress) -> Checked:
    """Unpack all of `source`. Raises what `progress` raises, and LauncherError where the worker cannot be started."""
    with _Worker() as unpacking:
        feeding = _Feeding(source, unpacking.outlet)
        feeding.start()
        try:
            moved = _unpacked(source, unpacking.unpacked, progress)
        finally:
            unpacking.close()  # early, when nobody reads on: that ends who feeds it
            feeding.join()
        status, said = unpacking.ended()
    trailer, wrong = source.stored.trailer, feeding.wrong or moved.bad
    if not wrong and status:
        wrong = verbatim(said) if said else say("it cannot be unpacked")
    if not wrong and (not moved.whole or moved.count != trailer.length):
        wrong = say("it ends before its end")
    if not wrong and moved.digest != trailer.xxh128:
        wrong = say("what is in it has another digest than the disk that it was made of")
    return Checked(moved.count, None if wrong else moved.digest, wrong)


def _unpacked(source: StoredSource, unpacked: int, progress: Progress) -> Moved:
    manifest = source.stored.manifest
    reader = RecordReader(Incoming(unpacked).fill)
    try:
        frame = reader.frame(Kind.MANIFEST)
    except BadRecord as bad:
        return Moved(bad=bad.words)
    if not frame:
        return Moved(cut=True)
    reader.checked.announce(manifest.length, holes=True)
    return copy_records(reader, Nowhere(), manifest.length, progress)


class _Feeding(threading.Thread):
    """Puts the image's frames into the worker, and closes its input behind the last one."""

    def __init__(self, source: StoredSource, outlet: int) -> None:
        super().__init__(name="stream", daemon=True)
        self.wrong: Sentence | None = None
        self._source = source
        self._outlet = outlet

    def run(self) -> None:
        source, pieces = self._source, self._source.stored.pieces
        try:
            write_all(self._outlet, bytes_of(source, 0, pieces.begin))
            moved = StoredStream(source).send(self._outlet, lambda at, holes: None)
            self.wrong = moved.error
            if moved.whole:
                write_all(self._outlet, bytes_of(source, pieces.end, source.stored.trailer_bytes))
        except BrokenPipeError:
            pass  # who reads it tells why
        except DiskError as error:
            self.wrong = error.words
        finally:
            os.close(self._outlet)


class _Worker:
    """The worker, running: `outlet` is its input, which who feeds it closes, `unpacked` its output."""

    def __enter__(self) -> _Worker:
        inlet, self.outlet = wide_pipe()
        self.unpacked, unpacked_outlet = wide_pipe()
        self._process: Process | None = None
        try:
            self._process = spawn(worker(), inlet, unpacked_outlet, lambda command: None, name=WORKER)
        finally:
            os.close(inlet)
            os.close(unpacked_outlet)
            if self._process is None:
                os.close(self.outlet)
                self.close()
        return self

    def close(self) -> None:
        """Read no more of its output."""
        if self.unpacked >= 0:
            os.close(self.unpacked)
            self.unpacked = -1

    def ended(self) -> tuple[int, str]:
        """How it ended, and its last words."""
        assert self._process
        process, self._process = self._process, None
        os.waitid(os.P_PIDFD, process.pidfd, os.WEXITED | os.WNOWAIT)
        try:
            said = os.read(process.errors, 65536).decode(errors="replace").strip().splitlines()
        except BlockingIOError:
            said = []
        return process.reap(), said[-1] if said else ""

    def __exit__(self, *error: object) -> None:
        self.close()
        if self._process:
            self._process.signal(signal.SIGKILL)
            self._process.reap()

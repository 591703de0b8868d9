"""Threads that make data frames out of chunks: as many at once as there are processors, in a bounded memory."""

from __future__ import annotations

import mmap
import os
import queue
import threading
from types import TracebackType

from .chunks import CHUNK, chunk
from .frames import bound
from .zstd import Compressor

THREADS_MOST = 8
"""Enough for 10 Gbit/s; each costs about 4 MB."""
SPARE = 2
"""Chunks beside those in work: one is read, one is written."""


class Slot:
    """Memory for one chunk and its frame. `data` is whole; `length` bytes of it are the chunk."""

    def __init__(self) -> None:
        self.data = chunk()
        self.length = 0
        self._packed = memoryview(mmap.mmap(-1, bound(CHUNK)))
        self._done: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        self._size = 0

    def pack(self, compressor: Compressor) -> None:
        """Make the frame, and say so. A thread's."""
        try:
            self._done.put(compressor.frame(self.data[: self.length], self._packed))
        except BaseException as error:
            self._done.put(error)

    @property
    def ready(self) -> bool:
        """Whether the frame is made, and nobody has to wait for it."""
        return not self._done.empty()

    def frame(self) -> memoryview:
        """Wait for the frame. Raises what its thread met."""
        done = self._done.get()
        if isinstance(done, BaseException):
            raise done
        return self._packed[:done]


class Packing:
    """The threads, and the slots, `free` to be taken. Its threads end with the ``with``."""

    def __init__(self, threads: int | None = None) -> None:
        count = threads or min(len(os.sched_getaffinity(0)), THREADS_MOST)
        self.free = [Slot() for _ in range(count + SPARE)]
        self._jobs: queue.SimpleQueue[Slot | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._compressors = [Compressor() for _ in range(count)]

    def __enter__(self) -> Packing:
        try:
            for compressor in self._compressors:
                thread = threading.Thread(target=self._work, args=(compressor,), name="pack", daemon=True)
                thread.start()
                self._threads.append(thread)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def pack(self, slot: Slot) -> None:
        """Let a thread make the frame of `slot`."""
        self._jobs.put(slot)

    def _work(self, compressor: Compressor) -> None:
        while slot := self._jobs.get():
            slot.pack(compressor)

    def _end(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for compressor in self._compressors:
            compressor.close()

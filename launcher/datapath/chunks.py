"""One thread fills chunks, another uses them up, in the same order: what one waits for does not stop the other.

Reading and writing release the interpreter's lock, so the slower of them sets the pace, and not their sum.
"""

from __future__ import annotations

import mmap
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

CHUNK = 1 << 20  # bytes moved at once
CHUNKS = 8  # enough for a disk that now and then takes a while over one


def chunk() -> memoryview:
    """Memory of `CHUNK` bytes that begins at a page, as direct I/O needs it."""
    return memoryview(mmap.mmap(-1, CHUNK))


class BufferedCopy(Generic[T]):
    """One run: `fill` puts up to a chunk into a buffer and tells what is in it (how much, say), or something false at
    the end; `use` gets the buffer, and what was told.

    `fill` is called in the thread that calls `run`, `use` in a thread of its own. Whichever raises ends the run.
    """

    def __init__(
        self, fill: Callable[[memoryview], T | None], use: Callable[[memoryview, T], None], chunks: int = CHUNKS
    ) -> None:
        """`chunks`: so many may be under way; two where filling and using are steady."""
        self._fill = fill
        self._use = use
        self._chunks = chunks
        # The chunk that was used last is filled next: where the user keeps up, it is still in the processor's cache.
        self._idle: list[memoryview] = []
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()  # an entry for each that is idle
        self._filled: queue.SimpleQueue[tuple[memoryview, T] | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Move everything. Raises what `fill` or `use` raised (the first of them), when all that was filled before a
        failure of `fill` has been used."""
        for _ in range(self._chunks):
            self._release(chunk())
        user = threading.Thread(target=self._serve, name="chunks", daemon=True)
        user.start()
        try:
            while True:
                self._free.get()
                memory = self._idle.pop()
                what = None if self._failure else self._fill(memory)
                if not what:
                    break
                self._filled.put((memory, what))
        except BaseException as failure:
            self._failure = self._failure or failure
        self._filled.put(None)
        user.join()
        if self._failure:
            raise self._failure

    def _serve(self) -> None:
        broken = False
        while found := self._filled.get():
            memory, what = found
            try:
                if not broken:
                    self._use(memory, what)
            except BaseException as failure:
                broken = True
                self._failure = self._failure or failure
            self._release(memory)

    def _release(self, memory: memoryview) -> None:
        self._idle.append(memory)
        self._free.put(None)

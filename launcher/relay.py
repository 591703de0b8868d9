"""One thread fills chunks, others work on each chunk at the same time: one writes it, another digests it.

Reading, writing and hashing release the interpreter's lock, so the slowest of them sets the pace, and not their sum.
"""

from __future__ import annotations

import mmap
import queue
import threading
from collections.abc import Callable

CHUNK = 1 << 20  # bytes moved at once
CHUNKS = 8  # so many may be under way

User = Callable[[memoryview], None]


class _Chunk:
    """Memory that begins at a page, as direct I/O needs it; free again when every user is done with it."""

    def __init__(self) -> None:
        self.memory = memoryview(mmap.mmap(-1, CHUNK))
        self.data = self.memory
        self._users = 0
        self._lock = threading.Lock()

    def lend(self, count: int, users: int) -> None:
        self.data = self.memory[:count]
        self._users = users

    def give_back(self) -> bool:
        """Whether that was the last user."""
        with self._lock:
            self._users -= 1
            return not self._users


class Relay:
    """One run: `fill` puts up to a chunk into a buffer and returns how much, 0 at the end.

    Each of `users` gets every chunk in order, in a thread of its own. Whoever raises ends the run.
    """

    def __init__(self, fill: Callable[[memoryview], int], *users: User) -> None:
        self._fill = fill
        self._users = users
        self._free: queue.SimpleQueue[_Chunk] = queue.SimpleQueue()
        self._lanes: list[queue.SimpleQueue[_Chunk | None]] = [queue.SimpleQueue() for _ in users]
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Move everything. Raises what `fill` or a user raised (the first of them), when every user has ended."""
        for _ in range(CHUNKS):
            self._free.put(_Chunk())
        threads = [
            threading.Thread(target=self._serve, args=pair, name="relay", daemon=True)
            for pair in zip(self._lanes, self._users, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._failure:
                chunk = self._free.get()
                count = self._fill(chunk.memory)
                if not count:
                    break
                chunk.lend(count, len(self._users))
                for lane in self._lanes:
                    lane.put(chunk)
        finally:
            for lane in self._lanes:
                lane.put(None)
            for thread in threads:
                thread.join()
        if self._failure:
            raise self._failure

    def _serve(self, lane: queue.SimpleQueue[_Chunk | None], user: User) -> None:
        while chunk := lane.get():
            try:
                if not self._failure:
                    user(chunk.data)
            except BaseException as failure:
                self._failure = self._failure or failure
            if chunk.give_back():
                self._free.put(chunk)

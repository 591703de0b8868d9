"""The processes of one transfer: started, listened to, ended, reaped. One thread runs `attend`."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import selectors
import signal
import threading
import time
from collections.abc import Callable

from ..process import Process
from .evidence import Stage

TICK = 0.5  # seconds between two looks at the clock
GRACE = 2.0  # seconds between the first signal and SIGKILL
LINGER = 15.0  # seconds that a process has for going by itself when its work is done
LAST_WORDS = 200  # characters of standard error that are kept for a failure's sentence
_LINE = re.compile(rb"([\r\n]+)")


class Supervisor:
    """Listens to standard error and end of every process that was added, from whichever thread."""

    def __init__(self, hear: Callable[[Process, str], None], tick: Callable[[], None]) -> None:
        self._hear = hear
        self._tick = tick
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._new: queue.SimpleQueue[Process] = queue.SimpleQueue()
        self._members: list[Process] = []
        self._ended: list[Process | None] = []
        self._partial: dict[int, bytes] = {}
        self._words: dict[int, str] = {}
        self._kill_at: float | None = None

    def add(self, process: Process) -> None:
        """Attend to `process` from now on."""
        self._members.append(process)
        self._new.put(process)
        self.wake()

    def wake(self) -> None:
        """Make `attend` look at once whether it is finished."""
        with self._lock, contextlib.suppress(OSError):
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def stop(self, first: int = signal.SIGINT) -> None:
        """End all processes: with signal `first`, and soon after with SIGKILL."""
        for process in tuple(self._members):
            process.signal(first)
        kill_at = time.monotonic() + GRACE
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)
        self.wake()

    def let_end(self) -> None:
        """Everything went well, so the processes end by themselves; one that does not within `LINGER` is killed.

        No signal now: a program that has closed its output may still be on its way out, and would end with a failure.
        """
        if self._kill_at is None:
            self._kill_at = time.monotonic() + LINGER
        self.wake()

    def stage(self, process: Process | None) -> Stage | None:
        """How `process` ended, as evidence; None when it never ran."""
        if process is None or process.status is None:
            return None
        return Stage(process.name, process.status, self._words.get(process.pid, ""))

    def attend(self, finished: Callable[[], bool]) -> None:
        """Serve all events until `finished` says so and every process is reaped."""
        while True:
            # Of two that ended together the one that was started first is the cause: the other lost its pipe.
            ready = self._selector.select(TICK)
            for key, _ in sorted(ready, key=lambda one: self._rank(one[0])):
                self._serve(key)
            while not self._new.empty():
                self._watch(self._new.get())
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                for process in tuple(self._members):
                    process.signal(signal.SIGKILL)
            self._tick()
            if finished() and self._new.empty() and all(one.status is not None for one in tuple(self._members)):
                return

    def ended_before(self, one: Process | None, other: Process | None) -> bool:
        """Whether `one` was reaped while `other` still ran."""
        order = self._ended
        return one in order and (other not in order or order.index(one) < order.index(other))

    def _rank(self, key: selectors.SelectorKey) -> int:
        return -1 if key.fd == self._wake else self._members.index(key.data[0])

    def close(self) -> None:
        """Kill and reap whatever still runs, whatever happened; then give the descriptors back."""
        for process in self._members:
            if process.status is None:
                process.signal(signal.SIGKILL)
                process.reap()
        self._selector.close()
        with self._lock:
            if self._wake >= 0:
                os.close(self._wake)
            self._wake = -1  # its number may be another's soon

    def _watch(self, process: Process) -> None:
        self._selector.register(process.errors, selectors.EVENT_READ, (process, self._listen))
        self._selector.register(process.pidfd, selectors.EVENT_READ, (process, self._bury))

    def _serve(self, key: selectors.SelectorKey) -> None:
        if key.fd == self._wake:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
        elif key.data[0].status is None:
            process, serve = key.data
            serve(process)

    def _listen(self, process: Process) -> bool:
        """Hear what is there; False at the end of it."""
        try:
            data = os.read(process.errors, 65536)
        except BlockingIOError:
            return False
        *lines, rest = _LINE.split(self._partial.get(process.pid, b"") + data)
        if not data:
            lines, rest = [rest, b"\n"], b""
            with contextlib.suppress(KeyError):
                self._selector.unregister(process.errors)
        self._partial[process.pid] = rest
        for line, end in zip(lines[::2], lines[1::2], strict=True):
            text = line.decode("utf-8", "replace").strip()
            if text:
                if end != b"\r":  # progress, which the next line overwrites
                    self._words[process.pid] = text[-LAST_WORDS:]
                self._hear(process, text)
        return bool(data)

    def _bury(self, process: Process) -> None:
        """The process has ended: hear the rest (a grandchild may hold the pipe open, so without waiting), and reap."""
        while self._listen(process):
            pass
        for fd in (process.errors, process.pidfd):
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
        process.reap()
        self._ended.append(process)

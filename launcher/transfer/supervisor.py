"""The processes of one transfer: started, listened to, ended, reaped. All of it belongs to one thread."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import time
from dataclasses import dataclass

from ..model.times import TIMES, Times
from ..process import Process
from ..udpcast.messages import explains
from .evidence import Stage

LAST_WORDS = 200  # characters of standard error that are kept for a failure's sentence
_LINE = re.compile(rb"([\r\n]+)")


@dataclass(frozen=True)
class Said:
    """A line on standard error."""

    process: Process
    line: str


@dataclass(frozen=True)
class Ended:
    """A process has ended, and is reaped."""

    process: Process


class Supervisor:
    """Listens to standard error and end of every process that was added."""

    def __init__(self, times: Times = TIMES) -> None:
        self._times = times
        self._selector = selectors.DefaultSelector()
        self._members: list[Process] = []
        self._ended: list[Process] = []
        self._partial: dict[int, bytes] = {}
        self._words: dict[int, str] = {}
        self._kill_at = float("inf")
        self._work_is_done = False
        self._overdue: list[Process] = []

    def wake_by(self, fd: int) -> None:
        """`wait` ends when `fd` is readable."""
        self._selector.register(fd, selectors.EVENT_READ)

    def add(self, process: Process) -> None:
        """Attend to `process` from now on."""
        self._members.append(process)
        for fd in (process.errors, process.pidfd):
            self._selector.register(fd, selectors.EVENT_READ, process)

    @property
    def running(self) -> bool:
        """Whether a process is not reaped yet."""
        return any(one.status is None for one in self._members)

    def wait(self, seconds: float) -> list[Said | Ended]:
        """What the processes did within so many seconds, in its order."""
        # Of two that ended together the one that was started first is the cause: the other lost its pipe.
        ready = sorted((key for key, _ in self._selector.select(seconds) if key.data), key=self._rank)
        events: list[Said | Ended] = []
        for key in ready:
            process: Process = key.data
            if process.status is None and key.fd == process.errors:
                self._listen(process, events)
            elif process.status is None:
                self._reap(process, events)
        if time.monotonic() >= self._kill_at:
            if self._work_is_done:
                self._overdue += [one for one in self._members if one.status is None]
            self._signal(signal.SIGKILL)
        return events

    def stop(self, first: int = signal.SIGINT) -> None:
        """End all processes: with signal `first`, and soon after with SIGKILL."""
        self._signal(first)
        self._work_is_done = False
        self._kill_at = min(self._kill_at, time.monotonic() + self._times.grace)

    def let_end(self, longer: float = 0.0) -> None:
        """Everything went well, so the processes end by themselves; one that does not within `linger`, and so many
        seconds `longer`, is killed. That is no failure of it.

        No signal now: a program that has closed its output may still be on its way out, and would end with a failure.
        """
        if self._kill_at == float("inf"):
            self._kill_at = time.monotonic() + self._times.linger + longer
            self._work_is_done = True

    def stage(self, process: Process | None) -> Stage | None:
        """How `process` ended, as evidence; None when it never ran."""
        if process is None or process.status is None:
            return None
        words = self._words.get(process.pid, "")
        return Stage(process.name, process.status, words, -process.status in process.sent, process in self._overdue)

    def ended_before(self, one: Process, other: Process) -> bool:
        """Whether `one` was reaped while `other` still ran."""
        order = self._ended
        return one in order and (other not in order or order.index(one) < order.index(other))

    def close(self) -> None:
        """Kill and reap whatever still runs, whatever happened."""
        for process in self._members:
            if process.status is None:
                process.signal(signal.SIGKILL)
                process.reap()
        self._selector.close()

    def _signal(self, number: int) -> None:
        for process in self._members:
            process.signal(number)

    def _rank(self, key: selectors.SelectorKey) -> int:
        return self._members.index(key.data)

    def _listen(self, process: Process, events: list[Said | Ended]) -> bool:
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
                if end != b"\r" and explains(text):  # progress is what the next line overwrites
                    self._words[process.pid] = text[-LAST_WORDS:]
                events.append(Said(process, text))
        return bool(data)

    def _reap(self, process: Process, events: list[Said | Ended]) -> None:
        """The process has ended: hear the rest (a grandchild may hold the pipe open, so without waiting), and reap."""
        while self._listen(process, events):
            pass
        for fd in (process.errors, process.pidfd):
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
        process.reap()
        self._ended.append(process)
        events.append(Ended(process))

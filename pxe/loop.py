"""The one event loop of the boot server: descriptors, timers, and the signals that end it.

dnsmasq's log, what is heard on the wire, the result page and all timers hang on it. A callback runs to its end before
the next one: nothing needs a lock. What a callback raises ends the loop, and `run` raises it.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Protocol

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a boot server, with everything cleared away: Ctrl-C, a request, the terminal closed."""

AT_ONCE = 256
"""Datagrams that a callback takes before others, timers and ends have their turn: no flood holds the loop."""

Callback = Callable[[], None]


class HasFileno(Protocol):
    """A file, a socket, a selector."""

    def fileno(self) -> int: ...


class Loop:
    """Calls back when a descriptor can be read, and when a time has come. For the main thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, float, Callback]] = []  # when, order, every so many seconds, what
        self._order = itertools.count()
        self._stopped = False
        self._error: Exception | None = None

    def watch(self, file: int | HasFileno, callback: Callback) -> None:
        """Call `callback` whenever `file` can be read, which its end is too; it must then read, or `unwatch`."""
        self._selector.register(file, selectors.EVENT_READ, callback)

    def unwatch(self, file: int | HasFileno) -> None:
        """Forget `file`; one that is not watched (any more) is no error. Before it is closed."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(file)

    def every(self, seconds: float, callback: Callback, *, first: float | None = None) -> None:
        """Call `callback` every `seconds`, the first time after `first` (default: the same)."""
        self._at(time.monotonic() + (seconds if first is None else first), seconds, callback)

    def after(self, seconds: float, callback: Callback) -> None:
        """Call `callback` once, in `seconds`."""
        self._at(time.monotonic() + seconds, 0.0, callback)

    def stop(self, error: Exception | None = None) -> None:
        """End `run` behind the callback that runs now; it raises `error`. The first one counts."""
        if not self._stopped:
            self._stopped, self._error = True, error

    def run(self) -> None:
        """Call back until `stop`, or one of `ENDING`. Raises the error of `stop`, and what a callback raises."""
        with self._signals():
            while not self._stopped:
                self._turn()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self._selector.close()

    def _at(self, when: float, seconds: float, callback: Callback) -> None:
        heapq.heappush(self._timers, (when, next(self._order), seconds, callback))

    def _turn(self) -> None:
        wait = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
        for key, _ in self._selector.select(wait):
            # A callback may have removed another's descriptor in this very turn.
            if not self._stopped and key.fd in self._selector.get_map():
                key.data()
        now = time.monotonic()
        while not self._stopped and self._timers and self._timers[0][0] <= now:
            _, _, seconds, callback = heapq.heappop(self._timers)
            if seconds:
                self._at(now + seconds, seconds, callback)
            callback()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """A signal of `ENDING` stops the loop, and interrupts no callback."""

        def stop(number: int, frame: object) -> None:
            _ignore_more()
            self.stop()

        ours, theirs = socket.socketpair()
        with ours, theirs:
            for end in (ours, theirs):
                end.setblocking(False)
            self.watch(ours, lambda: _drain(ours))
            wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            before = _handle(stop)
            try:
                yield
            finally:
                signal.set_wakeup_fd(wakeup)
                self.unwatch(ours)
                for number, handler in before.items():
                    if signal.getsignal(number) == stop:
                        signal.signal(number, handler)


def _drain(end: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while end.recv(1 << 12):
            pass


class Lines:
    """Hands the lines of a pipe to `read` as they come, without their ends; `ended` once, behind the last."""

    def __init__(self, loop: Loop, fd: int, read: Callable[[str], None], ended: Callback) -> None:
        os.set_blocking(fd, False)
        self._loop, self._fd, self._read, self._ended = loop, fd, read, ended
        self._rest = b""
        loop.watch(fd, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            self._read(line.decode(errors="replace"))
        if not data:
            self._loop.unwatch(self._fd)
            self._ended()


class Told(KeyboardInterrupt):
    """A signal of `ENDING`, where no loop runs."""


@contextlib.contextmanager
def told_to_end() -> Iterator[None]:
    """Around all that a signal of `ENDING` may end: where no loop runs, the first one raises `Told`.

    Further ones are ignored, so that the clearing away is not disturbed. What is ignored already (by nohup, say) stays
    so.
    """

    def stop(number: int, frame: object) -> None:
        _ignore_more()
        raise Told

    before = _handle(stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(handler: Callable[[int, object], None]) -> dict[signal.Signals, signal._HANDLER]:
    """Take the signals of `ENDING` that are not ignored; their handlers before."""
    before = {number: signal.getsignal(number) for number in ENDING}
    taken = {number: old for number, old in before.items() if old != signal.SIG_IGN}
    for number in taken:
        signal.signal(number, handler)
    return taken


def _ignore_more() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)

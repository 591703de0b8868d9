"""Ctrl-C, a closed terminal, SIGTERM: the build ends in order, at whatever moment they come.

Inside `interruptible` the first of these signals raises Interrupted in the main thread, so that everything is left
as after an error: children are ended, temporary directories removed. Those that follow are ignored: nothing disturbs
the cleaning up. Inside `undisturbed` a signal waits for the end of the block, which is for what must not stand half
done, such as a directory that is made and not yet known. `too_late` is for the moment when the work is as good as done.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal ended the build; no ``except Exception`` holds it up. `status` is what a shell calls a program that
    died of it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class _Gate:
    """How many `undisturbed` blocks the main thread is in, and the signal that waits for their end."""

    def __init__(self) -> None:
        self.depth = 0
        self.waiting: int | None = None

    def arrive(self, number: int, _frame: FrameType | None) -> None:
        too_late()
        self.waiting = number
        self.open()

    def open(self) -> None:
        if self.waiting is not None and not self.depth:
            number, self.waiting = self.waiting, None
            raise Interrupted(number)


_GATE = _Gate()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted when one of `SIGNALS` comes. One that is ignored already (nohup) stays so. Main thread only.

    After Interrupted they stay ignored: the program is about to end.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _GATE.arrive)
    try:
        yield
    except Interrupted:
        before.clear()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let a signal wait for the end of this block. In other threads nothing is needed: signals come to the main one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _GATE.depth += 1
    try:
        yield
    finally:
        _GATE.depth -= 1
        _GATE.open()


def too_late() -> None:
    """Ignore these signals from now on, until `interruptible` ends."""
    for number in SIGNALS:
        if signal.getsignal(number) == _GATE.arrive:
            signal.signal(number, signal.SIG_IGN)

"""Work that is killed at one step on the file system after the other, in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed at its `number`-th step on the file system; False when there are fewer."""
    child = os.fork()
    if child == 0:
        try:
            left = number

            def step(event: str, _: object = None) -> None:
                nonlocal left
                if event == "open" or event.startswith("os."):
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(step)
            for name in ("fsync", "fchmod", "replace"):  # these tell no hook, or not at their end
                _also(name, step)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


def _also(name: str, step: Callable[[str], None]) -> None:
    original = getattr(os, name)

    def counted(*words: object, **named: object) -> object:
        result = original(*words, **named)
        step("os.")
        return result

    setattr(os, name, counted)


def points(work: Callable[[], object], again: Callable[[], object], every: int = 1) -> Iterator[int]:
    """Kill `work` at its first step, its second, and so on; before each time, `again` makes everything as it was."""
    number = 0
    while True:
        again()
        number += every
        if not killed_at(number, work):
            return
        yield number

"""A process that is killed by SIGKILL at a chosen step of its writing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = ((os, "open"), (os, "fsync"), (os, "link"), (Path, "replace"), (Path, "unlink"))
"""What is counted as a step."""


def killed_after(steps: int, function: Callable[[], int]) -> int:
    """Call `function` in a process of its own, which is killed in front of the step behind so many; its status, or
    minus the number of the signal."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            _count(steps)
            status = function()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _count(left: int) -> None:
    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return called

    for owner, name in STEPS:
        setattr(owner, name, counting(getattr(owner, name)))

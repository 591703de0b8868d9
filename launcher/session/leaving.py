"""How the launcher ends when it cannot: a thread waits for a dead disk in the kernel, where no signal reaches it.

Such a process goes on until the disk answers, and so does /init, which waits for it. What is left is the kernel's own
key for emergencies (Documentation/admin-guide/sysrq.rst). A restart asks no disk for anything. A power-off flushes SCSI
and SATA disks, so these are taken offline before; what was written to one has been flushed with its transfer.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from ..exits import Exit
from ..model.times import TIMES, Times

TRIGGER = Path("/proc/sysrq-trigger")
STATES = Path("/sys/block"), "sd*/device/state"  # of SCSI devices (drivers/scsi/scsi_sysfs.c)
_KEYS = {Exit.REBOOT: "b", Exit.POWEROFF: "o"}


def stuck(process: Path = Path("/proc/self"), times: Times = TIMES) -> bool:
    """Whether a thread of `process`, a directory of /proc, is and stays where nothing can end it (state D, proc(5))."""
    end = time.monotonic() + times.stuck
    while any(_state(thread) == "D" for thread in (process / "task").iterdir()):
        if time.monotonic() > end:
            return True
        time.sleep(0.1)
    return False


def _state(thread: Path) -> str:
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""  # it has just ended


def force(status: int) -> None:
    """Do what `status` asks /init for, where that is a restart or a power-off."""
    key = next((key for wanted, key in _KEYS.items() if wanted == status), None)
    if key == "o":
        directory, pattern = STATES
        for state in directory.glob(pattern):
            with contextlib.suppress(OSError):
                state.write_text("offline\n")
    if key:
        TRIGGER.write_text(key)

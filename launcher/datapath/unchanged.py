"""Whether something has written to a disk since a moment: a map of its free blocks holds only as long as nothing has.

A block device's kernel counts the sectors that are written to it and discarded (Documentation/block/stat.rst), a disk's
also those of its partitions; a file has the time of its last change. What is still on its way to the disk is brought
there first, each time: what came before does not count, and what came since does, as we read it already. A device that
counts nothing (``queue/iostats`` is 0, or it never counts what is read) cannot be known.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

READ, WRITTEN, DISCARDED = 2, 6, 13
"""Fields of ``stat``, in sectors; Linux has the last one since 4.18."""


class Unchanged:
    """Begins at the moment when it is made. Calling it tells whether nothing was written since; where that cannot be
    known, something was."""

    def __init__(self, fd: int) -> None:
        """`fd`: the open disk, or a file in its place. May wait for the disk."""
        self._fd = fd
        self._before = _written(fd)

    def __call__(self) -> bool:
        """May wait for the disk."""
        return self._before is not None and _written(self._fd) == self._before and self.counted

    @property
    def counted(self) -> bool:
        """Whether it is counted what is done to it, once something of it was read."""
        return _counts(self._fd)


def _written(fd: int) -> tuple[int, ...] | None:
    with contextlib.suppress(OSError):
        os.fsync(fd)
    try:
        status = os.fstat(fd)
        if not stat.S_ISBLK(status.st_mode):
            return status.st_size, status.st_mtime_ns
        fields = _fields(status)
        return tuple(fields[number] for number in (WRITTEN, DISCARDED) if number < len(fields))
    except (OSError, ValueError):
        return None


def _counts(fd: int) -> bool:
    try:
        status = os.fstat(fd)
        if not stat.S_ISBLK(status.st_mode):
            return True
        device = _device(status)
        disk = device.parent if (device / "partition").exists() else device
        return (disk / "queue/iostats").read_text().strip() != "0" and _fields(status)[READ] > 0
    except (OSError, ValueError, IndexError):
        return False


def _fields(status: os.stat_result) -> tuple[int, ...]:
    return tuple(map(int, (_device(status) / "stat").read_text().split()))


def _device(status: os.stat_result) -> Path:
    return Path(f"/sys/dev/block/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}").resolve(strict=True)

"""Whether something has written to a disk since a moment: a map of its free blocks holds only as long as nothing has.

A block device's kernel counts the sectors that are written to it (Documentation/block/stat.rst), a disk's also those of
its partitions; a file has the time of its last change. What is still to be written from before is brought to the disk
first, so that it does not count.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

WRITTEN = 6
"""The field of ``stat``: sectors written."""


class Unchanged:
    """Begins at the moment when it is made. Calling it tells whether nothing was written since; where that cannot be
    known, something was."""

    def __init__(self, fd: int) -> None:
        """`fd`: the open disk, or a file in its place. May wait for the disk."""
        self._fd = fd
        with contextlib.suppress(OSError):
            os.fsync(fd)
        self._before = _written(fd)

    def __call__(self) -> bool:
        return self._before is not None and _written(self._fd) == self._before


def _written(fd: int) -> tuple[int, ...] | None:
    try:
        status = os.fstat(fd)
        if not stat.S_ISBLK(status.st_mode):
            return status.st_size, status.st_mtime_ns
        device = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        return (int(Path(f"/sys/dev/block/{device}/stat").read_text().split()[WRITTEN]),)
    except (OSError, ValueError, IndexError):
        return None

"""One program at a time writes in a directory: builds, `tree` and `serve` may run at once.

The lock is the directory's own (flock), so that no file is left, and it ends with the process that holds it. On a file
system without locks for directories (NFS), and in a directory that may be entered but not read, there is none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 60.0
"""Seconds that a program waits for another one, which needs a few to put a pair in place."""

_NO_LOCKS = (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_STEP = 0.02

_held: set[tuple[int, int]] = set()


class LockError(Exception):
    """One sentence: another program has the directory."""


@contextlib.contextmanager
def locked(directory: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Be alone in `directory` until the block ends; within a block it may be asked for again.

    For the one thread of a process that writes. Raises LockError after `patience` seconds, OSError when there is no
    such directory.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        yield
        return
    try:
        status = os.fstat(handle)
        key = (status.st_dev, status.st_ino)
        if key in _held:
            yield
            return
        _wait(handle, directory, patience)
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
    finally:
        os.close(handle)


def _wait(handle: int, directory: Path, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                raise LockError(
                    f"another build, tree or serve is writing in {directory}, and has not ended within {patience:.0f} "
                    "s: wait for it, or end it, and try again."
                ) from None
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return
            raise
        time.sleep(_STEP)

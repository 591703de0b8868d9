"""A stored image that is named: opened for reading, or the sentence why not."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

from ..datapath.stored import IS_OURS_BYTES, NotWhole, is_ours
from ..errors import ErrorKind, LauncherError
from ..reasons import reason
from ..sentence import say


@contextlib.contextmanager
def reading(file: str) -> Iterator[int]:
    """The open file. Raises LauncherError where it cannot be read, or is no stored image by its beginning."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        words = reason(error) if isinstance(error, OSError) else str(error)
        missing = isinstance(error, FileNotFoundError)
        raise LauncherError(
            ErrorKind.DEVICE_MISSING if missing else ErrorKind.DISK_UNREADABLE,
            say("{path} cannot be read: {error}.", path=file, error=words),
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or not is_ours(os.pread(fd, IS_OURS_BYTES, 0)):
            raise LauncherError(
                ErrorKind.SOURCE_REFUSED,
                say("{path} is no stored image.", path=file),
                say("`udpcast-launcher image store` makes one; other files and disks are sent by `transfer`."),
            )
        yield fd
    finally:
        os.close(fd)


def not_whole(file: str, error: NotWhole) -> LauncherError:
    """The error for an image that is not whole."""
    return LauncherError(
        ErrorKind.SOURCE_REFUSED,
        say("{path} is no whole stored image: {why}.", path=file, why=error.words),
        say("Store it again, or copy it again from where it is whole."),
    )

"""A new image file, which bears its name only when it is whole.

Rules, in one place:

* It is written as NAME.part, in the same directory, by one process at a time (a lock, which the kernel lets go of with
  the process). `publish` gives it its name, once all of it is on the disk.
* A file that has the name is replaced only where that is meant, and at once; it may also have come meanwhile. What is
  neither a file nor a link is never replaced, and refused before anything is written.
* A store that was interrupted leaves NAME.part. The next one of that name says so, and begins anew.
* Only its owner may read it: it holds whatever the disk held.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path

from ..errors import ErrorKind, TransferFailed
from ..model.wording import size
from ..reasons import reason
from ..sentence import NOTHING, Sentence, say
from .block_device import DiskError

SUFFIX = ".zst"
PART = ".part"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class NewImage:
    """`part`: the file to write to, empty. `swept`: what is to be said of one that was there, or None."""

    def __init__(self, path: str, *, replace: bool = False) -> None:
        """Raises TransferFailed where it cannot be."""
        self.path, self.part = path, path + PART
        self.swept: Sentence | None = None
        self._replace = replace
        if os.path.lexists(path) and not replace:
            raise already_there(path)
        if os.path.lexists(path) and not (Path(path).is_file() or Path(path).is_symlink()):
            raise _no_file(path)
        try:
            self._fd = self._locked()
            left = os.fstat(self._fd)
            if left.st_size:
                self.swept = say(
                    "A store was interrupted on {when}, and had left {part} ({size}). It was removed.",
                    when=time.strftime("%Y-%m-%d %H:%M", time.localtime(left.st_mtime)),
                    part=self.part,
                    size=size(left.st_size),
                )
            os.ftruncate(self._fd, 0)
        except OSError as error:
            raise _unwritable(self.part, error) from error

    def _locked(self) -> int:
        """The open file, ours alone. Raises OSError and TransferFailed."""
        while True:
            fd = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                    raise _no_file(self.part)
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(Path(self.part).stat(), os.fstat(fd)):  # else another one has just published it
                    return fd
            except BlockingIOError:
                os.close(fd)
                sentence = say("{path} is being stored by another process; nothing was written.", path=self.path)
                raise TransferFailed(ErrorKind.DISK_IN_USE, sentence, say("Give the image another name.")) from None
            except FileNotFoundError:
                pass
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)

    def publish(self) -> None:
        """Give it its name; all of it must be on the disk. Raises DiskError, and the file is there as `part` then."""
        try:
            self._name()
            directory = os.open(Path(self.path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise DiskError(0, reason(error)) from error

    def _name(self) -> None:
        if not self._replace:
            try:
                os.link(self.part, self.path)  # fails where it is there
                Path(self.part).unlink()
                return
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            if os.path.lexists(self.path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        Path(self.part).rename(self.path)

    def discard(self) -> None:
        """Remove what is not whole, as far as that goes."""
        with contextlib.suppress(OSError):
            if os.path.samestat(Path(self.part).stat(), os.fstat(self._fd)):
                Path(self.part).unlink()

    def close(self) -> None:
        """Let the lock go."""
        os.close(self._fd)


def already_there(path: str, hint: Sentence = NOTHING) -> TransferFailed:
    """The error for a file that would be replaced."""
    return TransferFailed(
        ErrorKind.DISK_UNWRITABLE,
        say("{path} is there already, and an image is not replaced unasked; nothing was written.", path=path),
        hint or say("Give a new name, remove it, or use `udpcast-launcher image store --force`."),
    )


def _no_file(path: str) -> TransferFailed:
    sentence = say("{part} is no file of a store; nothing was written.", part=path)
    return TransferFailed(ErrorKind.DISK_UNWRITABLE, sentence, say("Give the image another name."))


def _unwritable(path: str, error: OSError) -> TransferFailed:
    return TransferFailed(
        ErrorKind.DISK_UNWRITABLE,
        say("{path} cannot be written to: {error}.", path=path, error=reason(error)),
        say("Make its directory, and room in it; nothing was written."),
    )

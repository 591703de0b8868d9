"""A part of a disk as a block device of its own: a loop device over it.

The tools of file systems get this, never the disk. So they reach exactly that part, whatever they do and whatever the
kernel believes of the disk's partitions, while the disk itself stays ours alone; it is the same for an image file. How
much was written through it is known (`Window.written`). It is gone as soon as nobody has it open any more.

The tools run without rights, as what they read came over the wire: the node belongs to `NOBODY` meanwhile. It is locked
(flock), so that udev leaves it alone.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..asking import run
from ..confinement import NOBODY
from ..errors import ErrorKind, LauncherError
from ..sentence import say

_CTL_GET_FREE, _CONFIGURE = 0x4C82, 0x4C0A  # linux/loop.h
_READ_ONLY, _AUTOCLEAR = 1, 4
_CONFIG = struct.Struct("=II5Q4I64s64s32s2Q8Q")  # struct loop_config
_TRIALS = 50  # another process may take the number that was free
_CONTROL = "/dev/loop-control"
_DRIVER = ("modprobe", "loop")
_DRIVER_SECONDS = 60.0


@dataclass(frozen=True)
class Window:
    """The loop device at `path`, open as `fd`. `before`: what was written through it when it had another's number."""

    path: str
    fd: int
    before: tuple[int, ...]

    def flush(self) -> None:
        """Bring what was written into it to what is below. Raises OSError."""
        os.fsync(self.fd)

    def written(self) -> bool:
        """Whether anything was ever written or discarded through it. Raises OSError."""
        self.flush()
        return _written(self.path) != self.before


@contextlib.contextmanager
def window(path: str, begin: int, end: int, sector: int, *, writable: bool = False) -> Iterator[Window]:
    """The bytes from `begin` up to `end` of the disk or file at `path`, in sectors of `sector` bytes. Raises
    LauncherError where there is no loop device."""
    try:
        below = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            place, fd = _configured(below, begin, end, sector, 0 if writable else _READ_ONLY)
        finally:
            os.close(below)
    except OSError as error:
        sentence = say("There is no loop device for {path}: {error}.", path=path, error=error.strerror)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence) from error
    owner = os.fstat(fd).st_uid
    try:
        with contextlib.suppress(OSError):  # a user namespace may not have that user; tools keep theirs there
            os.fchown(fd, NOBODY, -1)
        yield Window(place, fd, _written(place))
    finally:
        with contextlib.suppress(OSError):
            os.fchown(fd, owner, -1)
        os.close(fd)


def _configured(below: int, begin: int, end: int, sector: int, flags: int) -> tuple[str, int]:
    """A free loop device over the file `below`: its path, and a descriptor. Raises OSError."""
    info = (0, 0, 0, begin, end - begin, 0, 0, 0, flags | _AUTOCLEAR, b"", b"", b"", 0, 0)
    config = _CONFIG.pack(below, sector, *info, *(0,) * 8)
    control = _control()
    try:
        for trial in range(_TRIALS):
            place = f"/dev/loop{fcntl.ioctl(control, _CTL_GET_FREE)}"
            fd = os.open(place, (os.O_RDONLY if flags & _READ_ONLY else os.O_RDWR) | os.O_CLOEXEC)
            try:
                with contextlib.suppress(BlockingIOError):  # udev is there still, for who had it last
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.ioctl(fd, _CONFIGURE, config)
            except OSError as error:
                os.close(fd)
                if error.errno != errno.EBUSY or trial == _TRIALS - 1:
                    raise
            else:
                return place, fd
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _control() -> int:
    """What gives loop devices, with the kernel's driver. Raises OSError."""
    try:
        return os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError as missing:
        if missing.errno not in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            raise
    with contextlib.suppress(LauncherError):
        run(_DRIVER, _DRIVER_SECONDS)
    return os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)


def _written(path: str) -> tuple[int, ...]:
    """How many sectors were written and discarded, since there is this number (Documentation/block/stat.rst); a flush
    counts as a write of none."""
    fields = Path(f"/sys/block/{Path(path).name}/stat").read_text().split()
    return tuple(int(fields[number]) for number in (6, 13) if number < len(fields))

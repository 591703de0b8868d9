"""What the file systems' tools get to see: a read-only loop device over one part of the disk, never the disk.

Rules, in one place:

* The disk is opened for reading. The loop device is read-only whoever opens it, so no tool can change the source.
* It is autoclear (loop(4), LOOP_CONFIGURE of Linux 5.8): it goes when the last of us closes it, also if we are killed.
* Tools run without rights, so the loop device's node belongs to `NOBODY` meanwhile.
* It is locked (flock) before it shows anything: so udev leaves it alone, and makes no links to it.
* What the kernel has cached of the disk is dropped first, so that nothing is seen but what is on it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..confinement import NOBODY
from ..errors import ErrorKind, LauncherError
from ..sentence import say

BLKFLSBUF, BLKSSZGET = 0x1261, 0x1268  # linux/fs.h
LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A  # linux/loop.h
READ_ONLY, AUTOCLEAR = 1, 4
CONTROL = "/dev/loop-control"
MODPROBE = ("modprobe", "loop")
SECTOR = 512
TRIES = 32
"""Others may take the free loop device first."""

_CONFIG = struct.Struct("=II 5Q 4I 64s 64s 32s 2Q 8Q")
"""struct loop_config, with the struct loop_info64 in it."""


class NoWindow(Exception):
    """There is no loop device to be had, in the kernel's words."""


@dataclass(frozen=True)
class Window:
    """`length` bytes of the source, at the path of a block device that cannot be written to."""

    path: str
    length: int


class Source:
    """The disk, partition or image file at `path`, opened for reading."""

    def __init__(self, path: str) -> None:
        """Raises LauncherError where it cannot be read at all."""
        self.path = path
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self.is_block = stat.S_ISBLK(os.fstat(self.fd).st_mode)
                self.size = os.lseek(self.fd, 0, os.SEEK_END)
                self.sector = self._sector() if self.is_block else SECTOR
                os.pread(self.fd, SECTOR, 0)
            except OSError:
                os.close(self.fd)
                raise
        except OSError as error:
            sentence = say("{path} cannot be read: {error}.", path=path, error=error.strerror)
            raise LauncherError(ErrorKind.DISK_UNREADABLE, sentence) from error
        if self.is_block:
            with contextlib.suppress(OSError):  # only root may
                fcntl.ioctl(self.fd, BLKFLSBUF)

    def _sector(self) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self.fd, BLKSSZGET, bytes(4)))[0])

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)

    @property
    def name(self) -> str:
        """As the kernel has it (``sda``), or the file's."""
        return Path(self.path).resolve().name

    @property
    def disk(self) -> str | None:
        """The path of the disk that it is a partition of, or None."""
        number = os.fstat(self.fd).st_rdev
        place = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
        if not (self.is_block and (place / "partition").exists()):
            return None
        return f"/dev/{place.parent.name.replace('!', '/')}"

    @contextlib.contextmanager
    def window(self, offset: int, length: int, load: Callable[[], None], sector: int | None = None) -> Iterator[Window]:
        """`length` bytes from `offset` on, in sectors of `sector` bytes. `load` brings the kernel's driver. Raises
        NoWindow."""
        loop, path = self._loop(offset, length, sector or self.sector, load)
        try:
            owner = os.fstat(loop).st_uid
            owner = 0 if owner == NOBODY else owner  # whoever had it last was killed
            with contextlib.suppress(OSError):  # in a user namespace there is no such user, nor a confinement to it
                os.fchown(loop, NOBODY, -1)
            try:
                yield Window(path, length)
            finally:
                with contextlib.suppress(OSError):
                    os.fchown(loop, owner, -1)
        finally:
            os.close(loop)

    def _loop(self, offset: int, length: int, sector: int, load: Callable[[], None]) -> tuple[int, str]:
        """The descriptor and the path of a loop device that shows only this."""
        try:
            control = _open_control(load)
            with contextlib.closing(os.fdopen(control)):
                for _ in range(TRIES):
                    path = f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
                    loop = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                    try:
                        with contextlib.suppress(BlockingIOError):  # udev is there still, for who had it last
                            fcntl.flock(loop, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        fcntl.ioctl(loop, LOOP_CONFIGURE, _config(self.fd, sector, offset, length))
                        return loop, path
                    except OSError as error:
                        os.close(loop)
                        if error.errno != errno.EBUSY:
                            raise
        except OSError as error:
            raise NoWindow(error.strerror) from error
        raise NoWindow(os.strerror(errno.EBUSY))


def _open_control(load: Callable[[], None]) -> int:
    try:
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, OSError) as missing:
        if missing.errno not in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
            raise
        load()
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)


def _config(fd: int, sector: int, offset: int, length: int) -> bytes:
    nothing = bytes(64)
    info = (0, 0, 0, offset, length, 0, 0, 0, READ_ONLY | AUTOCLEAR, nothing, nothing, bytes(32), 0, 0)
    return _CONFIG.pack(fd, sector, *info, *[0] * 8)

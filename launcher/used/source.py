"""The disk that is looked at: opened for reading, and shown to tools in read-only windows alone (`hardware.window`).

What the kernel has cached of it is dropped first, so that nothing is seen but what is on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from ..errors import ErrorKind, LauncherError
from ..hardware.window import Window, window
from ..reasons import reason
from ..sentence import say

BLKFLSBUF, BLKSSZGET = 0x1261, 0x1268  # linux/fs.h
SECTOR = 512


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
            sentence = say("{path} cannot be read: {error}.", path=path, error=reason(error))
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

    def window(
        self, offset: int, length: int, load: Callable[[], None], sector: int | None = None
    ) -> contextlib.AbstractContextManager[Window]:
        """`length` bytes from `offset` on, in sectors of `sector` bytes. `load` brings the kernel's driver. Raises
        NoWindow."""
        return window(self.fd, offset, length, sector or self.sector, load)

"""What is to be known of one disk or file that is named, and of the network cards, without udev.

This is all that `transfer` needs: it runs on a machine that is set up, where nothing is detected. The rest is in
`usage`, `interfaces` and, with udev, in `detect`.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from pathlib import Path

from ..errors import AnswerError, ErrorKind
from ..model.machine import Disk, Machine
from ..model.plan import Target
from ..reasons import reason
from ..sentence import joined, say
from .interfaces import LOOPBACK, interfaces

_BLKSSZGET = 0x1268  # linux/fs.h: logical sector size


def target(text: str, *, for_writing: bool) -> Target:
    """The disk or file at the path `text`, as it is now. Raises AnswerError."""
    path = Path(text)
    expected = say("Expected the path of a block device or a regular file.")
    try:
        kind = path.stat().st_mode
        if not (stat.S_ISBLK(kind) or stat.S_ISREG(kind)):
            raise AnswerError(
                ErrorKind.WRONG_VALUE,
                say("disk={text} is neither a block device nor a regular file.", text=text),
                expected,
            )
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.lseek(fd, 0, os.SEEK_END)
            sector = _sector_size(fd) if stat.S_ISBLK(kind) else 0
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        missing = isinstance(error, FileNotFoundError)
        raise AnswerError(
            ErrorKind.DEVICE_MISSING if missing else ErrorKind.DISK_UNREADABLE,
            say("disk={text} cannot be opened: {reason}.", text=text, reason=why),
            expected,
        ) from None
    if not size:
        how = say("Make it as large as the sender's disk: truncate -s SIZE FILE.")
        hint = joined(" ", expected, how) if for_writing else expected
        raise AnswerError(ErrorKind.WRONG_VALUE, say("disk={text} has no bytes.", text=text), hint)
    return Target(text, size, Disk(text, size, sector, settled=False))


def _sector_size(fd: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(fd, _BLKSSZGET, bytes(4)))[0])


def cards() -> Machine:
    """The network cards, and whatever else has a network interface (a bridge, say), but for the loopback."""
    return Machine(nics=tuple(nic for kind, nic in interfaces() if kind != LOOPBACK))

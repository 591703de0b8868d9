"""A part of a disk as a block device of its own: a loop device over it. Other people's tools get this, never the disk.

Rules, in one place:

* A tool reaches exactly that part, whatever it does and whatever the kernel believes of the disk's partitions; it is
  the same for an image file.
* A window is read-only whoever opens it, so no tool can change what is below; one that is `writable` knows how much was
  written through it.
* It is autoclear (loop(4), LOOP_CONFIGURE of Linux 5.8): it goes when the last of us closes it, also if we are killed.
* Tools run without rights, so the node belongs to `NOBODY` meanwhile. Who is killed leaves it so: the next window of
  anybody puts that right, of each loop device that shows nothing.
* It is locked (flock) before it shows anything: so udev leaves it alone, and makes no links to it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..asking import answer
from ..confinement import NOBODY
from ..errors import ErrorKind, LauncherError
from ..reasons import reason
from ..sentence import say

LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A  # linux/loop.h
READ_ONLY, AUTOCLEAR = 1, 4
CONTROL = "/dev/loop-control"
DRIVER = ("modprobe", "loop")
DRIVER_SECONDS = 60.0
TRIES = 50
"""Others may take the free loop device first."""

_CONFIG = struct.Struct("=II 5Q 4I 64s 64s 32s 2Q 8Q")
"""struct loop_config, with the struct loop_info64 in it."""


class NoWindow(Exception):
    """There is no loop device to be had, in the kernel's words."""


@dataclass(frozen=True)
class Window:
    """`length` bytes, at the path of a block device, which is open as `fd`. `before`: what was written through that
    when it had another's number."""

    path: str
    length: int
    fd: int = -1
    before: tuple[int, ...] = ()

    def flush(self) -> None:
        """Bring what was written into it to what is below. Raises OSError."""
        os.fsync(self.fd)

    def written(self) -> bool:
        """Whether anything was ever written or discarded through it. Raises OSError."""
        self.flush()
        return _written(self.path) != self.before


def load_driver() -> None:
    """Bring the kernel's; where that fails, it is seen at the device that is not there."""
    with contextlib.suppress(LauncherError):
        answer(DRIVER, DRIVER_SECONDS)


@contextlib.contextmanager
def window_of(path: str, begin: int, end: int, sector: int, *, writable: bool = False) -> Iterator[Window]:
    """The bytes from `begin` up to `end` of the disk or file at `path`. Raises LauncherError where there is no loop
    device."""
    with contextlib.ExitStack() as stack:
        try:
            below = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
            with contextlib.closing(os.fdopen(below, "rb", buffering=0)):
                shown = stack.enter_context(window(below, begin, end - begin, sector, writable=writable))
        except (OSError, NoWindow) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            sentence = say("There is no loop device for {path}: {error}.", path=path, error=why)
            raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence) from error
        yield shown


@contextlib.contextmanager
def window(
    below: int,
    offset: int,
    length: int,
    sector: int,
    load: Callable[[], None] = load_driver,
    *,
    writable: bool = False,
) -> Iterator[Window]:
    """`length` bytes from `offset` on of what is open as `below`, in sectors of `sector` bytes. `load` brings the
    kernel's driver, where it is not there. Raises NoWindow."""
    try:
        fd, path = _configured(_config(below, sector, offset, length, writable), load, writable)
    except OSError as error:
        raise NoWindow(error.strerror) from error
    try:
        with _handed_over(fd):
            yield Window(path, length, fd, _written(path) if writable else ())
    finally:
        os.close(fd)


@contextlib.contextmanager
def _handed_over(fd: int) -> Iterator[None]:
    """The node belongs to `NOBODY`. In a user namespace there is no such user, nor a confinement to it."""
    owner = os.fstat(fd).st_uid
    owner = 0 if owner == NOBODY else owner  # whoever had it last was killed
    with contextlib.suppress(OSError):
        os.fchown(fd, NOBODY, -1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.fchown(fd, owner, -1)


def _configured(config: bytes, load: Callable[[], None], writable: bool) -> tuple[int, str]:
    """The descriptor and the path of a loop device that shows only this. Raises OSError."""
    with contextlib.closing(os.fdopen(_open_control(load), "r+b", buffering=0)) as control:
        put_right()
        for _ in range(TRIES):
            path = f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
            loop = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
            try:
                with contextlib.suppress(BlockingIOError):  # udev is there still, for who had it last
                    fcntl.flock(loop, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.ioctl(loop, LOOP_CONFIGURE, config)
                return loop, path
            except OSError as error:
                os.close(loop)
                if error.errno != errno.EBUSY:
                    raise
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def put_right() -> None:
    """Nobody's loop devices that show nothing are root's again: who is killed leaves them, and the next user of such a
    node would show it to whoever runs as nobody."""
    for node in Path("/dev").glob("loop[0-9]*"):
        with contextlib.suppress(OSError):
            if node.stat().st_uid == NOBODY and not Path(f"/sys/block/{node.name}/loop/backing_file").exists():
                os.chown(node, 0, -1)


def _open_control(load: Callable[[], None]) -> int:
    try:
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError as missing:
        if missing.errno not in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
            raise
        load()
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)


def _config(fd: int, sector: int, offset: int, length: int, writable: bool) -> bytes:
    flags = AUTOCLEAR if writable else AUTOCLEAR | READ_ONLY
    info = (0, 0, 0, offset, length, 0, 0, 0, flags, b"", b"", b"", 0, 0)
    return _CONFIG.pack(fd, sector, *info, *[0] * 8)


def _written(path: str) -> tuple[int, ...]:
    """How many sectors were written and discarded, since there is this number (Documentation/block/stat.rst); a flush
    counts as a write of none."""
    fields = Path(f"/sys/block/{Path(path).name}/stat").read_text().split()
    return tuple(int(fields[number]) for number in (6, 13) if number < len(fields))

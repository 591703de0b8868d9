"""Sticks and cards on which a file can be kept, and the one function that writes one: the only thing that the launcher
writes to a disk besides the confirmed target. That the operator chose it, with its model and size before him, is the
consent.

- Offered is what can be pulled out, has a FAT or ext file system, is not in use, and is not a disk of the plan.
- FAT is written by mtools, ext by debugfs(8): the kernel needs no driver, and mounts nothing.
- A file that is there is never touched: the new one gets the next free name (``udpcfg-1.txt``).
- What was written is read back from the device, past the page cache, and compared, before it is said to be there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..asking import Ran, answer, run
from ..errors import ErrorKind, LauncherError
from ..model.machine import Disk, Machine
from ..sentence import Sentence, say

PROGRAMS = ("mdir", "mcopy", "mdel", "debugfs")
FAT, EXT = "vfat", frozenset({"ext2", "ext3", "ext4"})
MOST_NAMES = 99
SECONDS = 60.0
BLKFLSBUF = 0x1261
"""Linux's linux/fs.h: writes what is cached of a block device, and forgets it."""

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
GONE = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM)


@dataclass(frozen=True)
class Volume:
    """A file system on something that can be pulled out. `path` of its device, `size` in bytes."""

    path: str
    filesystem: str
    size: int
    disk: Disk
    label: str | None = None


def volumes(machine: Machine, but: str | None = None) -> tuple[Volume, ...]:
    """What can be offered, without the disk `but`."""
    disks = (disk for disk in machine.disks if _can_be_pulled_out(disk) and disk.path != but)
    return tuple(volume for disk in disks for volume in _of(disk) if _can_be_written(volume))


def _can_be_pulled_out(disk: Disk) -> bool:
    return disk.refused is None and (disk.removable or disk.transport in ("usb", "mmc"))


def _of(disk: Disk) -> Iterator[Volume]:
    if disk.filesystem:
        yield Volume(disk.path, disk.filesystem, disk.size, disk, disk.label)
    for part in disk.partitions:
        yield Volume(part.path, part.filesystem or "", part.size, disk, part.label)


def _can_be_written(volume: Volume) -> bool:
    return volume.filesystem == FAT or volume.filesystem in EXT


class NotSaved(LauncherError):
    """Why nothing was saved."""


def save(volume: Volume, name: str, text: bytes, seconds: float = SECONDS) -> str:
    """Write a new file, and give its name: `name`, or the first free one like it. Raises NotSaved."""
    with _opened(volume) as device:
        try:
            way = _Fat(volume.path, seconds) if volume.filesystem == FAT else _Ext(volume.path, seconds)
            free = next((one for one in _names(name) if one.lower() not in way.there()), None)
            if free is None:
                raise _not(say("{path} has {count} files of that name.", path=volume.path, count=MOST_NAMES))
            try:
                way.write(free, text)
            except LauncherError:
                with contextlib.suppress(LauncherError):  # what became of half a file does not matter beside why
                    way.remove(free)
                raise
            _flush(device)
            found = way.read(free)
        except NotSaved:
            raise
        except LauncherError as error:
            raise _not(error.sentence) from error
        except OSError as error:
            raise _not(_failed(volume, error)) from error
    if found != text:
        raise _not(say("What {path} gives back is not what was written.", path=volume.path))
    return free


def _names(name: str) -> Iterator[str]:
    stem, dot, suffix = name.rpartition(".")
    yield name
    yield from (f"{stem}-{number}{dot}{suffix}" for number in range(1, MOST_NAMES))


@contextlib.contextmanager
def _opened(volume: Volume) -> Iterator[int]:
    """Its device, which nobody else uses meanwhile. Raises NotSaved."""
    try:
        device = os.open(volume.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        raise _not(_failed(volume, error)) from error
    try:
        yield device
    finally:
        os.close(device)


def _failed(volume: Volume, error: OSError) -> Sentence:
    if error.errno in READ_ONLY:
        return say("{path} is write-protected.", path=volume.path)
    if error.errno in GONE:
        return say("{path} is gone.", path=volume.path)
    if error.errno == errno.EBUSY:
        return say("{path} is in use.", path=volume.path)
    return say("{path}: {reason}.", path=volume.path, reason=error.strerror or str(error))


def _flush(device: int) -> None:
    os.fsync(device)
    with contextlib.suppress(OSError):  # a file has no such cache of its own
        fcntl.ioctl(device, BLKFLSBUF)


def _not(sentence: Sentence) -> NotSaved:
    return NotSaved(ErrorKind.NOT_SAVED, sentence)


class _Fat:
    """mtools. A file of that name is found whatever its case."""

    def __init__(self, path: str, seconds: float) -> None:
        self._path, self._seconds = path, seconds

    def there(self) -> frozenset[str]:
        """The names in the root directory, in lower case."""
        listed = self._run("mdir", "-b", "-a", "-i", self._path, "::/", missing="File not found")
        names = (line.strip().removeprefix("::/").rstrip("/") for line in listed.out.splitlines())
        return frozenset(name.lower() for name in names if name)

    def write(self, name: str, text: bytes) -> None:
        self._run("mcopy", "-D", "s", "-i", self._path, "-", f"::/{name}", given=text)

    def read(self, name: str) -> bytes:
        return answer(("mcopy", "-n", "-i", self._path, f"::/{name}", "-"), self._seconds)

    def remove(self, name: str) -> None:
        self._run("mdel", "-i", self._path, f"::/{name}")

    def _run(self, *argv: str, given: bytes = b"", missing: str = "\0") -> Ran:
        ended = run(argv, self._seconds, given)
        if ended.status and missing not in ended.errors:
            raise _not(_complaint(self._path, ended))
        return ended


class _Ext:
    """debugfs, which ends with status 0 whatever it could not do: what it says counts."""

    def __init__(self, path: str, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        state = self._run("stats -h")
        found = re.search(r"^Filesystem state: +(.*)$", state, re.MULTILINE)
        if found is None or found[1] != "clean" or "needs_recovery" in state:
            raise _not(say("{path} was not unmounted cleanly.", path=path))

    def there(self) -> frozenset[str]:
        listed = self._run("ls -p /")
        return frozenset(line.split("/")[5].lower() for line in listed.splitlines() if line.count("/") >= 6)

    def write(self, name: str, text: bytes) -> None:
        source = os.memfd_create("udpcfg", os.MFD_CLOEXEC)
        try:
            os.write(source, text)
            self._run(f"write /proc/{os.getpid()}/fd/{source} /{name}", "-w")
        finally:
            os.close(source)

    def read(self, name: str) -> bytes:
        return answer(("debugfs", "-R", f"cat /{name}", self._path), self._seconds)

    def remove(self, name: str) -> None:
        self._run(f"rm /{name}", "-w")

    def _run(self, request: str, *options: str) -> str:
        ended = run(("debugfs", *options, "-R", request, self._path), self._seconds)
        said = [line for line in ended.errors.splitlines() if line.strip() and not line.startswith("debugfs 1.")]
        if ended.status or [line for line in said if not line.startswith("Allocated inode")]:
            raise _not(_complaint(self._path, ended))
        return ended.out


FULL = ("Disk full", "No space left", "Could not allocate")


def _complaint(path: str, ended: Ran) -> Sentence:
    if any(words in ended.errors for words in FULL):
        return say("{path} is full.", path=path)
    if "Read-only" in ended.errors or "write protected" in ended.errors:
        return say("{path} is write-protected.", path=path)
    return say("{path}: {reason}.", path=path, reason=ended.last_words[:200] or f"{ended.program}: {ended.status}")

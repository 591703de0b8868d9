"""The disk that is read and the disk that is overwritten, as files: opened safely, asked in words, timed.

Rules, in one place:

* The source is opened for reading, and for nothing else. It may not be mounted for writing, nor be claimed by something
  that is not seen here.
* The target is opened for writing, a block device for ourselves alone (O_EXCL), and past the page cache (O_DIRECT):
  so an error comes with the write that caused it, a small memory does not fill, and flushing at the end is short.
* What is read back comes past the page cache as well. What a disk answers from a cache of its own is not seen here.
* A disk can hang for ever, and the thread that asked it: `hung` tells another one.
* What close(2) has to say belongs to the flush: on a network's file system, a write that failed may be told only there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import ErrorKind, TransferFailed
from ..hardware.usage import Use, uses
from ..model.plan import Target
from ..model.times import TIMES, Times
from ..reasons import reason
from ..sentence import Field, Sentence, say, say_many

ALIGNMENT = 4096  # of offset, length and memory in direct I/O; right for sectors of 512 and of 4096 bytes
BLKRRPART = 0x125F  # linux/fs.h
BLKDISCARD, BLKZEROOUT = 0x1277, 0x127F  # linux/fs.h
KEEP_SIZE, PUNCH_HOLE = 1, 2  # linux/falloc.h
AGAIN = 0.2  # seconds between two trials to have a disk alone
WINDOW = 16 << 20  # bytes of a file after which writing back is started, and older pages are dropped from the cache

_ZEROS = memoryview(mmap.mmap(-1, 1 << 20))  # begins at a page, and takes no memory


class DiskError(Exception):
    """The disk failed at byte `offset`, in the kernel's words or in ours. `full`: there is no
    more room."""

    def __init__(self, offset: int, words: Sentence, full: bool = False) -> None:
        super().__init__(str(words))
        self.offset, self.words, self.full = offset, words, full


def no_answer(seconds: float) -> Sentence:
    """What is said of a disk that hangs."""
    count = round(seconds)
    return say_many("it has not answered for {count} second", "it has not answered for {count} seconds", count)


class _Disk:
    """An open disk, or a file in its place."""

    def __init__(self, path: str, flags: int, times: Times, alone: bool = False) -> None:
        """Raises OSError. `alone`: a block device may not be mounted or otherwise in use."""
        self.path = path
        self._times = times
        self.is_block = stat.S_ISBLK(Path(path).stat().st_mode)
        self.direct = False
        # The request that is not answered yet: when it began, and how many seconds it may take.
        self._busy: tuple[float, float] | None = None
        self._hurried: tuple[float, float] | None = None  # since when an answer may take only so many seconds
        # On a block device O_EXCL without O_CREAT means: fail when it is in use (open(2)).
        self.fd = os.open(path, flags | os.O_CLOEXEC | (os.O_EXCL if alone and self.is_block else 0))

    def close(self) -> None:
        """Give the descriptor back, once. It is gone even if the disk has something to complain of (close(2))."""
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = -1

    @property
    def asked(self) -> bool:
        """Whether it is to answer a request, for which it has only so long."""
        busy = self._busy
        return busy is not None and busy[1] < float("inf")

    @property
    def hung(self) -> float | None:
        """The seconds for which the disk has not answered a request, where they are too many."""
        busy, now = self._busy, time.monotonic()
        if busy is None:
            return None
        begun, limit = busy
        late = now - begun > limit
        if self._hurried is not None:
            since, limit = self._hurried
            late = late or now - max(begun, since) > limit
        return now - begun if late else None

    def hurry(self, wanted: bool = False) -> None:
        """From now on wait only `impatience` for an answer, which nobody wants any more; or `patience` where it is
        `wanted`, and there is nothing else to wait for."""
        self._hurried = time.monotonic(), self._times.patience if wanted else self._times.impatience

    @contextlib.contextmanager
    def _asked(self, patience: float | None = None) -> Iterator[None]:
        self._busy = time.monotonic(), self._times.patience if patience is None else patience
        try:
            yield
        finally:
            self._busy = None


class SourceDisk(_Disk):
    """The disk that is sent. Raises TransferFailed where it cannot be read, or is mounted for writing.

    `head`: its first bytes, by which a stream is recognised; empty where they cannot be read.
    """

    def __init__(self, path: str, times: Times = TIMES) -> None:
        self._splices = True
        self.head = b""
        try:
            super().__init__(path, os.O_RDONLY, times)
        except OSError as error:
            sentence = say("{path} cannot be read: {error}.", path=path, error=reason(error))
            raise TransferFailed(ErrorKind.DISK_UNREADABLE, sentence) from error
        used = uses(path) if self.is_block else []
        writers = [use for use in used if use.writable]
        if writers:
            self.close()
            raise TransferFailed(
                ErrorKind.DISK_IN_USE,
                say(
                    "{path} is in use and may change while it is read: {uses}; nothing was sent.",
                    path=path,
                    uses=_listed(writers),
                ),
                say("Unmount it, or mount it read-only, then try again."),
            )
        if self.is_block and not used and self._is_claimed():
            self.close()
            raise TransferFailed(
                ErrorKind.DISK_IN_USE,
                say("{path} is in use by something that cannot be seen from here; nothing was sent.", path=path),
                say("A container may have mounted it: end that, then try again."),
            )
        with contextlib.suppress(OSError):  # the transfer will meet the same error, and report it
            self.head = os.pread(self.fd, 32, 0)

    def _is_claimed(self) -> bool:
        """Whether somebody has the disk for himself: a mount in another namespace, say. Who looks at it for a moment
        may have it so as well (mdadm does), so that is asked for a while."""
        end = time.monotonic() + self._times.partitions
        while True:
            try:
                os.close(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_EXCL))
                return False
            except OSError as error:
                if error.errno != errno.EBUSY:
                    return False  # who reads it meets the same error
            if time.monotonic() > end:
                return True
            time.sleep(AGAIN)

    def read(self, buffer: memoryview, offset: int) -> int:
        """Read up to a whole buffer; 0 at the disk's end. Raises DiskError."""
        try:
            with self._asked():
                return os.preadv(self.fd, [buffer], offset)
        except OSError as error:
            raise DiskError(offset, _words(error, say("read error"))) from error

    def send(self, data: memoryview, offset: int, sink: int) -> None:
        """Put `data`, which was just read at `offset`, into the pipe `sink`. Raises DiskError, BrokenPipeError.

        The kernel puts the page cache's own pages into the pipe (splice(2)), which costs no copy. Should the disk have
        to be asked again, and answer otherwise, then the digest does not hold for what was sent, and every receiver
        reports a difference: that errs on the right side.
        """
        done = 0
        while done < len(data) and self._splices:
            try:
                # To wait for the pipe is no fault of the disk. When its reader has ended, it is: see `hurry`.
                with self._asked(float("inf")):
                    count = os.splice(self.fd, sink, len(data) - done, offset_src=offset + done)
            except BrokenPipeError:
                raise
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise DiskError(offset + done, _words(error, say("read error"))) from error
                count = 0
            self._splices = count > 0  # else a file system that does not know it: by hand, then
            done += count
        while done < len(data):
            done += os.write(sink, data[done:])

    def holds(self, unchanged: Callable[[], bool]) -> bool:
        """What `unchanged` says, which asks the disk as well."""
        with self._asked():
            return unchanged()

    def expect(self, offset: int, length: int) -> None:
        """Let the kernel read this ahead."""
        with contextlib.suppress(OSError), self._asked():  # who reads it meets the error
            os.posix_fadvise(self.fd, offset, length, os.POSIX_FADV_WILLNEED)

    def forget(self, offset: int, length: int) -> None:
        """Drop what was read from the page cache."""
        os.posix_fadvise(self.fd, offset, length, os.POSIX_FADV_DONTNEED)


class TargetDisk(_Disk):
    """The disk that is overwritten. Raises TransferFailed where it cannot be, before anything is written.

    `head`: its first bytes as they were before, with the partition table; empty where they cannot be read.
    """

    def __init__(self, path: str, times: Times = TIMES) -> None:
        try:
            super().__init__(path, os.O_WRONLY, times, alone=True)
        except OSError as error:
            used = uses(path) if error.errno == errno.EBUSY else []
            if used:
                kind = ErrorKind.DISK_IN_USE
                sentence = say("{path} cannot be written to: it is in use: {uses}.", path=path, uses=_listed(used))
            else:
                kind = ErrorKind.DISK_UNWRITABLE
                sentence = say("{path} cannot be written to: {error}.", path=path, error=reason(error))
            hint = say("It must exist, and nothing else may use it.")
            raise TransferFailed(kind, sentence, hint) from error
        self.size = os.lseek(self.fd, 0, os.SEEK_END) if self.is_block else None
        self._set_direct(self.is_block)
        self.head = b""
        with contextlib.suppress(OSError):  # who writes to it meets the same error, and reports it
            self.head = _head(self.fd)

    def _set_direct(self, wanted: bool) -> None:
        """Switch direct I/O, where there is such a thing."""
        flags = fcntl.fcntl(self.fd, fcntl.F_GETFL)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.fd, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
            self.direct = wanted

    def write(self, data: memoryview, offset: int) -> None:
        """Write all of `data`. Raises DiskError with the offset of the first byte that is not known to be written."""
        if self.direct and (offset % ALIGNMENT or len(data) % ALIGNMENT):
            self._set_direct(False)  # only at the end of a length that is no multiple
        done = 0
        while done < len(data):
            try:
                with self._asked():
                    count = os.pwrite(self.fd, data[done:], offset + done)
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EFBIG)
                raise DiskError(offset + done, _words(error, say("write error")), full) from error
            if not count:
                raise DiskError(offset + done, say("nothing more is accepted"), True)
            done += count
        end = offset + done
        if not self.direct and end // WINDOW > offset // WINDOW:
            self._write_back(end // WINDOW * WINDOW)

    def _write_back(self, end: int) -> None:
        """Start writing back the window before `end`, and drop the one before that, which is on the disk by now.

        POSIX_FADV_DONTNEED starts the writing of dirty pages and drops clean ones (Linux, mm/fadvise.c).
        """
        os.posix_fadvise(self.fd, max(0, end - 2 * WINDOW), min(end, 2 * WINDOW), os.POSIX_FADV_DONTNEED)

    def discard(self, offset: int, length: int) -> None:
        """Tell the disk that nothing is needed there: an SSD may forget it, and what is read there afterwards may be
        anything. A file gets a hole. Raises DiskError where that cannot be, or is not known there."""
        try:
            with self._asked():
                if self.is_block:
                    fcntl.ioctl(self.fd, BLKDISCARD, struct.pack("QQ", offset, length))
                else:
                    self._punch(offset, length)
        except OSError as error:
            raise DiskError(offset, _words(error, say("write error"))) from error

    def zero(self, offset: int, length: int) -> None:
        """Let there be zeros, by the quickest way that the disk has: it may write them by itself, and a file gets a
        hole. Raises DiskError."""
        try:
            with self._asked():
                self._zero_at_once(offset, length)
        except OSError:  # not known there, or not for this range: by hand, which tells what is wrong
            for place in range(offset, offset + length, len(_ZEROS)):
                self.write(_ZEROS[: offset + length - place], place)

    def _zero_at_once(self, offset: int, length: int) -> None:
        if self.is_block:
            fcntl.ioctl(self.fd, BLKZEROOUT, struct.pack("QQ", offset, length))
        else:
            self._punch(offset, length)

    def _punch(self, offset: int, length: int) -> None:
        import ctypes  # noqa: PLC0415 - rare

        libc = ctypes.CDLL(None, use_errno=True)
        where = ctypes.c_int64(offset), ctypes.c_int64(length)
        if libc.fallocate64(self.fd, KEEP_SIZE | PUNCH_HOLE, *where):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def flush(self) -> None:
        """Bring everything to the disk. Raises DiskError with the offset 0: the kernel does not tell where."""
        try:
            with self._asked(None if self.is_block else float("inf")):  # a file may have much to flush
                os.fsync(self.fd)
                os.close(os.dup(self.fd))  # the file system hears of each
        except OSError as error:
            raise DiskError(0, _words(error, say("flush error"))) from error

    def end(self) -> int:
        """Its size in bytes, as it is now. Raises DiskError."""
        try:
            return os.lseek(self.fd, 0, os.SEEK_END)
        except OSError as error:
            raise DiskError(0, _words(error, say("read error"))) from error

    def renew_partitions(self) -> None:
        """Let the kernel read the partition table anew, where it has read one. Raises DiskError, whose cause tells
        whether a partition is open (EBUSY)."""
        try:
            if self.is_block:
                fcntl.ioctl(self.fd, BLKRRPART)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTTY):  # a partition, or a device that has none
                raise DiskError(0, _words(error, say("it is busy"))) from error


class ReadBack(_Disk):
    """A target that is read again past the page cache; on a file system without direct I/O, as well as that goes."""

    def __init__(self, path: str, times: Times = TIMES) -> None:
        try:
            super().__init__(path, os.O_RDONLY | os.O_DIRECT, times)
            self.direct = True
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise DiskError(0, _words(error, say("it cannot be opened"))) from error
            super().__init__(path, os.O_RDONLY, times)
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def read(self, buffer: memoryview, offset: int) -> int:
        """Read up to a whole buffer, whose length must be a multiple of ALIGNMENT; 0 at the end. Raises DiskError."""
        try:
            with self._asked():
                return os.preadv(self.fd, [buffer], offset)
        except OSError as error:
            raise DiskError(offset, _words(error, say("read error"))) from error


def whereabouts(target: Target) -> str:
    """Which disk `target` is, or is a part of, on which running machine; the partition's number behind the last blank.

    Two that are equal, or that are equal but for one of them having no part, overlap. "" where it cannot be told.
    """
    try:
        machine = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        status = Path(target.path).stat()
        part = ""
        if stat.S_ISBLK(status.st_mode):
            device = Path(f"/sys/dev/block/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}").resolve()
            if (device / "partition").exists():
                part = (device / "partition").read_text().strip()
                device = device.parent
            below = device / "loop" / "backing_file"
            if not below.exists():
                return f"{machine} block:{(device / 'dev').read_text().strip()} {part}"
            status = Path(below.read_text().rstrip("\n")).stat()
    except OSError:
        return ""
    return f"{machine} file:{status.st_dev}:{status.st_ino} {part}"


def overlap(one: str, other: str) -> bool:
    """Whether two `whereabouts` have bytes in common."""
    disk, _, part = one.rpartition(" ")
    other_disk, _, other_part = other.rpartition(" ")
    return bool(disk) and disk == other_disk and (part == other_part or not part or not other_part)


def _head(fd: int) -> bytes:
    """The first two sectors of any size of what is open for writing only. Raises OSError."""
    again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(again, 2 * ALIGNMENT, 0)
    finally:
        os.close(again)


def _words(error: OSError, otherwise: Sentence) -> Sentence:
    """The kernel's words for `error`; `otherwise` where it has none."""
    return reason(error) if error.strerror else otherwise


def _listed(used: list[Use]) -> tuple[Field, ...]:
    return tuple(use.words for use in used)

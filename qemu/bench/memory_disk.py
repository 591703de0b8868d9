"""Disks for a benchmark without machines: block devices (loop) over files in memory.

A disk is no file: writing to one fills the page cache or goes past it, and has to be flushed. A file in memory would
show nothing of that. Where no loop device can be made (only root may, and not in every container), the files
themselves have to do, and the benchmark says so.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from ..disks.raw import MIB

_ZEROS = bytes(MIB)


class MemoryDisk:
    """One disk. `path` is what a program is given, `file` holds the bytes; the device ends with the process."""

    def __init__(self, file: Path, block: bool = True) -> None:
        """`file` has its size already. Without `block`, it stays a file."""
        self.file = file
        self.path = file
        self._held = -1
        if block:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                self._attach()

    @property
    def is_block(self) -> bool:
        """Whether there is a block device."""
        return self.path != self.file

    def _attach(self) -> None:
        words = ["losetup", "--find", "--show", "--nooverlap", str(self.file)]
        name = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        try:
            self._held = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            # Its removal is due from now on, and waits for the last who has it open: for us, whatever ends us.
            subprocess.run(["losetup", "--detach", name], check=True, capture_output=True)
        self.path = Path(name)

    def forget(self) -> None:
        """Drop the device's pages from the page cache, as if it had just been plugged in."""
        if self.is_block:
            subprocess.run(["blockdev", "--flushbufs", str(self.path)], check=True)

    def wipe(self) -> None:
        """Make it a disk of zeros. Its memory stays its own from run to run: a page that a virtual machine touches for
        the first time costs its host more than all that is measured here."""
        left = self.file.stat().st_size
        with self.file.open("r+b") as file:
            while left:
                left -= file.write(_ZEROS[: min(left, MIB)])
        self.forget()

    def close(self) -> None:
        """Give device and memory back."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
        self.file.unlink(missing_ok=True)


def memory_disk(path: Path, size: int, block: bool = True) -> MemoryDisk:
    """A new disk of `size` bytes at `path`, which should be in a file system in memory."""
    with path.open("wb") as file:
        file.truncate(size)
    return MemoryDisk(path, block)

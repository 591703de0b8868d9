"""What can go wrong while building, as one sentence; errors of the file system among it.

Whether a file was read or written is told apart by whose it is: `writing` knows where its block writes, and whatever is
elsewhere was read.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

FULL = ("No space left on device", "Disk quota exceeded", "have enough free space in")
"""How programs say that the disk is full: strerror(3) of ENOSPC and EDQUOT, and apt's own words."""


class BuildError(Exception):
    """One sentence: what, where, what was expected, what to do. `status` is the command's exit status."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class ProgramError(BuildError):
    """A program failed; `said` is all that it wrote about it."""

    def __init__(self, sentence: str, said: str) -> None:
        super().__init__(sentence)
        self.said = said

    @property
    def disk_is_full(self) -> bool:
        return any(words in self.said for words in FULL)


@contextlib.contextmanager
def writing(what: str, where: Path, megabytes: int, hint: str) -> Iterator[None]:
    """Turn errors of the file system into BuildError. The block is `what` ("packing the initrd"), writes below `where`,
    and needs some `megabytes` (10^6 bytes) there; `hint` says how to give another place."""
    try:
        yield
    except ProgramError as error:
        if not error.disk_is_full:
            raise
        raise _full(what, where, megabytes, hint) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(what, where, megabytes, hint) from error
        raise _other(error, what, where, hint) from error


def _full(what: str, where: Path, megabytes: int, hint: str) -> BuildError:
    place = next((path for path in (where, *where.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(place).free / 1e6
    return BuildError(
        f"the disk is full: {what} needs about {megabytes} MB in {where}, and {free:.0f} MB are free there; "
        f"make room, or {hint}"
    )


def _other(error: OSError, what: str, where: Path, hint: str) -> BuildError:
    names = [Path(str(name)) for name in (error.filename, error.filename2) if name is not None]
    read = [name for name in names if not name.is_relative_to(where)]
    if read and len(read) == len(names):
        return BuildError(f"{read[0]} cannot be read: {error.strerror}")
    if names and not read:
        return BuildError(f"{names[-1]} cannot be written: {error.strerror}; {hint}")
    return BuildError(f"{what} in {where} failed: {error.strerror or error}; {hint}")

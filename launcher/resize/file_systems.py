"""The tools of the file systems that grow: is this one whole, and grow it. They get a window
(`hardware.window`), and no rights.

Rules, in one place:

* ext2, ext3, ext4: ``dumpe2fs -h`` says that it is clean and has no journal to replay, ``e2fsck -fn`` reads all of it
  and changes nothing; status 0. Behind that, ``resize2fs -f`` need not be told again that it was checked (for which
  e2fsck would have to write).
* ntfs: ``ntfs-3g.probe`` says whether Windows left it clean, ``ntfsresize --info`` checks it, and with ``--no-action``
  it tries the growing and changes nothing. What has grown is marked so that Windows checks it at its next start.
* A tool that ends with 0 has not grown anything yet: resize2fs leaves out a last group that is too small for its own
  tables. So the file system says how large it is.
* xfs and btrfs grow while they are mounted only: here they are left alone.
"""

from __future__ import annotations

import re

from ..asking import Ran, run
from ..errors import ErrorKind, LauncherError
from ..sentence import Sentence, say
from ..used.ntfs import HIBERNATED, UNCLEAN
from .growth import EXT, NTFS

_REPLAY = "needs_recovery"
_SKIPPED = "recovery"  # e2fsck: "skipping journal recovery because doing a read-only filesystem check"
_STATE = re.compile(r"^Filesystem state: +clean$", re.MULTILINE)
_BLOCKS = re.compile(r"^Block (count|size): +([0-9]+)$", re.MULTILINE)
_VOLUME = re.compile(r"^Current volume size: ([0-9]+) bytes", re.MULTILINE)

CLOSE = say("Let the sender's system start and shut it down in order, then cast again; the clone can be used as it is.")
OFF = say("Start Windows on the sender's PC, shut it down with `shutdown /s /t 0`, then cast again.")
WINDOWS = {
    HIBERNATED: say("Windows is hibernated on it (or has fast startup)."),
    UNCLEAN: say("Windows was not shut down cleanly."),
}
"""By what ntfs-3g.probe ends with."""

_REMARKS = {
    "xfs": say("Its file system (xfs) takes the room when it is mounted: run `xfs_growfs /` in the clone."),
    "btrfs": say(
        "Its file system (btrfs) takes the room when it is mounted: run `btrfs filesystem resize max /` in the clone."
    ),
    NTFS: say("Windows will check it at its next start."),
}


def remarks(kind: str) -> tuple[Sentence, ...]:
    """What is to be known of a file system that has grown."""
    return (_REMARKS[kind],) if kind in _REMARKS else ()


def check(kind: str, path: str, seconds: float) -> None:
    """Look whether the file system at `path`, which may be read only, is whole and clean. Raises LauncherError."""
    if kind in EXT:
        head = _run(("dumpe2fs", "-h", path), seconds)
        done = _run(("e2fsck", "-f", "-n", path), seconds)
        if _REPLAY in head.out or _SKIPPED in done.errors:
            sentence = say("The file system was not unmounted: its journal is to be replayed.")
            raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence, CLOSE)
        if not _STATE.search(head.out):
            raise LauncherError(ErrorKind.PROGRAM_FAILED, say("The file system is not marked as clean."), CLOSE)
    elif kind == NTFS:
        _probe(path, seconds)
        _run(("ntfsresize", "--info", "--no-progress-bar", path), seconds)


def hibernated(path: str, seconds: float) -> bool:
    """Whether a Windows is hibernated on the NTFS at `path`, which may be read only. Raises LauncherError."""
    return run(("ntfs-3g.probe", "--readwrite", path), seconds, rights=False).status == HIBERNATED


def _probe(path: str, seconds: float) -> None:
    """Look whether Windows left it clean. Raises LauncherError."""
    done = run(("ntfs-3g.probe", "--readwrite", path), seconds, rights=False)
    if done.status in WINDOWS:
        raise LauncherError(ErrorKind.PROGRAM_FAILED, WINDOWS[done.status], OFF)
    if done.status:
        raise LauncherError(ErrorKind.PROGRAM_FAILED, say("{failure}.", failure=done.failure))


def rehearse(kind: str, path: str, seconds: float) -> None:
    """Try the growing on `path`, which is as large as it will be and may be read only. Raises LauncherError."""
    if kind == NTFS:
        _run(("ntfsresize", "--no-action", "--no-progress-bar", path), seconds)


def enlarge(kind: str, path: str, before: int, seconds: float) -> None:
    """Grow the file system to the end of `path`. Raises LauncherError, also where it has no more than the `before`
    bytes of its old partition then."""
    if kind in EXT:
        done = _run(("resize2fs", "-f", path), seconds)
    elif kind == NTFS:
        done = _run(("ntfsresize", "--force", "--no-progress-bar", path), seconds)
    else:
        return
    if _size(kind, path, seconds) <= before:
        raise LauncherError(ErrorKind.PROGRAM_FAILED, say("{failure}.", failure=done.failure))


def _size(kind: str, path: str, seconds: float) -> int:
    """How many bytes the file system has, by its own word; 0 where it does not say. Raises LauncherError."""
    if kind in EXT:
        numbers = dict(_BLOCKS.findall(_run(("dumpe2fs", "-h", path), seconds).out))
        return int(numbers.get("count", 0)) * int(numbers.get("size", 0))
    said = _VOLUME.search(_info_again(path, seconds).out)
    return int(said[1]) if said else 0


def still_whole(kind: str, path: str, seconds: float) -> None:
    """Look whether it is whole after growing, or after that failed. Raises LauncherError."""
    if kind in EXT:
        check(kind, path, seconds)
    elif kind == NTFS:
        _info_again(path, seconds)


def _info_again(path: str, seconds: float) -> Ran:
    """Of an NTFS that is marked for Windows by now: only --force twice looks further. Raises LauncherError."""
    return _run(("ntfsresize", "--info", "--force", "--force", "--no-progress-bar", path), seconds)


def _run(argv: tuple[str, ...], seconds: float) -> Ran:
    done = run(argv, seconds, rights=False)
    if done.status:
        raise LauncherError(ErrorKind.PROGRAM_FAILED, say("{failure}.", failure=done.failure))
    return done

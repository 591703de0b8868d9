"""The temporary directories of a build: where they may lie, who holds them, and what a killed build left.

Each is called `PREFIX` and eight characters, and whoever made it holds a lock on it (flock(2)), which its children
inherit: so it is held as long as anything may write there, and no longer. `sweep` removes those that nobody holds. A
file system without such locks (some network file systems) keeps them: nobody can tell there whether a build still runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kernel_cmdline import showable

from .errors import BuildError
from .interruption import undisturbed
from .run import inherited

LOG = logging.getLogger("initrd")

PREFIX = ".udpcast-build-"
NAME = re.compile(re.escape(PREFIX) + r"\w{8}", re.ASCII)

PLAIN = re.compile(r"[\w/.,:+@%=~#-]+")
"""The characters that dracut (059, 106) takes in all its paths: blanks, quotes, and what a shell reads are not among
them."""


def is_plain(path: Path) -> bool:
    """Whether dracut can work in `path`."""
    return bool(PLAIN.fullmatch(str(path)))


def places(cache: Path | None, shell: Mapping[str, str]) -> list[Path]:
    """Where a build's directory may lie: in the cache for kernel packages, or else where temporary files are."""
    given = [cache, Path(shell["TMPDIR"]) if shell.get("TMPDIR") else None]
    return list(dict.fromkeys(path.absolute() for path in (*given, Path("/var/tmp"), Path("/tmp")) if path))


def choose(candidates: Sequence[Path]) -> Path:
    """The first of `candidates` in which this user may write, and dracut can work. Raises BuildError."""
    for path in candidates:
        place = path.resolve()
        if is_plain(place) and place.is_dir() and os.access(place, os.W_OK | os.X_OK):
            return place
    looked = ", ".join(map(str, candidates))
    raise BuildError(
        f"there is no directory to build in (looked in {looked}): dracut takes none with blanks or quotes in its name; "
        "name one with TMPDIR"
    )


def check_names(project: Path, **given: Path | None) -> None:
    """Raise BuildError for a path that not every program here can take; the project's own is read by most."""
    for what, path in {**given, "project": project}.items():
        if path and re.search(r"[\n\t]" if what != "project" else r"[\n\t\ud800-\udfff]", str(path)):
            shown = showable(str(path))
            raise BuildError(f"the {what} {shown} has a line end, a tab or no UTF-8 in its name; name it otherwise", 2)


@contextlib.contextmanager
def temporary(parent: Path) -> Iterator[Path]:
    """A directory of this build's own in `parent`, removed at the end. Raises OSError."""
    held: tuple[Path, int] | None = None
    try:
        with undisturbed():
            held = _make(parent)
        with inherited(held[1]):
            yield held[0]
    finally:
        if held:
            with undisturbed():
                _remove(held[0])
                os.close(held[1])


def _make(parent: Path) -> tuple[Path, int]:
    """A new directory in `parent`, and the descriptor that holds it."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        with contextlib.suppress(FileNotFoundError):  # another build has just swept it
            directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            if _lock(directory) is not False and path.exists():
                return path, directory
            os.close(directory)


def _lock(directory: int) -> bool | None:
    """Whether we hold it now; None where the file system has no locks."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def sweep(parents: Iterable[Path]) -> None:
    """Remove, and say so, what builds of this user that were killed have left in `parents`."""
    for path in (path for parent in dict.fromkeys(parents) for path in _ours(parent)):
        shown = showable(str(path))
        free = _swept(path)
        if free is None:
            LOG.warning("%s may be what a killed build left; delete it when no build runs", shown)
        elif free:
            LOG.warning("%s is removed: a build that was killed left it", shown)


def _ours(parent: Path) -> list[Path]:
    try:
        names = [path for path in parent.iterdir() if NAME.fullmatch(path.name)]
        states = {path: path.lstat() for path in names}
    except OSError:
        return []  # there is no such directory, or one of them has just gone
    return sorted(path for path in names if stat.S_ISDIR(states[path].st_mode) and states[path].st_uid == os.geteuid())


def _swept(path: Path) -> bool | None:
    """Whether nobody held `path`, and it is gone now; None where that cannot be told."""
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        free = _lock(directory)
        if free:
            _remove(path)
        return free
    finally:
        os.close(directory)


def _remove(path: Path) -> None:
    """Remove the tree, also where a directory in it allows its owner nothing. What cannot be removed stays."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        for above, names, _ in os.walk(path):
            for directory in (Path(above, name) for name in names):
                if not directory.is_symlink():
                    directory.chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)

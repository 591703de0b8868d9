"""Where a boot server keeps its files while it runs, and what a killed one has left.

- The folder's lock (flock) tells whether its boot server lives: the kernel gives it up with the last process that holds
  it, boot server or keeper. Nothing is believed of process numbers.
- What is left, folder and dnsmasq, is ended, removed and said by the next run. Only what is ours: a folder of our name
  that belongs to our user and that nobody holds, and a dnsmasq that was started with the configuration in it.
- dnsmasq's user must be able to enter. Where a folder above TMPDIR is closed to it, another place is taken, and it is
  said.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .supervisor import GRACE, User

PREFIX = "udpcast-serve-"
CONFIG = "dnsmasq.conf"
OTHER_PLACES = (Path("/run"), Path("/var/tmp"), Path("/tmp"))

Say = Callable[[str], None]


class WorkspaceError(Exception):
    """One sentence: why there is no place for the files."""


@dataclass(frozen=True)
class Workspace:
    """A folder that ends with its boot server. `lock` is the descriptor that says it lives."""

    path: Path
    lock: int

    @property
    def config(self) -> Path:
        return self.path / CONFIG

    def clear(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


@contextlib.contextmanager
def workspace(user: User | None, say: Say) -> Iterator[Workspace]:
    """A folder for a boot server, which everybody can read. What earlier ones left is cleared away first, and said.

    `user` is dnsmasq's, None for root. Raises WorkspaceError.
    """
    places = tuple(dict.fromkeys((*_usual_place(), *OTHER_PLACES)))
    for place in places:
        for sentence in clear_leftovers(place):
            say(sentence)
    made = _made(places, user, say)
    try:
        yield made
    finally:
        made.clear()
        os.close(made.lock)


def _usual_place() -> Iterator[Path]:
    """Where temporary files go here, if there is room for one."""
    with contextlib.suppress(FileNotFoundError):  # all disks are full, or read-only
        yield Path(tempfile.gettempdir()).resolve()


def clear_leftovers(place: Path) -> Iterator[str]:
    """End and remove what killed boot servers left in `place`; what was done, in sentences."""
    try:
        found = sorted(path for path in place.iterdir() if path.name.startswith(PREFIX))
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(handle).st_uid == os.geteuid() and _locked(handle):
                    yield from _clear(path)
            finally:
                os.close(handle)


def _clear(path: Path) -> Iterator[str]:
    for pid in _ours(path):
        if _end(pid, path):
            yield f"dnsmasq (process {pid}) was still running for an earlier boot server that was killed: ended."
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        yield f"{path} was left by an earlier boot server that was killed, and cannot be removed: remove it yourself."
    else:
        yield f"{path} was left by an earlier boot server that was killed: removed."


def _ours(path: Path) -> list[int]:
    """The processes of dnsmasq whose configuration lies in `path`."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_ours(entry, path)]


def _is_ours(process: Path, path: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(words[0])).name == "dnsmasq" and os.fsencode(f"--conf-file={path / CONFIG}") in words


def _end(pid: int, path: Path) -> bool:
    """End a dnsmasq of ours; False when it is gone or is none."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _is_ours(Path(f"/proc/{pid}"), path):  # the number may have become another's meanwhile
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], GRACE)[0]:
                return True
        return False
    except OSError:
        return False
    finally:
        os.close(handle)


def _made(places: tuple[Path, ...], user: User | None, say: Say) -> Workspace:
    """Raises WorkspaceError."""
    reasons: list[str] = []
    for place in places:
        try:
            made = _make(place)
        except OSError as error:
            reasons.append(f"{place}: {error.strerror}")
            continue
        closed = user and closed_folder(made.path, user)
        if not closed:
            if reasons:
                say(f"The files are in {place} ({'; '.join(reasons)}).")
            return made
        assert user
        reasons.append(f"{place}: dnsmasq's user {user.name} may not enter {closed}")
        made.clear()
        os.close(made.lock)
    raise WorkspaceError(f"there is no folder for the files: {'; '.join(reasons)}.")


def _make(place: Path) -> Workspace:
    """Raises OSError."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(OSError):  # no locks for folders there (NFS): then nobody takes it for a leftover
            fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):  # another run may have taken it for a leftover until just now
            if os.path.samestat(path.stat(), os.fstat(lock)):
                path.chmod(0o755)
                return Workspace(path, lock)
        os.close(lock)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def closed_folder(path: Path, user: User) -> Path | None:
    """The first folder on the way to `path` that `user` may not enter; None when the way is open.

    The kernel is asked, as that user: there may be access lists, or a server of files that has rules of its own.
    """
    return next((folder for folder in (*reversed(path.parents), path) if not _may_enter(folder, user)), None)


def _may_enter(folder: Path, user: User) -> bool:
    command = ["test", "-x", str(folder)]
    return not subprocess.run(command, user=user.uid, group=user.gid, extra_groups=[], check=False).returncode

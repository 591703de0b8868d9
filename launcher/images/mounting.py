"""A partition of a stored image, mounted: nbdkit unpacks, nbdfuse shows the disk as a file, and the kernel or ntfs-3g
mounts from a loop device upon it. No kernel needs nbd for that.

Rules, in one place:

* Nothing is written: not to the image, which is open for reading only; and no journal is replayed, whatever the file
  system is like (`OPTIONS`).
* What the image holds was somebody else's. nbdkit gives up its rights before it unpacks, and nothing on what is mounted
  is a device or gives rights.
* Each mount point has a place of its own below `IMAGES`, which is made before anything is started, and all that is
  started bears the place's name. So `unmount` finds it, whatever of it there is: also where the mount was broken off,
  or where one of the programs was killed.
* The loop device goes with the last use of it; nbdfuse ends when its file is unmounted, and ends nbdkit. Both are told
  to end as well: the other one may have been killed. What has not ended `PATIENCE` seconds later is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..asking import ask
from ..datapath.framing import SentPart
from ..datapath.stored import NotWhole, Stored, look
from ..errors import ErrorKind, LauncherError
from ..hardware.usage import mounts
from ..paths import IMAGES
from ..process import spawn_to_stay
from ..sentence import Sentence, say
from .opening import not_whole, reading

DISK = "disk.img"
"""What the disk is called as a file."""
FIRST_FD = 10  # the image: libnbd gives nbdkit its socket as descriptor 3
PATIENCE = 20.0  # seconds for one of the programs
LOOK_AGAIN = 0.05  # seconds between two looks at what sends no message

PACKAGES = {
    "nbdfuse": "libnbd-bin",
    "nbdkit": "nbdkit",
    "setpriv": "util-linux",
    "blkid": "util-linux",
    "mount": "mount",
    "umount": "mount",
}
"""What is started, and the Debian package that has it."""

ADMINISTRATORS = ("/usr/sbin", "/sbin")
"""Where their programs are."""

OPTIONS = {
    "ext3": "noload",
    "ext4": "noload",
    "xfs": "norecovery,nouuid",
    "btrfs": "rescue=nologreplay",
}
"""By file system as blkid names it: how it is mounted without replaying its journal."""
NO_FILE_SYSTEMS = ("swap", "swsuspend", "crypto_LUKS", "LVM2_member", "linux_raid_member", "BitLocker")


@dataclass(frozen=True)
class Place:
    """Where a mount point's things lie. `directory` is its real path."""

    directory: Path

    @property
    def path(self) -> Path:
        return IMAGES / str(self.directory).replace("-", "--").replace("/", "-.")

    @property
    def raw(self) -> Path:
        return self.path / "raw"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def ready(self) -> Path:
        return self.path / "ready"

    @property
    def lock(self) -> Path:
        return self.path / "lock"


def mount(file: str, directory: str, number: int | None = None, *, disk: bool = False) -> Sentence:
    """Mount partition `number` of the image `file` on `directory` (None: its only file system), or let it have the
    whole `disk` as a file. Says what was done. Raises LauncherError, with all ended that was begun."""
    _check_programs()
    place = Place(Path(os.path.realpath(directory)))
    with reading(file) as low, _high(low) as fd:
        try:
            stored = look(lambda offset, count: os.pread(fd, count, offset), os.fstat(fd).st_size)
        except NotWhole as error:
            raise not_whole(file, error) from error
        part = None if disk else chosen(stored, number)
        _check_directory(place)
        with _made(place):
            try:
                _show_disk(place, fd, place.directory if part is None else place.raw)
                kind = _mount_part(place, part) if part else ""
            except BaseException:
                _end(place)
                raise
    end = say("`udpcast-launcher image umount {directory}` ends it.", directory=directory)
    if part is None:
        disk_file = str(Path(directory) / DISK)
        return say("The disk of {file} is {disk}, read-only. {end}", file=file, disk=disk_file, end=end)
    return say(
        "{name} ({kind}) of {file} is mounted on {directory}, read-only. {end}",
        name=part.name,
        kind=kind,
        file=file,
        directory=directory,
        end=end,
    )


@contextlib.contextmanager
def _high(fd: int) -> Iterator[int]:
    """The same open file by a descriptor that no convention of the programs has for itself."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST_FD)
    try:
        yield high
    finally:
        os.close(high)


def unmount(directory: str) -> None:
    """End all that `mount` has begun for `directory`, whatever became of it. Raises LauncherError: it is in use, or is
    none of ours."""
    place = Place(Path(os.path.realpath(directory)))
    if not place.path.exists():
        raise LauncherError(
            ErrorKind.WRONG_VALUE, say("{directory} is no mount point of a stored image.", directory=directory)
        )
    with _locked(place):
        _end(place)


def chosen(stored: Stored, number: int | None) -> SentPart:
    """The part that is meant. Raises LauncherError."""
    parts = stored.manifest.parts or (SentPart("disk", 0, 0, stored.manifest.length),)
    there = tuple(f"{part.number} ({part.kind or '?'})" for part in parts)
    fitting = [part for part in parts if part.number == number]
    if number is None:
        fitting = [part for part in parts if part.kind not in ("", *NO_FILE_SYSTEMS)] or list(parts)
    if len(fitting) == 1:
        return fitting[0]
    if number is None:
        sentence = say("The image has several partitions: {parts}.", parts=there)
    else:
        sentence = say("The image has no partition {number}. It has: {parts}.", number=number, parts=there)
    raise LauncherError(ErrorKind.WRONG_VALUE, sentence, say("Name one: --partition N. --disk shows the whole disk."))


def _check_programs() -> None:
    if os.geteuid():
        raise LauncherError(ErrorKind.WRONG_VALUE, say("Only root can mount."))
    for name, package in PACKAGES.items():
        if not _found(name):
            raise _missing(name, package)
    if ask(("nbdkit", "--dump-plugin", "python"), lambda piece: None, PATIENCE).status:
        raise _missing("nbdkit's plugin for Python", "nbdkit-plugin-python")


def _found(name: str) -> bool:
    places = (os.environ.get("PATH", os.defpath), *ADMINISTRATORS)
    return shutil.which(name, path=os.pathsep.join(places)) is not None


def _missing(name: str, package: str) -> LauncherError:
    return LauncherError(
        ErrorKind.PROGRAM_MISSING,
        say("{program} is not there, and a mount needs it.", program=name),
        say("Install Debian's packages: apt-get install {packages}.", packages=package),
    )


def _check_directory(place: Place) -> None:
    directory = str(place.directory)
    if place.path.exists():
        sentence = say("{directory} is in use by a mount of an image, or one was broken off.", directory=directory)
        hint = say("`udpcast-launcher image umount {directory}` ends it.", directory=directory)
        raise LauncherError(ErrorKind.WRONG_VALUE, sentence, hint)
    try:
        empty = not any(place.directory.iterdir())
    except OSError as error:
        sentence = say("{directory} cannot be used: {error}.", directory=directory, error=error.strerror or str(error))
        raise LauncherError(ErrorKind.WRONG_VALUE, sentence, say("Make it: mkdir DIRECTORY.")) from error
    if not empty or _mounted(place.directory):
        sentence = say("{directory} is not empty, or something is mounted there.", directory=directory)
        raise LauncherError(ErrorKind.WRONG_VALUE, sentence, say("Name an empty directory."))


@contextlib.contextmanager
def _made(place: Place) -> Iterator[None]:
    IMAGES.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        place.path.mkdir(mode=0o700)
    except FileExistsError:
        _check_directory(place)
    place.raw.mkdir()
    with _locked(place):
        yield


@contextlib.contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Nobody else mounts or unmounts there meanwhile; the kernel lets the lock go with the process."""
    with place.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sentence = say("{directory} is being mounted or unmounted right now.", directory=str(place.directory))
            raise LauncherError(ErrorKind.DISK_IN_USE, sentence) from None
        yield


# --- what is begun ----------------------------------------------------------------------------------------------------


def _show_disk(place: Place, fd: int, where: Path) -> None:
    """Let nbdfuse show the image's disk as a file in the directory `where`."""
    plugin = Path(__file__).with_name("nbd_plugin.py")
    root = plugin.parents[2]
    nbdkit = ("nbdkit", "--foreground", "--readonly", "--user=nobody", "--group=nogroup")
    words = (
        *("nbdfuse", "--readonly", "--pidfile", str(place.ready), str(where / DISK)),
        *("[", "setpriv", "--no-new-privs", *nbdkit),
        *("python", str(plugin), f"root={root}", f"place={place.path}", f"fd={fd}", "]"),
    )
    pid = spawn_to_stay(words, str(place.log), fd)
    pidfd = os.pidfd_open(pid)
    try:
        end = time.monotonic() + PATIENCE
        while not place.ready.exists():
            ended, _, _ = select.select([pidfd], [], [], LOOK_AGAIN)
            if ended or time.monotonic() > end:
                words_said = why_not(place.log.read_text(errors="replace"))
                raise LauncherError(
                    ErrorKind.PROGRAM_FAILED, say("nbdfuse could not show the disk: {words}.", words=words_said)
                )
    finally:
        os.close(pidfd)


def why_not(log: str) -> str:
    """The last words in it; nbdkit's own where there are some, since nbdfuse only says what follows from them."""
    said = [line.rstrip(".") for line in map(str.strip, log.splitlines()) if line]
    of_nbdkit = [line for line in said if line.startswith("nbdkit: ")]
    return (of_nbdkit or said or ["?"])[-1]


def _mount_part(place: Place, part: SentPart) -> str:
    """Mount the part; gives its file system."""
    disk = str(place.raw / DISK)
    kind = _recognised(disk, part)
    if kind in ("", *NO_FILE_SYSTEMS):
        sentence = say("{name} has no file system that can be mounted ({kind}).", name=part.name, kind=kind or "?")
        raise LauncherError(ErrorKind.WRONG_VALUE, sentence, say("--disk shows the whole disk as a file."))
    program = _program(kind)
    options = ["ro", "nosuid", "nodev", "loop", f"offset={part.offset}", f"sizelimit={part.size}"]
    options += [OPTIONS[kind]] if kind in OPTIONS else []
    words = ("mount", "-t", program, "-o", ",".join(options), disk, str(place.directory))
    ended = ask(words, lambda piece: None, PATIENCE)
    if ended.status:
        sentence = say("{name} could not be mounted: {words}.", name=part.name, words=ended.last_words)
        hint = say("Does this kernel know {kind}? --disk shows the whole disk as a file.", kind=kind)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence, hint)
    return kind


def _recognised(disk: str, part: SentPart) -> str:
    """The file system as blkid names it; "" where there is none."""
    found: list[bytes] = []
    place = ("-O", str(part.offset), "-S", str(part.size))
    ask(("blkid", "-p", *place, "-s", "TYPE", "-o", "value", disk), found.append, PATIENCE)
    return b"".join(found).decode(errors="replace").strip()


def _program(kind: str) -> str:
    """The type by which mount(8) is asked for it."""
    if kind != "ntfs":
        return kind
    if _found("mount.ntfs-3g"):
        return "ntfs-3g"
    raise _missing("ntfs-3g", "ntfs-3g")


# --- its end ----------------------------------------------------------------------------------------------------------


def _end(place: Place) -> None:
    """End all of it, from the top. Raises LauncherError where it is in use."""
    for directory in (place.directory, place.raw):
        _take_off(directory, in_use_after=0.0 if directory == place.directory else PATIENCE)
    for pid in _processes(place):
        _ended(pid)
    shutil.rmtree(place.path, ignore_errors=True)


def _take_off(directory: Path, in_use_after: float) -> None:
    """Unmount what is on `directory`. A loop device may go a moment after what was mounted from it."""
    end = time.monotonic() + in_use_after
    while _mounted(directory):
        ended = ask(("umount", str(directory)), lambda piece: None, PATIENCE)
        if ended.status and time.monotonic() > end:
            sentence = say("{directory} is still in use: {words}.", directory=str(directory), words=ended.last_words)
            raise LauncherError(ErrorKind.DISK_IN_USE, sentence, say("End what uses it, then unmount it again."))
        if ended.status:
            time.sleep(LOOK_AGAIN)


def _mounted(directory: Path) -> bool:
    entries = mounts(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    return any(entry.place == str(directory) for entry in entries)


def _processes(place: Place) -> list[int]:
    """Those that were started for it."""
    marks, found = {os.fsencode(place.ready), b"place=" + os.fsencode(place.path)}, []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[0] in (b"nbdfuse", b"nbdkit") and marks & set(words):
                    found.append(int(entry.name))
    return found


def _ended(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(pidfd, number)
                over, _, _ = select.select([pidfd], [], [], PATIENCE)
                if over:
                    break
        finally:
            os.close(pidfd)

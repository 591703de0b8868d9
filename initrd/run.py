"""Starts every program that the builder needs: one function, argument vectors only, each command logged."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kernel_cmdline import showable

from .errors import FULL, BuildError, ProgramError
from .interruption import undisturbed

LOG = logging.getLogger("initrd")

TOOL_PACKAGES = {
    "apt-cache": "apt",
    "apt-get": "apt",
    "btrfs": "btrfs-progs",
    "busybox": "busybox",
    "ckbcomp": "console-setup",
    "depmod": "kmod",
    "dpkg": "dpkg",
    "dpkg-query": "dpkg",
    "dracut": "dracut-core",
    "debugfs": "e2fsprogs",
    "dumpe2fs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "kmod": "kmod",
    "loadkeys": "kbd",
    "lz4": "lz4",
    "lzop": "lzop",
    "mcopy": "mtools",
    "mdel": "mtools",
    "mdir": "mtools",
    "mksquashfs": "squashfs-tools",
    "mkswap": "util-linux",
    "ntfs-3g.probe": "ntfs-3g",
    "ntfscat": "ntfs-3g",
    "ntfsinfo": "ntfs-3g",
    "ntfsresize": "ntfs-3g",
    "pigz": "pigz",
    "python3": "python3",
    "resize2fs": "e2fsprogs",
    "sfdisk": "fdisk",
    "udevadm": "udev",
    "udp-receiver": "udpcast",
    "udp-sender": "udpcast",
    "wipefs": "util-linux",
    "xfs_db": "xfsprogs",
    "xfs_logprint": "xfsprogs",
    "zstd": "zstd",
}
"""Each program that is run or goes in, and the Debian package that has it."""

SOURCE_TOOL_PACKAGES = {"msgfmt": "gettext"}
"""What a checkout needs besides: it has the sources of what is compiled where it was installed."""

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where Debian's own programs are; what an administrator put into /usr/local is not what goes in."""

SETPRIV = "/usr/bin/setpriv"
"""It is in util-linux, without which there is no Debian."""


def find_tool(name: str) -> str:
    """Full path of a program. Raises BuildError naming the Debian package that has it."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        raise missing([name], [_package(name)])
    return path


def _package(tool: str) -> str:
    return {**TOOL_PACKAGES, **SOURCE_TOOL_PACKAGES}[tool]


def missing_tools(wanted: Iterable[str]) -> list[str]:
    """Those of `wanted` that are not there."""
    return [name for name in wanted if shutil.which(name, path=SYSTEM_PATH) is None]


def missing(names: Sequence[str], packages: Iterable[str]) -> BuildError:
    """The error for all that is missing here, and the Debian packages that have it."""
    *most, last = names
    all_of_them = f"{', '.join(most)} and {last} are" if most else f"{last} is"
    return BuildError(f"{all_of_them} missing here: apt-get install {' '.join(packages)}")


INHERITED: set[int] = set()
"""Descriptors that every child gets: the locks on what it may write to."""

RUNNING: set[subprocess.Popen[str]] = set()

GRACE = 2.0  # seconds that a child has for its own cleaning up


@contextlib.contextmanager
def inherited(descriptor: int) -> Iterator[None]:
    """Have every child hold `descriptor` too."""
    INHERITED.add(descriptor)
    try:
        yield
    finally:
        INHERITED.discard(descriptor)


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | None = None,
    out: Path | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    tolerate: bool = False,
) -> str:
    """Run `argv` (its first word is looked up with `find_tool`) and return its standard output, which is no text where
    it goes to the file `out`.

    The environment is small and fixed, so that the result does not depend on whose shell it is. Raises
    ProgramError with the last line the program wrote when it fails, unless `tolerate`. Whatever ends the waiting ends
    the program and its children; the death of this process ends the program.
    """
    words = [find_tool(str(argv[0])), *(str(word) for word in argv[1:])]
    extra = dict(environment or {})
    shown = [f"{name}={value}" for name, value in extra.items() if "\n" not in value]
    LOG.debug("%s", showable(shlex.join((["env", *shown] if shown else []) + words)))
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    process: subprocess.Popen[str] | None = None
    file = out.open("wb") if out else None
    try:
        with undisturbed():
            process = subprocess.Popen(
                [SETPRIV, "--pdeathsig", "KILL", "--", *words],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=file or subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                cwd=cwd,
                env={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", **kept, **extra},
                process_group=0,
                pass_fds=tuple(INHERITED),
            )
            RUNNING.add(process)
        said, complaint = process.communicate(stdin)
    finally:
        if process is not None:
            end([process])
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        if file:
            file.close()
    for line in complaint.splitlines():
        LOG.debug("%s: %s", argv[0], showable(line))
    # dracut goes on where the disk is full, and ends with status 0.
    full = any(words in complaint for words in FULL)
    if (process.returncode or full) and not tolerate:
        raise ProgramError(failure(str(argv[0]), process.returncode, complaint or said), complaint or said)
    return said


def end_all() -> None:
    """End the programs that other threads wait for."""
    end(list(RUNNING))


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """End those that still run, each with its children."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                if process.poll() is None:
                    os.killpg(process.pid, number)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
    RUNNING.difference_update(processes)


def failure(name: str, status: int, said: str) -> str:
    """The sentence for a program that failed with `status` after it said `said`."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        if any(words in line for words in FULL):
            return f"the disk is full ({name}: {line}); make room there, or give another place with --cache"
    reason = lines[-1] if lines else "it said nothing"
    return f"{name} failed with status {status}: {reason}; --verbose shows the whole command"

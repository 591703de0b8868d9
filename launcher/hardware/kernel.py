"""Whether the kernel that runs is the one whose drivers are in this initrd, and whether they are there at all.

A kernel finds only drivers of its own name (``uname -r``) in /usr/lib/modules. Of two builds of one name the one may
refuse the other's drivers. Which kernel the initrd was built with it tells itself: `BUILT_WITH`, the builder's file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import ErrorKind, LauncherError
from ..sentence import say

BUILT_WITH = "udpcast-pair.json"
"""The initrd's own word: `version` is the kernel's version string, "RELEASE (BUILDER) VERSION" of uname(2)."""

STAGE, MOUNTED = "stage2.squashfs", "stage2/usr"
"""The initrd's second stage, which has the drivers, and what is there when /init could mount it."""

MESSAGES, UNREAD, LONGEST = "dev/kmsg", b"SQUASHFS error", 8192
"""The kernel's messages, one in each read of at most so many bytes; in one of them, that the stage cannot be read."""

MODULES, LOADED = "usr/lib/modules", "proc/modules"


def mixed(root: Path = Path("/"), running: os.uname_result | None = None) -> LauncherError | None:
    """The error where the initrd's drivers are not for the kernel that runs, or are not there; else None."""
    running = running or os.uname()
    built = built_with(root)
    releases = {path.name for path in (root / MODULES).glob("*")} or {built.partition(" ")[0]} - {""}
    if not releases:
        return None
    if running.release not in releases:
        return _error(running.release, ", ".join(sorted(releases)))
    if built and running.version not in built and not _any_loaded(root):
        return _error(f"{running.release} {running.version}", built)
    if (root / STAGE).exists() and (not (root / MOUNTED).exists() or any(UNREAD in one for one in _messages(root))):
        return _damaged()
    return None


def built_with(root: Path) -> str:
    """The version string of the kernel that the initrd was built with; empty where it does not tell."""
    try:
        return str(json.loads((root / BUILT_WITH).read_bytes())["version"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def _messages(root: Path) -> Iterator[bytes]:
    """What the kernel has said and still knows."""
    try:
        kernel = os.open(root / MESSAGES, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        while True:
            try:
                message = os.read(kernel, LONGEST)
            except BrokenPipeError:  # this one was overwritten meanwhile; the next read gives the one behind it
                continue
            if not message:
                return
            yield message
    except OSError:  # there is no further one
        return
    finally:
        os.close(kernel)


def _any_loaded(root: Path) -> bool:
    try:
        return bool((root / LOADED).read_bytes())
    except OSError:
        return False


def _damaged() -> LauncherError:
    return LauncherError(
        ErrorKind.DAMAGED_INITRD,
        say("The part of the initrd that has the drivers cannot be opened, so no driver can be loaded."),
        say(
            "On the boot server, put udpcast-initrd in its place again. If other PCs boot with it, test the memory of "
            "this one."
        ),
    )


def _error(running: str, built: str) -> LauncherError:
    return LauncherError(
        ErrorKind.MIXED_PAIR,
        say(
            "Kernel and initrd do not belong together, so no driver can be loaded: the kernel that runs is {running}, "
            "and the initrd was built for {built}.",
            running=running,
            built=built,
        ),
        say("On the boot server, put both files of one build in their place: udpcast-linux and udpcast-initrd."),
    )

"""The boot loaders that a tree serves: one row each. `tree` writes what a row says and knows no loader by name.

To add a loader, add its row to `LOADERS`; `tests/pxe/entries/test_loaders.py` then asks for an example of its section.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kernel_cmdline.network import parse_mac

from .boot_entry import BootEntry, BootEntryError, render_pxelinux

OURS = "# Written by udpcast-launcher;"
"""How a configuration file of ours begins, whichever version wrote it: a comment to every loader of the table."""

MARKER = f"{OURS} its next `tree` replaces this file.\n"


@dataclass(frozen=True)
class Loader:
    """A boot loader and its configuration files, with paths below the tree's root.

    `files` are the loader's own, found in one of `places`, which the Debian packages `packages` bring. `default` is the
    configuration for every machine, `machine` gives that for one MAC address (raises CommandLineError). `section` is
    what an administrator adds to a configuration of his own, `config` a whole file, which waits so many seconds for
    another choice; both raise BootEntryError for an entry that the loader cannot carry. `disk` is a whole file that
    boots the local disk, `disk_section` its section. `disk_first` is one that boots the disk unless somebody chooses
    the entry in so many seconds (raises BootEntryError). `rivals` are the files beside the default one that a PC asks
    for as well: how such a name looks, and instead of which of ours it is read.
    """

    name: str
    files: tuple[str, ...]
    places: tuple[Path, ...]
    packages: tuple[str, ...]
    default: PurePosixPath
    machine: Callable[[str], PurePosixPath]
    section: Callable[[BootEntry], str]
    config: Callable[[BootEntry, float], str]
    disk: str
    disk_section: str
    disk_first: Callable[[BootEntry, float], str]
    rivals: tuple[tuple[str, str], ...] = ()


def machine_file(mac: str) -> str:
    """The name PXELINUX looks up for a card: hardware type 01 (Ethernet), then the address. Raises CommandLineError."""
    return "01-" + parse_mac(mac).replace(":", "-")


def _pxelinux_machine(mac: str) -> PurePosixPath:
    return PurePosixPath("pxelinux.cfg") / machine_file(mac)


LONGEST_TENTHS = 35996
"""PXELINUX's longest, in tenths of a second (https://wiki.syslinux.org/wiki/index.php?title=Config, TIMEOUT)."""


def _pxelinux_config(entry: BootEntry, timeout: float) -> str:
    return f"{MARKER}default {entry.label}\n{_pxelinux_wait(timeout)}\n{render_pxelinux(entry)}"


def _pxelinux_wait(timeout: float) -> str:
    """PXELINUX counts its timeout in tenths of a second, and waits for ever at 0."""
    tenths = min(math.ceil(round(timeout * 10, 6)), LONGEST_TENTHS)
    return f"prompt 1\ntimeout {max(1, tenths)}\n" if timeout else "prompt 0\n"


PXELINUX_DISK = "label disk\n    localboot 0\n"
"""Gives the PC back to its firmware, which goes on to the next device of its boot order. The only way that needs no
file more and no number of a disk: with `chain.c32 hd0` a stick that is plugged in may be the first disk."""


def _pxelinux_disk_first(entry: BootEntry, timeout: float) -> str:
    if entry.label == "disk":
        raise BootEntryError('label "disk" is that of the local disk: give the section another label.')
    return f"{MARKER}default disk\n{_pxelinux_wait(timeout)}\n{PXELINUX_DISK}\n{render_pxelinux(entry)}"


_HEX = "[0-9a-f]"
_PXELINUX_RIVALS = (
    (rf"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}", "that of the PC, and the default one"),
    (rf"01(-{_HEX}{{2}}){{6}}|[0-9A-F]{{1,8}}", "the default one"),
)
"""PXELINUX asks for the PC's UUID, then its card, then its IP address and ever larger ranges of addresses
(https://wiki.syslinux.org/wiki/index.php?title=PXELINUX, Configuration)."""


PXELINUX = Loader(
    name="PXELINUX",
    files=("pxelinux.0", "ldlinux.c32"),  # they must be of one version
    places=(Path("/usr/lib/PXELINUX"), Path("/usr/lib/syslinux/modules/bios")),
    packages=("pxelinux", "syslinux-common"),
    default=PurePosixPath("pxelinux.cfg/default"),
    machine=_pxelinux_machine,
    section=render_pxelinux,
    config=_pxelinux_config,
    disk=f"{MARKER}default disk\nprompt 0\n\n{PXELINUX_DISK}",
    disk_section=PXELINUX_DISK,
    disk_first=_pxelinux_disk_first,
    rivals=_PXELINUX_RIVALS,
)

LOADERS = (PXELINUX,)


def boots_disk(root: Path, name: str) -> bool:
    """Whether `name`, a path below `root`, is a configuration that boots the local disk."""
    if not any(PurePosixPath(name).parent == loader.default.parent for loader in LOADERS):
        return False
    try:
        return (root / name).read_text(errors="replace") in {loader.disk for loader in LOADERS}
    except OSError:
        return False

"""The boot loaders that a tree serves: one row each. `tree` writes what a row says and knows no loader by name.

To add a loader, add its row to `LOADERS`; `tests/pxe/entries/test_loaders.py` then asks for an example of its section.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .boot_entry import INITRD, KERNEL
from .grub import GRUB
from .ipxe import IPXE
from .loader import MARKER, OURS, Loader, machine_file
from .pxelinux import PXELINUX

__all__ = [
    "GRUB",
    "IPXE",
    "LOADERS",
    "MARKER",
    "OURS",
    "PXELINUX",
    "Loader",
    "boots_disk",
    "launcher_words",
    "machine_file",
]

LOADERS = (PXELINUX, GRUB, IPXE)
"""The first one is for most PCs where nothing else is said."""


def launcher_words(line: str) -> list[str]:
    """The words of one line of a configuration, whichever loader's, that boots the launcher; none of any other line."""
    words = [word.strip("'") for word in line.split()]
    if f"initrd={INITRD}" in words and words[0].lower() in {"append", "kernel"}:
        return words
    return words if f"linux /{KERNEL} " in line else []


def boots_disk(root: Path, name: str) -> bool:
    """Whether `name`, a path below `root`, is a configuration that boots the local disk."""
    if not any(PurePosixPath(name).parent in loader.folders for loader in LOADERS):
        return False
    disks = {text for loader in LOADERS for text in (loader.disk, loader.default_disk)}
    try:
        return (root / name).read_text(errors="replace") in disks
    except OSError:
        return False

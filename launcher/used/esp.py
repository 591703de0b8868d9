"""Whether a PC may start from a clone by itself: what its firmware looks for where it knows no boot entry of this disk.

UEFI 2.10, 3.5.1.1: ``\\EFI\\BOOT\\BOOTX64.EFI`` on the EFI System Partition, or its like for another kind of machine.
The boot entries that an installation made are in the memory of its own PC. FAT is read by mtools, so the kernel needs
no driver, and small letters are the same. What cannot be read is not warned of.
"""

from __future__ import annotations

import re

from ..hardware.window import Window
from ..sentence import Sentence, say, verbatim
from .doubt import Tools

PROGRAM = "mdir"
TYPES = frozenset({"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EF"})
FAT = "vfat"
PLACE = "::/EFI/BOOT"
_LOADER = re.compile(r"(?:.*/)?BOOT(?:X64|IA32|AA64|ARM|RISCV64|LOONGARCH64)\.EFI", re.IGNORECASE)
_MISSING = "not found"


def warning(name: str, window: Window, tools: Tools) -> Sentence | None:
    """What is to be said of the EFI System Partition `name`, or None. Raises LauncherError."""
    listed, ended = tools.both(PROGRAM, "-b", "-i", window.path, PLACE)
    if any(_LOADER.fullmatch(line.strip()) for line in listed.splitlines()):
        return None
    if ended.status and _MISSING not in ended.errors:
        return None
    return say(
        "{name} has no {file}: clones may not start by themselves, as their firmware knows no boot entry of this disk. "
        "On Debian, {command} puts it there.",
        name=name,
        file=verbatim(r"\EFI\BOOT\BOOTX64.EFI"),
        command=verbatim("`grub-install --removable`"),
    )

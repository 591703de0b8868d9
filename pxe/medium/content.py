"""What an image for disc and stick says: its volume label, the loaders' configurations, `udpcfg.txt`. Pure.

- The launcher's own parameters stand in `udpcfg.txt`, one a line, where no loader changes them and the kernel cuts
  nothing; the rest of the line is the kernel's, and stays with the loaders. Where a `udpcfg.txt` is given, the whole
  line stays with the loaders, and wins over it.
- The volume label is made from all that is in the image, so that two images are told apart; `medium=` names it.
- What a choice of a menu decides stays with the loaders as well.
- A medium is for any PC: lines of single machines are not on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from kernel_cmdline import CommandLine, CommandLineError, Parameter
from kernel_cmdline.format import format_word

from ..entries.boot_entry import INITRD, KERNEL, BootEntry, BootEntryError, pxelinux_append, replaced
from ..entries.configuration import entry_of, image_config, image_words, items, menu_of, speaking
from ..entries.grub import Network
from ..entries.menu import AUTO, CONSENT, ROLE, hushed
from ..entries.pxelinux import menu, wait
from ..entries.room import Boot, Room

UDPCFG = "udpcfg.txt"
MEDIUM = "medium"

EARLY = frozenset({"events", "bootif", "ip", "sysuuid", "cpu", MEDIUM})
"""What is read before any medium is there, or comes from a loader; it stays on the line."""

HEAD = """\
# What the launcher reads from the medium that it was booted from: one parameter a line. A value with blanks stands in
# double quotes. What stands on the kernel's line as well wins.
"""

CHOSEN = frozenset({ROLE, AUTO, CONSENT.key})
"""What a choice of a menu decides."""

DISK = "label disk\n    localboot -1\n"
"""Gives the PC back to its BIOS, which goes on to the next device of its boot order; by a number, a stick that was
booted from would be the first disk."""

IsOurs = Callable[[str], bool]
"""Whether the launcher reads the parameter of this name."""


@dataclass(frozen=True)
class Content:
    """`label` is the volume label; `grub` and `isolinux` are the loaders' configurations, and `words` is what GRUB's
    wants beside it, by the path from there."""

    label: str
    udpcfg: bytes
    grub: str
    isolinux: str
    words: Mapping[str, bytes] = field(default_factory=dict)


def content_of(room: Room, digests: Mapping[str, str], udpcfg: bytes | None, is_ours: IsOurs) -> Content:
    """Of an image with files of these SHA-256. Raises BootEntryError for what cannot be written."""
    entry = entry_of(room) if room.common_is_booted else BootEntry(CommandLine(), room.label)
    wanted = menu_of(room)
    room = replace(room, menu=wanted and speaking(wanted, entry))
    if room.menu:  # while the language stands on the line
        entry = replace(entry, command_line=CommandLine(hushed(entry.command_line)))
    if udpcfg is None:
        stays = EARLY | CHOSEN if room.menu else EARLY
        ours = tuple(one for one in entry.command_line if _moves(one, is_ours, stays))
        left = tuple(one for one in entry.command_line if not _moves(one, is_ours, stays))
        entry, udpcfg = replace(entry, command_line=CommandLine(left)), _udpcfg(ours)
    label = _label(room, entry, digests, udpcfg)
    line = replaced(entry.command_line, [Parameter(MEDIUM, label)])
    entry = replace(entry, command_line=CommandLine(line))
    grub, words = image_config(room, entry, Network.NONE), image_words(room, entry)
    return Content(label, udpcfg, grub, _isolinux(room, entry), words)


def _moves(one: Parameter, is_ours: IsOurs, stays: frozenset[str]) -> bool:
    return not one.init and one.value is not None and one.key not in stays and is_ours(one.name)


def _udpcfg(parameters: tuple[Parameter, ...]) -> bytes:
    try:
        lines = [format_word(one) for one in parameters]
    except CommandLineError as error:
        raise BootEntryError(f"{UDPCFG}: {error}") from error
    return (HEAD + "".join(f"{line}\n" for line in lines)).encode("utf-8", "surrogateescape")


def _label(room: Room, entry: BootEntry, digests: Mapping[str, str], udpcfg: bytes) -> str:
    """Eleven characters: as many as a FAT has room for, where somebody copies the files to one."""
    line = [(one.name, one.value, one.init) for one in entry.command_line]
    whole = [sorted(digests.items()), line, entry.label, room.timeout, room.default.value, udpcfg.hex()]
    whole += [asdict(room.menu)] if room.menu else []
    return f"UDPC{hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:7].upper()}"


def _isolinux(room: Room, entry: BootEntry) -> str:
    if not room.common_is_booted:
        return f"default disk\nprompt 0\n\n{DISK}"
    if entry.label == "disk":
        raise BootEntryError('label "disk" is that of the local disk: give the section another label.')
    rooted = replace(entry, kernel=f"/{KERNEL}", initrd=f"/{INITRD}")
    if room.menu:
        return menu(items(room.menu, rooted), DISK, _section)
    default = "disk" if room.default is Boot.DISK else entry.label
    return f"default {default}\n{wait(room.timeout)}\n{_section(rooted)}\n{DISK}"


def _section(entry: BootEntry) -> str:
    return f"label {entry.label}\n    kernel {entry.kernel}\n    append {pxelinux_append(entry)}\n"

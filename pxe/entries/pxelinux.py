"""PXELINUX: configuration files by TFTP, or by HTTP with lpxelinux.0, which reads the same ones.

Rules of the configuration file: https://wiki.syslinux.org/wiki/index.php?title=Config
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from .architectures import LPXELINUX
from .boot_entry import BootEntry, BootEntryError, render_pxelinux
from .characters import spelled
from .loader import MARKER, Loader, machine_file, without_head
from .menu import Item, Items


def _machine(mac: str) -> PurePosixPath:
    return PurePosixPath("pxelinux.cfg") / machine_file(mac)


LONGEST_TENTHS = 35996
"""PXELINUX's longest, in tenths of a second (https://wiki.syslinux.org/wiki/index.php?title=Config, TIMEOUT)."""


def _config(entry: BootEntry, timeout: float) -> str:
    return f"{MARKER}default {entry.label}\n{wait(timeout)}\n{render_pxelinux(entry)}"


def wait(timeout: float) -> str:
    """PXELINUX counts its timeout in tenths of a second, and waits for ever at 0."""
    tenths = min(math.ceil(round(timeout * 10, 6)), LONGEST_TENTHS)
    return f"prompt 1\ntimeout {max(1, tenths)}\n" if timeout else "prompt 0\n"


DISK = "label disk\n    localboot 0\n"
"""Gives the PC back to its firmware, which goes on to the next device of its boot order. The only way that needs no
file more and no number of a disk: with `chain.c32 hd0` a stick that is plugged in may be the first disk."""


def _disk_first(entry: BootEntry, timeout: float) -> str:
    if entry.label == "disk":
        raise BootEntryError('label "disk" is that of the local disk: give the section another label.')
    return f"{MARKER}default disk\n{wait(timeout)}\n{DISK}\n{render_pxelinux(entry)}"


MENU_FILES = ("menu.c32", "libutil.c32")
"""What shows a menu, and what that needs."""

FONT = "cp437"
"""Of a PC's VGA in text mode, which shows each byte of the file as it is there."""


def menu(items: Items, disk: str = DISK, section: Callable[[BootEntry], str] = render_pxelinux) -> str:
    """A whole menu; a digit moves the bar, and ENTER takes it. It takes `timeout 0` for no end at all. `disk` and
    `section` write what the choices boot."""
    tenths = min(math.ceil(round(items.timeout * 10, 6)), LONGEST_TENTHS)
    sections = (section(one.entry) if one.entry else disk for one in items.rows)
    rows = "\n".join(_row(items, *row, text) for row, text in zip(items.numbered, sections, strict=True))
    title = _in_font(items.title)
    return f"ui menu.c32\nprompt 0\ntimeout {tenths}\nmenu title {title}\n{_LAYOUT}\n{rows}"


_LAYOUT = "menu width 80\nmenu margin 2\nmenu autoboot # s\nallowoptions 0\n"
"""Titles have 72 columns so; as the loader has it, 56. It shows no English words, and TAB and ESC do nothing."""


def _row(items: Items, number: int, item: Item, section: str) -> str:
    preset = "    menu default\n" if item.choice is items.preset else ""
    return _titled(section, f"{number}. {item.title}", preset)


def _titled(section: str, title: str, more: str = "") -> str:
    label, rest = section.split("\n", 1)
    return f"{label}\n    menu label ^{_in_font(title)}\n{more}{rest}"


def _in_font(text: str) -> str:
    """As bytes of the font. A caret would mark a key."""
    text = " ".join(spelled(text, FONT).replace("^", " ").split())
    return text.encode(FONT).decode("ascii", "surrogateescape")


def _menu(items: Items) -> str:
    return f"{MARKER}{menu(items)}"


def _menu_section(items: Items) -> str:
    """For a file of somebody else, who may have any menu or none; it is shown before it is added."""
    return "\n".join(
        _titled(render_pxelinux(one.entry) if one.entry else DISK, spelled(f"{number}. {one.title}", "ascii"))
        for number, one in items.numbered
    )


_HEX = "[0-9a-f]"
_RIVALS = (
    (rf"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}", "that of the PC, and the default one"),
    (rf"01(-{_HEX}{{2}}){{6}}|[0-9A-F]{{1,8}}", "the default one"),
)
"""PXELINUX asks for the PC's UUID, then its card, then its IP address and ever larger ranges of addresses
(https://wiki.syslinux.org/wiki/index.php?title=PXELINUX, Configuration)."""


def _wanted(text: str) -> str:
    head = without_head(text).partition("\n\n")[0].splitlines()
    lines = [line for line in head if not line.startswith("menu ")]
    return f"For that, it must say `{'`, `'.join(lines)}` in place of its own lines of these names."


_BOOTS_DISK = f"{MARKER}default disk\nprompt 0\n\n{DISK}"

PXELINUX = Loader(
    name="PXELINUX",
    pcs="PCs with BIOS",
    files=("pxelinux.0", "ldlinux.c32"),  # they must be of one version
    also=(LPXELINUX, *MENU_FILES),
    menu_files=MENU_FILES,
    places=(Path("/usr/lib/PXELINUX"), Path("/usr/lib/syslinux/modules/bios")),
    packages=("pxelinux", "syslinux-common"),
    default=PurePosixPath("pxelinux.cfg/default"),
    machine=_machine,
    config=_config,
    disk_first=_disk_first,
    default_disk=_BOOTS_DISK,
    section=render_pxelinux,
    disk_section=DISK,
    own=_config,
    disk=_BOOTS_DISK,
    own_section=render_pxelinux,
    own_disk=DISK,
    wanted=_wanted,
    menu=_menu,
    own_menu=_menu,
    menu_section=_menu_section,
    own_menu_section=_menu_section,
    rivals=_RIVALS,
    reads_beside=True,
    version=" from version 5 on, of its own version",
)

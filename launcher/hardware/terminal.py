"""The PC's own screen and keyboard: the font and the keymap of its virtual terminals, as the builder has made both
(initrd/consoles.py). A serial line has neither.

Calls of the kernel are those of ioctl_console(2). All of it is for people only: where a PC refuses something, what the
operator sees is less handsome, and nothing else changes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path("/usr/share/udpcast")
CONSOLES = Path("/sys/class/vtconsole")
TERMINAL = "/dev/tty1"
SYSRQ = Path("/proc/sys/kernel/sysrq")

PIO_UNIMAP, PIO_UNIMAPCLR = 0x4B67, 0x4B68
KERNELS, KERNELS_PLANES = "us", {0, 1, 2, 4, 5, 8, 12}
"""The keymap that the kernel has, and its planes (drivers/tty/vt/defkeymap.map); what it does differently there from
ours of that name, works."""
KDSKBENT = 0x4B47
HEAD, PLANES, KEYS = b"bkeymap", 256, 128
"""A file of `loadkeys --bkeymap`: this word, a byte for each plane of modifiers (1: it is there), then the values of
all keys for each that is there."""
KDFONTOP, SET, GET = 0x4B72, 0, 1
VT_LOCKSWITCH = 0x560B
FONT_OP = "@5IP"
LARGE = 32
"""Lines of the glyphs of a screen that has so many dots that the kernel's own font is twice as large there."""


def there(consoles: Path = CONSOLES) -> bool:
    """Whether this PC has a screen: the kernel's terminals are drawn by something else than its stand-in for none."""
    drawn = (_read(one / "name") for one in consoles.glob("*") if _read(one / "bind").startswith("1"))
    return any("dummy" not in name for name in drawn)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def load_font(folder: Path = FOLDER, terminal: str = TERMINAL) -> None:
    """Have the terminal draw all characters of ISO 8859-15, and lines. Raises OSError."""
    with _opened(terminal) as descriptor:
        current = fcntl.ioctl(descriptor, KDFONTOP, struct.pack(FONT_OP, GET, 0, LARGE, LARGE, 512, 0))
        height = struct.unpack(FONT_OP, current)[3]
        data = (folder / ("font32" if height == LARGE else "font16")).read_bytes()
        width, height, glyphs, characters = struct.unpack_from("<4H", data)
        start, end = 8, len(data) - 4 * characters
        bits, pairs = array("B", data[start:end]), array("B", data[end:])
        address, length = bits.buffer_info()
        assert length >= glyphs
        fcntl.ioctl(descriptor, KDFONTOP, struct.pack(FONT_OP, SET, 0, width, height, glyphs, address))
        fcntl.ioctl(descriptor, PIO_UNIMAPCLR, bytes(6))
        fcntl.ioctl(descriptor, PIO_UNIMAP, struct.pack("@HP", characters, pairs.buffer_info()[0]))


def load_keymap(name: str, before: str, folder: Path = FOLDER, terminal: str = TERMINAL) -> None:
    """Load the keymap `name` of launcher/model/keymaps.py, for all virtual terminals, where it differs from the one
    that was loaded before: each key is a call of the kernel's. Raises OSError."""
    new, old = (_planes((folder / "keymaps" / one).read_bytes()) for one in (name, before))
    with _opened(terminal) as descriptor:
        for plane, values in new.items():
            there = old[plane] if before != KERNELS or plane in KERNELS_PLANES else ()
            for key, value in enumerate(values):
                if not there or there[key] != value:
                    _set_key(descriptor, struct.pack("@BBH", plane, key, value))


def _planes(data: bytes) -> dict[int, array[int]]:
    start = len(HEAD) + PLANES
    numbers = [plane for plane, there in enumerate(data[len(HEAD) : start]) if there]
    values = array("H", data[start:])
    return {plane: values[row * KEYS : (row + 1) * KEYS] for row, plane in enumerate(numbers)}


def _set_key(descriptor: int, entry: bytes) -> None:
    try:
        fcntl.ioctl(descriptor, KDSKBENT, entry)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a meaning that this kernel does not know: the key keeps another one
            raise


def lock(note: Callable[[str], None], terminal: str = TERMINAL, sysrq: Path = SYSRQ) -> None:
    """Leave the operator no key that does more than the launcher's: none that leads to another virtual terminal, and
    none of the kernel's for emergencies (Documentation/admin-guide/sysrq.rst), on the keyboard and on serial lines.
    Ctrl-Alt-Del stays, which restarts the PC. `note` hears of what could not be done."""
    try:
        sysrq.write_text("0\n")
    except OSError as error:
        note(f"{sysrq}: {error.strerror}")
    try:
        with _opened(terminal) as descriptor:
            fcntl.ioctl(descriptor, VT_LOCKSWITCH, 1)
    except OSError as error:
        note(f"{terminal}: {error.strerror}")


@contextlib.contextmanager
def _opened(terminal: str) -> Iterator[int]:
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)

"""GRUB's own words around a menu, in the menu's language: a catalogue (gettext's `.mo`) that GRUB reads by the network.

They are those of GRUB's translators, which Debian's grub-common brings with every GRUB; no more of them than a menu
shows, and in ASCII (`grub.FONT` says why). A language that they do not have stays English.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from .characters import spelled

PLACE = Path("/usr/share/locale")

_KEYS = "Press enter to boot the selected OS, `e' to edit the commands before booting or `c' for a command-line."
MESSAGES = (
    "GNU GRUB  version %s",
    "Use the %C and %C keys to select which entry is highlighted.",
    _KEYS,
    f"{_KEYS} ESC to return previous menu.",
    "The highlighted entry will be executed automatically in %ds.",
    "Booting `%s'",
    "Booting a command list",
)
"""Of GRUB 2.06 and 2.12, grub-core/normal/menu_text.c and menu.c."""

_HEADER = "Content-Type: text/plain; charset=ascii\n"
_MAGIC = 0x950412DE


@cache
def catalogue(code: str, place: Path = PLACE) -> bytes:
    """The catalogue of this language; empty where there is none, and English is shown."""
    try:
        with (place / code / "LC_MESSAGES/grub.mo").open("rb") as file:
            theirs = GNUTranslations(file)
    except (OSError, UnicodeDecodeError, ValueError, LookupError, struct.error):
        return b""
    found = {text: _put(text, theirs.gettext(text)) for text in MESSAGES}
    return written({text: put for text, put in found.items() if put != text})


def _put(text: str, translated: str) -> str:
    """As it may be shown; the English text where the fields of the other are not the same, which GRUB fills blindly."""
    put = spelled(translated, "ascii")
    return put if re.findall("%.", put) == re.findall("%.", text) else text


def written(messages: Mapping[str, str]) -> bytes:
    """A catalogue of these messages (gettext's manual, "MO Files"): sorted, for GRUB halves its way to one."""
    if not messages:
        return b""
    rows = sorted({"": _HEADER, **messages}.items())
    count, names, at = len(rows), [], 28 + 16 * len(rows)
    texts = [text.encode("ascii") for column in zip(*rows, strict=True) for text in column]
    for text in texts:
        names.append(struct.pack("<II", len(text), at))
        at += len(text) + 1
    head = struct.pack("<7I", _MAGIC, 0, count, 28, 28 + 8 * count, 0, at)
    return head + b"".join(names) + b"".join(text + b"\0" for text in texts)

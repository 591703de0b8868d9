"""Foreign text made fit to be shown: on a screen, in a message, in a log. The rule for all of them, in one place.

What a line, a disk, a peer or a client says is somebody else's. Shown as it is, a control character moves the cursor
or colours the screen, a bidirectional one turns a sentence round, a line end begins a line that nobody wrote. So every
character that is not plainly seen is written as its number:

* Seen is what Unicode calls printable (`str.isprintable`), and the blank. That leaves out controls (C0, DEL, C1),
  formats (bidirectional, zero-width, BOM), line and paragraph separators, all other blanks, unpaired surrogates, and
  what is private or not assigned; and of the printable ones we leave out those that show nothing (`UNSEEN`).
* A byte that is no UTF-8 is ``\\xff``, whatever else is below 128 ``\\x1b`` (``\\n``, ``\\t``), and the rest
  ``\\u202e`` or ``\\U000e0001``. A backslash stays one: this is for people, and is not read again.

In JSON the same characters become JSON's own escapes (`showable_json`), so that a program reads what was there.
"""

from __future__ import annotations

UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Joiners, fillers and variation selectors: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, as far
as they count as printable; and Braille's empty pattern."""

_USUAL = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def is_seen(char: str) -> bool:
    """Whether `char` may be shown as it is."""
    return char.isprintable() and char not in UNSEEN


def showable(text: str) -> str:
    """`text` on one line, with nothing in it that is not seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if is_seen(char) else _number(char) for char in text)


def showable_lines(text: str) -> str:
    """The same for a text of several lines: their ends stay."""
    return "\n".join(map(showable, text.split("\n")))


def showable_json(text: str) -> str:
    """The same for JSON text; it reads back as the same value."""
    return "".join(char if is_seen(char) or char == "\n" else _in_json(char) for char in text)


def _number(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how `surrogateescape` writes such a byte
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return _USUAL.get(char) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _in_json(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"

"""A picture of a text screen, read back by the font that it must be drawn with.

What is drawn with another font's glyphs cannot be read: so a text that is read was drawn right. VGA's text mode has
cells of 9 dots (the ninth repeats or is blank), a framebuffer's console those of the font.
"""

from __future__ import annotations

from pathlib import Path

from initrd.consoles import Font

from . import png

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
DASHES = frozenset(map(chr, range(0x2010, 0x2016)))
TEXT_MODE_WIDTH = 720
"""Of 80 cells with 9 dots."""


def read_screen(picture: Path, font: Font) -> tuple[str, ...]:
    """The rows of a screendump, without the blanks at their ends; `UNREADABLE` for every cell that shows no
    glyph of the font."""
    shown = png.read(picture.read_bytes())
    width, height, dots = shown.width, shown.height, shown.dots
    across = font.width + (width == TEXT_MODE_WIDTH)
    known = _characters(font)
    rows = []
    for top in range(0, height - font.height + 1, font.height):
        cells = (_cell(dots, width, left, top, font) for left in range(0, width - across + 1, across))
        rows.append("".join(_character(cell, known) for cell in cells).rstrip())
    return tuple(rows)


def _characters(font: Font) -> dict[tuple[int, ...], str]:
    """By a glyph's rows of dots, the character that it is for first of all; a line is no dash."""
    known: dict[tuple[int, ...], str] = {}
    for character, glyph in sorted(font.glyph_of.items(), key=lambda item: (item[0] in DASHES, item[0])):
        known.setdefault(tuple(font.glyphs[glyph]), character)
    return known


def _cell(dots: bytes, width: int, left: int, top: int, font: Font) -> tuple[int, ...]:
    """The rows of one cell as bits: 1 where a dot has another colour than the cell's first one."""
    first = 3 * (top * width + left)
    ground = dots[first : first + 3]
    rows = []
    for row in range(top, top + font.height):
        start = 3 * (row * width + left)
        bits = 0
        for at in range(start, start + 3 * font.width, 3):
            bits = bits << 1 | (dots[at : at + 3] != ground)
        rows.append(bits)
    return tuple(rows)


def _character(cell: tuple[int, ...], known: dict[tuple[int, ...], str]) -> str:
    if not any(cell):
        return " "
    return known.get(cell) or known.get(tuple(row ^ 0xFF for row in cell), UNREADABLE)

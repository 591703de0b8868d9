"""A picture of a text screen, read back by the font that it must be drawn with.

What is drawn with another font's glyphs cannot be read: so a text that is read was drawn right. VGA's text mode has
cells of 9 dots (the ninth repeats or is blank), a framebuffer's console those of the font. Until the launcher loads a
font, which English needs none of, text on VGA is drawn with the one in its BIOS.
"""

from __future__ import annotations

from pathlib import Path

from initrd.consoles import Font

from . import png

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
DASHES = frozenset(map(chr, range(0x2010, 0x2016)))
TEXT_MODE_WIDTH = 720
"""Of 80 cells with 9 dots."""

VGA_BIOS = Path("/usr/share/seabios/vgabios-stdvga.bin")
"""That of QEMU's VGA card; Debian's package seabios has it, which QEMU needs."""
WIDTH, HEIGHT, GLYPHS = 8, 16, 256


def bios_font(like: Font) -> Font:
    """The ASCII glyphs of the VGA BIOS. Its table is found by the S of `like`, which both draw alike."""
    data, there = VGA_BIOS.read_bytes(), like.glyphs[like.glyph_of["S"]]
    start = data.index(there) - HEIGHT * ord("S")
    glyphs = tuple(data[start + HEIGHT * one : start + HEIGHT * (one + 1)] for one in range(GLYPHS))
    return Font(WIDTH, HEIGHT, glyphs, {chr(one): one for one in range(0x20, 0x7F)})


def read_screen(picture: Path, *fonts: Font) -> tuple[str, ...]:
    """The rows of a screendump, without the blanks at their ends; `UNREADABLE` for every cell that shows no
    glyph of the fonts, of which the first one that has it counts. All have glyphs of one size."""
    shown = png.read(picture.read_bytes())
    width, height, dots = shown.width, shown.height, shown.dots
    font = fonts[0]
    across = font.width + (width == TEXT_MODE_WIDTH)
    known = {glyph: one for font in reversed(fonts) for glyph, one in _characters(font).items()}
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

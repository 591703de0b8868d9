"""What the operator's own screen and keyboard need: keymaps and fonts, in the form in which they are loaded.

A keymap is made of the X Keyboard Extension's database by Debian's ckbcomp and by loadkeys, as a binary one. The
launcher's table (launcher/model/keymaps.py) says which; it is read, not imported: what goes in is the project that is
built. Of ckbcomp's 128 planes only those go in that a person uses (`PLANES`), for each entry is a call of the kernel's;
capitals are locked by the kernel's own key, not by a plane of their own.

A font has all of ISO 8859-15 and what draws lines, in 256 glyphs, with which text on VGA keeps its 16 colours. It is
written as the launcher hands it to the kernel (launcher/hardware/terminal.py).
"""

from __future__ import annotations

import concurrent.futures
import gzip
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .errors import BuildError
from .run import missing, run

PLACE = Path("usr/share/udpcast")
"""Where they are in the initrd; launcher/paths.py names the same."""

TABLE = "launcher/model/keymaps.py", "LAYOUTS"

FONTS = {
    "font16": Path("/usr/share/consolefonts/Lat15-VGA16.psf.gz"),
    "font32": Path("/usr/share/consolefonts/Lat15-VGA32x16.psf.gz"),
}
"""By the height of the glyphs: the usual one, and that of a screen with very many lines of dots."""

FONT_PACKAGE = "console-setup-linux"
LAYOUTS_PACKAGE = "xkb-data"
"""What ckbcomp makes keymaps from."""

PLANES = (0, 1, 2, 3, 4, 5, 8, 12)
"""None, Shift (1), AltGr (2) and both; Control (4) and Alt (8) alone, together, and Control with Shift."""

GLYPH_LINES = 32
"""So many lines the kernel takes of each glyph, however many are shown (KDFONTOP, ioctl_console(2))."""

PSF1, PSF2 = b"\x36\x04", b"\x72\xb5\x4a\x86"
END, SEQUENCE = 0xFFFF, 0xFFFE


@dataclass(frozen=True)
class Font:
    """`glyphs`: the lines of each, from the top. `glyph_of`: by character, the number of its glyph."""

    width: int
    height: int
    glyphs: tuple[bytes, ...]
    glyph_of: Mapping[str, int]


def stage(tree: Path, project: Path, work: Path) -> tuple[Path, ...]:
    """Write keymaps and fonts of `project` below `tree`; `work` is for what is made on the way. The result are the
    files on this machine that were read. A project without keymaps gets no font either. Raises BuildError."""
    keymaps, fonts = tree / PLACE / "keymaps", tree / PLACE
    layouts = tools.table(project, *TABLE)
    if not layouts:
        return ()
    keymaps.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {name: pool.submit(keymap, layout, work / f"{name}.keymap") for name, layout in layouts.items()}
        for name, job in jobs.items():
            (keymaps / name).write_bytes(job.result())
    for name, path in FONTS.items():
        (fonts / name).write_bytes(packed(read(path)))
    return tuple(FONTS.values())


def missing_fonts() -> list[str]:
    """Those fonts that are not here."""
    return [path.name for path in FONTS.values() if not path.is_file()]


def keymap(layout: str, work: Path) -> bytes:
    """The keymap of ``us`` or ``fr(latin9)`` as the launcher loads it. Raises BuildError."""
    name, _, variant = layout.removesuffix(")").partition("(")
    text = run(["ckbcomp", "-model", "pc105", "-layout", name, *(["-variant", variant] if variant else [])])
    work.write_text(narrowed(text))
    binary = work.with_suffix(".bin")
    run(["loadkeys", "--bkeymap", "--unicode", work], out=binary)
    return binary.read_bytes()


def narrowed(text: str) -> str:
    """ckbcomp's keymap with `PLANES` of its planes only."""
    rows = (line.split() for line in text.replace("CtrlL_Lock", "Caps_Lock").splitlines())
    keys = (" ".join((*row[:3], *(row[3 + plane] for plane in PLANES))) for row in rows if row[:1] == ["keycode"])
    return "\n".join((f"keymaps {','.join(map(str, PLANES))}", *keys, ""))


def read(path: Path) -> Font:
    """The font in a packed file of the PC Screen Font's form, version 1 or 2. Raises BuildError."""
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise missing([path.name], [FONT_PACKAGE]) from None
    except (OSError, EOFError) as error:
        raise BuildError(f"the font {path} cannot be read: {error}") from error
    if data[:2] == PSF1:
        return _psf1(data)
    if data[:4] == PSF2:
        return _psf2(data)
    raise BuildError(f"{path} is no font of the console: a PC Screen Font was expected")


def _psf1(data: bytes) -> Font:
    count, height = 512 if data[2] & 1 else 256, data[3]
    end = 4 + count * height
    glyphs = tuple(data[start : start + height] for start in range(4, end, height))
    glyph_of, glyph, single = dict[str, int](), 0, True
    for (value,) in struct.iter_unpack("<H", data[end:]):
        if value == END:
            glyph, single = glyph + 1, True
        elif value == SEQUENCE:
            single = False
        elif single:
            glyph_of.setdefault(chr(value), glyph)
    return Font(8, height, glyphs, glyph_of)


def _psf2(data: bytes) -> Font:
    start, _, count, size, height, width = struct.unpack_from("<6I", data, 8)
    end = start + count * size
    glyphs = tuple(data[one : one + size] for one in range(start, end, size))
    glyph_of = dict[str, int]()
    for glyph, names in enumerate(data[end:].split(b"\xff")[:count]):
        for character in names.split(b"\xfe")[0].decode():
            glyph_of.setdefault(character, glyph)
    return Font(width, height, glyphs, glyph_of)


def packed(font: Font) -> bytes:
    """Four numbers (width, height, glyphs, characters), the glyphs, and for each character its number and its glyph's;
    all in 16 bits but the glyphs."""
    wide = (font.width + 7) // 8
    glyphs = b"".join(glyph.ljust(wide * GLYPH_LINES, b"\0") for glyph in font.glyphs)
    pairs = sorted((ord(character), glyph) for character, glyph in font.glyph_of.items() if ord(character) < END)
    numbers = (font.width, font.height, len(font.glyphs), len(pairs))
    return struct.pack("<4H", *numbers) + glyphs + b"".join(struct.pack("<2H", *pair) for pair in pairs)

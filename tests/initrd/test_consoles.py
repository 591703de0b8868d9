"""Keymaps and fonts as they go into the initrd: made by Debian's own tools, and read back here."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from initrd import consoles, tools
from initrd.errors import BuildError
from launcher.model.keymaps import LAYOUTS
from tests.common import ROOT

HEAD, TABLES, KEYS = b"bkeymap", 256, 128
SHIFT, ALT_GR = 1, 2
Q, A, DIGIT_1, DIGIT_0, Y, Z, DOT, CAPS_LOCK = 16, 30, 2, 11, 21, 44, 52, 58
"""Keycodes, which name the place of a key, by what is on it in America."""


class Keymap:
    """busybox's form of a keymap (console-tools/loadkmap.c)."""

    def __init__(self, data: bytes) -> None:
        assert data[: len(HEAD)] == HEAD
        self.planes = [number for number, there in enumerate(data[len(HEAD) :][:TABLES]) if there]
        values = data[len(HEAD) + TABLES :]
        assert len(values) == 2 * KEYS * len(self.planes)
        self._values = [struct.unpack_from(f"<{KEYS}H", values, 2 * KEYS * row) for row in range(len(self.planes))]

    def types(self, key: int, plane: int = 0) -> str:
        """The character of a key: the low byte of a letter's entry, or of any other Latin 1 character's."""
        return chr(self._values[self.planes.index(plane)][key] & 0xFF)

    def value(self, key: int) -> int:
        return int(self._values[0][key])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Keymap]:
    work = tmp_path_factory.mktemp("keymaps")
    names = ("fr", "be", "de", "ch-fr", "us")
    return {name: Keymap(consoles.keymap(LAYOUTS[name], work / name)) for name in names}


def test_every_keymap_has_the_planes_that_people_use_and_no_other(made: dict[str, Keymap]) -> None:
    assert {tuple(keymap.planes) for keymap in made.values()} == {consoles.PLANES}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("us", {(Q, 0): "q", (A, 0): "a", (Y, 0): "y", (DIGIT_1, 0): "1", (DOT, 0): "."}),
        ("fr", {(Q, 0): "a", (A, 0): "q", (39, 0): "m"}),
        ("fr", {(DIGIT_1, 0): "&", (DIGIT_1, SHIFT): "1", (DIGIT_0, SHIFT): "0"}),
        ("fr", {(51, SHIFT): ".", (DOT, 0): ":", (DOT, SHIFT): "/", (9, 0): "_", (9, ALT_GR): "\\", (3, 0): "é"}),
        ("be", {(Q, 0): "a", (DIGIT_1, SHIFT): "1", (51, SHIFT): ".", (DOT, SHIFT): "/", (13, SHIFT): "_"}),
        ("de", {(Y, 0): "z", (Z, 0): "y", (8, SHIFT): "/", (12, 0): "ß", (41, 0): "^", (27, ALT_GR): "~"}),
        ("ch-fr", {(Y, 0): "z", (26, 0): "è", (40, 0): "à"}),
    ],
)  # fmt: skip
def test_keys_type_what_is_printed_on_them(
    made: dict[str, Keymap], name: str, keys: dict[tuple[int, int], str]
) -> None:
    assert {key: made[name].types(*key) for key in keys} == keys


def test_capitals_are_locked_by_the_kernels_own_key(made: dict[str, Keymap]) -> None:
    assert {keymap.value(CAPS_LOCK) & 0xFFF for keymap in made.values()} == {made["us"].value(CAPS_LOCK) & 0xFFF}


def test_a_layout_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        consoles.keymap("no-such-layout", tmp_path / "x")


@pytest.mark.parametrize("path", consoles.FONTS.values(), ids=consoles.FONTS)
def test_a_font_has_western_europes_letters_and_lines_in_as_many_glyphs_as_keep_the_colours(path: Path) -> None:
    font = consoles.read(path)
    wanted = {*map(chr, range(32, 127)), *bytes(range(0xA0, 0x100)).decode("iso8859-15"), *"─│┌┐└┘├┤┬┴┼▶█░"}
    assert wanted - set(font.glyph_of) == set()
    assert len(font.glyphs) == 256
    assert {len(glyph) for glyph in font.glyphs} == {(font.width + 7) // 8 * font.height}


def test_a_font_is_written_with_room_for_32_lines_and_its_map() -> None:
    font = consoles.Font(8, 2, (b"\x01\x02", b"\x03\x04"), {"b": 1, "a": 0})
    assert consoles.packed(font) == b"".join(
        (
            struct.pack("<4H", 8, 2, 2, 2),
            b"\x01\x02".ljust(32, b"\0"),
            b"\x03\x04".ljust(32, b"\0"),
            struct.pack("<4H", ord("a"), 0, ord("b"), 1),
        )
    )


def test_a_file_that_is_no_font_is_one_sentence(tmp_path: Path) -> None:
    for content, sentence in ((b"no gzip", "cannot be read"), (b"\x1f\x8b", "cannot be read")):
        (tmp_path / "font.psf.gz").write_bytes(content)
        with pytest.raises(BuildError, match=sentence):
            consoles.read(tmp_path / "font.psf.gz")
    with pytest.raises(BuildError, match="console-setup-linux"):
        consoles.read(tmp_path / "none.psf.gz")


def test_the_builder_reads_the_launchers_table() -> None:
    assert tools.table(ROOT, *consoles.TABLE) == LAYOUTS

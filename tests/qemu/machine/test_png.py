"""Pictures with a palette are the same pictures, and small."""

from __future__ import annotations

import random
import struct
import zlib

import pytest

from qemu.machine import png
from qemu.machine.png import Picture


def picture(width: int, height: int, colours: int) -> Picture:
    rng = random.Random(width)
    palette = [bytes((9 * number, 0, 255 - number)) for number in range(colours)]
    return Picture(width, height, b"".join([*palette, *rng.choices(palette, k=width * height - colours)]))


@pytest.mark.parametrize(("width", "height", "colours"), [(720, 3, 16), (7, 5, 3), (1, 1, 1), (2, 9, 16)])
def test_a_picture_is_read_as_it_was_written(width: int, height: int, colours: int) -> None:
    shown = picture(width, height, colours)
    assert png.read(png.indexed(shown)) == shown
    assert png.indexed(shown) == png.indexed(shown)


def test_a_picture_with_more_colours_is_none_of_a_text_screen() -> None:
    with pytest.raises(ValueError, match="this one has 17"):
        png.indexed(picture(40, 2, 17))


def rgb(rows: bytes, width: int, height: int, header: bytes = png.RGB) -> bytes:
    parts = ((b"IHDR", struct.pack(">2I", width, height) + header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    made = b"".join(struct.pack(">I", len(body)) + kind + body + bytes(4) for kind, body in parts)
    return png.SIGNATURE + made


def test_each_filter_of_png_is_undone() -> None:
    one, two = bytes((10, 20, 30)), bytes((13, 22, 31))
    plain = one + two
    less = bytes((3, 2, 1))
    rows = [b"\0" + plain, b"\1" + one + less, b"\2" + bytes(6), b"\3" + bytes((5, 10, 15, 2, 1, 1)), b"\4" + bytes(6)]
    dots = png.read(rgb(b"".join(rows), 2, 5)).dots
    assert [dots[at : at + 6] for at in range(0, 30, 6)] == [plain, plain, plain, one + bytes((13, 22, 31)), plain]


def test_another_kind_of_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="16 colours"):
        png.read(rgb(b"\0\0", 1, 1, bytes((8, 0, 0, 0, 0))))

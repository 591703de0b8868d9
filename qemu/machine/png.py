"""PNG pictures of text screens (PNG, 2nd edition): QEMU's are read, and written again with a palette, far smaller.

A text screen has 16 colours at most, so that half a byte does for a dot. The same dots give the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, INDEXED = bytes((8, 2, 0, 0, 0)), bytes((4, 3, 0, 0, 0))
"""Depth, kind of colour, compression, filters, interlacing."""
COLOURS = 16


@dataclass(frozen=True)
class Picture:
    """`dots`: red, green and blue of each, row after row."""

    width: int
    height: int
    dots: bytes


def read(data: bytes) -> Picture:
    """A picture as QEMU writes it, or as `indexed` does. Raises ValueError for any other."""
    chunks = _chunks(data)
    header = chunks[b"IHDR"]
    width, height = struct.unpack_from(">2I", header)
    body = zlib.decompress(chunks[b"IDAT"])
    if header[8:] == RGB:
        return Picture(width, height, _unfiltered(body, 3 * width))
    if header[8:] != INDEXED:
        raise ValueError("a PNG picture with 8 bits of red, green and blue was expected, or one with 16 colours")
    colours, stride = _triples(chunks[b"PLTE"]), (width + 1) // 2
    rows = [body[at + 1 : at + 1 + stride] for at in range(0, len(body), 1 + stride)]
    numbers = [[half for byte in row for half in (byte >> 4, byte & 15)][:width] for row in rows]
    return Picture(width, height, b"".join(colours[number] for row in numbers for number in row))


def indexed(picture: Picture) -> bytes:
    """The picture with a palette. Raises ValueError where it has more than 16 colours."""
    dots, width = _triples(picture.dots), picture.width
    palette = sorted(set(dots))
    if len(palette) > COLOURS:
        raise ValueError(f"a picture of a text screen has at most {COLOURS} colours, this one has {len(palette)}")
    number = {colour: at for at, colour in enumerate(palette)}
    body = bytearray()
    for start in range(0, len(dots), width):
        row = [number[dot] for dot in dots[start : start + width]] + [0] * (width % 2)
        body.append(0)  # no filter: these numbers have no neighbours
        body += bytes(left << 4 | right for left, right in zip(row[::2], row[1::2], strict=True))
    header = struct.pack(">2I", width, picture.height) + INDEXED
    parts = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(body, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _triples(data: bytes) -> list[bytes]:
    return [data[at : at + 3] for at in range(0, len(data), 3)]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """What is in each kind of chunk."""
    found, at = dict[bytes, bytes](), len(SIGNATURE)
    while at < len(data):
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        found[kind] = found.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += length + 12
    return found


def _unfiltered(data: bytes, stride: int) -> bytes:
    dots, above = bytearray(), bytearray(stride)
    for start in range(0, len(data), stride + 1):
        row = bytearray(data[start + 1 : start + 1 + stride])
        match data[start]:
            case 1:
                for at in range(3, stride):
                    row[at] = (row[at] + row[at - 3]) & 0xFF
            case 2:
                row = bytearray((one + other) & 0xFF for one, other in zip(row, above, strict=True))
            case 3:
                for at in range(stride):
                    row[at] = (row[at] + ((row[at - 3] if at >= 3 else 0) + above[at]) // 2) & 0xFF
            case 4:
                for at in range(stride):
                    left, corner = (row[at - 3], above[at - 3]) if at >= 3 else (0, 0)
                    row[at] = (row[at] + _paeth(left, above[at], corner)) & 0xFF
        dots += row
        above = row
    return bytes(dots)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))

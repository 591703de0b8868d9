"""The frames of a disk's stream between manifest and trailer, as bytes. Pure.

Rules, in one place:

* Data: one zstd frame (RFC 8878) for each chunk of at most `DATA_MOST` bytes, with content size and checksum.
* A hole is named: a skippable frame of `HOLE_BYTES` that says where it begins and how long it is, and behind it the one
  frame of zeros of that length which `zero_frame` gives, byte for byte. So every zstd decoder gets zeros there, and
  ours knows a hole without unpacking it. Zeros that are not named are data: they are written.
* A hole has at most `HOLE_MOST` bytes, which bounds what a receiver compares.
* A seek table (zstd's ``contrib/seekable_format``) may follow the trailer: the length of each frame before it, packed
  and unpacked, so that a stored stream can be read at any place. Decoders skip it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache

from ..used.used_map import CHUNK, HOLE_MOST

DATA_MOST = CHUNK
"""Bytes in a data frame."""
HOLE_BYTES = 128
"""The length of the frame that names a hole."""

TAG = b"udpcast-launcher\x00"
OUR_MAGIC = 0x184D2A5C
HEADER = struct.Struct("<II")
"""A skippable frame's: magic, and the length of what follows."""

SEEK_MAGIC = 0x184D2A5E
_SEEK_FOOT = struct.Struct("<IBI")
_SEEK_FOOT_MAGIC = 0x8F92EAB1
SEEK_ENTRY = struct.Struct("<II")
_SEEK_CHECKSUMS = 0x80
_SEEK_RESERVED = 0x7C

_BLOCK = 128 << 10  # the longest block that zstd allows
_LAST, _RLE = 1, 1 << 1


def bound(length: int) -> int:
    """The longest that a data frame of `length` bytes can be (zstd.h, ZSTD_COMPRESSBOUND)."""
    return length + (length >> 8) + (((128 << 10) - length) >> 11 if length < 128 << 10 else 0)


def skippable(body: bytes, magic: int = OUR_MAGIC) -> bytes:
    """`body` as a frame that decoders skip."""
    return HEADER.pack(magic, len(body)) + body


def hole_frame(offset: int, length: int) -> bytes:
    """What names a hole. Raises ValueError where it is none."""
    if offset < 0 or not 0 < length <= HOLE_MOST:
        raise ValueError(f"{length} bytes from {offset} on are no hole")
    text = json.dumps({"frame": "hole", "offset": offset, "length": length}, separators=(",", ":"))
    return skippable((TAG + text.encode("ascii")).ljust(HOLE_BYTES - HEADER.size))


def read_hole(frame: bytes) -> tuple[int, int] | None:
    """Offset and length of the hole that `frame` names; None where it is no such frame, as `hole_frame` makes it."""
    if len(frame) != HOLE_BYTES or not frame[HEADER.size :].startswith(TAG):
        return None
    try:
        fields = json.loads(frame[HEADER.size + len(TAG) :].decode("ascii"))
        offset, length = fields["offset"], fields["length"]
        same = type(offset) is type(length) is int and hole_frame(offset, length) == frame
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return (offset, length) if same else None


@lru_cache(maxsize=4)  # nearly all are HOLE_MOST long
def zero_frame(length: int) -> bytes:
    """The frame of `length` zeros: blocks that say "so often this byte", without a checksum. Raises ValueError for a
    length that no hole has."""
    if not 0 < length <= HOLE_MOST:
        raise ValueError(f"{length} bytes are no hole")
    whole, rest = divmod(length, _BLOCK)
    sizes = [_BLOCK] * whole + [rest] * bool(rest)
    kinds = [_RLE] * (len(sizes) - 1) + [_RLE | _LAST]
    # Descriptor: content size in 8 bytes; window 128 KiB.
    head = b"\x28\xb5\x2f\xfd\xc0\x38" + struct.pack("<Q", length)
    return head + b"".join(
        (size << 3 | kind).to_bytes(3, "little") + b"\0" for size, kind in zip(sizes, kinds, strict=True)
    )


def seek_entry(packed: int, raw: int) -> bytes:
    """A frame's line in a seek table: its length, and that of what is in it (0 for one that is skipped)."""
    return SEEK_ENTRY.pack(packed, raw)


def seek_table(entries: bytes) -> bytes:
    """The seek table of a stream, as a frame; `entries` are those of all frames before it."""
    foot = _SEEK_FOOT.pack(len(entries) // SEEK_ENTRY.size, 0, _SEEK_FOOT_MAGIC)
    return skippable(entries + foot, SEEK_MAGIC)


SEEK_FOOT_BYTES = _SEEK_FOOT.size
"""By which a seek table is found: a stream's last bytes."""


@dataclass(frozen=True)
class SeekTable:
    """A seek table of `size` bytes, frame and all, with `frames` lines of `line` bytes each."""

    size: int
    frames: int
    line: int


def read_seek_foot(tail: bytes) -> SeekTable | None:
    """The seek table with which a stream ends that ends with `tail`, by its own word; None where there is none."""
    if len(tail) < SEEK_FOOT_BYTES:
        return None
    frames, descriptor, magic = _SEEK_FOOT.unpack(tail[-SEEK_FOOT_BYTES:])
    if magic != _SEEK_FOOT_MAGIC or descriptor & _SEEK_RESERVED:
        return None
    line = SEEK_ENTRY.size + (4 if descriptor & _SEEK_CHECKSUMS else 0)
    return SeekTable(HEADER.size + frames * line + SEEK_FOOT_BYTES, frames, line)

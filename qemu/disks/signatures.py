"""Old signatures on a disk, as its earlier life leaves them: md at the end, LVM and ZFS at the begin, ZFS at the end.

Each is as much as libblkid wants to see (util-linux, libblkid/src/superblocks); a test asks blkid.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

KIB = 1024


def write(path: Path, places: Iterable[tuple[int, int]]) -> None:
    """Put all of them on the image `path`, as if each of `places` (offset, size) had been a device of its own."""
    with path.open("r+b") as disk:
        for offset, size in places:
            for place, data in (*_zfs(0), *_zfs(size // (256 * KIB) * 256 * KIB - 512 * KIB), _md(size), _lvm()):
                disk.seek(offset + place)
                disk.write(data)


def _zfs(label: int) -> list[tuple[int, bytes]]:
    """Two labels of 256 KiB with four uberblocks each."""
    uberblock = struct.pack("<QQQQQ", 0x00BAB10C, 5000, 42, 7, 1_700_000_000)
    places = (label + half * 256 * KIB + 128 * KIB + number * KIB for half in (0, 1) for number in range(8))
    return [(place, uberblock) for place in places]


def _md(size: int) -> tuple[int, bytes]:
    """Version 0.90: in the last whole 64 KiB but one."""
    return (size & ~(64 * KIB - 1)) - 64 * KIB, struct.pack("<IIII", 0xA92B4EFC, 0, 90, 0).ljust(4 * KIB, b"\0")


def _lvm() -> tuple[int, bytes]:
    """A label in the second sector, with its checksum."""
    body = struct.pack("<I", 32) + b"LVM2 001" + b"A" * 32
    body = body.ljust(512 - 20, b"\0")
    return 512, b"LABELONE" + struct.pack("<QI", 1, _crc(body)) + body


def _crc(data: bytes) -> int:
    """LVM2's: a plain CRC-32 with another begin and no complement (lvm2, lib/misc/crc.c)."""
    crc = 0xF597A6CF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc

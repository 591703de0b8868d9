"""One small file of a disc or stick with ISO 9660, read from the device: nothing is mounted, no driver is loaded.

The layout is that of ECMA-119: sectors of 2,048 bytes; volume descriptors from sector 16 on, of which the first is the
primary one (8.4) with the record of the root folder in it (9.1); a folder is records one behind the other, none of
which crosses a sector. A name is in capitals, with its version behind (7.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

SECTOR = 2048
_DESCRIPTORS = 16
_ROOT = 156
_LARGEST_FOLDER = 64 * SECTOR


class NoIso9660(Exception):
    """There is no such file system."""


def read_file(device: Path, name: str, longest: int) -> bytes | None:
    """The first `longest` bytes of a file in the root folder; None where there is none. Raises NoIso9660, OSError."""
    with device.open("rb") as disk:
        head = _sectors(disk, _DESCRIPTORS, SECTOR)
        if head[:7] != b"\x01CD001\x01":
            raise NoIso9660
        extent, size = _extent(head[_ROOT:])
        for found, start, length in _records(_sectors(disk, extent, min(size, _LARGEST_FOLDER))):
            if found.partition(";")[0].rstrip(".").upper() == name.upper():
                return _sectors(disk, start, min(length, longest))
    return None


def _records(folder: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, first sector and length in bytes of all that is in a folder."""
    offset = 0
    while offset < len(folder):
        length = folder[offset]
        if not length:  # the rest of the sector is empty
            offset += SECTOR - offset % SECTOR
            continue
        record = folder[offset : offset + length]
        if length < 34 or len(record) < 33 or len(record) < 33 + record[32]:
            raise NoIso9660
        yield record[33 : 33 + record[32]].decode("latin-1"), *_extent(record)
        offset += length


def _extent(record: bytes) -> tuple[int, int]:
    return int.from_bytes(record[2:6], "little"), int.from_bytes(record[10:14], "little")


def _sectors(disk: BinaryIO, first: int, size: int) -> bytes:
    disk.seek(first * SECTOR)
    data = disk.read(size)
    if len(data) < size:
        raise NoIso9660
    return data

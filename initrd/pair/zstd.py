"""Where a zstd frame ends, told by the sizes of its blocks (RFC 8878): nothing is unpacked."""

from __future__ import annotations

from typing import BinaryIO

MAGIC = b"\x28\xb5\x2f\xfd"
_RAW, _RLE, _COMPRESSED = range(3)


def is_cut(file: BinaryIO, size: int) -> bool:
    """Whether a file of so many bytes begins with a zstd frame that does not end in it. Raises OSError."""
    file.seek(0)
    head = file.read(6)
    if not head or head[:4] != MAGIC[: len(head)]:
        return False
    if len(head) < 6:
        return True
    offset, has_checksum = _blocks(head[4])
    while offset + 3 <= size:
        file.seek(offset)
        header = int.from_bytes(file.read(3), "little")
        is_last, kind, length = header & 1, header >> 1 & 3, header >> 3
        if kind not in (_RAW, _RLE, _COMPRESSED):
            return False  # damaged, not cut
        offset += 3 + (1 if kind == _RLE else length)
        if is_last:
            return offset + 4 * has_checksum > size
    return True


def _blocks(descriptor: int) -> tuple[int, bool]:
    """Where the first block begins, and whether a checksum stands behind the last one."""
    is_single = bool(descriptor & 0x20)
    size_of_content = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    size_of_dictionary = (0, 1, 2, 4)[descriptor & 3]
    return 5 + (not is_single) + size_of_dictionary + size_of_content, bool(descriptor & 4)

"""Small pairs: a bzImage that is all header, and an initrd whose front belongs to it, as the builder writes it."""

from __future__ import annotations

import struct
from pathlib import Path

from initrd.manifest import put_front
from initrd.pair.check import INITRD, KERNEL

VERSION = "6.1.0-56-amd64 (builder@example) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)"
OTHER_VERSION = "6.12.118+deb13-amd64 (builder@example) #1 SMP PREEMPT_DYNAMIC Debian 6.12.118-1 (2026-11-20)"
TIME = 1_700_000_000


def kernel(version: str = VERSION, code: bytes = b"code of 16 bytes", signature: bytes = b"") -> bytes:
    """A bzImage as Documentation/arch/x86/boot.rst lays it out, signed as a PE file where a signature is given."""
    head = bytearray(4 * 512)
    head[0x1F1] = 3
    struct.pack_into("<I", head, 0x1F4, len(code) // 16)
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x20E, 0x200)
    head[0x400 : 0x400 + len(version) + 1] = version.encode() + b"\0"
    if signature:
        head[:2] = b"MZ"
        struct.pack_into("<I", head, 0x3C, 0x40)
        head[0x40:0x44] = b"PE\0\0"
        struct.pack_into("<H", head, 0x54, 240)
        struct.pack_into("<H", head, 0x58, 0x20B)
        struct.pack_into("<I", head, 0x58 + 108, 16)
        struct.pack_into("<II", head, 0x58 + 112 + 32, len(head) + len(code), len(signature))
    return bytes(head) + code + signature


def make_pair(
    folder: Path, version: str = VERSION, archive: bytes = b"drivers", code: bytes = b"code of 16 bytes"
) -> Path:
    """A pair in `folder`, which is made; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KERNEL).write_bytes(kernel(version, code))
    (folder / INITRD).write_bytes(archive)
    put_front(folder / INITRD, folder / KERNEL, TIME)
    return folder

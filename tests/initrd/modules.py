"""Kernel modules and kernels for tests: as much of the formats as depmod, kmod and the builder read."""

from __future__ import annotations

import struct
from pathlib import Path

NAMES = b"\0.modinfo\0.symtab\0.strtab\0.shstrtab\0"


def module(*info: str, symbols: tuple[str, ...] = ()) -> bytes:
    """A module (ELF, x86-64) that says `info` (``alias=pci:…``) of itself, and calls `symbols` of the kernel."""
    said = b"\0".join(word.encode() for word in ("license=GPL", *info)) + b"\0"
    strings = b"\0" + b"".join(symbol.encode() + b"\0" for symbol in symbols)
    table = bytes(24)
    for symbol in symbols:
        table += struct.pack("<IBBHQQ", strings.index(b"\0" + symbol.encode() + b"\0") + 1, 0x10, 0, 0, 0, 0)
    parts = [(b".modinfo", 1, 0, 0, said), (b".symtab", 2, 3, 24, table), (b".strtab", 3, 0, 0, strings)]
    parts.append((b".shstrtab", 3, 0, 0, NAMES))
    content, headers = b"", bytes(64)
    for name, kind, link, size, data in parts:
        content += bytes(-len(content) % 8)
        where = 64 + len(content)
        headers += struct.pack("<IIQQQQIIQQ", NAMES.index(name), kind, 0, 0, where, len(data), link, 1, 8, size)
        content += data
    content += bytes(-len(content) % 8)
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    start = 64 + len(content)
    return struct.pack("<16sHHIQQQIHHHHHH", ident, 1, 62, 1, 0, 0, start, 0, 64, 0, 0, 64, 5, 4) + content + headers


def bzimage(text: bytes = b"6.1.0-56-amd64 (builder@example) #1 SMP\0", offset: int = 0x1000) -> bytes:
    """The first sectors of a bzImage, as Documentation/arch/x86/boot.rst lays them out."""
    head = bytearray(0x8000)
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x20E, offset)
    if offset:
        head[offset + 0x200 : offset + 0x200 + len(text)] = text
    return bytes(head)


def write_modules(tree: Path, modules: dict[str, bytes]) -> Path:
    """Write modules to their paths below `tree`, a ``lib/modules/VERSION``."""
    for name, data in modules.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    return tree

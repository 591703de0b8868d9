"""ELF files made for tests: small, and with nothing in them but what the dynamic linker looks at."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PC, OLD_PC = 62, 3
"""The machines x86_64 (64 bits) and i386 (32)."""


def library(
    needed: Sequence[str] = (),
    interpreter: str | None = None,
    runpath: str = "",
    rpath: str = "",
    later: Iterable[Mapping[str, object]] = (),
    machine: int = PC,
) -> bytes:
    """A file with these entries; a program has an `interpreter`. `later`: what .note.dlopen says."""
    wide = machine == PC
    strings, entries = b"\0", list[tuple[int, int]]()
    for tag, text in [*((1, name) for name in needed), (29, runpath), (15, rpath)]:
        if text:
            entries.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    start = 64 if wide else 52
    size = 56 if wide else 32
    notes = b"".join(note(feature) for feature in later)
    parts = [(3, interpreter.encode() + b"\0")] if interpreter else []
    parts += [(4, notes)] if notes else []
    base = start + (len(parts) + 2) * size
    body = b""
    headers = []
    for kind, data in parts:
        headers.append((kind, base + len(body), len(data)))
        body += data + bytes(-len(data) % 8)
    texts = base + len(body)
    body += strings + bytes(-len(strings) % 8)
    form = "<qQ" if wide else "<iI"
    dynamic = b"".join(struct.pack(form, *entry) for entry in [*entries, (5, texts), (0, 0)])
    headers.append((2, base + len(body), len(dynamic)))
    body += dynamic
    headers.append((1, 0, base + len(body)))
    return _header(machine, wide, len(headers)) + b"".join(_segment(wide, *one) for one in headers) + body


def note(feature: Mapping[str, object]) -> bytes:
    text = json.dumps([feature]).encode() + b"\0"
    return struct.pack("<III", 4, len(text), 0x407C0C0A) + b"FDO\0" + text + bytes(-len(text) % 4)


def _header(machine: int, wide: bool, count: int) -> bytes:
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1, 1)) + bytes(9)
    if wide:
        return ident + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return ident + struct.pack("<HHIIIIIHHHHHH", 3, machine, 1, 0, 52, 0, 0, 52, 32, count, 0, 0, 0)


def _segment(wide: bool, kind: int, offset: int, size: int) -> bytes:
    if wide:
        return struct.pack("<IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 4)
    return struct.pack("<IIIIIIII", kind, offset, offset, offset, size, size, 4, 4)


def put(root: Path, inner: str, data: bytes, mode: int = 0o755) -> Path:
    """Write a file below `root`."""
    path = root / inner
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return path

"""What an ELF file asks for when it is loaded: its interpreter, its libraries, and where it wants them looked for.

Takes bytes and returns values (elf(5); ld.so(8) for what the entries mean). A library that a program loads only when it
needs it stands in no such entry. Systemd's programs tell of those in a note since version 256 (.note.dlopen, the
specification "ELF dlopen metadata" of the UAPI group).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x7fELF"
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 14, 15, 29
_SHT_NOBITS = 8
_NOTE_OWNER, _NOTE_TYPE = b"FDO\0", 0x407C0C0A
_WANTED_LATER = {"required", "recommended"}


@dataclass(frozen=True)
class Elf:
    """`kind` is equal for files that can be loaded together: class, byte order and machine.

    `rpath` and `runpath` are as they are written, with ``$ORIGIN``. `later` are the libraries that it loads by itself,
    each as the names of which one is enough.
    """

    kind: tuple[int, int, int]
    interpreter: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    later: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int
    align: int


def read(data: bytes) -> Elf:
    """Raises ValueError when `data` is no ELF file, or is cut off."""
    if data[:4] != MAGIC or len(data) < 52:
        raise ValueError("no ELF file")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    try:
        segments = list(_segments(data, wide, order))
        entries = list(_dynamic(data, segments, wide, order))
        interpreter = next((_bytes(data, one) for one in segments if one.kind == _PT_INTERP), None)
        (machine,) = struct.unpack_from(f"{order}H", data, 18)
        strings = next((_offset(segments, value) for tag, value in entries if tag == _DT_STRTAB), 0)

        def texts(wanted: int) -> tuple[str, ...]:
            return tuple(_text(data, strings + value) for tag, value in entries if tag == wanted)

        return Elf(
            kind=(data[4], data[5], machine),
            interpreter=interpreter.rstrip(b"\0").decode(errors="replace") if interpreter else None,
            soname=next(iter(texts(_DT_SONAME)), None),
            needed=texts(_DT_NEEDED),
            rpath=_paths(texts(_DT_RPATH)),
            runpath=_paths(texts(_DT_RUNPATH)),
            later=tuple(_loaded_later(data, segments, order)),
        )
    except (struct.error, IndexError) as error:
        raise ValueError("an ELF file that is cut off") from error


def is_whole(data: bytes) -> bool:
    """Whether an ELF file has all of its sections, whose table is behind them: a driver has nothing else."""
    if data[:4] != MAGIC or len(data) < 52:
        return False
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    place, form = (40, f"{order}Q") if wide else (32, f"{order}I")
    try:
        start = int(struct.unpack_from(form, data, place)[0])
        size, count = struct.unpack_from(f"{order}HH", data, 58 if wide else 46)
        ends = [_end_of_section(data, start + number * size, wide, order) for number in range(count)]
    except struct.error:
        return False
    return bool(ends) and max(*ends, start + count * size) <= len(data)


def _end_of_section(data: bytes, place: int, wide: bool, order: str) -> int:
    """Where in the file the section ends whose header is at `place`; 0 for one that has nothing there."""
    (kind,) = struct.unpack_from(f"{order}I", data, place + 4)
    offset, length = struct.unpack_from(f"{order}QQ" if wide else f"{order}II", data, place + (24 if wide else 16))
    return 0 if kind == _SHT_NOBITS else int(offset + length)


def _segments(data: bytes, wide: bool, order: str) -> Iterator[_Segment]:
    start, size, count = (
        *struct.unpack_from(f"{order}Q" if wide else f"{order}I", data, 32 if wide else 28),
        *struct.unpack_from(f"{order}HH", data, 54 if wide else 42),
    )
    for index in range(count):
        place = start + index * size
        if wide:
            kind, _, offset, address, _, length, _, align = struct.unpack_from(f"{order}IIQQQQQQ", data, place)
        else:
            kind, offset, address, _, length, _, _, align = struct.unpack_from(f"{order}IIIIIIII", data, place)
        yield _Segment(kind, offset, address, length, align)


def _bytes(data: bytes, segment: _Segment) -> bytes:
    found = data[segment.offset : segment.offset + segment.size]
    if len(found) < segment.size:
        raise IndexError
    return found


def _dynamic(data: bytes, segments: list[_Segment], wide: bool, order: str) -> Iterator[tuple[int, int]]:
    for segment in segments:
        if segment.kind == _PT_DYNAMIC:
            form = f"{order}qQ" if wide else f"{order}iI"
            found = _bytes(data, segment)
            yield from struct.iter_unpack(form, found[: len(found) - len(found) % struct.calcsize(form)])


def _offset(segments: list[_Segment], address: int) -> int:
    """Where in the file the byte is that is loaded at `address`."""
    for one in segments:
        if one.kind == _PT_LOAD and one.address <= address < one.address + one.size:
            return address - one.address + one.offset
    raise IndexError


def _text(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset)
    if end < 0:
        raise IndexError
    return data[offset:end].decode(errors="replace")


def _paths(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for text in texts for part in text.split(":") if part)


def _loaded_later(data: bytes, segments: list[_Segment], order: str) -> Iterator[tuple[str, ...]]:
    for segment in segments:
        if segment.kind == _PT_NOTE:
            for owner, kind, text in _notes(_bytes(data, segment), segment.align, order):
                if owner == _NOTE_OWNER and kind == _NOTE_TYPE:
                    yield from _sonames(text)


def _notes(data: bytes, align: int, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    place, align = 0, 8 if align == 8 else 4
    while place + 12 <= len(data):
        owner, size, kind = struct.unpack_from(f"{order}III", data, place)
        text = place + 12 + owner + -(12 + owner) % align
        yield data[place + 12 : place + 12 + owner], kind, data[text : text + size]
        place = text + size + -size % align


def _sonames(text: bytes) -> Iterator[tuple[str, ...]]:
    """Those that the program says it needs, or should have. What it can do without is its own matter."""
    try:
        features = json.loads(text.rstrip(b"\0"))
        for feature in features:
            if feature.get("priority", "recommended") in _WANTED_LATER:
                yield tuple(str(name) for name in feature["soname"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return

"""Programs for UEFI (loaders, and kernels with an EFI stub): their sections, and whether a signature is attached.

Whether a signature is right is not told here. Source: Microsoft, "PE Format"; section headers, and the directory of
certificates, whose entry has an offset in the file.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_DOS = 0x40
_COFF = struct.Struct("<4sHHIIIHH")  # signature, machine, sections, -, symbols' offset, their number, optional size, -
_SYMBOL = 18
_SECTION = struct.Struct("<8sIIII")  # name, size in memory, address, size in the file, offset in the file
_SECTION_HEADER = 40
_DIRECTORIES = {0x10B: 96, 0x20B: 112}
"""Where the data directories begin in the optional header, by its magic (PE32, PE32+)."""
_CERTIFICATES = 4
_CERTIFICATE = struct.Struct("<IHH")  # its length with this head, revision, type
_PKCS7 = 2
_SEQUENCE = b"\x30"
_MOST_SECTIONS = 96
_LONGEST_NAME = 256
_LARGEST = 512 << 20
_CONTENT = 256 << 10
"""Bytes of a section that are kept; those that are read have some thousands. Sections may lie on each other."""


class PeError(ValueError):
    """Half a sentence: why this is no program for UEFI."""


@dataclass(frozen=True)
class Program:
    """`sections` by name, without the zeros at their ends, none longer than 256 KiB. So many `signatures`
    are attached."""

    sections: Mapping[str, bytes]
    signatures: int


def read_program(path: Path) -> Program:
    """Raises PeError, and OSError for what cannot be read."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise PeError("it is no file")
        if found.st_size > _LARGEST:
            raise PeError(f"it is larger than {_LARGEST >> 20} MiB")
        return program(file.read())


def program(data: bytes) -> Program:
    """Raises PeError."""
    try:
        return _program(data)
    except struct.error:
        raise PeError("it is cut") from None


def _program(data: bytes) -> Program:
    if data[:2] != b"MZ" or len(data) < _DOS:
        raise PeError("it has no EFI stub")
    (start,) = struct.unpack_from("<I", data, 0x3C)
    if data[start : start + 4] != b"PE\0\0":
        raise PeError("it has no EFI stub")
    _, _, count, _, symbols, symbol_count, optional, _ = _COFF.unpack_from(data, start)
    header = start + _COFF.size
    (magic,) = struct.unpack_from("<H", data, header)
    if magic not in _DIRECTORIES or count > _MOST_SECTIONS:
        raise PeError("its headers are damaged")
    directories = header + _DIRECTORIES[magic]
    (there,) = struct.unpack_from("<I", data, directories - 4)
    directory, offset, size = directories + 8 * _CERTIFICATES, 0, 0
    if there > _CERTIFICATES and directory + 8 <= header + optional:
        offset, size = struct.unpack_from("<II", data, directory)
    names = symbols + symbol_count * _SYMBOL
    return Program(
        dict(_sections(data, header + optional, count, names)), sum(1 for _ in _signatures(data, offset, size))
    )


def _sections(data: bytes, at: int, count: int, names: int) -> Iterator[tuple[str, bytes]]:
    """A name of more than eight letters is a slash and an offset among the `names`, which end with a zero each."""
    for number in range(count):
        name, memory, _, size, offset = _SECTION.unpack_from(data, at + number * _SECTION_HEADER)
        if offset + size > len(data):
            raise PeError("it is cut")
        content = data[offset : offset + min(min(memory, size) or size, _CONTENT)]
        name = name.rstrip(b"\0")
        if name[:1] == b"/" and name[1:].isdigit():
            begin = names + int(name[1:])
            name = data[begin : begin + _LONGEST_NAME].partition(b"\0")[0]
        yield name.decode("latin-1"), content


def _signatures(data: bytes, offset: int, size: int) -> Iterator[None]:
    """One for each signature that is whole."""
    end = offset + size
    if not offset or end > len(data):
        return
    while offset + _CERTIFICATE.size <= end:
        length, _, kind = _CERTIFICATE.unpack_from(data, offset)
        if length < _CERTIFICATE.size or offset + length > end:
            return
        if kind == _PKCS7 and data.startswith(_SEQUENCE, offset + _CERTIFICATE.size):
            yield
        offset += -(-length // 8) * 8


def why_refused(path: Path) -> str:
    """Why no PC with Secure Boot starts this kernel, as half a sentence; "" where nothing is seen. Raises OSError."""
    try:
        return "" if read_program(path).signatures else "it is not signed"
    except PeError as error:
        return str(error)

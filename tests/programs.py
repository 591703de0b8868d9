"""Small programs for UEFI, as linkers lay them out: sections, and room for a signature (Microsoft, "PE Format")."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_ALIGNMENT = 0x200
_HEADERS = 0x400


def program(sections: Mapping[str, bytes], *signatures: bytes) -> bytes:
    """A PE32+ for x86-64 with these sections and signatures, which begin as DER does; names of more than
    eight letters go where a linker puts them."""
    names, bodies, headers = bytearray(b"\0\0\0\0"), bytearray(), bytearray()
    for name, content in {".text": b"\xc3", **sections}.items():
        short = name.encode()
        if len(short) > 8:
            short = f"/{len(names)}".encode()
            names += name.encode() + b"\0"
        offset, size = _HEADERS + len(bodies), -(-len(content) // _ALIGNMENT) * _ALIGNMENT
        headers += struct.pack("<8sIIII12xI", short, len(content), offset, size, offset, 0x60000020)
        bodies += content.ljust(size, b"\0")
    struct.pack_into("<I", names, 0, len(names))
    end = _HEADERS + len(bodies)
    bodies += names.ljust(-(-len(names) // 8) * 8, b"\0")
    table = b"".join(
        struct.pack("<IHH", 8 + len(one), 0x200, 2) + one.ljust(-(-len(one) // 8) * 8, b"\0")
        for one in (b"\x30" + content for content in signatures)
    )
    directories = bytearray(16 * 8)
    if table:
        struct.pack_into("<II", directories, 4 * 8, _HEADERS + len(bodies), len(table))
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections) + 1, 0, end, 0, 112 + len(directories), 0x22E)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B,
        0,
        0,
        _ALIGNMENT,
        0,
        0,
        _HEADERS,
        _HEADERS,
        0,
        _ALIGNMENT,
        _ALIGNMENT,
        *(0,) * 6,
        0,
        end,
        _HEADERS,
        0,
        10,
        *(0,) * 6,
        16,
    )
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    return bytes((dos + coff + optional + directories + headers).ljust(_HEADERS, b"\0") + bodies + table)


def sbat_level(least: str, latest: str = "") -> bytes:
    """The section `.sbatlevel` of a shim."""
    first = least.encode() + b"\0"
    return struct.pack("<III", 0, 8, 8 + len(first)) + first + latest.encode() + b"\0"


def vendor(certificate: bytes) -> bytes:
    """The section `.vendor_cert` of a shim with this authority."""
    return struct.pack("<IIII", len(certificate), 0, 16, 16 + len(certificate)) + certificate

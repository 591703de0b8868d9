"""What a bzImage says of itself: its version, and how long its file is.

Sources: Documentation/arch/x86/boot.rst of Linux; for the signature behind it, Microsoft's "PE Format".
"""

from __future__ import annotations

import re
import struct

HEAD = 0x8000
"""So many bytes from the beginning hold all that is read here."""


def whole_version(head: bytes) -> str:
    """The kernel's own version string: release, builder and date. Raises ValueError when `head` is no bzImage's."""
    if len(head) < 0x210 or head[0x1FE:0x200] != b"\x55\xaa" or head[0x202:0x206] != b"HdrS":
        raise ValueError("it has no Linux boot header")
    (offset,) = struct.unpack_from("<H", head, 0x20E)
    start = offset + 0x200
    end = head.find(b"\0", start)
    text = head[start:end].decode("ascii", "replace") if offset and end > 0 else ""
    if not re.fullmatch(r"[0-9][\w.+~-]*", text.split(" ")[0], re.ASCII):
        raise ValueError("its boot header names no version")
    return text


def release(version: str) -> str:
    """``uname -r`` of the version string."""
    return version.partition(" ")[0]


def length(head: bytes) -> int:
    """How many bytes a bzImage with this head has at least: the code that is loaded, and the signature behind it."""
    sectors = head[0x1F1] or 4
    paragraphs = int.from_bytes(head[0x1F4:0x1F8], "little")
    return max((sectors + 1) * 512 + paragraphs * 16, _end_of_signature(head))


def _end_of_signature(head: bytes) -> int:
    """Where the certificates end, which are appended to the file; 0 for a kernel that is not signed."""
    (start,) = struct.unpack_from("<I", head, 0x3C)
    if head[:2] != b"MZ" or head[start : start + 4] != b"PE\0\0":
        return 0
    optional = start + 24
    try:
        (magic,) = struct.unpack_from("<H", head, optional)
        place, size = struct.unpack_from("<II", head, optional + (112 if magic == 0x20B else 96) + 4 * 8)
    except struct.error:
        return 0
    return int(place + size) if size else 0

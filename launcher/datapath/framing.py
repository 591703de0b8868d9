"""The stream as bytes: which compression it has, and the manifest and trailer that frame a disk in it.

Pure: no file, no process. Rules, in one place:

* A stream is recognised by its first bytes: zstd (RFC 8878), gzip (RFC 1952), lzop (its ``lzop.c``); else none.
* With zstd, a manifest precedes the data and a trailer follows it, each a *skippable frame* (RFC 8878, 3.1.2): magic
  0x184D2A5C, little-endian length, then our tag and JSON. Every zstd decoder skips them, so that a plain
  ``udp-receiver --pipe 'zstd -dc'`` gets exactly the disk, and a stream without them is still a good one.
* Both frames have a fixed length (`MANIFEST_BYTES`, `TRAILER_BYTES`; JSON padded with blanks), so the trailer is the
  last `TRAILER_BYTES` of the stream or it is not there. It counts only with the manifest's session token.
* What cannot be read as one of our frames is none of ours; that is never an error here.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import asdict, dataclass
from typing import Any

from ..model.plan import Compression

FORMAT = 2
SECTOR = 512  # bytes; what is taken for an image file's, to look for its partition table
MANIFEST_BYTES = 1024
TRAILER_BYTES = 256

_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_LZOP = b"\x89LZO\x00\r\n\x1a\n"
_FOREIGN = {
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress",
    b"PK\x03\x04": "zip",
}
_OUR_MAGIC = 0x184D2A5C
_TAG = b"udpcast-launcher\x00"
_HEADER = struct.Struct("<II")
_XXH128 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Manifest:
    """What the sender says before the data. `length` and `sector_size` in bytes, of the source (0: a file's).

    `session` is a random token of this cast, `version` the launcher's; `table` and `disk_id` are the partition
    table's type and identifier as `disk_label` finds them. `source` tells which disk it is
    (`block_device.whereabouts`); `silence` is for how many seconds this sender waits for a receiver that does not
    answer.
    """

    length: int
    sector_size: int
    session: str
    version: str
    table: str | None = None
    disk_id: str | None = None
    source: str | None = None
    silence: int | None = None


@dataclass(frozen=True)
class Trailer:
    """What the sender says after the data: bytes that were read, and their XXH128 in hexadecimal."""

    length: int
    xxh128: str
    session: str


def recognise(head: bytes) -> Compression:
    """The compression of a stream that begins with `head` (10 bytes are enough); NONE where nothing is recognised."""
    if head.startswith(_ZSTD) or _SKIPPABLE.match(head):
        return Compression.ZSTD
    if head.startswith(_LZOP):
        return Compression.LZOP
    if head[:3] == b"\x1f\x8b\x08" and len(head) > 3 and head[3] & 0xE0 == 0:
        return Compression.GZIP
    return Compression.NONE


def foreign(head: bytes) -> str | None:
    """The name of a compression that the launcher does not know to undo, where `head` begins such a stream."""
    return next((name for magic, name in _FOREIGN.items() if head.startswith(magic)), None)


def manifest_frame(manifest: Manifest) -> bytes:
    """`manifest` as a skippable frame of `MANIFEST_BYTES`."""
    return _frame("manifest", asdict(manifest), MANIFEST_BYTES)


def trailer_frame(trailer: Trailer) -> bytes:
    """`trailer` as a skippable frame of `TRAILER_BYTES`."""
    return _frame("trailer", asdict(trailer), TRAILER_BYTES)


def read_manifest(head: bytes) -> Manifest | None:
    """The manifest with which a stream begins, or None where it has none (or one of another format)."""
    fields = _fields("manifest", head[:MANIFEST_BYTES], MANIFEST_BYTES)
    if fields is None:
        return None
    numbers = fields.get("length"), fields.get("sector_size")
    texts = fields.get("session"), fields.get("version")
    marks = fields.get("table"), fields.get("disk_id"), fields.get("source")
    if not all(_is_count(number) for number in numbers) or not all(isinstance(text, str) for text in texts):
        return None
    if not all(mark is None or isinstance(mark, str) for mark in marks):
        return None
    return Manifest(
        length=fields["length"],
        sector_size=fields["sector_size"],
        session=fields["session"],
        version=fields["version"],
        table=fields.get("table"),
        disk_id=fields.get("disk_id"),
        source=fields.get("source"),
        silence=silence if _is_count(silence := fields.get("silence")) else None,
    )


def read_trailer(tail: bytes, session: str) -> Trailer | None:
    """The trailer of cast `session` with which `tail` ends, or None."""
    fields = _fields("trailer", tail[-TRAILER_BYTES:], TRAILER_BYTES)
    if fields is None or fields.get("session") != session or not _is_count(fields.get("length")):
        return None
    digest = fields.get("xxh128")
    if not isinstance(digest, str) or not _XXH128.fullmatch(digest):
        return None
    return Trailer(fields["length"], digest, session)


def disk_label(head: bytes, sector_size: int) -> tuple[str | None, str | None]:
    """Partition table type (``gpt``, ``dos``) and disk identifier, from a disk's first two sectors.

    A GUID Partition Table begins at the second sector with ``EFI PART``, its identifier is at offset 56 (UEFI 2.10,
    5.3.2); a DOS table ends the first with 55 AA, and Windows keeps a signature at offset 440.
    """
    header = head[sector_size : sector_size + 92]
    if header.startswith(b"EFI PART") and len(header) >= 72:
        first, second, third = struct.unpack("<IHH", header[56:64])
        rest = header[64:72].hex()
        return "gpt", f"{first:08x}-{second:04x}-{third:04x}-{rest[:4]}-{rest[4:]}"
    if head[510:512] == b"\x55\xaa":
        return "dos", f"{int.from_bytes(head[440:444], 'little'):08x}"
    return None, None


def _frame(name: str, fields: dict[str, Any], length: int) -> bytes:
    text = json.dumps({"frame": name, "format": FORMAT, **fields}, separators=(",", ":"))
    body = _TAG + text.encode("ascii")
    room = length - _HEADER.size
    if len(body) > room:
        raise ValueError(f"the {name} needs {len(body)} bytes, but its frame has room for {room}")
    return _HEADER.pack(_OUR_MAGIC, room) + body.ljust(room)


def _fields(name: str, frame: bytes, length: int) -> dict[str, Any] | None:
    if len(frame) != length or _HEADER.unpack_from(frame) != (_OUR_MAGIC, length - _HEADER.size):
        return None
    body = frame[_HEADER.size :]
    if not body.startswith(_TAG):
        return None
    try:
        fields = json.loads(body[len(_TAG) :].decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("frame") != name or fields.get("format") != FORMAT:
        return None
    return fields


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

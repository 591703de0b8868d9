"""The stream as bytes: which compression it has, and the manifest and trailer that frame a disk in it.

Pure: no file, no process. Rules, in one place:

* A stream is recognised by its first bytes: zstd (RFC 8878), gzip (RFC 1952), lzop (its ``lzop.c``); else none.
* With zstd, a manifest precedes the data and a trailer follows it, each a *skippable frame* (RFC 8878, 3.1.2): magic
  0x184D2A5C, little-endian length, then our tag and JSON. Every zstd decoder skips them, so that a plain
  ``udp-receiver --pipe 'zstd -dc'`` gets exactly the disk, and a stream without them is still a good one. What is
  between them: `frames`.
* Format 3: the frame's own header says how long it is, within `MANIFEST_MOST` and `TRAILER_MOST`; shorter ones than
  `MANIFEST_BYTES` and `TRAILER_BYTES` are padded with blanks. The trailer is found by walking the frames, and another
  frame (a seek table) may follow it.
* Format 2, which is still read: both frames have exactly these lengths, and the trailer ends the stream.
* The trailer counts only with the manifest's session token.
* What cannot be read as one of our frames is none of ours; that is never an error here.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..model.plan import Compression
from ..used.survey import DiskPart
from .frames import HEADER, OUR_MAGIC, TAG, skippable

FORMAT = 3
FORMATS = (2, 3)
SECTOR = 512  # bytes; what is taken for an image file's, to look for its partition table
MANIFEST_BYTES = 1024
MANIFEST_MOST = 64 << 10
TRAILER_BYTES = 256
TRAILER_MOST = 4096
PARTS_MOST = 256
"""Parts that a manifest may name."""
COUNT_MOST = 2**63
"""The largest number that a frame may say; no disk has so many bytes."""

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
_XXH128 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class SentPart(DiskPart):
    """One of the source's. `whole`: why all of it was sent, in English, or None. `hibernated`: a system is, on this
    one; older senders do not say it (None)."""

    whole: str | None = None
    hibernated: bool | None = None


@dataclass(frozen=True)
class Manifest:
    """What the sender says before the data. `length` and `sector_size` in bytes, of the source (0: a file's).

    `session` is a random token of this cast, `version` the launcher's; `table` and `disk_id` are the partition
    table's type and identifier as `disk_label` finds them. `source` tells which disk it is
    (`block_device.whereabouts`); `silence` is for how many seconds this sender waits for a receiver that does not
    answer.

    From format 3 on: `used` bytes are in the chunks that are sent, the rest of `length` are holes. `table_text` is the
    partition table as ``sfdisk --dump`` prints it, `table_end` the byte behind the last partition, `behind` what is
    known behind that (`used.survey`). `host` and `model` tell the source PC and its disk, `made` the time, in seconds
    since 1970.
    """

    length: int
    sector_size: int
    session: str
    version: str
    table: str | None = None
    disk_id: str | None = None
    source: str | None = None
    silence: int | None = None
    used: int | None = None
    table_text: str | None = None
    table_end: int | None = None
    behind: tuple[str, ...] = ()
    parts: tuple[SentPart, ...] = ()
    host: str | None = None
    model: str | None = None
    made: int | None = None
    format: int = FORMAT


@dataclass(frozen=True)
class Trailer:
    """What the sender says after the data: bytes of the disk that went by, and their XXH128 in hexadecimal, holes by
    offset and length (`digests.DiskDigest`). From format 3 on: `sent` bytes were data; `xxh128_table_end` is the digest
    of what is before the manifest's `table_end`, without the table itself (`digests.TableEndDigest`)."""

    length: int
    xxh128: str
    session: str
    sent: int | None = None
    xxh128_table_end: str | None = None
    format: int = FORMAT


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
    """`manifest` as a skippable frame. Raises ValueError where it has no room."""
    return _frame("manifest", asdict(manifest), MANIFEST_BYTES, MANIFEST_MOST)


def trailer_frame(trailer: Trailer) -> bytes:
    """`trailer` as a skippable frame."""
    return _frame("trailer", asdict(trailer), TRAILER_BYTES, TRAILER_MOST)


def skippable_size(head: bytes) -> int | None:
    """The length of the frame that begins with `head` (8 bytes are enough), where it is one of those that decoders
    skip, whosever it is."""
    if len(head) < HEADER.size or not _SKIPPABLE.match(head):
        return None
    return HEADER.size + int(HEADER.unpack_from(head)[1])


def read_manifest(head: bytes) -> Manifest | None:
    """The manifest with which a stream begins, or None where it has none (or one of another format)."""
    said = _said("manifest", head, MANIFEST_BYTES, MANIFEST_MOST)
    if said is None or not _fits(said, _ALWAYS):
        return None
    found = _of(said, _ALWAYS)
    found["silence"] = said["silence"] if _is_count(said.get("silence")) else None
    if said["format"] == 2:
        return Manifest(**found, format=2)
    if not _fits(said, _SINCE_3) or max(said.get("used") or 0, said.get("table_end") or 0) > said["length"]:
        return None
    found |= _of(said, _SINCE_3)
    found["behind"] = tuple(found["behind"])
    found["parts"] = tuple(SentPart(**_of(part, _PART)) for part in found["parts"])
    return Manifest(**found)


def read_trailer(tail: bytes, session: str) -> Trailer | None:
    """The trailer of cast `session` that `tail` is, or, where it has `TRAILER_BYTES`, ends with; or None."""
    said = _said("trailer", tail, TRAILER_BYTES, TRAILER_MOST, alone=True)
    if said is None:
        said = _said("trailer", tail[-TRAILER_BYTES:], TRAILER_BYTES, TRAILER_MOST, alone=True)
    if said is None or said.get("session") != session or not _fits(said, _TRAILER):
        return None
    return Trailer(**_of(said, _TRAILER), session=session, format=said["format"])


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


def _frame(name: str, fields: dict[str, Any], least: int, most: int) -> bytes:
    text = json.dumps({"frame": name, **fields}, separators=(",", ":"))
    body = TAG + text.encode("ascii")
    if len(body) > most - HEADER.size:
        raise ValueError(f"the {name} needs {len(body)} bytes, but its frame has room for {most - HEADER.size}")
    return skippable(body.ljust(least - HEADER.size))


def _said(name: str, data: bytes, least: int, most: int, alone: bool = False) -> dict[str, Any] | None:
    """What is said in the frame that `data` begins with, or (`alone`) is."""
    size = skippable_size(data)
    if size is None or not least <= size <= min(most, len(data)) or (alone and size != len(data)):
        return None
    body = data[HEADER.size : size]
    if HEADER.unpack_from(data)[0] != OUR_MAGIC or not body.startswith(TAG):
        return None
    try:
        said = json.loads(body[len(TAG) :].decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("frame") != name or not _is_count(said.get("format")):
        return None
    if said["format"] not in FORMATS or (said["format"] == 2 and size != least):
        return None
    return said


def _fits(said: object, kinds: dict[str, Callable[[object], bool]]) -> bool:
    return isinstance(said, dict) and all(is_so(said.get(name)) for name, is_so in kinds.items())


def _of(said: dict[str, Any], kinds: dict[str, Callable[[object], bool]]) -> dict[str, Any]:
    """Only what is asked for: what else is said is another version's."""
    return {name: said.get(name) for name in kinds}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= COUNT_MOST


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _XXH128.fullmatch(value) is not None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_parts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= PARTS_MOST and all(_fits(part, _PART) for part in value)


def _or_none(is_so: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_so(value)


_ALWAYS = {
    "length": _is_count,
    "sector_size": _is_count,
    "session": _is_text,
    "version": _is_text,
    "table": _or_none(_is_text),
    "disk_id": _or_none(_is_text),
    "source": _or_none(_is_text),
}
_SINCE_3 = {
    "used": _or_none(_is_count),
    "table_text": _or_none(_is_text),
    "table_end": _or_none(_is_count),
    "behind": _is_texts,
    "parts": _is_parts,
    "host": _or_none(_is_text),
    "model": _or_none(_is_text),
    "made": _or_none(_is_count),
}
_PART = {
    "name": _is_text,
    "number": _is_count,
    "offset": _is_count,
    "size": _is_count,
    "kind": _is_text,
    "used": _or_none(_is_count),
    "whole": _or_none(_is_text),
    "hibernated": _or_none(lambda value: isinstance(value, bool)),
}
_TRAILER = {
    "length": _is_count,
    "xxh128": _is_digest,
    "sent": _or_none(_is_count),
    "xxh128_table_end": _or_none(_is_digest),
}

"""Which kernel an initrd was built with: told by the initrd itself, in a small archive in front of the compressed one.

    udpcast-initrd = an uncompressed cpio archive with one file, `NAME`, then the archive that the kernel decompresses

The kernel unpacks archives that stand one behind the other (initramfs buffer format, early-userspace/buffer-format.rst
of its documentation), and tools know uncompressed ones in front (microcode). So the answer costs some hundred bytes and
no unpacking. What comes behind is told by size and SHA-256, so that a copy that was cut is known wherever the cut is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

NAME = "udpcast-pair.json"
FORMAT = 1

TRAILER = "TRAILER!!!"
MAGIC = b"070701"
_HEADER = 110
_LONGEST = 1 << 16
_ENTRIES = 64
"""So many entries may stand before ours: somebody put microcode there, say."""


class DamagedError(Exception):
    """What is wrong with an initrd, behind "it is"."""


@dataclass(frozen=True)
class Part:
    """Size in bytes and SHA-256 of a file, or of a part of one."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Identity:
    """`version` is the kernel's own version string, `kernel` its file, `archive` what is behind the initrd's front."""

    version: str
    kernel: Part
    archive: Part

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Front:
    """`identity`, and the offset of the archive that it describes."""

    identity: Identity
    offset: int


def read_front(initrd: BinaryIO, size: int) -> Front | None:
    """The front of an open initrd of so many bytes, None for one without. Raises DamagedError, OSError."""
    entries = _entries(initrd, size)
    for name, content, length, _ in entries:
        if name != NAME:
            continue
        if length > _LONGEST:
            raise DamagedError("damaged at its beginning")
        initrd.seek(content)
        text = initrd.read(length)
        end = next(entries, None)
        if end is None:
            raise DamagedError("cut")
        last, _, _, behind = end
        if last != TRAILER:
            raise DamagedError("damaged at its beginning")
        identity = _identity(text)
        return None if identity is None else Front(identity, behind)
    return None


def archive_offset(path: Path) -> int:
    """Where the compressed archive of an initrd begins. Raises DamagedError, OSError."""
    with path.open("rb") as file:
        front = read_front(file, path.stat().st_size)
        return front.offset if front else 0


def end_of_plain(initrd: BinaryIO, start: int, size: int) -> int:
    """Where the uncompressed archives of an open initrd of so many bytes end that begin at `start`. Raises
    DamagedError, OSError."""
    return max((behind for _, _, _, behind in _entries(initrd, size, start)), default=start)


def _identity(text: bytes) -> Identity | None:
    """None for the format of another version."""
    try:
        match json.loads(text):
            case {
                "format": 1,
                "version": str(version),
                "kernel": {"size": int(size), "sha256": str(sha256)},
                "archive": {"size": int(archive), "sha256": str(archive_sha256)},
            }:
                return Identity(version, Part(size, sha256), Part(archive, archive_sha256))
            case {"format": int(number)} if number > FORMAT:
                return None
    except (ValueError, RecursionError):
        pass
    raise DamagedError("damaged at its beginning")


def _entries(initrd: BinaryIO, size: int, start: int = 0) -> Iterator[tuple[str, int, int, int]]:
    """The first entries of uncompressed archives: name, offset and length of the content, and where it ends."""
    offset = start
    for _ in range(_ENTRIES):
        initrd.seek(offset)
        header = initrd.read(_HEADER)
        if not header or not MAGIC.startswith(header[: len(MAGIC)]):
            return
        if len(header) < _HEADER:
            raise DamagedError("cut")
        try:
            length, letters = int(header[54:62], 16), int(header[94:102], 16)
        except ValueError:
            raise DamagedError("damaged at its beginning") from None
        name = initrd.read(min(letters, 4096)).rstrip(b"\0").decode("utf-8", "replace")
        content = _aligned(offset + _HEADER + letters)
        offset = _aligned(content + length)
        if offset > size:
            raise DamagedError("cut")
        yield name, content, length, offset
        if name == TRAILER:
            offset = _behind_zeros(initrd, offset)


def _aligned(offset: int) -> int:
    return offset + -offset % 4


def _behind_zeros(initrd: BinaryIO, offset: int) -> int:
    """Archives may be filled up with zeros."""
    initrd.seek(offset)
    while block := initrd.read(4096):
        rest = block.lstrip(b"\0")
        offset += len(block) - len(rest)
        if rest:
            break
    return offset

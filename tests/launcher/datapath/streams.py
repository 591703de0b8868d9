"""Streams and stored images of the launcher's own frames, for tests: small, and whole until a test changes them."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from launcher.datapath.digests import DiskDigest
from launcher.datapath.frames import bound, hole_frame, seek_entry, seek_table, zero_frame
from launcher.datapath.framing import Manifest, SentPart, Trailer, manifest_frame, trailer_frame
from launcher.datapath.zstd import Compressor, content_size, frame_size
from launcher.used.used_map import UsedMap

MIB = 1 << 20
SESSION = "0123456789abcdef"


def disk(mib: int, *holes: tuple[int, int], tail: int = 512) -> tuple[bytes, UsedMap]:
    """A disk of so many MiB and a bit, with zeros in its `holes` (begin and end, in MiB), and its map."""
    data = bytearray(random.Random(mib).randbytes(mib * MIB + tail))
    used = UsedMap(len(data))
    for begin, end in holes:
        data[begin * MIB : end * MIB] = bytes((end - begin) * MIB)
        used.free(begin * MIB, end * MIB)
    return bytes(data), used


def frames(data: bytes, used: UsedMap) -> tuple[list[bytes], str]:
    """The frames between manifest and trailer, and the digest."""
    found, digest, compressor = [], DiskDigest(), Compressor()
    for run in used.runs():
        if run.hole:
            digest.hole(run.length)
            found += [hole_frame(run.offset, run.length), zero_frame(run.length)]
            continue
        part = data[run.offset : run.offset + run.length]
        digest.data(memoryview(part))
        out = memoryview(bytearray(bound(len(part))))
        found.append(bytes(out[: compressor.frame(part, out)]))
    return found, digest.hexdigest()


def parts_of(data: bytes, used: UsedMap, **said: Any) -> list[bytes]:
    """All frames of a stream: manifest, frames, trailer. `said`: fields of the manifest."""
    between, digest = frames(data, used)
    manifest = Manifest(len(data), 512, SESSION, "1.0", used=used.sent)
    trailer = Trailer(len(data), digest, SESSION, used.sent)
    return [manifest_frame(replace(manifest, **said)), *between, trailer_frame(trailer)]


def with_table(parts: list[bytes]) -> bytes:
    """A stored image of these frames; the seek table believes each one's own word."""
    return b"".join(parts) + seek_table(b"".join(seek_entry(len(part), _content(part)) for part in parts))


def image(data: bytes, used: UsedMap, **said: Any) -> bytes:
    """The stored image of a disk."""
    return with_table(parts_of(data, used, **said))


def part(number: int, offset: int, size: int, kind: str) -> SentPart:
    """A partition, for a manifest."""
    return SentPart(f"sda{number}", number, offset, size, kind)


def _content(frame: bytes) -> int:
    return content_size(frame) or 0


def restored(stream: bytes) -> bytes:
    """What zstd's own program makes of it."""
    return subprocess.run(["zstd", "-q", "-dc"], input=stream, check=True, capture_output=True).stdout


def frames_of(stream: bytes) -> Iterator[bytes]:
    """What the real library takes for frames."""
    while stream:
        size = frame_size(stream)
        assert size
        yield stream[:size]
        stream = stream[size:]

"""Disks with holes, their streams, and what the worker that unpacks makes of one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace

from launcher.datapath.digests import DiskDigest
from launcher.datapath.frames import bound, hole_frame, zero_frame
from launcher.datapath.framing import Manifest, Trailer, manifest_frame, trailer_frame
from launcher.datapath.records import HEADER, Kind
from launcher.datapath.worker import worker
from launcher.datapath.zstd import Compressor
from launcher.used.used_map import CHUNK, UsedMap

MANIFEST = Manifest(0, 512, "token", "1")


@dataclass(frozen=True)
class Disk:
    """A disk of `content`, of which the ranges `free` (in chunks: first, behind the last) are not used."""

    content: bytes
    free: tuple[tuple[int, int], ...] = ()

    @property
    def used(self) -> UsedMap:
        found = UsedMap(len(self.content))
        for first, end in self.free:
            found.free(first * CHUNK, min(end * CHUNK, len(self.content)))
        return found

    def holes(self) -> Iterator[tuple[int, int]]:
        """Begin and end of each hole."""
        return ((run.offset, run.offset + run.length) for run in self.used.runs() if run.hole)

    def frames(self) -> Iterator[bytes]:
        """The frames between manifest and trailer; a hole's two are one here."""
        packer = Compressor()
        out = memoryview(bytearray(bound(CHUNK)))
        for run in self.used.runs():
            if run.hole:
                yield hole_frame(run.offset, run.length) + zero_frame(run.length)
            else:
                yield bytes(out[: packer.frame(self.content[run.offset : run.offset + run.length], out)])
        packer.close()

    @property
    def digest(self) -> str:
        digest = DiskDigest()
        for run in self.used.runs():
            if run.hole:
                digest.hole(run.length)
            else:
                digest.data(memoryview(self.content)[run.offset : run.offset + run.length])
        return digest.hexdigest()

    @property
    def manifest(self) -> Manifest:
        return replace(MANIFEST, length=len(self.content), used=self.used.sent)

    @property
    def trailer(self) -> Trailer:
        return Trailer(len(self.content), self.digest, MANIFEST.session, self.used.sent)

    def pieces(self) -> list[bytes]:
        """The whole stream, frame by frame."""
        return [manifest_frame(self.manifest), *self.frames(), trailer_frame(self.trailer)]

    def stream(self) -> bytes:
        return b"".join(self.pieces())

    def on(self, before: bytes) -> bytes:
        """What is on a target afterwards that held `before`."""
        after = bytearray(self.content + before[len(self.content) :])
        for begin, end in self.holes():
            after[begin:end] = before[begin:end]
        return bytes(after)


def some_disk(chunks: int = 9, rest: int = 4096 + 5) -> Disk:
    """Data, a hole, data, two holes (the first is as long as one may be), data that is shorter than a chunk."""
    return Disk(os.urandom(chunks * CHUNK + rest), ((1, 3), (5, chunks)))


def unpack(stream: bytes) -> tuple[int, bytes, str]:
    """What the worker makes of `stream`: its status, its records, and its last words."""
    done = subprocess.run(worker(), input=stream, capture_output=True, check=False)
    lines = done.stderr.decode().strip().splitlines()
    return done.returncode, done.stdout, lines[-1] if lines else ""


def parsed(records: bytes) -> list[tuple[Kind, int, bytes]]:
    """Kind, offset (of a hole: its length) and bytes of each."""
    found = list[tuple[Kind, int, bytes]]()
    while records:
        kind, offset, length = HEADER.unpack(records[: HEADER.size])
        size = 0 if kind == Kind.HOLE else length
        found.append((Kind(kind), length if kind == Kind.HOLE else offset, records[HEADER.size : HEADER.size + size]))
        records = records[HEADER.size + size :]
    return found


def data_of(records: bytes) -> bytes:
    """All data, one behind the other."""
    return b"".join(content for kind, _, content in parsed(records) if kind is Kind.DATA)

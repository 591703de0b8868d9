"""The digest of what moves, with marks on its way: so what is read back is compared piece by piece. Pure."""

from __future__ import annotations

import struct

import xxhash

from .moved import MARK

_HOLE = struct.Struct("<QQ")
MARK_BYTES = 16
"""Bytes of one mark."""


class MarkedDigest:
    """XXH128, as xxhsum(1) prints it, of all that it is called with; it marks what the digest is on the way.

    It finds every fault that happens by chance (two different disks have the same one once in 2^128), at the speed of
    memory. It does not keep out a forger; udpcast, which believes whoever answers, does not either.
    """

    def __init__(self) -> None:
        self.state = xxhash.xxh3_128()
        self.count = 0
        self.marks = bytearray()

    def __call__(self, data: memoryview) -> None:
        while data:
            piece = data[: MARK - self.count % MARK]
            self.state.update(piece)
            self.count += len(piece)
            data = data[len(piece) :]
            if self.count % MARK == 0:
                self.mark()

    def hexdigest(self) -> str:
        """The digest so far."""
        return self.state.hexdigest()

    def mark(self) -> None:
        """Called at each multiple of MARK."""
        self.marks += self.state.digest()

    def hole(self, offset: int, length: int) -> None:
        """A hole counts by where it is."""
        self.state.update(_HOLE.pack(offset, length))

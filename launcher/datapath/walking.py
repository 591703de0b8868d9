"""The frames of a stream that comes in pieces, of whatever lengths: where each begins and ends, for a seek table.

Only the heads of frames and of their blocks are looked at (RFC 8878, 3.1.1), in Python, where no length does harm; what
is in them, a worker without rights unpacks. That one judges as well whether each frame stands where it may (`walk`): it
has the whole frame, this only its length, in the process that keeps the stream. A stream that the launcher makes says
how much is in each frame, and ends with a trailer; what does not is refused. A seek table behind the trailer is let go:
whoever keeps the stream makes one.
"""

from __future__ import annotations

import struct
from collections.abc import Generator

from ..sentence import say
from .frames import HEADER, OUR_MAGIC, SEEK_MAGIC, seek_entry
from .framing import MANIFEST_MOST, TRAILER_MOST, Manifest, Trailer, read_manifest, read_trailer, skippable_size
from .stored import KEPT_FORMAT, NotWhole

_ZSTD = b"\x28\xb5\x2f\xfd"
_SEEK = SEEK_MAGIC.to_bytes(4, "little")
_WINDOW = 1
_DICTIONARY = 0, 1, 2, 4
_CONTENT_SIZE = {1: "<H", 2: "<I", 3: "<Q"}
_RLE, _RESERVED = 1, 3


class Walker:
    """`lines`: the seek table's, of all frames up to the trailer; `manifest` and `trailer`, once they are there; `end`:
    byte behind the trailer, or behind the last frame so far."""

    def __init__(self) -> None:
        self.lines = bytearray()
        self.manifest: Manifest | None = None
        self.trailer: Trailer | None = None
        self.end = 0
        self._at = 0  # all before this byte has been taken
        self._held = bytearray()
        self._steps = self._walk()
        self._wanted = next(self._steps)  # so many bytes, or (negative) so many not to be looked at

    def feed(self, data: memoryview) -> None:
        """What follows. Raises NotWhole where no such stream goes on so."""
        place = 0
        while place < len(data):
            count = min(len(data) - place, abs(self._wanted) - len(self._held))
            if self._wanted > 0:
                self._held += data[place : place + count]
                done = len(self._held) == self._wanted
            else:
                self._wanted += count
                done = not self._wanted
            place += count
            if done:
                self._go_on()

    def _go_on(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        self._wanted = self._steps.send(held)
        while not self._wanted:
            self._wanted = self._steps.send(b"")

    def _walk(self) -> Generator[int, bytes, None]:
        while True:
            magic = yield 4
            if magic == _ZSTD and self.manifest and not self.trailer:
                packed, raw = yield from self._data()
            elif not self.trailer and skippable_size(magic + bytes(4)):
                packed, raw = (yield from self._skipped(magic)), 0
            elif magic == _SEEK:
                yield from self._skipped(magic)
                continue
            else:
                raise NotWhole(say("what comes is no frame of a stream"))
            self.lines += seek_entry(packed, raw)
            self.end += packed

    def _skipped(self, magic: bytes) -> Generator[int, bytes, int]:
        head = magic + (yield 4)
        size = skippable_size(head) or 0
        if HEADER.unpack(head)[0] == OUR_MAGIC and size <= (TRAILER_MOST if self.manifest else MANIFEST_MOST):
            frame = head + (yield size - HEADER.size)
            if self.manifest:
                self.trailer = read_trailer(frame, self.manifest.session)
            else:
                self.manifest = read_manifest(frame)
        else:
            yield HEADER.size - size
        if not self.manifest or self.manifest.format < KEPT_FORMAT:
            raise NotWhole(say("it does not begin as the launcher's streams do"))
        return size

    def _data(self) -> Generator[int, bytes, tuple[int, int]]:
        """A frame's length, and how much is in it."""
        (descriptor,) = yield 1
        single = descriptor >> 5 & 1
        size_bytes = struct.calcsize(_CONTENT_SIZE[descriptor >> 6]) if descriptor >> 6 else single
        rest = _DICTIONARY[descriptor & 3] + (0 if single else _WINDOW)
        head = yield rest + size_bytes
        if not size_bytes:
            raise NotWhole(say("a frame of it does not say how long it is"))
        raw = self._content_size(head[rest:], descriptor >> 6)
        packed = 5 + len(head)
        last = 0
        while not last:
            block = int.from_bytes((yield 3), "little")
            last, kind, size = block & 1, block >> 1 & 3, block >> 3
            if kind == _RESERVED:
                raise NotWhole(say("what comes is no frame of a stream"))
            length = 1 if kind == _RLE else size
            yield -length
            packed += 3 + length
        checksum = 4 if descriptor & 4 else 0
        yield -checksum
        return packed + checksum, raw

    def _content_size(self, field: bytes, kind: int) -> int:
        if not kind:
            return field[0]
        (size,) = struct.unpack(_CONTENT_SIZE[kind], field)
        return int(size) + (256 if kind == 1 else 0)

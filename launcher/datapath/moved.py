"""What came of moving bytes, as plain values: how far it came, and why it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..sentence import Sentence
from .layout import Layout

MARK = 16 << 20  # bytes between two marks


@dataclass(frozen=True)
class Kept:
    """What of a disk's bytes was written to a smaller one: those before `end`. `digest` is theirs; `table_end` the one
    without the partition table (`digests.TableEndDigest`), which the trailer has too."""

    end: int
    digest: str
    table_end: str


@dataclass(frozen=True)
class Moved:
    """What a loop did: `count` bytes moved (a disk's bytes, its holes as well, or a stream's), their `digest`, and how
    it ended.

    `broken`: the process behind it stopped reading. `error`: the disk failed at offset `count`, in words.
    `overflow`: the target was full and there was more. `stalled`: nothing came for too long. `cut`: the end was not
    there. `bad`: what came could not be taken, in words. With none of these failures set, everything that came was
    moved.

    `tail`: what came last, as a frame. `layout`: what was written and what are holes; without it, all was written.
    `marks`: what the digest was after each `MARK` bytes of data, one behind the other. `kept`: where not all of it is
    for the disk.
    """

    count: int = 0
    digest: str | None = None
    broken: bool = False
    error: Sentence | None = None
    overflow: bool = False
    stalled: bool = False
    cut: bool = False
    bad: Sentence | None = None
    tail: bytes = b""
    layout: Layout | None = field(default=None, compare=False, repr=False)
    marks: bytes = field(default=b"", compare=False, repr=False)
    kept: Kept | None = None

    @property
    def on_disk(self) -> tuple[int, str | None]:
        """How many bytes are to be read back, and with which digest."""
        return (self.kept.end, self.kept.digest) if self.kept else (self.count, self.digest)

    @property
    def whole(self) -> bool:
        """Whether the loop came to the regular end of its input."""
        return not (self.broken or self.error or self.overflow or self.stalled or self.cut or self.bad)

    @property
    def written(self) -> int:
        """Bytes of data."""
        return self.layout.written if self.layout else self.count

    def runs(self) -> Iterator[tuple[int, int, bool]]:
        """Offset, length, and whether it is a hole, of all that moved."""
        if self.layout:
            yield from self.layout.runs()
        elif self.count:
            yield 0, self.count, False


NO_BYTES = Moved()


@dataclass(frozen=True)
class Reread:
    """What was read back: all data before byte `count`, and the `digest` where all of it was the same as before.

    `error`: the disk failed at byte `count`. `differs`: the first difference is in the `MARK` bytes of data from there.
    """

    count: int = 0
    digest: str | None = None
    error: Sentence | None = None
    differs: int | None = None

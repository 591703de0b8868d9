"""What came of moving bytes, as plain values: how far it came, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..sentence import Sentence

MARK = 16 << 20  # bytes between two marks


@dataclass(frozen=True)
class Moved:
    """What a loop did: `count` bytes moved (a disk's bytes, or a stream's), their `digest`, and how it ended.

    `broken`: the process behind it stopped reading. `error`: the disk failed at offset `count`, in words.
    `overflow`: the target was full and there was more. `stalled`: nothing came for too long. `tail`: a stream's last
    bytes. `marks`: what the digest was after each `MARK` bytes. With none of the failures set, everything that came was
    moved.
    """

    count: int = 0
    digest: str | None = None
    broken: bool = False
    error: Sentence | None = None
    overflow: bool = False
    stalled: bool = False
    tail: bytes = b""
    marks: tuple[bytes, ...] = field(default=(), compare=False, repr=False)

    @property
    def whole(self) -> bool:
        """Whether the loop came to the regular end of its input."""
        return not (self.broken or self.error or self.overflow or self.stalled)


NO_BYTES = Moved()


@dataclass(frozen=True)
class Reread:
    """What was read back: `count` bytes, their `digest` where all of them were the same as before.

    `error`: the disk failed at byte `count`. `differs`: the first difference is in the `MARK` bytes from there.
    """

    count: int = 0
    digest: str | None = None
    error: Sentence | None = None
    differs: int | None = None

"""A target larger than the source: what could grow there, and what became of it. Plain values.

Growing comes behind an equal clone and is a result of its own: whatever becomes of it, the clone is what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..sentence import NOTHING, Sentence


@dataclass(frozen=True)
class Offer:
    """What could grow on the target: partition `name` (``sda2``) with a file system of `kind` (as blkid names it), from
    `before` to `after` bytes. `moves`: the partitions that go to the end before. `remarks`: what else is to be known
    (that Windows checks it at its next start, that a file system grows at the first boot only)."""

    name: str
    kind: str
    before: int
    after: int
    moves: tuple[str, ...] = ()
    remarks: tuple[Sentence, ...] = ()


class GrowthKind(Enum):
    """Names are stable: they stand in the event log and in result.json."""

    GROWN = "grown"
    NOT_GROWN = "not-grown"  # nothing was tried: nobody wanted it, or nothing there can grow
    FAILED = "failed"  # it was tried; how far it came stands in the sentence, and every partition is whole
    BROKEN = "broken"  # it was tried, and the clone is not whole any more


@dataclass(frozen=True)
class Growth:
    """What became of it. `name`, `before` and `after` as in `Offer`, where a partition was meant. `remarks`: what is
    still to be done, or done by others."""

    kind: GrowthKind
    sentence: Sentence
    hint: Sentence = NOTHING
    name: str | None = None
    before: int | None = None
    after: int | None = None
    remarks: tuple[Sentence, ...] = ()

    def record(self) -> dict[str, object]:
        """As plain JSON values: a field of the event ``outcome``, and the event ``growth``."""
        return {
            "kind": self.kind.value,
            "partition": self.name,
            "before": self.before,
            "after": self.after,
            "sentence": str(self.sentence),
            "remarks": list(map(str, self.remarks)),
        }

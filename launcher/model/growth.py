"""A target larger than the source: what could grow there, and what became of it.

Growing comes behind an equal clone and is a result of its own. Only where it broke the clone (`BROKEN`), that is no
success any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from ..sentence import NOTHING, Sentence, say
from .wording import size

Tell = Callable[[Sentence], None]
"""Says on the screen what is done now."""


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

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All that is said of it."""
        return tuple(sentence for sentence in (self.sentence, self.hint, *self.remarks) if sentence)

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


@dataclass(frozen=True)
class Offer:
    """What could grow on the target: partition `name` (``sda2``) with a file system of `kind` (as blkid names it), from
    `before` to `after` bytes. `moves`: the partitions that go to the end before. `remarks`: what else is to be known
    (that Windows checks it at its next start, that a file system grows at the first boot only).

    `grow` does it, on the disk that nobody has open any more, and tells what it does; it may take many minutes.
    """

    name: str
    kind: str
    before: int
    after: int
    grow: Callable[[Tell], Growth] = field(compare=False, repr=False)
    moves: tuple[str, ...] = ()
    remarks: tuple[Sentence, ...] = ()


def grown(offer: Offer, *remarks: Sentence) -> Growth:
    """All that was offered has grown; `remarks` come behind those of the offer."""
    sentence = say(
        "Grown: {partition} from {before} to {after}.",
        partition=offer.name,
        before=size(offer.before),
        after=size(offer.after),
    )
    return Growth(
        GrowthKind.GROWN,
        sentence,
        name=offer.name,
        before=offer.before,
        after=offer.after,
        remarks=(*offer.remarks, *remarks),
    )


def not_grown(why: Sentence, offer: Offer | None = None) -> Growth:
    """Nothing was tried, because of `why` (a sentence of its own)."""
    sentence = say("Not grown: {why} The clone is as it was.", why=why)
    if offer is None:
        return Growth(GrowthKind.NOT_GROWN, sentence)
    return Growth(GrowthKind.NOT_GROWN, sentence, name=offer.name, before=offer.before, after=offer.before)


def failed(offer: Offer, why: Sentence, hint: Sentence = NOTHING) -> Growth:
    """It could not begin, because of `why` (a sentence of its own)."""
    sentence = say(
        "{partition} was to grow, and that failed: {why} The clone is as it was.", partition=offer.name, why=why
    )
    return Growth(GrowthKind.FAILED, sentence, hint, name=offer.name, before=offer.before)


def unknown(offer: Offer, why: Sentence) -> Growth:
    """It ended in a way that nobody has foreseen: nothing can be claimed of the clone any more."""
    sentence = say(
        "{partition} was to grow, and nobody knows what the disk holds now: {why}", partition=offer.name, why=why
    )
    hint = say("Do not use this clone: cast again.")
    return Growth(GrowthKind.BROKEN, sentence, hint, name=offer.name, before=offer.before)


NOBODY_ASKED = say("nobody was there to be asked (grow=yes grows without a question).")
NOBODY_ANSWERED = say("nobody answered in time.")
NOT_WANTED = say("it was not wanted.")

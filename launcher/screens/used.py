"""What is said of used blocks: before and during a cast, and at its end."""

from __future__ import annotations

from ..model.outcome import Outcome
from ..model.plan import Holes, Plan, Role
from ..model.wording import part_of, size
from ..sentence import NOTHING, Sentence, say
from ..transfer.status import TransferState


def used_line(plan: Plan, state: TransferState) -> Sentence:
    """How much of the sender's disk is used, and what becomes of the rest; nothing where that is not known."""
    if state.used is None or not state.total:
        return NOTHING
    part = part_of(state.used, state.total)
    if plan.role is Role.SEND:
        if state.holes:
            return say("{part} are used, and only that is sent.", part=part)
        return say("All {size} are sent.", size=size(state.total))
    return received(part, plan.holes) if state.holes else NOTHING


def received(part: Sentence, holes: Holes) -> Sentence:
    """The same on a receiver."""
    if holes is Holes.ZERO:
        return say("{part} are used on the sender's disk. The rest of this disk is filled with zeros.", part=part)
    if holes is Holes.DISCARD:
        return say(
            "{part} are used on the sender's disk, and only that is written. This disk is told that it needs the rest "
            "no more.",
            part=part,
        )
    return say(
        "{part} are used on the sender's disk, and only that is written. The rest of this disk keeps what was there.",
        part=part,
    )


def of_whole(outcome: Outcome) -> Sentence | None:
    """``58.2 of 500.1 GB``, where a part of the sender's disk was left out; else None."""
    if outcome.used is None or outcome.total is None or outcome.used >= outcome.total:
        return None
    return part_of(outcome.used, outcome.total)

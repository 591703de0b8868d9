"""From evidence to outcome: what may be claimed. Pure.

Each side (`sender_verdict`, `receiver_verdict`) has a tuple of questions, asked in its order: the first one that has an
answer decides. The order is the rule: a claim of success comes last, and only where nothing speaks against it. A new
result is a new question at its place in the order.

udpcast's exit statuses are used as evidence of failure only, never of success (measured: udp-sender ends with 0 when
nobody received anything, and when its input was cut).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..model.outcome import OutcomeKind
from ..sentence import Sentence, say

E = TypeVar("E")

Claim = tuple[OutcomeKind, Sentence, Sentence]
"""Kind, sentence and hint of an outcome."""

CALL_AGAIN = say("Start the cast again for the seats that are not done.")
LARGER_TARGET = say("Use a target at least as large as the sender's disk.")


def first_answer(questions: tuple[Callable[[E], Claim | None], ...], seen: E) -> Claim:
    """What the first question says that has an answer; the last one always has."""
    return next(claim for question in questions if (claim := question(seen)))

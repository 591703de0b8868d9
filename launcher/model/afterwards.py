"""What follows a transfer: the rules, without a screen, a clock or a network."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..sentence import NOTHING, Sentence
from .outcome import Outcome, OutcomeKind
from .plan import Next, Plan, Role

HEALED_BY_ANOTHER_CAST = frozenset(
    {
        OutcomeKind.SENDER_VANISHED,  # its power, or a cable on the way: gone for this cast
        OutcomeKind.TRUNCATED,  # the sender stopped before its end
        OutcomeKind.DIFFERENT,  # a bit was changed on the way; the next cast is compared just as strictly
        OutcomeKind.STAGE_FAILED,  # a process died, for example for want of memory
    }
)
"""The failures after which an unattended receiver waits for the next cast (``retry=``).

Not among them: no-sender, because `Plan.start_timeout` says how long this PC is to wait, and that has passed;
write-error, changed and read-back-error, because the disk is at fault, and a cast that happens to pass would hide it;
too-small, sector-size, same-disk, not-compared and wrong-stream, because the next cast would be refused for the same
reason; broken, because the next clone would grow, too; not-begun, because what kept it from beginning is still there;
cancelled, because an operator has decided.
"""

OFFERED_AGAIN = HEALED_BY_ANOTHER_CAST | {OutcomeKind.NO_SENDER}
"""The failures after which an operator is offered to wait for the next cast."""


def waits_again(plan: Plan, outcome: Outcome, attempt: int) -> bool:
    """Whether a receiver that nobody attends waits for another cast after its `attempt`-th one (1 is the first)."""
    return not plan.attended and attempt <= plan.retry and _healed(plan, outcome, HEALED_BY_ANOTHER_CAST)


def offers_again(plan: Plan, outcome: Outcome) -> bool:
    """Whether the operator may wait for the next cast without a new interview.

    He is not asked for consent again: it was given for this disk and in this run, nothing is on the disk any more that
    he did not give up then, and that it is still the same disk is checked before each transfer.
    """
    return _healed(plan, outcome, OFFERED_AGAIN)


def _healed(plan: Plan, outcome: Outcome, kinds: frozenset[OutcomeKind]) -> bool:
    return plan.role is Role.RECEIVE and outcome.kind in kinds


def follows(plan: Plan, outcome: Outcome) -> Next:
    """What ``after`` says about this outcome. Whoever cancels is there, and decides himself."""
    if outcome.kind is OutcomeKind.CANCELLED:
        return Next.MENU
    return plan.after.success if outcome.ok else plan.after.failure


@dataclass(frozen=True)
class Result:
    """A transfer that is over. `earlier` are the outcomes of the casts before this one; `begun` is when the first one
    began to be waited for, `ended` when this one was over (seconds since 1970). `refused`: why no further cast is
    waited for, though one would have been."""

    plan: Plan
    outcome: Outcome
    begun: float
    ended: float
    earlier: tuple[Outcome, ...] = ()
    refused: Sentence = NOTHING

    @property
    def attempt(self) -> int:
        """Which cast this was, from 1."""
        return len(self.earlier) + 1

    @property
    def attempts(self) -> int:
        """How many there are at most."""
        return attempts(self.plan, self.attempt)

    @property
    def waits(self) -> bool:
        """Whether the next cast is waited for."""
        return not self.refused and waits_again(self.plan, self.outcome, self.attempt)

    def record(self) -> dict[str, object]:
        """The result as plain JSON values: the fields of the event ``outcome``, and what only this PC knows."""
        return {
            **self.outcome.fields(),
            "role": self.plan.role.value,
            "device": self.plan.target.path,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.ended)),
            "attempt": self.attempt,
            "attempts": self.attempts,
            "earlier": [one.record() for one in self.earlier],
        }


def attempts(plan: Plan, attempt: int) -> int:
    """How many casts are waited for at most, at the `attempt`-th: an operator may add to those that were planned."""
    planned = 1 if plan.attended else plan.retry + 1
    return max(planned, attempt)

"""A clone that is equal, on a larger disk: whether a partition is to grow, and that it grows."""

from __future__ import annotations

import time
from collections.abc import Sequence

import urwid

from ..answers.questions import Choice
from ..model.growth import Offer
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Plan
from ..model.wording import duration, size
from ..sentence import NOTHING, Sentence, say
from ..translate import tr
from .pages import Chosen
from .widgets import Page, frame, result_frame

PATIENCE = 120.0  # seconds for which the question stays where something follows by itself
NO, YES = "no", "grow"
SHOWN_STEPS = 6
GROWS = say("The clone is done. Its last big partition grows now. Do not switch off.")


class GrowQuestion:
    """The question on the screen. Only Enter on a choice answers it, and the first choice is no. `tick` counts down
    where something follows the result by itself; a key stops that (`stay`)."""

    def __init__(self, plan: Plan, outcome: Outcome, offer: Offer, answer: Chosen, host: str, hurries: bool) -> None:
        self._due = time.monotonic() + PATIENCE if hurries else None
        self._countdown = urwid.Text("")
        after = size(offer.after)
        choices = (
            Choice(NO, say("No: the rest of this disk stays free")),
            Choice(YES, say("Grow {partition} to {after}", partition=offer.name, after=after)),
        )
        equal = outcome.kind is OutcomeKind.EQUAL
        title = say("DONE, and this disk is larger. Shall {partition} grow?", partition=offer.name)
        if not equal:
            title = say("WRITTEN, and this disk is larger. Shall {partition} grow?", partition=offer.name)
        rows = [urwid.Text(tr(sentence)) for sentence in _sentences(plan, outcome, offer) if sentence]
        widget = result_frame(
            title, "done" if equal else "caution", [*rows, self._countdown], choices, answer, host, first=2
        )
        self.page = Page("grow", widget, {})
        self.tick()

    def tick(self) -> bool:
        """Show the seconds that are left; True when nobody has answered."""
        left = None if self._due is None else self._due - time.monotonic()
        seconds = 0 if left is None else max(0, int(left + 0.99))
        words = say("Without a key it stays as it is in {seconds} s, and the run goes on.", seconds=seconds)
        self._countdown.set_text("" if left is None else tr(words))
        return left is not None and left <= 0

    def stay(self) -> None:
        """Somebody is there: the question waits for the answer."""
        self._due = None
        self.tick()


def _sentences(plan: Plan, outcome: Outcome, offer: Offer) -> Sequence[Sentence]:
    moves = say("Moved to the end of the disk before: {partitions}.", partitions=offer.moves)
    return (
        outcome.sentence,
        say(
            "{partition} ({kind}) would grow from {before} to {after}, over the space that is free on {disk}.",
            partition=offer.name,
            kind=offer.kind,
            before=size(offer.before),
            after=size(offer.after),
            disk=plan.target.path,
        ),
        moves if offer.moves else NOTHING,
        *offer.remarks,
        say("No file changes. If it fails, the result says so. Do not switch off while it grows."),
    )


class GrowingPage:
    """What is done, as it is told; nothing can be chosen."""

    def __init__(self, offer: Offer, host: str) -> None:
        self._steps = urwid.Text("")
        self._elapsed = urwid.Text("")
        title = say(
            "GROWING {partition} from {before} to {after}",
            partition=offer.name,
            before=size(offer.before),
            after=size(offer.after),
        )
        rows = [
            urwid.Divider(),
            urwid.Text(("title", tr(title))),
            urwid.Divider(),
            urwid.Text(("warn", tr(GROWS))),
            urwid.Divider(),
            self._steps,
            urwid.Divider(),
            self._elapsed,
        ]
        self.page = Page("growing", frame(rows, say("m menu"), host), {})

    def update(self, told: Sequence[Sentence], seconds: float) -> None:
        """What was told so far, in so many seconds."""
        self._steps.set_text("\n".join(tr(sentence) for sentence in told[-SHOWN_STEPS:]))
        self._elapsed.set_text(("dim", tr(say("elapsed {time}", time=duration(seconds)))))

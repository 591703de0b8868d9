"""The screen after a transfer: what it came to, what that means, what follows, and what can be done."""

from __future__ import annotations

import time

import urwid

from ..answers.questions import Choice
from ..model.afterwards import Result, follows, offers_again
from ..model.growth import Growth, GrowthKind
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Holes, Next, Plan, Role
from ..model.wording import duration, listed, rate, size
from ..network.result_page import Answer
from ..sentence import NOTHING, Sentence, joined, say, verbatim
from ..translate import tr
from .pages import Chosen, leaving
from .summary import earlier_cast, which_cast
from .used import of_whole
from .widgets import Page, result_frame

DELAY = 10.0  # seconds for which the result stays on the screen before what follows
SHOWN_ADDRESSES = 12
SHOWN_EARLIER = 2

TITLES = {
    OutcomeKind.SENT: say("DONE: the disk was sent"),
    OutcomeKind.EQUAL: say("DONE: this disk equals the sender's"),
    OutcomeKind.ARRIVED: say("WRITTEN as it was sent, but not read back"),
    OutcomeKind.WRITTEN: say("WRITTEN, but not compared with the sender"),
    OutcomeKind.STORED: say("STORED as it was sent"),
}
FAILED = say("FAILED")
GREEN = frozenset({OutcomeKind.SENT, OutcomeKind.EQUAL})


class Ending:
    """One result on the screen. `tick` counts down until what follows is due; a key stops that (`stay`)."""

    def __init__(self, result: Result, act: Chosen, host: str) -> None:
        self.result = result
        self.next = follows(result.plan, result.outcome)
        self._due: float | None = None
        if result.waits or self.next is not Next.MENU:
            self._due = time.monotonic() + DELAY
        self._told = urwid.Text("")
        self._countdown = urwid.Text("")
        outcome = result.outcome
        sentences = [urwid.Text((colour, tr(sentence))) for colour, sentence in _sentences(result) if sentence]
        first = len([sentence for sentence in (outcome.sentence, outcome.hint) if sentence])
        title = title_of(outcome)
        attribute = "done" if outcome.kind in GREEN else "caution" if outcome.ok else "bad"
        again = (Choice("again", say("Wait for the next cast (the same disk, no further question)")),)
        first_of_all = again if offers_again(result.plan, outcome) else ()
        choices = (*first_of_all, Choice("retry", say("Once more")), *leaving())
        rows = [*sentences, self._told, self._countdown]
        self.page = Page("result", result_frame(title, attribute, rows, choices, act, host, first), {})
        self.tick()

    def tick(self) -> bool:
        """Show the seconds that are left; True when what follows is due."""
        left = None if self._due is None else self._due - time.monotonic()
        seconds = 0 if left is None else max(0, int(left + 0.99))
        self._countdown.set_text("" if left is None else tr(_countdown(self.result.waits, self.next, seconds)))
        return left is not None and left <= 0

    def stay(self) -> None:
        """Somebody is there: nothing follows by itself any more."""
        self._due = None
        self.tick()

    def telling(self, host: str) -> None:
        """The result page is being told."""
        self._told.set_text(tr(say("Telling {host} the result ...", host=host)))

    def told(self, answer: Answer) -> None:
        """What came of telling it. That is no part of the outcome, and never looks like one."""
        self._told.set_text(tr(say("Result page: {sentence}", sentence=answer.sentence)))


def title_of(outcome: Outcome) -> Sentence:
    """What it came to, in the fewest words that are true."""
    part = of_whole(outcome)
    if outcome.kind is OutcomeKind.EQUAL and outcome.up_to and part:
        return say("DONE: equal in every used block up to the end of the last partition")
    if outcome.kind is OutcomeKind.EQUAL and outcome.up_to:
        return say("DONE: equal up to the end of the last partition")
    if outcome.kind is OutcomeKind.EQUAL and part:
        return say("DONE: equal in every used block ({part})", part=part)
    return TITLES.get(outcome.kind, FAILED)


def _countdown(waits: bool, following: Next, seconds: int) -> Sentence:
    if waits:
        return say("The next cast is waited for in {seconds} s; any key keeps this screen.", seconds=seconds)
    if following is Next.REBOOT:
        return say("This PC restarts in {seconds} s; any key keeps this screen.", seconds=seconds)
    if following is Next.POWEROFF:
        return say("This PC is switched off in {seconds} s; any key keeps this screen.", seconds=seconds)
    return say("A shell follows in {seconds} s; any key keeps this screen.", seconds=seconds)


def _sentences(result: Result) -> list[tuple[str, Sentence]]:
    """All that is said of it, with its colour."""
    outcome = result.outcome
    speed = rate(outcome.moved / outcome.seconds) if outcome.seconds else ""
    amount = (of_whole(outcome) if outcome.ok else None) or size(outcome.moved)
    figures = joined("   ", amount, duration(outcome.seconds), speed) if outcome.moved else NOTHING
    sentences = [outcome.sentence, outcome.hint, result.refused, what_is_known(outcome)]
    grown = [(_colour(growth), sentence) for growth in filter(None, [_apart(outcome)]) for sentence in growth.sentences]
    more = [what_is_left(result.plan, outcome), *outcome.remarks, figures]
    if outcome.xxh128:
        more.append(verbatim(f"xxh128 {outcome.xxh128}"))
    if result.plan.role is Role.SEND and outcome.receivers:
        more.append(say("Receivers: {list}", list=listed(outcome.receivers, SHOWN_ADDRESSES)))
    if outcome.lost:
        more.append(say("Lost: {list}", list=listed(outcome.lost, SHOWN_ADDRESSES)))
    if result.attempts > 1:
        more.append(which_cast(result.attempt, result.attempts))
    first = max(0, len(result.earlier) - SHOWN_EARLIER)
    more += [earlier_cast(number, earlier.sentence) for number, earlier in enumerate(result.earlier[first:], first + 1)]
    return [*(("body", sentence) for sentence in sentences), *grown, *(("body", sentence) for sentence in more)]


def _apart(outcome: Outcome) -> Growth | None:
    """The growing, where the outcome is not about it."""
    return None if outcome.kind is OutcomeKind.BROKEN else outcome.growth


def _colour(growth: Growth) -> str:
    return "good" if growth.kind is GrowthKind.GROWN else "warn"


def what_is_known(outcome: Outcome) -> Sentence:
    """Of a disk that was written to its end, what was read back and compared, and what was not; or that nothing was
    done."""
    if outcome.kind is OutcomeKind.NOT_BEGUN:
        return say("Nothing was sent or written.")
    if outcome.kind is OutcomeKind.EQUAL:
        return _compared(outcome)
    if outcome.kind is OutcomeKind.ARRIVED:
        return say("It was NOT read back from the disk: verify=no.")
    if outcome.kind is OutcomeKind.WRITTEN and outcome.read_back:
        return say(
            "It was read back from the disk: it holds what came. Whether that is the sender's disk is not known."
        )
    if outcome.kind is OutcomeKind.WRITTEN:
        return say("It was NOT read back from the disk either: verify=no.")
    return NOTHING


def _compared(outcome: Outcome) -> Sentence:
    if outcome.up_to or of_whole(outcome):
        return say("All that was written was read back from the disk and compared.")
    return say("It was read back from the disk and compared.")


def what_is_left(plan: Plan, outcome: Outcome) -> Sentence:
    """What the rest of a written disk holds, where the sender's disk uses nothing."""
    written = outcome.kind in (OutcomeKind.EQUAL, OutcomeKind.ARRIVED)
    if not written or not of_whole(outcome) or plan.holes is not Holes.KEEP:
        return NOTHING
    return say("The rest of this disk keeps what was there (holes=keep).")

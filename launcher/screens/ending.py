"""The screen after a transfer: what it came to, what that means, what follows, and what can be done."""

from __future__ import annotations

import time

import urwid

from ..answers.questions import Choice
from ..model.afterwards import Result, follows, offers_again
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Next, Role
from ..model.wording import duration, rate, size
from ..network.result_page import Answer
from ..translate import tr
from .pages import LEAVE, Chosen
from .widgets import Page, result_frame

DELAY = 10.0  # seconds for which the result stays on the screen before what follows
SHOWN_ADDRESSES = 12
SHOWN_EARLIER = 2

TITLES = {
    OutcomeKind.SENT: "DONE: the disk was sent",
    OutcomeKind.EQUAL: "DONE: this disk equals the sender's",
    OutcomeKind.ARRIVED: "WRITTEN as it was sent, but not read back",
    OutcomeKind.WRITTEN: "WRITTEN, but not compared with the sender",
}
GREEN = frozenset({OutcomeKind.SENT, OutcomeKind.EQUAL})

FOLLOWS = {
    Next.REBOOT: "This PC restarts in {seconds} s; any key keeps this screen.",
    Next.POWEROFF: "This PC is switched off in {seconds} s; any key keeps this screen.",
    Next.SHELL: "A shell follows in {seconds} s; any key keeps this screen.",
}
WAITS = "The next cast is waited for in {seconds} s; any key keeps this screen."


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
        sentences = [urwid.Text(sentence) for sentence in _sentences(result) if sentence]
        outcome = result.outcome
        title = tr(TITLES.get(outcome.kind, "FAILED"))
        attribute = "done" if outcome.kind in GREEN else "caution" if outcome.ok else "bad"
        again = (Choice("again", "Wait for the next cast (the same disk, no further question)"),)
        choices = (*(again if offers_again(result.plan, outcome) else ()), Choice("retry", "Once more"), *LEAVE)
        rows = [*sentences, self._told, self._countdown]
        self.page = Page("result", result_frame(title, attribute, rows, choices, act, host), {})
        self.tick()

    def tick(self) -> bool:
        """Show the seconds that are left; True when what follows is due."""
        left = None if self._due is None else self._due - time.monotonic()
        text = WAITS if self.result.waits else FOLLOWS.get(self.next, "")
        self._countdown.set_text("" if left is None else tr(text, seconds=max(0, int(left + 0.99))))
        return left is not None and left <= 0

    def stay(self) -> None:
        """Somebody is there: nothing follows by itself any more."""
        self._due = None
        self.tick()

    def telling(self, host: str) -> None:
        """The result page is being told."""
        self._told.set_text(tr("Telling {host} the result ...", host=host))

    def told(self, answer: Answer) -> None:
        """What came of telling it. That is no part of the outcome, and never looks like one."""
        self._told.set_text(tr("Result page: {sentence}", sentence=answer.sentence))


def _sentences(result: Result) -> list[str]:
    outcome = result.outcome
    speed = rate(outcome.bytes / outcome.seconds) if outcome.seconds else ""
    figures = "   ".join((size(outcome.bytes), duration(outcome.seconds), speed)) if outcome.bytes else ""
    sentences = [tr(outcome.sentence), tr(outcome.hint), tr(result.refused), what_is_known(outcome), figures]
    if outcome.xxh128:
        sentences.append(f"xxh128 {outcome.xxh128}")
    if result.plan.role is Role.SEND and outcome.receivers:
        sentences.append(tr("Receivers: {list}", list=_listed(outcome.receivers)))
    if outcome.lost:
        sentences.append(tr("Lost: {list}", list=_listed(outcome.lost)))
    if result.attempts > 1:
        sentences.append(tr("Cast {number} of {count}.", number=result.attempt, count=result.attempts))
    first = max(0, len(result.earlier) - SHOWN_EARLIER)
    sentences += [
        tr("Cast {number}: {sentence}", number=number, sentence=tr(earlier.sentence))
        for number, earlier in enumerate(result.earlier[first:], first + 1)
    ]
    return sentences


def what_is_known(outcome: Outcome) -> str:
    """Of a disk that was written to its end, what was read back and compared, and what was not; or that nothing was
    done."""
    if outcome.kind is OutcomeKind.NOT_BEGUN:
        return tr("Nothing was sent or written.")
    if outcome.kind is OutcomeKind.EQUAL:
        return tr("It was read back from the disk and compared.")
    if outcome.kind is OutcomeKind.ARRIVED:
        return tr("It was NOT read back from the disk: verify=no.")
    if outcome.kind is OutcomeKind.WRITTEN and outcome.read_back:
        return tr("It was read back from the disk: it holds what came. Whether that is the sender's disk is not known.")
    if outcome.kind is OutcomeKind.WRITTEN:
        return tr("It was NOT read back from the disk either: verify=no.")
    return ""


def _listed(words: tuple[str, ...]) -> str:
    more = len(words) - SHOWN_ADDRESSES
    tail = [tr("and {count} more", count=more)] if more > 0 else []
    return ", ".join([*words[:SHOWN_ADDRESSES], *tail])

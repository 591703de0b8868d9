"""What the operator has opened over the question that is asked: all that is settled, or one question of it once more.

- It is replayed as the interview is: nothing here remembers what a question or an answer was, only which one is open.
- The new answer goes through the row's `parse`, and is then told. What is wrong stays on the page, and changes nothing.
- An answer that means what is settled already changes nothing: its source stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..answers.interview import Open, Told, refuse
from ..errors import AnswerError
from ..screens import reopening as pages
from ..screens.summary import ALL, everything
from ..screens.widgets import Page

if TYPE_CHECKING:
    from .interviewing import Dialogue, Interviewing


@dataclass(frozen=True)
class Opened:
    """`all`: the list of all that is settled, with the focus on the line of `focus`. `key`: the question, over that or
    over the page that is asked. `wrong`: what was told in vain."""

    key: str = ""
    all: bool = False
    focus: str = ""
    wrong: tuple[str, AnswerError] | None = None

    def closed(self) -> Opened | None:
        """What is seen behind it."""
        return Opened("", self.all, self.focus) if self.key and self.all else None


def opened(key: str, before: Opened | None) -> Opened:
    """The question `key`, or all that is settled, over what is open already."""
    if key == ALL:
        return Opened(all=True)
    return replace(before, key=key, focus=key, wrong=None) if before and before.all else Opened(key)


def page(stage: Interviewing, dialogue: Dialogue, now: Opened) -> Page | None:
    """What is open, as it is now; None where that is no question any more."""
    devices = stage.app.devices
    if not now.key:
        interview = dialogue.interview(devices, refuse)
        settled = interview.preview()
        lines = everything((*settled, *interview.beside()), devices.machine, devices.complete)

        def moved(key: str) -> None:
            dialogue.opened = Opened(all=True, focus=key)

        return pages.everything(lines, now.focus, moved, stage.open, stage.app.host)
    question = dialogue.interview(devices, refuse).open(now.key)
    if question is None:
        return None
    shown = pages.Again(question, now.wrong, devices.complete, stage.app.host)

    def answer(text: str) -> None:
        dialogue.opened = tell(dialogue.told, question, text, now)
        stage.begin()

    def put_back() -> None:
        dialogue.told.forget(now.key)
        dialogue.opened = now.closed()
        stage.begin()

    return pages.again(shown, answer, put_back, stage.open)


def tell(told: Told, question: Open, text: str, now: Opened) -> Opened | None:
    """Keep the answer where it is right and a new one. What is open then."""
    row, settled = question.row, question.settled
    try:
        value = row.parse(text, replace(question.facts, told=True))
    except AnswerError as error:
        return replace(now, wrong=(text, error))
    if settled.answer is None or settled.problem or value != settled.value:
        told.change(row.key, text)
    return now.closed()

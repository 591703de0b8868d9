"""Pages over the question that is asked: all that is settled, and one question of it once more.

The page for one question shows the answer as the append line would have it, and its source. What the operator has
changed can be put back to what it would be without him.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import urwid

from ..answers.interview import Open, Settled
from ..answers.questions import OPERATOR, Answer, Choice
from ..errors import AnswerError
from ..sentence import NOTHING, Sentence, joined, say
from ..translate import tr
from . import pages, summary
from .fitting import Fitting
from .summary import Line
from .widgets import Handler, Item, Page, edit_page, frame, question_page, settled_row, with_language


@dataclass(frozen=True)
class Again:
    """A question that is put once more. `wrong`: what was told in vain just now, and why."""

    question: Open
    wrong: tuple[str, AnswerError] | None
    complete: bool
    host: str


def everything(
    lines: tuple[Line, ...], focus: str, moved: Callable[[str], None], change: pages.Chosen, host: str
) -> Page:
    """All that is settled, each with its source; how many do not fit below is counted."""
    above = [urwid.Divider(), urwid.Text(("title", tr(summary.ALL_SETTINGS)))]
    rows: list[urwid.Widget] = [urwid.Divider(), *(settled_row(line, change) for line in lines)]
    at = next((number for number, line in enumerate(lines, 1) if line.key == focus), 1)
    whole = frame(rows, with_language(), host, at, lambda row: moved(lines[max(row, 1) - 1].key), above)
    return Page("settings", Fitting(whole, rows, 0, len(lines)), {"f2": lambda: change("lang")})


def again(shown: Again, answer: pages.Chosen, put_back: Handler, change: pages.Chosen) -> Page:
    """One question, with its present answer preselected."""
    row, facts = shown.question.row, shown.question.facts
    settled, question = shown.question.settled, row.question
    preset = shown.wrong[0] if shown.wrong else settled.answer.text if settled.answer else row.default(facts)
    problem = shown.wrong[1] if shown.wrong else settled.problem
    pending = pages.Pending(question, facts, preset, problem)
    choices = question.choices(facts)
    if row.key in ("disk", "nic") and not choices:
        if not shown.complete:
            return pages.waiting(summary.LOOKING, shown.host)
        return pages.nothing_there(row.key, facts.machine, problem.whole if problem else NOTHING, shown.host)
    if choices and preset and not problem:
        choices, preset = pages.preselected(pending, choices, preset)
    now, back = _as_it_is(settled), _as_given(shown, put_back)
    said = problem.whole if problem else NOTHING
    if not choices:
        below = [urwid.Divider(), *now, urwid.Divider(), *back]
        return edit_page(
            row.key, question.title, answer, preset=preset or "", problem=said, below=below, host=shown.host
        )
    return question_page(
        row.key,
        pages.title_of(pending),
        choices,
        answer,
        preset=preset,
        problem=said,
        now=now,
        before=[*back, urwid.Divider()] if back else [],
        language=None if row.key == "lang" else lambda: change("lang"),
        host=shown.host,
    )


def _as_it_is(settled: Settled) -> list[urwid.Widget]:
    """The present answer as an administrator would write it."""
    if settled.answer is None:
        return []
    written = f"{settled.key}={settled.answer.text}"
    return [urwid.Text(("dim", tr(_with_source(written, settled.answer))))]


def _as_given(shown: Again, put_back: Handler) -> list[urwid.Widget]:
    """The way back to what it would be without the operator, where that is something else."""
    question = shown.question
    if question.settled.answer is None or question.settled.answer.source != OPERATOR:
        return []
    given = question.given
    words = _with_source(given.text, given) if given else summary.without_answer(question.row.key)
    return [Item(Choice("", say("Put it back: {answer}", answer=words)), None, put_back)]


def _with_source(text: str, answer: Answer) -> Sentence:
    return joined(" ", text, joined("", "(", summary.source_text(answer), ")"))

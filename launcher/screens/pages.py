"""Which page says what: the questions, waiting, error and menu, made of the parts in `screens`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import urwid

from .. import shells
from ..answers.interview import Settled
from ..answers.questions import Choice, Facts, Question
from ..errors import AnswerError, LauncherError
from ..model.machine import Machine
from ..model.plan import Holes, Role, Target
from ..model.wording import blank_line
from ..sentence import NOTHING, Sentence, colon, joined, say, verbatim
from ..translate import tr
from . import summary
from .widgets import (
    Handler,
    Page,
    action_page,
    edit_page,
    frame,
    question_page,
    result_frame,
    summary_rows,
    warning_row,
)

Chosen = Callable[[str], None]

LEAVE = (
    Choice("shell", say("Shell"), say("a command line; `exit` comes back here")),
    Choice("reboot", say("Restart this PC")),
    Choice("poweroff", say("Power off")),
)


SAVE = Choice("save", say("Save the answers"), say("as an append line and a udpcfg.txt, to read or on a stick"))


def leaving() -> tuple[Choice, ...]:
    """The ways out of the launcher that this PC has."""
    return LEAVE if shells.allowed() else tuple(choice for choice in LEAVE if choice.text != "shell")


class Pending(Exception):
    """A question that waits for its answer: what the replayed interview stopped at."""

    def __init__(self, question: Question, facts: Facts, preset: str | None, problem: AnswerError | None) -> None:
        super().__init__(question.key)
        self.question = question
        self.facts = facts
        self.preset = preset
        self.problem = problem


@dataclass(frozen=True)
class Shown:
    """What a question page shows beside the question itself."""

    asked: Pending
    settled: tuple[Settled, ...]
    complete: bool
    notes: tuple[Sentence, ...]
    host: str


def question(
    shown: Shown,
    focus: str | None,
    answer: Chosen,
    moved: Callable[[str | None], None],
    all_warnings: Handler,
    change: Chosen = lambda key: None,
) -> Page:
    """The page for any question: a list where there are choices, else a line to type in. `change` puts the question
    of this key once more."""
    asked = shown.asked
    key = asked.question.key
    problem = asked.problem.whole if asked.problem else NOTHING
    choices = asked.question.choices(asked.facts)
    if key in ("disk", "nic") and not choices:
        return nothing_there(key, asked.facts.machine, problem, shown.host)
    preset = asked.preset
    if choices and preset and not problem:
        choices, preset = preselected(asked, choices, preset)
    if not choices:
        return edit_page(key, asked.question.title, answer, preset=asked.preset or "", problem=problem, host=shown.host)
    return question_page(
        key,
        title_of(asked),
        choices,
        answer,
        focused=moved,
        preset=preset,
        moved_to=focus,
        problem=problem,
        below=_below(key, shown, change),
        warnings=_warnings(key, shown),
        all_warnings=all_warnings,
        language=None if key == "lang" else lambda: change("lang"),
        host=shown.host,
    )


DISK_FOR = {
    Role.SEND: say("Which disk? It is read and sent."),
    Role.RECEIVE: say("Which disk? It will be OVERWRITTEN."),
}


def title_of(asked: Pending) -> Sentence:
    """The question; that for a disk says what becomes of it."""
    role = asked.facts.role
    return DISK_FOR[role] if asked.question.key == "disk" and role else asked.question.title


def preselected(asked: Pending, choices: tuple[Choice, ...], preset: str) -> tuple[tuple[Choice, ...], str]:
    """The choice that means what `preset` means (``lang=FR`` is ``fr``); where there is none, it becomes one."""
    try:
        meant = asked.question.parse(preset, asked.facts)
    except AnswerError:
        return choices, preset
    same = summary.chosen(asked.question, preset, meant, asked.facts)
    return (choices, same.text) if same else ((Choice(preset, verbatim(preset)), *choices), preset)


def _below(key: str, shown: Shown, change: Chosen) -> list[urwid.Widget]:
    if key == "umode":
        return summary_rows(_lines(shown), change)
    if key == "confirm":
        return _what_is_lost(shown)
    if key == "disk":
        refused = [disk for disk in shown.asked.facts.machine.disks if disk.refused]
        lines_of = [say("{path}: not offered, {reason}", path=disk.path, reason=disk.refused) for disk in refused]
        return [urwid.Text(("dim", tr(line))) for line in lines_of]
    return []


def _lines(shown: Shown) -> tuple[summary.Line, ...]:
    return summary.lines(shown.settled, shown.asked.facts.machine, shown.complete)


def _warnings(key: str, shown: Shown) -> list[Sentence]:
    """What is wrong, but stops nothing: beside the first question and the last one."""
    if key not in ("umode", "confirm"):
        return []
    said = {str(line.text) for line in _lines(shown)} if key == "umode" else set()
    return [note for note in shown.notes if str(note) not in said]


NOT_ERASED = say("Parts of the old data may stay readable on the disk (holes=zero erases them).")


def _what_is_lost(shown: Shown) -> list[urwid.Widget]:
    """The disk that is about to be overwritten: model, size, serial and everything on it. Or the one that is about to
    be sent, with what is not on it."""
    item = next(item for item in shown.settled if item.key == "disk")
    target = item.value
    assert isinstance(target, Target)
    warning = say("Everything on it is lost and replaced by the sender's disk.")
    if shown.asked.facts.role is Role.SEND:
        warning = joined(" ", blank_line(target), say("The receivers' disks would be overwritten with it."))
    holes = next((item.value for item in shown.settled if item.key == "holes"), None)
    rest = [urwid.Text(("dim", tr(NOT_ERASED)))] if holes is Holes.KEEP else []
    return [
        urwid.Text(("title", tr(summary.target_text(target)))),
        urwid.Divider(),
        urwid.Text(("warn", tr(warning))),
        *rest,
    ]


NOTHING_THERE = {
    "disk": (
        say("No usable disk was found on this PC."),
        say("Check the disk's cable and the controller's mode in the firmware setup. It is looked for all the time."),
    ),
    "nic": (
        say("No network card was found on this PC."),
        say("Check the card, and whether this kernel has its driver. It is looked for all the time."),
    ),
}


def nothing_there(key: str, machine: Machine, problem: Sentence, host: str) -> Page:
    """That there is no disk to choose, or no card."""
    title, hint = NOTHING_THERE[key]
    disks = machine.disks if key == "disk" else ()
    refused = [colon(disk.path, disk.refused) for disk in disks if disk.refused]
    rows = [
        urwid.Divider(),
        urwid.AttrMap(urwid.Text(f" {tr(title)} "), "bad"),
        urwid.Divider(),
        urwid.Text(tr(hint)),
        urwid.Divider(),
        *(urwid.Text(("dim", tr(line))) for line in (problem, *refused) if line),
    ]
    return Page(key, frame(rows, say("Esc back   m menu (rescan, shell, restart)"), host), {})


def warnings(notes: Sequence[Sentence], host: str) -> Page:
    """All that is wrong, but stops nothing."""
    rows: list[urwid.Widget] = [urwid.Divider(), urwid.Text(("title", tr(say("Warnings")))), urwid.Divider()]
    for note in notes:
        rows += [warning_row(note), urwid.Divider()]
    return Page("warnings", frame(rows, say("Up/Down scroll   Esc back"), host), {})


def waiting(sentence: Sentence, host: str, more: Sequence[Sentence] = (), *, behind: bool = True) -> Page:
    """Something is under way; nothing can be chosen but back and the menu. `more`: how long, and what may be wrong;
    `behind`: whether there is a page to go back to."""
    rows = [urwid.Divider(), urwid.Text(("title", tr(sentence)))]
    rows += [widget for line in more for widget in (urwid.Divider(), urwid.Text(tr(line)))]
    return Page("waiting", frame(rows, say("Esc back   m menu") if behind else say("m menu"), host), {})


def error(failure: LauncherError, act: Chosen, host: str) -> Page:
    """An expected failure: the sentence, the hint, and what can be done."""
    choices = (Choice("retry", say("Try again")), Choice("change", say("Change the answers")), *leaving())
    rows = [urwid.Text(tr(sentence)) for sentence in (failure.sentence, failure.hint) if sentence]
    return Page("error", result_frame(say("STOPPED"), "bad", rows, choices, act, host), {})


def menu(act: Chosen, cancelling: Sentence | None, host: str, locked: bool = False) -> Page:
    """Rescan, shell, restart, power off; while a transfer runs, cancelling it comes before anything else, and
    `cancelling` says what that means now. `locked`: there is nothing to choose at this moment."""
    close = Choice("close", say("Go back to the screen"))
    rescan = Choice("rescan", say("Look for disks and cards again"))
    choices: tuple[Choice, ...] = (close, rescan, SAVE, *leaving())
    if cancelling is not None:
        choices = (close, Choice("cancel", say("CANCEL the transfer"), cancelling))
    if locked:
        choices = (close,)
    page = action_page("menu", say("Menu"), choices, act, host)
    page.keys["esc"] = lambda: act("close")
    return page


__all__ = [
    "Pending",
    "Shown",
    "error",
    "menu",
    "nothing_there",
    "preselected",
    "question",
    "title_of",
    "waiting",
    "warnings",
]

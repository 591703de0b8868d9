"""The pages that show the present answers as text, and keep them on a stick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import urwid

from kernel_cmdline import showable

from ..answers.configuration import NAME
from ..answers.questions import Choice
from ..answers.rendering import Written
from ..hardware.sticks import Volume
from ..model.wording import disk_line
from ..sentence import Sentence, joined, say, verbatim
from ..translate import tr
from .widgets import Item, Page, action_page, frame, warning_row

PAGE = "save"
CLOSE, AGAIN = "close", "again"
FOOTER = say("Up/Down choose   Enter take it   Esc back")


def answers(written: Written, sticks: Sequence[Volume], chosen: Callable[[str], None], host: str) -> Page:
    """The line, the file, and where the file can be kept. What does not fit scrolls: each part is a row of its own."""
    above = [urwid.Divider(), urwid.Text(("title", tr(say("Save the answers"))))]
    choices = [Choice(one.path, _on(one), verbatim(_what(one))) for one in sticks]
    if not choices:
        above.append(
            urwid.Text(tr(say("To save them, plug in a stick with a FAT or ext file system, and look again.")))
        )
    items = [*choices, Choice(AGAIN, say("Look again")), Choice(CLOSE, say("Go back to the screen"))]
    rows: list[urwid.Widget] = [urwid.Divider()]
    rows += [Item(choice, None, partial(chosen, choice.text)) for choice in items]
    rows += _text(say("As an append line:"), [written.line or "-"])
    rows += _text(say("As {file}:", file=NAME), written.file.splitlines())
    rows += [widget for note in written.notes for widget in (urwid.Divider(), warning_row(note))]
    return Page(PAGE, frame([*map(_reached, rows)], FOOTER, host, 1, above=above), {})


def _on(volume: Volume) -> Sentence:
    return say("Save {file} on {path}: {disk}", file=NAME, path=volume.path, disk=disk_line(volume.disk))


def _what(volume: Volume) -> str:
    return "  ".join(word for word in (volume.filesystem, volume.label) if word)


def _text(title: Sentence, lines: Sequence[str]) -> list[urwid.Widget]:
    texts = [urwid.Text(showable(line), wrap="any") for line in lines]
    return [urwid.Divider(), urwid.Text(("key", tr(title))), *texts]


class _Row(urwid.WidgetWrap):  # type: ignore[misc]
    """A row that can be reached with the arrow keys, so that the page scrolls to it."""

    def selectable(self) -> bool:
        return True

    def keypress(self, size: tuple[int, ...], key: str) -> str:
        return key


def _reached(row: urwid.Widget) -> urwid.Widget:
    return row if row.selectable() or isinstance(row, urwid.Divider) else urwid.AttrMap(_Row(row), None, "focus")


def writing(volume: Volume, host: str) -> Page:
    """It is under way: nothing can be chosen."""
    rows = [urwid.Divider(), urwid.Text(("title", tr(say("Saving on {path} ...", path=volume.path))))]
    return Page(PAGE, frame(rows, verbatim(""), host), {"esc": lambda: None, "m": lambda: None, "f10": lambda: None})


def saved(volume: Volume, name: str, wanted: str, chosen: Callable[[str], None], host: str) -> Page:
    """It is there."""
    there = say("{file} is on {path}, was read back, and is right.", file=name, path=volume.path)
    kept = say("{file} was there already, and stays as it was.", file=wanted) if name != wanted else None
    title = joined(" ", kept, there, say("The stick can be pulled out."))
    return action_page(PAGE, title, (Choice(CLOSE, say("Go back to the screen")),), chosen, host)


def failed(sentence: Sentence, chosen: Callable[[str], None], host: str) -> Page:
    """It is not there."""
    choices = (Choice(AGAIN, say("Try again")), Choice(CLOSE, say("Go back to the screen")))
    return action_page(PAGE, joined(" ", say("Nothing was saved."), sentence), choices, chosen, host)

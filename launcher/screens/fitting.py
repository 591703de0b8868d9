"""What does not fit below a page's choices is counted above its footer; the key `KEY` shows all warnings."""

from __future__ import annotations

from collections.abc import Sequence

import urwid

from ..model.wording import more
from ..sentence import Sentence, joined, say_many
from ..translate import tr
from .widgets import MARGIN

KEY = "w"


class Fitting(urwid.WidgetWrap):  # type: ignore[misc]
    """`whole`, a frame around `rows`: the last `warnings` are warnings, the `below` before them what is settled."""

    def __init__(self, whole: urwid.Widget, rows: Sequence[urwid.Widget], warnings: int, below: int = 0) -> None:
        super().__init__(whole)
        self._rows = rows
        self._warnings = warnings
        self._below = below
        self._frame = whole.original_widget
        self._keys = self._frame.footer
        self._count = urwid.Text("")

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:
        columns, rows = size
        room = rows - self._frame.header.rows((columns,)) - self._keys.rows((columns,))
        left = hidden([row.rows((columns - 2 * MARGIN,)) for row in self._rows], self._warnings + self._below, room)
        counts = [joined(" ", "…", more(left - self._warnings))] if left > self._warnings else []
        counts += [more_warnings(min(left, self._warnings))] if left and self._warnings else []
        self._count.set_text(("warn", " " + "   ".join(map(tr, counts))))
        self._frame.footer = urwid.Pile([self._count, self._keys]) if left else self._keys
        return super().render(size, focus)


def hidden(heights: Sequence[int], warnings: int, room: int) -> int:
    """How many of the last `warnings` of these rows are not seen whole in `room` lines, of which their number then
    takes one."""
    if sum(heights) <= room:
        return 0
    ends = [sum(heights[: number + 1]) for number in range(len(heights))]
    return len([end for end in ends[len(ends) - warnings :] if end > room - 1])


def more_warnings(count: int) -> Sentence:
    """So many are not seen, and how they are."""
    return say_many("{count} more warning: press w", "{count} more warnings: press w", count)

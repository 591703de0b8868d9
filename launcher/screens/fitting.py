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
        left = self._hidden((columns - 2 * MARGIN, room))
        left = self._hidden((columns - 2 * MARGIN, room - 1)) if left else 0  # their number takes a line
        counts = [joined(" ", "…", more(left - self._warnings))] if left > self._warnings else []
        counts += [more_warnings(min(left, self._warnings))] if left and self._warnings else []
        self._count.set_text(("warn", " " + "   ".join(map(tr, counts))))
        self._frame.footer = urwid.Pile([self._count, self._keys]) if left else self._keys
        return super().render(size, focus)

    def _hidden(self, size: tuple[int, int]) -> int:
        """How many of the last rows are not seen whole below those that are, in so many columns and lines."""
        middle, _, (cut, below) = self._frame.body.original_widget.calculate_visible(size, focus=True)
        last: int = below[-1][1] if below else middle[2]
        behind = len(self._rows) - 1 - last + (1 if cut else 0)
        return min(behind, self._warnings + self._below)


def more_warnings(count: int) -> Sentence:
    """So many are not seen, and how they are."""
    return say_many("{count} more warning: press w", "{count} more warnings: press w", count)

"""Questions and states as urwid widgets: no loop, no device, no process.

Every screen is a `Page`: a name (which the event log reports), a widget, and the keys it takes. Pages are made for
80×24 and work on VGA and on a serial line; nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import urwid

from kernel_cmdline import showable
from kernel_cmdline.showing import is_seen

from ..answers.questions import Choice
from ..sentence import NOTHING, Sentence, say
from ..translate import tr
from .summary import Line

Key = str
Handler = Callable[[], None]

PALETTE = [
    ("body", "light gray", "black"),
    ("head", "white", "dark blue"),
    ("title", "white", "black"),
    ("focus", "black", "light gray"),
    ("key", "yellow", "black"),
    ("dim", "dark cyan", "black"),
    ("good", "light green", "black"),
    ("bad", "white", "dark red"),
    ("warn", "yellow", "black"),
    ("bar", "light gray", "dark gray"),
    ("done", "black", "light green"),
    ("caution", "black", "brown"),
]

MIN_COLUMNS, MIN_ROWS = 80, 24
MARGIN = 1  # columns at each side of a page's rows
TITLES = 13  # columns of what is settled; longer titles get more
CHOOSE = say("Up/Down choose   Enter take it")
HOTKEYS = {"snd": "s", "rcv": "r"}
ATTRIBUTES = {"rcv": "warn", "snd": "good"}


@dataclass
class Page:
    """One screen. `keys` maps a key to what it does; a key that the widget itself takes does not get here."""

    name: str
    widget: urwid.Widget
    keys: dict[Key, Handler]


class Item(urwid.WidgetWrap):  # type: ignore[misc]
    """A line that can be chosen with Enter: a mark, the hot key where there is one, the label, details below."""

    def __init__(self, choice: Choice, key: str | None, chosen: Handler) -> None:
        self.chosen = chosen
        label = [("key", f"[{key.upper()}] " if key else ""), (ATTRIBUTES.get(choice.text, "title"), tr(choice.label))]
        rows: list[urwid.Widget] = [urwid.Text(label)]
        if choice.detail:
            rows.append(urwid.Padding(urwid.Text(tr(choice.detail)), left=4))
        marked = urwid.Columns([(2, _Mark()), urwid.Pile(rows)])
        focus = dict.fromkeys([None, "key", "title", "body", *ATTRIBUTES.values()], "focus")
        super().__init__(urwid.AttrMap(marked, "body", focus))

    def selectable(self) -> bool:
        return True

    def keypress(self, size: tuple[int, ...], key: Key) -> Key | None:
        if key in ("enter", " "):
            self.chosen()
            return None
        return key


class _Mark(urwid.Text):  # type: ignore[misc]
    """``>`` in front of the item that has the focus, for terminals without colour."""

    def __init__(self) -> None:
        super().__init__(" ")

    def render(self, size: tuple[int, ...], focus: bool = False) -> urwid.Canvas:
        return urwid.Text(">" if focus else " ").render(size)


class Body(urwid.ListBox):  # type: ignore[misc]
    """A scrolling body; the focused row is placed so that the rows above it are seen as well."""

    def __init__(self, rows: Sequence[urwid.Widget], focus: int | None, moved: Callable[[int], None]) -> None:
        walker = urwid.SimpleFocusListWalker(list(rows))
        super().__init__(walker)
        if focus is not None:
            self.set_focus(focus)
            self.set_focus_valign("middle")
        walker.set_focus_changed_callback(moved)


def frame(
    rows: Sequence[urwid.Widget],
    footer: Sentence,
    host: str = "",
    focus: int | None = None,
    moved: Callable[[int], None] = lambda row: None,
    above: Sequence[urwid.Widget] = (),
) -> urwid.Widget:
    """Header, body, footer. `host` stands at the right of the header, to tell one console from another; `above` is
    what stays when the body scrolls."""
    header = urwid.AttrMap(
        urwid.Columns([urwid.Text(" udpcast-launcher"), urwid.Text(f"{showable(host)} ", align="right")]), "head"
    )
    if above:
        header = urwid.Pile([header, *(urwid.Padding(row, left=MARGIN, right=MARGIN) for row in above)])
    body = urwid.Padding(Body(rows, focus, moved), left=MARGIN, right=MARGIN)
    return urwid.AttrMap(urwid.Frame(body, header, urwid.AttrMap(urwid.Text(f" {tr(footer)}"), "head")), "body")


def question_page(
    name: str,
    title: Sentence,
    choices: Sequence[Choice],
    answer: Callable[[str], None],
    *,
    focused: Callable[[str | None], None] = lambda text: None,
    preset: str | None = None,
    problem: Sentence = NOTHING,
    below: Sequence[urwid.Widget] = (),
    warnings: Sequence[Sentence] = (),
    all_warnings: Handler = lambda: None,
    host: str = "",
) -> Page:
    """A list to choose from; the preset, or else the first choice, has the focus. `focused` hears where it moves. The
    title stays when a long list scrolls: it says what becomes of the disk that is chosen.

    `all_warnings` shows those that do not fit.
    """
    keys: dict[Key, Handler] = {}
    above = [urwid.Divider(), urwid.Text(("title", tr(title)))]
    rows: list[urwid.Widget] = [urwid.Divider(), *_problem(problem)]
    focus = None
    texts = {}
    for choice in choices:
        key = HOTKEYS.get(choice.text) if name == "umode" else None

        def chosen(text: str = choice.text) -> None:
            answer(text)

        if focus is None or choice.text == preset:
            focus = len(rows)
        texts[len(rows)] = choice.text
        rows.append(Item(choice, key, chosen))
        if key:  # only the role is taken with one key: what follows it can still be refused
            keys[key] = keys[key.upper()] = chosen
    footer = say("Up/Down choose   Enter take it   Esc back   m menu")
    rows += [urwid.Divider(), *below, *map(warning_row, warnings)]
    widget = frame(rows, footer, host, focus, lambda row: focused(texts.get(row)), above)
    room = MIN_ROWS - 2 - len(above)
    if warnings or sum(int(row.rows((MIN_COLUMNS - 2 * MARGIN,))) for row in rows) > room:
        from .fitting import KEY, Fitting  # noqa: PLC0415 - most first screens need none

        widget = Fitting(widget, rows, len(warnings), len(below))
    if warnings:
        keys[KEY] = keys[KEY.upper()] = all_warnings
    return Page(name, widget, keys)


def edit_page(
    name: str,
    title: Sentence,
    answer: Callable[[str], None],
    *,
    preset: str,
    problem: Sentence = NOTHING,
    host: str = "",
) -> Page:
    """An answer that is typed."""
    edit = _Edit(preset, answer)
    rows = [urwid.Divider(), *_problem(problem), urwid.Text(("title", tr(title))), urwid.Divider()]
    footer = say("Type the answer   Enter take it   Esc back   F2 menu")
    return Page(name, frame([*rows, urwid.AttrMap(edit, "focus")], footer, host, len(rows)), {})


class _Edit(urwid.Edit):  # type: ignore[misc]
    def __init__(self, preset: str, answer: Callable[[str], None]) -> None:
        super().__init__("> ", showable(preset))
        self.answer = answer

    def valid_char(self, char: str) -> bool:
        """What a noisy serial line or a paste brings is not shown raw either."""
        return len(char) == 1 and is_seen(char)

    def keypress(self, size: tuple[int, ...], key: Key) -> Key | None:
        if key == "enter":
            self.answer(self.edit_text.strip())
            return None
        return super().keypress(size, key)  # type: ignore[no-any-return]


def summary_rows(lines: Sequence[Line]) -> list[urwid.Widget]:
    """What is settled and why, for below the choice."""
    rows: list[urwid.Widget] = [urwid.Text(("dim", "─" * 76))]
    width = max([TITLES, *(len(tr(line.title)) + 1 for line in lines)])
    for line in lines:
        why = [("dim", f"  ({tr(line.why)})")] if line.why else []
        text = urwid.Text([("warn" if line.wrong else "body", tr(line.text)), *why])
        rows.append(urwid.Columns([(width, urwid.Text(("key", tr(line.title)))), text]))
    return rows


def warning_row(warning: Sentence) -> urwid.Widget:
    """What is wrong, but stops nothing."""
    return urwid.Text(("warn", f"! {tr(warning)}"))


def action_page(
    name: str, title: Sentence, choices: Sequence[Choice], answer: Callable[[str], None], host: str
) -> Page:
    """A title, and what can be done now."""
    rows: list[urwid.Widget] = [urwid.Divider(), urwid.Text(("title", f" {tr(title)} ")), urwid.Divider()]
    focus = len(rows)
    rows += [Item(choice, None, _answering(answer, choice)) for choice in choices]
    return Page(name, frame(rows, CHOOSE, host, focus), {})


def result_frame(
    title: Sentence,
    attribute: str,
    rows: Sequence[urwid.Widget],
    choices: Sequence[Choice],
    answer: Callable[[str], None],
    host: str,
    first: int = 0,
) -> urwid.Widget:
    """A title that always stays, rows, and what can be done now, a line each. The `first` rows stay as well, where
    that leaves room for what can be done: the focus is there, in the middle, and longer rows scroll away above it."""
    above = [urwid.Divider(), urwid.AttrMap(urwid.Text(f" {tr(title)} "), attribute), urwid.Divider()]
    items = [Item(Choice(choice.text, choice.label), None, _answering(answer, choice)) for choice in choices]
    room = MIN_ROWS - 2 - len(above) - 2 * len(items)
    if sum(int(row.rows((MIN_COLUMNS - 2 * MARGIN,))) for row in rows[:first]) > room:
        first = 0
    body = [*rows[first:], urwid.Divider(), *items]
    return frame(body, CHOOSE, host, len(rows) - first + 1, above=[*above, *rows[:first]])


def _answering(answer: Callable[[str], None], choice: Choice) -> Handler:
    return lambda: answer(choice.text)


def _problem(problem: Sentence) -> list[urwid.Widget]:
    return [urwid.AttrMap(urwid.Text(f" {tr(problem)}"), "bad"), urwid.Divider()] if problem else []


def too_small(columns: int, rows: int) -> urwid.Widget:
    """What a terminal shows that is too small to show a choice without cutting it."""
    sentence = say(
        "This terminal is {columns}x{rows}; udpcast-launcher needs {min_columns}x{min_rows}. Please enlarge it.",
        columns=columns,
        rows=rows,
        min_columns=MIN_COLUMNS,
        min_rows=MIN_ROWS,
    )
    return urwid.Filler(urwid.Text(tr(sentence)), "top")


class SizeGuard(urwid.WidgetWrap):  # type: ignore[misc]
    """Shows the page only where it fits: a choice that is half hidden is a wrong key waiting to happen."""

    def __init__(self, widget: urwid.Widget) -> None:
        self._small = False
        super().__init__(widget)

    def show(self, widget: urwid.Widget) -> None:
        self._w = widget

    def selectable(self) -> bool:
        return True

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:
        self._small = size[0] < MIN_COLUMNS or size[1] < MIN_ROWS
        return too_small(*size).render(size) if self._small else self._w.render(size, focus)

    def keypress(self, size: tuple[int, int], key: Key) -> Key | None:
        if self._small:
            return None
        return self._w.keypress(size, key)  # type: ignore[no-any-return]

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
from ..sentence import NOTHING, Sentence, joined, say, verbatim
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
TITLES = 12  # columns of what is settled; longer titles get more
CHOOSE = say("Up/Down choose   Enter take it")
LANGUAGE = say("Language")
CHANGE = say("Down: change an answer")
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


class SettledRow(urwid.WidgetWrap):  # type: ignore[misc]
    """A line of what is settled and why; Enter puts the question once more. Its title has so many columns, or stands in
    front of the text."""

    def __init__(self, line: Line, change: Handler, width: int = 0) -> None:
        self.key = line.key
        self.change = change
        why = [("dim", f"  ({tr(line.why)})")] if line.why else []
        text = [("warn" if line.wrong else "body", tr(line.text)), *why]
        title = ("key", tr(line.title))
        columns = [(width, urwid.Text(title)), urwid.Text(text)] if width else [urwid.Text([title, "  ", *text])]
        row = urwid.Columns([(1, _Mark()), *columns])
        super().__init__(urwid.AttrMap(row, "body", dict.fromkeys([None, "key", "dim", "body", "warn"], "focus")))

    def selectable(self) -> bool:
        return True

    def keypress(self, size: tuple[int, ...], key: Key) -> Key | None:
        if key == "enter":
            self.change()
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

    def keypress(self, size: tuple[int, int], key: Key) -> Key | None:
        """Home and End go to the first row and the last, which may be none to choose: the mark is never unseen while
        there is a place for it."""
        left: Key | None = super().keypress(size, key)
        if self.focus and not self.focus.selectable():
            self._mark_nearest(size)
        return left

    def _mark_nearest(self, size: tuple[int, int]) -> None:
        (offset, _, middle, height, _), (_, above), (_, below) = self.calculate_visible(size, focus=True)
        seen = []
        up, down = offset, offset + height
        for widget, position, rows in above:
            up -= rows
            seen.append((abs(position - middle), position, up, widget))
        for widget, position, rows in below:
            seen.append((abs(position - middle), position, down, widget))
            down += rows
        places = [(distance, position, row) for distance, position, row, widget in seen if widget.selectable()]
        if places:
            _, position, row = min(places)
            self.change_focus(size, position, row)


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
    keys = f" {tr(footer)}"
    if len(keys) >= MIN_COLUMNS:  # they stand closer where a language needs more room
        keys = keys.replace("   ", "  ")
    return urwid.AttrMap(urwid.Frame(body, header, urwid.AttrMap(urwid.Text(keys), "head")), "body")


def question_page(
    name: str,
    title: Sentence,
    choices: Sequence[Choice],
    answer: Callable[[str], None],
    *,
    focused: Callable[[str | None], None] = lambda text: None,
    preset: str | None = None,
    moved_to: str | None = None,
    problem: Sentence = NOTHING,
    now: Sequence[urwid.Widget] = (),
    before: Sequence[urwid.Widget] = (),
    below: Sequence[urwid.Widget] = (),
    warnings: Sequence[Sentence] = (),
    all_warnings: Handler = lambda: None,
    language: Handler | None = None,
    host: str = "",
) -> Page:
    """A list to choose from; the preset, or else the first choice, has the focus, unless that was `moved_to` another
    place. `focused` hears where it moves: a choice's text, or the key of what is settled `below`; `before` stands above
    the choices. The title, and `now` below it, stay when a long list scrolls: they say what becomes of the disk that is
    chosen.

    `all_warnings` shows those that do not fit; `language` is what the key F2 does.
    """
    keys: dict[Key, Handler] = {}
    above = [urwid.Divider(), urwid.Text(("title", tr(title))), *now]
    rows: list[urwid.Widget] = [urwid.Divider(), *_problem(problem), *before]
    preset_at: int | None = None
    texts = {}
    for choice in choices:
        key = HOTKEYS.get(choice.text) if name == "umode" else None

        def chosen(text: str = choice.text) -> None:
            answer(text)

        if preset_at is None or choice.text == preset:
            preset_at = len(rows)
        texts[len(rows)] = choice.text
        rows.append(Item(choice, key, chosen))
        if key:  # only the role is taken with one key: what follows it can still be refused
            keys[key] = keys[key.upper()] = chosen
    rows += [] if name == "umode" else [urwid.Divider()]  # what is settled there has a line above it
    lines = {row.key: len(rows) + index for index, row in enumerate(below) if isinstance(row, SettledRow)}
    texts |= {number: key for key, number in lines.items()}
    rows += [*below, *map(warning_row, warnings)]
    footer = FOOTER if language is None else with_language()
    at = next((number for number, text in texts.items() if text == moved_to), preset_at)
    widget = frame(rows, footer, host, at, lambda row: focused(texts.get(row)), above)
    if language:
        keys["f2"] = language
    if lines:
        keys["tab"] = _between(widget, preset_at, min(lines.values()))
    room = MIN_ROWS - 2 - len(above)
    if warnings or sum(int(row.rows((MIN_COLUMNS - 2 * MARGIN,))) for row in rows) > room:
        from .fitting import KEY, Fitting  # noqa: PLC0415 - most first screens need none

        widget = Fitting(widget, rows, len(warnings), len(below))
    if warnings:
        keys[KEY] = keys[KEY.upper()] = all_warnings
    return Page(name, widget, keys)


FOOTER = say("Up/Down choose   Enter take it   Esc back   m menu")


def with_language() -> Sentence:
    """The footer with the key for another language, named so that also who reads none of this one finds it."""
    also = verbatim("Langue" if tr(LANGUAGE) == str(LANGUAGE) else str(LANGUAGE))
    return joined("   ", FOOTER, joined(" ", "F2", joined("/", LANGUAGE, also)))


def _between(widget: urwid.Widget, choice: int | None, line: int) -> Handler:
    """Moves the focus between the choices and what is settled."""
    body = widget.original_widget.body.original_widget

    def move() -> None:
        body.set_focus(choice if body.focus_position >= line else line)

    return move


def edit_page(
    name: str,
    title: Sentence,
    answer: Callable[[str], None],
    *,
    preset: str,
    problem: Sentence = NOTHING,
    below: Sequence[urwid.Widget] = (),
    host: str = "",
) -> Page:
    """An answer that is typed."""
    edit = _Edit(preset, answer)
    rows = [urwid.Divider(), *_problem(problem), urwid.Text(("title", tr(title))), urwid.Divider()]
    footer = say("Type the answer   Enter take it   Esc back   F2 menu")
    return Page(name, frame([*rows, urwid.AttrMap(edit, "focus"), *below], footer, host, len(rows)), {})


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


def summary_rows(lines: Sequence[Line], change: Callable[[str], None]) -> list[urwid.Widget]:
    """What is settled and why, for below the choice. `change` puts the question of a line once more."""
    width = max([TITLES, *(len(tr(line.title)) + 1 for line in lines)])
    rows = [settled_row(line, change, width) for line in lines]
    return [urwid.Text(("dim", f"── {tr(CHANGE)} ".ljust(76, "─"))), *rows]


def settled_row(line: Line, change: Callable[[str], None], width: int = 0) -> SettledRow:
    """The line, whose question `change` puts once more."""
    return SettledRow(line, lambda: change(line.key), width)


def warning_row(warning: Sentence) -> urwid.Widget:
    """What is wrong, but stops nothing."""
    return urwid.Text(("warn", f"! {tr(warning)}"))


def action_page(
    name: str, title: Sentence, choices: Sequence[Choice], answer: Callable[[str], None], host: str
) -> Page:
    """A title, and what can be done now."""
    rows: list[urwid.Widget] = [urwid.Divider(), urwid.Text(("title", tr(title))), urwid.Divider()]
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

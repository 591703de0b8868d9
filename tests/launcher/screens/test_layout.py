"""Every page in every language on 80x24: nothing is cut off, and what there is to choose is seen without scrolling."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from launcher import translate
from launcher.answers.reading import LANGUAGES
from launcher.model.outcome import OutcomeKind
from launcher.model.plan import Role
from launcher.model.wording import size
from launcher.screens import widgets
from launcher.screens.widgets import Page
from launcher.sentence import joined, say
from launcher.translate import set_language, tr
from tests.common import ROOT
from tests.launcher.screens.every_page import DISK, EVERY, FITS, HOST, MODEL

TALL = 60
"""Lines that every page of `FITS` has room in."""


@dataclass(frozen=True)
class Seen:
    """The pages in one language, each drawn once: what is seen on 80x24, and in how many lines its keys stand."""

    language: str
    speaks: dict[str, object]
    lines: dict[str, list[str]]
    keys: dict[str, int]
    whole: dict[str, list[str]]


@pytest.fixture(params=LANGUAGES, scope="module")
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    set_language(request.param)
    made = {name: make() for name, make in EVERY.items()}
    yield Seen(
        request.param,
        {name: getattr(translate, name) for name in ("_language", "_catalogue", "_figures")},
        {name: lines(page) for name, page in made.items()},
        {name: keys_row(page) for name, page in made.items() if page.name},
        {name: lines(made[name], TALL) for name in FITS},
    )


@pytest.fixture(autouse=True)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test speaks the language of its pages; to set it again would compile the catalogue again."""
    if "seen" in request.fixturenames:
        for name, value in request.getfixturevalue("seen").speaks.items():
            monkeypatch.setattr(translate, name, value)


def lines(page: Page, rows: int = 24) -> list[str]:
    """What is seen, line by line, without the empty ones."""
    drawn = (row.decode().rstrip() for row in page.widget.render((80, rows), focus=True).text)
    return [line for line in drawn if line]


def keys_row(page: Page) -> int:
    """How many lines the keys at the bottom take."""
    whole = getattr(page.widget, "_w", page.widget)
    keys = getattr(page.widget, "_keys", None) or whole.original_widget.footer
    return int(keys.rows((80,)))


def test_what_fits_is_seen_whole(seen: Seen) -> None:
    cut = {name: there for name in FITS if (there := [one for one in seen.whole[name] if one not in seen.lines[name]])}
    assert cut == {}, f"{seen.language}: shorten what the pages say, or give it room"
    assert all(seen.lines[name] == seen.whole[name] for name in FITS)


def test_the_keys_stand_in_one_line(seen: Seen) -> None:
    long = {name: seen.lines[name][-2:] for name, rows in seen.keys.items() if rows != 1}
    assert long == {}, seen.language


@pytest.mark.parametrize(("letters", "gap"), [(34, "   "), (36, "  ")])
def test_keys_stand_closer_where_a_language_needs_the_room(letters: int, gap: str) -> None:
    keys = ("x" * letters, "y" * letters, "zzz")
    page = Page("", widgets.frame([], joined("   ", *keys)), {})
    assert (lines(page)[-1], keys_row(page)) == (" " + gap.join(keys), 1)


def test_titles_of_what_is_settled_leave_room_for_it(seen: Seen) -> None:
    for name in ("umode: the question", "umode: two disks and cards", "umode: all that can be settled"):
        behind = [line.index("9000") for line in seen.lines[name] if "9000" in line]
        assert behind and behind[0] < 36, (seen.language, seen.lines[name])


def test_the_role_screen_shows_both_roles_and_what_counts(seen: Seen) -> None:
    for name in ("umode: the question", "umode: two disks and cards", "umode: all that can be settled"):
        text = "\n".join(seen.lines[name])
        assert f"> [S] {tr(say('SENDER'))}" in text and f"[R] {tr(say('RECEIVER'))}" in text
        for title in ("Disk", "Card", "Address"):
            assert f"\n  {tr(say(title))} " in text, (seen.language, name, title)
        assert re.search("F2 .*Langu", text) and HOST in text
    assert DISK.path in "\n".join(seen.lines["umode: the question"])


def test_the_confirmation_shows_the_disk_what_is_on_it_and_both_choices(seen: Seen) -> None:
    choices = {
        Role.RECEIVE: say("YES, OVERWRITE {disk}", disk=DISK.path),
        Role.SEND: say("YES, SEND {disk}", disk=DISK.path),
    }
    for role, yes in choices.items():
        text = " ".join(" ".join(seen.lines[f"confirm: {role.value}"]).split())
        assert f"> {tr(say('NO, go back'))}" in text
        assert tr(yes) in text
        assert DISK.serial and all(word in text for word in (MODEL, DISK.serial, tr(joined("", size(DISK.size)))))
        assert all(str(partition.label) in text for partition in DISK.partitions)


def test_where_more_is_told_than_fits_what_can_be_chosen_is_seen(seen: Seen) -> None:
    for kind in OutcomeKind:
        text = "\n".join(seen.lines[f"result: {kind.value} with all"])
        for label in (say("Once more"), say("Restart this PC"), say("Power off")):
            assert tr(label) in text, (seen.language, kind, text)


# --- that no page is forgotten ----------------------------------------------------------------------------------------


def constructors() -> set[tuple[str, str]]:
    """Where the program makes a page: file and function."""
    found = set()
    for path in sorted((ROOT / "launcher").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                if any(isinstance(call.func, ast.Name) and call.func.id == "Page" for call in calls):
                    found.add((path.relative_to(ROOT).as_posix(), function.name))
    return found


def test_no_page_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    made = set()
    new = Page.__init__

    def noting(page: Page, *arguments: Any, **named: Any) -> None:
        code = sys._getframe(1).f_code
        if code.co_filename.startswith(str(ROOT / "launcher")):
            made.add((code.co_filename.removeprefix(f"{ROOT}/"), code.co_name))
        new(page, *arguments, **named)

    monkeypatch.setattr(Page, "__init__", noting)
    for make in EVERY.values():
        make()
    assert made == constructors()


@pytest.mark.parametrize("key", ["end", "home", "page down", "page up"])
def test_the_mark_is_seen_after_every_key_that_moves_it(key: str) -> None:
    """On every page with one: Enter takes what is marked. But what is to be saved is longer than a screen, and read."""
    set_language("en")
    for name, make in EVERY.items():
        page = make()
        if "save" not in name and _marked(page):
            page.widget.keypress((80, 24), key)
            assert _marked(page), (name, key)


def _marked(page: Page) -> bool:
    return any(line.lstrip().startswith(">") for line in lines(page))

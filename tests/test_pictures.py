"""The page for operators and its pictures: all are there, small, and of our screens; it says what the screens say.

What it writes in bold in its table are titles of results, what it writes in italics are choices: word for word those of
the catalogue in its language. It is one printed page.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from launcher.model.outcome import OutcomeKind
from launcher.screens.ending import FAILED, TITLES
from launcher.translate import LANG
from qemu.classroom.pictures import PICTURES
from qemu.commands.pictures import DIRECTORY, LANGUAGES
from qemu.machine import png
from tests.common import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
PAGES = {"en": ROOT / "docs/operator.md", "fr": ROOT / "docs/fr/operator.md"}
MOST = 5000
"""Characters of such a page that go on one sheet of A4 with nine small pictures."""

ON_SCREENS = {kind: title for kind, title in TITLES.items() if kind is not OutcomeKind.STORED}
"""Images are stored by a command, without screens."""


def named(document: Path) -> set[Path]:
    targets = re.findall(r"!\[[^]]+\]\(([^)]+)\)", document.read_text(encoding="utf-8"))
    return {(document.parent / target).resolve() for target in targets}


def test_every_picture_is_there_and_named_by_a_document() -> None:
    taken = {DIRECTORY / lang / f"{name}.png" for lang in LANGUAGES for name in PICTURES}
    assert set(DIRECTORY.rglob("*.*")) == taken
    assert set.union(*map(named, DOCUMENTS)) == taken


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_language_has_all_of_its_pictures_and_is_one_page(lang: str) -> None:
    assert named(PAGES[lang]) == {DIRECTORY / lang / f"{name}.png" for name in PICTURES}
    assert len(PAGES[lang].read_text(encoding="utf-8")) < MOST


@pytest.mark.parametrize("path", sorted(DIRECTORY.rglob("*.png")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_picture_is_a_small_one_of_a_text_screen(path: Path) -> None:
    data = path.read_bytes()
    assert data.startswith(png.SIGNATURE)
    assert struct.unpack_from(">2I", data, 16) == (720, 400)
    assert data[24:29] == png.INDEXED
    assert len(data) < 9000


def messages(lang: str) -> dict[str, str]:
    """By the English words, how they stand on a screen in this language."""
    with (LANG / "fr.po").open("rb") as file:
        found = [message for message in read_po(file, "fr") if isinstance(message.id, str) and message.id]
    return {str(message.id): str(message.id if lang == "en" else message.string) for message in found}


def pattern(message: str) -> str:
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(message))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_titles_of_results_are_those_of_the_screens(lang: str) -> None:
    table = PAGES[lang].read_text(encoding="utf-8").split("\n## ")[2]
    bold = re.findall(r"\*\*(.+?)\*\*", table)
    known = messages(lang)
    titles = [known[str(title)] for title in (*ON_SCREENS.values(), FAILED)]
    assert [title for title in titles if title not in bold] == []
    assert [title for title in bold if not any(re.fullmatch(pattern(one), title) for one in known.values())] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_choices_are_those_of_the_screens(lang: str) -> None:
    italic = re.findall(r"(?<![*`])\*([^*\n]+(?:\n *[^*\n]+)?)\*(?!\*)", PAGES[lang].read_text(encoding="utf-8"))
    choices = [" ".join(choice.split()).removesuffix("…").strip() for choice in italic]
    known = messages(lang).values()
    assert len(choices) >= 8
    assert [choice for choice in choices if not any(one.startswith(choice) for one in known)] == []

"""The generated tables of French documents: their catalogue has every text, and the same names and numbers in it."""

from __future__ import annotations

import io
import re
import string
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

import catalogues
from catalogues import documents
from launcher.answers.parameters import ROWS
from launcher.answers.questions import Facts
from launcher.answers.row import Row, Use
from launcher.errors import LauncherError
from launcher.model.machine import Machine
from tests.documents import numbers
from tests.test_docs import RENEW

LANGUAGES = pytest.mark.parametrize("language", RENEW.languages())
MESSAGES = {
    language: [
        message
        for message in read_po(io.StringIO((documents.LANG / f"{language}.po").read_text(encoding="utf-8")))
        if message.id
    ]
    for language in RENEW.languages()
}
EACH = pytest.mark.parametrize(
    "message", [pytest.param(one, id=str(one.id)[:40]) for messages in MESSAGES.values() for one in messages]
)


@LANGUAGES
def test_a_catalogue_has_every_text_of_its_documents_and_no_other(language: str) -> None:
    wanted = {text for _, table in RENEW.tables() for text in documents.messages(table)}
    there = {str(one.id) for one in MESSAGES[language]}
    assert (wanted - there, there - wanted) == (set(), set()), "python3 docs/renew.py brings the catalogue in step"
    assert "\n#~ " not in (documents.LANG / f"{language}.po").read_text(encoding="utf-8")


@LANGUAGES
def test_every_text_is_translated_by_hand(language: str) -> None:
    assert [str(one.id) for one in MESSAGES[language] if one.fuzzy or not one.string] == []
    assert RENEW.untranslated(language) == []


@EACH
def test_a_translation_has_the_same_names_and_numbers(message: Message) -> None:
    english, other = str(message.id), str(message.string)
    assert names(other) == names(english)
    assert numbers(other) == numbers(english)
    assert [label for label in labels(english) if not re.search(rf"\b{label}(?: \([^)]*\))?\s?:", other)] == []


def names(text: str) -> Counter[str]:
    """What is typed as it is: in backticks, options, ``name=value``, paths, names with an underscore."""
    quoted = re.findall("`[^`]*`", text)
    typed = re.findall(r"--[\w-]+|[\w.]+=[^\s;)]*|(?<![:/\w])/\w[\w/*-]*|\b\w+_\w+\b", re.sub("`[^`]*`", "", text))
    return Counter([*quoted, *(one.rstrip(string.punctuation.replace("=", "")) for one in typed)])


def labels(text: str) -> list[str]:
    """The values that a text explains, each before a colon."""
    return re.findall(r"(?:^|[.;] )(\w+)(?: \(the default\))?: ", text.replace("absent: ", ""))


USED = [row for row in ROWS if row.use is Use.USED]


@LANGUAGES
@pytest.mark.parametrize("row", USED, ids=lambda row: row.name)
def test_what_can_be_typed_is_not_translated(row: Row, language: str) -> None:
    """The words of a row's values that its parser takes, where it does not take any word."""
    tr = RENEW.translation(language)
    there = words(tr(row.values) if documents.is_message(row.values) else row.values)
    typed = {word for word in words(row.values) if takes(row, word)} if not takes(row, "qqq") else set()
    assert typed <= there


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w./-]*\w", text))


def takes(row: Row, text: str) -> bool:
    try:
        row.parse(text, Facts(Machine()))
    except LauncherError:
        return False
    return True


def test_the_values_that_a_row_names_are_taken() -> None:
    """Else the test above would compare nothing."""
    taken = {row.name: {word for word in words(row.values) if takes(row, word)} for row in USED}
    assert taken["holes"] == {"keep", "discard", "zero"}
    assert taken["after"] >= {"reboot", "poweroff", "shell", "menu"}
    assert not any(takes(row, "qqq") for row in USED if row.name in ("holes", "after", "port", "umode"))


# --- how a table is translated ----------------------------------------------------------------------------------------

TABLE = """| parameter | meaning |
| --- | --- |
| `disk` | the disk |
| `port` | 9000 |
| `role` | the role |
"""
FRENCH = {"parameter": "paramètre", "meaning": "sens", "the disk": "le disque"}


def test_cells_are_translated_and_names_and_numbers_stay() -> None:
    assert documents.translated(f"before\n{TABLE}behind", lambda text: FRENCH.get(text, "")) == (
        "before\n"
        "| paramètre | sens |\n"
        "| --- | --- |\n"
        "| `disk` | le disque |\n"
        "| `port` | 9000 |\n"
        "| `role` | the role |\n"
        "behind"
    )


def test_a_name_or_a_number_is_no_text() -> None:
    assert documents.messages("| `name` | U S | 9000 | `a`, `b` | 40 s | --- |\n| one `name` | no |") == [
        "one `name`",
        "no",
    ]


def test_a_changed_text_keeps_its_translation_as_a_proposal_and_is_english_until_then(tmp_path: Path) -> None:
    catalogue = Catalog("fr")
    catalogue.add("the disk that is sent", "le disque envoyé")
    catalogue.add("parameter", "paramètre")
    catalogue.add("gone", "parti")
    with (tmp_path / "fr.po").open("wb") as file:
        write_po(file, catalogue)
    table = TABLE.replace("the disk", "the disk that is read")
    assert documents.update("fr", [("docs/a.md", table)], tmp_path)
    text = (tmp_path / "fr.po").read_text(encoding="utf-8")
    there = {str(one.id): one for one in read_po(io.StringIO(text)) if one.id}
    assert [*there] == ["parameter", "meaning", "the disk that is read", "the role"]
    assert there["the disk that is read"].fuzzy and there["the disk that is read"].string == "le disque envoyé"
    assert "#. `disk`\n#: docs/a.md\n" in text
    new = documents.translated(table, documents.translation("fr", tmp_path))
    assert "| paramètre | meaning |" in new and "| `disk` | the disk that is read |" in new
    assert not documents.update("fr", [("docs/a.md", table)], tmp_path)


def test_a_name_that_was_translated_is_found() -> None:
    assert names("see `disk` and after=reboot,menu.") != names("voir `disque` et after=reboot,menu.")
    assert names("with --file, in /run/udpcast") == names("avec --file dans /run/udpcast")
    assert names("after=menu; num_op wins") != names("after=menu ; le numéro l'emporte")
    assert labels("yes (the default): all. no: none; absent: ask") == ["yes", "no"]


def test_these_catalogues_are_not_the_programs_own() -> None:
    assert not documents.LANG.is_relative_to(catalogues.LANG)
    assert not any(path.is_relative_to(documents.LANG) for path in catalogues.sources())

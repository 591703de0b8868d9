"""The tables that documents get from the code, in other languages: ``docs/lang/CODE.po``, one catalogue a language.

* The English table is made from the code. In another language it is the same table, each cell translated.
* A message is a cell that has a word outside of backticks. What has none (names, numbers, letters) is as it is.
* A cell without a translation, or with one that is fuzzy, stays English. Tests name it.

The programs are the same as for what the program says itself (`catalogues`); nothing of it is built or installed.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from . import HEADER, ROOT, compiled, merge

LANG = ROOT / "docs/lang"

_WORD = re.compile(r"[a-z]{2}")


def template(tables: Iterable[tuple[str, str]]) -> str:
    """Every message of `tables`, untranslated. Each is a table with the name of the document it stands in."""
    entries: dict[str, str] = {}
    for document, table in tables:
        for row in _rows(table):
            for cell in filter(is_message, row):
                text = json.dumps(cell, ensure_ascii=False)
                entries.setdefault(cell, f'#. {row[0]}\n#: {document}\nmsgid {text}\nmsgstr ""\n')
    return HEADER + "\n".join(entries.values())


def update(code: str, tables: Iterable[tuple[str, str]], lang: Path = LANG) -> bool:
    """Bring the catalogue of the language `code` in step with `tables`; whether it had to be changed."""
    return merge(template(tables), lang / f"{code}.po")


def translation(code: str, lang: Path = LANG) -> Callable[[str], str]:
    """What translates a message into the language `code`: to nothing, where it cannot."""
    translations = GNUTranslations(io.BytesIO(compiled(lang / f"{code}.po")))
    translations.add_fallback(_Nothing())
    return translations.gettext


class _Nothing(NullTranslations):
    def gettext(self, message: str) -> str:
        return ""


def translated(table: str, tr: Callable[[str], str]) -> str:
    """`table` with its messages translated by `tr`; lines that are no rows stay as they are."""
    lines = []
    for line in table.splitlines(keepends=True):
        row = _row(line)
        cells = [(tr(cell) or cell) if is_message(cell) else cell for cell in row]
        lines.append(f"| {' | '.join(cells)} |\n" if cells else line)
    return "".join(lines)


def messages(table: str) -> list[str]:
    """What of `table` has to be translated."""
    return [cell for row in _rows(table) for cell in row if is_message(cell)]


def is_message(cell: str) -> bool:
    """Whether `cell` has to be translated."""
    return bool(_WORD.search(re.sub("`[^`]*`", "", cell)))


def _rows(table: str) -> list[list[str]]:
    return [row for line in table.splitlines() if (row := _row(line))]


def _row(line: str) -> list[str]:
    """The cells of a line; none where it is no row."""
    text = line.strip()
    return text[2:-2].split(" | ") if text.startswith("| ") and text.endswith(" |") else []

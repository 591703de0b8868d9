#!/usr/bin/env python3
"""Renews the generated parts of the documents from the tables in the code: python3 docs/renew.py

A generated part stands between ``<!-- renewed: NAME -->`` and ``<!-- end of NAME -->``; what is around it is written by
hand. A test fails when a part is stale.

The documents in ``fr/`` have the same parts in French: made from the English ones by the catalogue ``lang/fr.po``,
which is brought in step here. Exit status: 0 all parts are fresh; 1 some texts have no translation yet, and stay
English.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ENGLISH = "en"
sys.path.insert(0, str(DOCS.parent))

from catalogues import documents as catalogue  # noqa: E402
from launcher import errors, events, exits  # noqa: E402
from launcher.answers import lookup, moving  # noqa: E402
from launcher.model import meanings, times  # noqa: E402
from launcher.transfer import receiver_liveness, sender_liveness  # noqa: E402
from qemu.bench import hardware, paths  # noqa: E402
from qemu.classroom import faults, scenarios  # noqa: E402


def measured(name: str, made: Callable[[str], str]) -> str:
    """The table of a benchmark's result (its ``--json``), where one is kept."""
    kept = DOCS / f"measured-{name}.json"
    return made(kept.read_text()) if kept.exists() else f"No result is kept in {kept.relative_to(DOCS.parent)}.\n"


PARTS: dict[str, Callable[[], str]] = {
    "parameters": lookup.reference,
    "results": meanings.reference,
    "events": events.reference,
    "errors": errors.reference,
    "exit statuses": exits.reference,
    "fault grammar": lambda: f"```text\n{faults.GRAMMAR}\n```\n",
    "fault table": scenarios.markdown,
    "hardware": lambda: measured("hardware", lambda text: hardware.markdown(hardware.from_json(text))),
    "paths": lambda: measured("paths", lambda text: paths.markdown(paths.from_json(text))),
    "times": times.reference,
    "waits": times.waits,
    "liveness of a receiver": receiver_liveness.reference,
    "liveness of a sender": sender_liveness.reference,
    **moving.REFERENCES,
}
"""The generated parts by name, each made by the module that has the table."""

TRANSLATED = ("admin.md", "moving.md", "parameters.md")
"""The documents whose generated parts are translated, for their editions in other languages."""

_PART = re.compile(r"(<!-- renewed: (?P<name>[^>]+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)


def renewed(text: str, language: str = ENGLISH) -> str:
    """`text` with its generated parts made anew. Raises KeyError for a part that no table makes."""
    return _PART.sub(lambda match: f"{match[1]}\n{part(match['name'], language)}\n{match[3]}", text)


def part(name: str, language: str = ENGLISH) -> str:
    """The generated part of that name."""
    made = PARTS[name]()
    return made if language == ENGLISH else catalogue.translated(made, translation(language))


@cache
def translation(language: str) -> Callable[[str], str]:
    return catalogue.translation(language)


def documents() -> Iterator[Path]:
    """All documents that have generated parts."""
    yield from (path for path in sorted(DOCS.glob("**/*.md")) if "<!-- renewed: " in path.read_text(encoding="utf-8"))


def language_of(path: Path) -> str:
    """The language of a document, by its folder."""
    return path.parent.name if path.parent != DOCS else ENGLISH


def languages() -> list[str]:
    """The languages that documents are translated into."""
    return sorted(path.stem for path in catalogue.LANG.glob("*.po"))


def tables() -> list[tuple[str, str]]:
    """The English parts that are translated, each with the document it stands in."""
    return [
        (f"docs/{name}", PARTS[match["name"]]())
        for name in TRANSLATED
        for match in _PART.finditer((DOCS / name).read_text(encoding="utf-8"))
    ]


def untranslated(language: str) -> list[str]:
    """The texts that have no translation, or one that is fuzzy."""
    tr = translation(language)
    there = (text for _, table in tables() for text in catalogue.messages(table))
    return [text for text in dict.fromkeys(there) if not tr(text)]


def main() -> int:
    """Renew every catalogue and document, and say which ones changed."""
    for language in languages():
        if catalogue.update(language, tables()):
            print(f"docs/lang/{language}.po: renewed")
    for path in documents():
        old = path.read_text(encoding="utf-8")
        new = renewed(old, language_of(path))
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(DOCS.parent)}: renewed")
    missing = {language: len(texts) for language in languages() if (texts := untranslated(language))}
    for language, count in missing.items():
        print(f"docs/lang/{language}.po: {count} of its texts are empty or fuzzy; translate them, and renew again")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Renews the generated parts of the documents from the tables in the code: python3 docs/renew.py

A generated part stands between ``<!-- renewed: NAME -->`` and ``<!-- end of NAME -->``; what is around it is written by
hand. A test fails when a part is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from launcher import errors, events, exits  # noqa: E402
from launcher.answers import lookup  # noqa: E402
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
}
"""The generated parts by name, each made by the module that has the table."""

_PART = re.compile(r"(<!-- renewed: (?P<name>[^>]+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)


def renewed(text: str) -> str:
    """`text` with its generated parts made anew. Raises KeyError for a part that no table makes."""
    return _PART.sub(lambda match: f"{match[1]}\n{PARTS[match['name']]()}\n{match[3]}", text)


def documents() -> Iterator[Path]:
    """All documents of this folder that have generated parts."""
    yield from (path for path in sorted(DOCS.glob("*.md")) if "<!-- renewed: " in path.read_text(encoding="utf-8"))


def main() -> None:
    """Renew every document, and say which ones changed."""
    for path in documents():
        old = path.read_text(encoding="utf-8")
        new = renewed(old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(DOCS.parent)}: renewed")


if __name__ == "__main__":
    main()

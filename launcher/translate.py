"""The language of the screens: `tr` gives an English sentence in the language that was set.

The English text is the key; a catalogue (``launcher/lang/CODE.json``) maps it to its translation. A text without a
translation stays English, so a catalogue can never hide what a screen says. Fields stand in braces and
are filled in after the translation.
"""

from __future__ import annotations

import json
from pathlib import Path

from .sentence import Field, Sentence, english, say

_catalogue: dict[str, str] = {}


def set_language(code: str, folder: Path = Path(__file__).parent / "lang") -> None:
    """Use ``folder/CODE.json`` from now on; English, or a code without a catalogue, is English."""
    global _catalogue  # noqa: PLW0603 - one process has one operator, who reads one language
    try:
        _catalogue = json.loads((folder / f"{code}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        _catalogue = {}


def tr(text: Sentence | str, **fields: Field) -> str:
    """`text` in the operator's language, with `fields` filled in."""
    sentence = say(text, **fields) if isinstance(text, str) else text
    return sentence.put(_choose)


def _choose(text: str, many: str, count: object) -> str:
    chosen = english(text, many, count)
    return _catalogue.get(chosen, chosen)

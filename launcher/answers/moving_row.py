"""What `moving` knows of a word of another cloning system: the type of its rows."""

from __future__ import annotations

from typing import NamedTuple

SAME = "="
"""It is read here as it is."""
ANY = "..."
"""In the place of any value; in `Word.ours`, that value."""


class Word(NamedTuple):
    """`theirs` is how it is written there, each in its own way; `ours` what is written here: nothing where nobody acts
    on it, or `SAME`. `remark` is for the document alone."""

    theirs: tuple[str, ...]
    ours: str
    remark: str
    common: bool = False


class System(NamedTuple):
    """`options` are the words inside a value (`moving.HOLDERS`)."""

    name: str
    words: tuple[Word, ...]
    options: tuple[Word, ...] = ()


def word(theirs: str, ours: str, remark: str = "", common: bool = False) -> Word:
    """The row of words with commas between."""
    return Word(tuple(theirs.split(", ")), ours, remark, common)

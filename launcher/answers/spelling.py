"""Misspelt names. One rule:

- A name that is in the lists of others (`foreign`) is theirs, and never a misspelling.
- One edit from a name of ours (a letter more, less or changed, or two exchanged) is taken for a misspelling.
- Two edits, or a name of ours with something behind it (``compress``), are a doubt, where the name is long enough not
  to be any word.
- Of bare words less is said: no doubts, and none is taken for a name of three letters. They have no value to lose. But
  with a colon they have: ``disk:/dev/sdb`` is taken for a misspelt ``disk=``, and so is a selector that stands alone.

What is only recorded has no misspellings: nothing comes of it.
"""

from __future__ import annotations

from typing import NamedTuple

from kernel_cmdline import canonical

from . import foreign
from .parameters import ROWS
from .properties import SELECTORS
from .row import Acts, Use

SHORTEST = 3
"""The fewest letters of a name that can be misspelt by one edit."""
LONG = 4
"""The fewest letters of a name, and of the word, for a doubt; one more for a word that goes on behind the name."""

OURS = {
    canonical(name): row.name
    for row in ROWS
    if row.use is Use.USED and row.acts is not Acts.RECORD
    for name in (row.name, *row.aliases)
    if len(name) >= SHORTEST
}


class Meant(NamedTuple):
    """The parameter that was probably meant. `sure`: one edit away."""

    name: str
    sure: bool


def meant(name: str, bare: bool = False) -> Meant | None:
    """What an unknown `name` was probably meant to be, or None."""
    key = canonical(name)
    begin, colon, _ = key.partition(":")
    if bare and colon and (begin in OURS or begin in SELECTORS):
        return Meant(OURS.get(begin, "disk"), True)
    if "/" in key or key.removeprefix("no") in OURS:
        return None
    near = min(((edits, ours) for ours in OURS if (edits := _edits(key, ours, bare))), default=None)
    if near is None or foreign.known(name):
        return None
    return Meant(OURS[near[1]], near[0] == 1)


def _edits(key: str, ours: str, bare: bool) -> int:
    """How many edits `key` is from the name `ours`: 1, 2 for a doubt, 0 for what is another name."""
    if "." in key and "." not in ours:  # a module's parameter
        return 0
    edits = distance(key, ours)
    if edits == 1 and not (bare and len(ours) == SHORTEST):
        return 1
    two = edits == 2 and min(len(ours), len(key)) >= LONG
    goes_on = len(ours) > LONG and key.startswith(ours)
    return 2 if not bare and (two or goes_on) else 0


def distance(one: str, other: str) -> int:
    """The edits between two words (optimal string alignment); 3 stands for all that are more than 2."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before, last = [0] * (len(other) + 1), list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            best = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                best = min(best, before[column - 2] + 1)
            now.append(best)
        before, last = last, now
    return min(last[-1], 3)

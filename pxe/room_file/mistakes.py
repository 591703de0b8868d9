"""The mistakes in a room's file: they are noted while it is read, and told all at once, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from kernel_cmdline import showable

from .toml_lines import Path

MOST = 20
"""How many are told; one wrong habit may be on every line."""

_ABOVE = {"label", "timeout", "default", "groups"}


class Mistake(NamedTuple):
    """`sentence` without its full stop; `other` is what else is to be looked at."""

    place: Path
    sentence: str
    other: Path | None = None


class Mistakes:
    """`found` are the mistakes so far."""

    def __init__(self) -> None:
        self.found: dict[Mistake, None] = {}

    def note(self, place: Path, sentence: str, other: Path | None = None) -> None:
        """Once each."""
        self.found[Mistake(place, sentence.rstrip("."), other)] = None

    def told(self, name: str, line_of: Callable[[Path], int], kind: str = "mistakes") -> str:
        """A sentence a line, in the order of the file."""
        some = sorted(((line_of(one.place), one) for one in [*self.found][:MOST]), key=lambda row: row[0])
        lines = [f"{name}, line {line}: {one.sentence}{_also(one, line_of)}" for line, one in some]
        lines = [line if line.endswith("?") else f"{line}." for line in lines]
        more = len(self.found) - MOST
        return "\n".join([*lines, *([f"{name}: and {more} more {kind}."] if more > 0 else [])])


def _also(mistake: Mistake, line_of: Callable[[Path], int]) -> str:
    return f" (line {line_of(mistake.other)} has it already)" if mistake.other else ""


def wrong_keys(table: Mapping[str, object], place: Path, allowed: Collection[str], mistakes: Mistakes) -> None:
    """Note each key that cannot stand there, with the one that was probably meant."""
    for key, value in table.items():
        if key not in allowed:
            where = ".".join(showable(str(one)) for one in place)
            there = f" in {where}" if where else ""
            meant = _meant(key, allowed)
            if isinstance(value, dict) and "mac" in value and "machines" in allowed:
                meant = f"a machine is written [{where}{'.' if where else ''}machines.{showable(key[:60])}]"
            mistakes.note((*place, key), f'"{showable(key[:60])}" is no key{there}: {meant}')


def _meant(key: str, allowed: Collection[str]) -> str:
    from launcher.answers.explain import is_ours  # noqa: PLC0415 - only for a mistake

    if key in _ABOVE:
        return "it stands at the top of the file, above the first [table]"
    if near := get_close_matches(key.lower(), sorted(allowed), 1):
        return f'did you mean "{near[0]}"?'
    if is_ours(key):
        return f"a parameter of the launcher is written parameters.{key} ="
    return f"expected one of {', '.join(sorted(allowed))}"

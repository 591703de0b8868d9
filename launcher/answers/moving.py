"""Words of other cloning systems: what is written here in their place. The one table of it, in `SYSTEMS`.

Nothing here is an answer. `said` tells who writes a line what to write instead, and `meanings` what each word is;
docs/moving.md has the same rows (`REFERENCES`). Rules:

- A row is a word as it stands on their line: ``type=down``, a name with any value (``img=...``), or a bare word. Names
  are matched as ours are; ``ocs_prerun`` is also ``ocs_prerun01``.
  A name with any value has one: ``locales=`` says nothing.
- An option is a word inside a value of `HOLDERS`: Clonezilla's commands. ``-p poweroff`` is two of them.
- A `common` word may be anybody's: it counts only beside one that is not.
- What a row says is `SAME` is read here as it is, and nothing is said of it. Nor is anything proposed that the line
  says already (``udpcparam`` holds several things, so it may need more).

Imported when a line is explained, and not by the launcher's screens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

from kernel_cmdline import CommandLine, Parameter, canonical, showable

from ..sentence import Sentence, say
from . import moving_clonezilla, moving_fog, moving_sambaedu, moving_udpcast
from .lookup import given_answers
from .moving_row import ANY, SAME, System, Word

SYSTEMS = (moving_udpcast.SYSTEM, moving_sambaedu.SYSTEM, moving_fog.SYSTEM, moving_clonezilla.SYSTEM)

HOLDERS = frozenset({"ocs_live_run", "ocs_live_extra_param", "ocs_opt"})
"""Whose values are commands with options, as `Parameter.key`."""

DIGITS = "0123456789"


class Found(NamedTuple):
    """A word of `system` in the parameter at `place`, `inside` its value or all of it: as it is written there, its row,
    and what is written here."""

    place: int
    written: str
    system: System
    word: Word
    ours: str
    inside: bool = False

    @property
    def short(self) -> str:
        """The name alone where any value has the same row."""
        name = self.written.partition("=")[0]
        every = {canonical(one.partition("=")[0]) for one in self.word.theirs if one.endswith(ANY)}
        return name if canonical(name).rstrip(DIGITS) in every else self.written


def said(line: CommandLine) -> Iterator[Sentence]:
    """What is to be told of a line that has words of other systems."""
    for system, found in _by_system(line).items():
        instead = tuple(dict.fromkeys(f"{one.written} -> {one.ours}" for one in found if one.ours))
        if instead:
            yield say("Words of {system}, and no answers here. Write instead: {words}.", system=system, words=instead)
        replaced = {one.place for one in found if one.ours}
        idle = (one.short for one in found if one.place not in replaced)
        nothing = tuple(dict.fromkeys(idle))
        if nothing:
            yield say("Words of {system} that do nothing here: {words}.", system=system, words=nothing)


def meanings(line: CommandLine) -> dict[int, str]:
    """What the parameters of a line are that are words of other systems, by their place."""
    meant: dict[int, tuple[str, list[str]]] = {}
    for system, found in _by_system(line).items():
        for one in found:
            _, instead = meant.setdefault(one.place, (system, []))
            instead += [f"{one.written} -> {one.ours}" if one.inside else one.ours] if one.ours else []
    return {
        place: f"{name}'s; {showable(', '.join(texts)) or 'nothing'} here" for place, (name, texts) in meant.items()
    }


def _by_system(line: CommandLine) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {}
    for one in _found(line):
        found.setdefault(one.system.name, []).append(one)
    return {name: ones for name, ones in found.items() if not all(one.word.common for one in ones)}


def _found(line: CommandLine) -> Iterator[Found]:
    there = given_answers(line).keys() - {"udpcparam"}
    for place, parameter in enumerate(line):
        for one in () if parameter.init else _in_parameter(place, parameter):
            name = one.ours.partition("=")[0]
            yield one._replace(ours="") if name in there and name != parameter.key else one


def _in_parameter(place: int, parameter: Parameter) -> Iterator[Found]:
    names = [parameter.key, parameter.key.rstrip(DIGITS)] if parameter.key.startswith("ocs_") else [parameter.key]
    written = parameter.name if parameter.value is None else f"{parameter.name}={parameter.value}"
    for name in dict.fromkeys(names):
        for system, word, text in _words().get(name, ()):
            if _is(text, parameter):
                yield Found(place, written, system, word, word.ours.replace(ANY, parameter.value or ""))
    if parameter.key in HOLDERS:
        yield from _options(place, (parameter.value or "").split())


def _is(text: str, parameter: Parameter) -> bool:
    _, equals, value = text.partition("=")
    if parameter.value is None or not equals:
        return parameter.value is None and not equals
    return value == parameter.value.lower() or (value == ANY and parameter.value != "")


def _options(place: int, tokens: list[str]) -> Iterator[Found]:
    for start, token in enumerate(tokens):
        for system, word, text in _commands().get(token, ()):
            parts = text.split()
            there = tokens[start : start + len(parts)]
            if len(there) == len(parts) and parts[-1] in (ANY, there[-1]):
                yield Found(place, " ".join(there), system, word, word.ours.replace(ANY, there[-1]), True)


Row = tuple[System, Word, str]
"""A word of a system, as it is written there in one of its ways."""


@cache
def _words() -> dict[str, list[Row]]:
    """All that is told of, by the name as it is matched."""
    told = [(system, word) for system in SYSTEMS for word in system.words if word.ours != SAME]
    return _by(
        (canonical(text.partition("=")[0]), (system, word, text)) for system, word in told for text in word.theirs
    )


@cache
def _commands() -> dict[str, list[Row]]:
    """All options, by their first word."""
    options = [(system, word) for system in SYSTEMS for word in system.options]
    return _by((text.split()[0], (system, word, text)) for system, word in options for text in word.theirs)


def _by(rows: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for name, row in rows:
        found.setdefault(name, []).append(row)
    return found


def _reference(rows: Iterable[Word]) -> str:
    """Rows as a Markdown table."""
    lines = ["| theirs | here | remark |", "| --- | --- | --- |"]
    for row in rows:
        theirs = ", ".join(f"`{word}`" for word in row.theirs)
        ours = {SAME: "the same", "": "nothing"}.get(row.ours, f"`{row.ours}`")
        lines.append(f"| {theirs} | {ours} | {row.remark} |")
    return "\n".join(lines) + "\n"


REFERENCES = {
    **{f"words of {one.name}": partial(_reference, one.words) for one in SYSTEMS},
    **{f"options of {one.name}": partial(_reference, one.options) for one in SYSTEMS if one.options},
}
"""The tables of docs/moving.md by name."""

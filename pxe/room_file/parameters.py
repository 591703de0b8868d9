"""The parameters in a room's file: from values of TOML to parameters of the command line, each with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kernel_cmdline import CommandLineError, Parameter, canonical, format_line, showable
from kernel_cmdline.format import format_word

from ..entries.boot_entry import BootEntryError, parameters_of
from .mistakes import Mistakes
from .toml_lines import Path

_JOINED = {"disk": ",", "fdrive": ",", "after": ",", "udpcparam": " "}
"""What stands between the values of a list. Other parameters of the launcher have one value, but `ip`: that one, and
what is somebody else's (`console`), stands on the line once for each."""

_OF_THE_FILE = {"label", "timeout", "default", "groups", "machines", "armed", "append", "parameters", "menu"}
"""In TOML, what stands behind [parameters] belongs to it, until the next table."""

_LARGEST = 10**18


@dataclass(frozen=True)
class Given:
    """A parameter, and where it stands in the file."""

    name: str
    value: str | None
    init: bool
    place: Path

    @property
    def key(self) -> tuple[str, bool]:
        return canonical(self.name), self.init


def given_in(table: Mapping[str, Any], place: Path, mistakes: Mistakes) -> tuple[Given, ...]:
    """The parameters of `append` and of the table `parameters`."""
    good: dict[tuple[str, bool], list[Given]] = {}
    for one in (*_of_append(table, place, mistakes), *_of_table(table, place, mistakes)):
        before = good.get(one.key, [one])[0]
        if before.place != one.place:
            mistakes.note(one.place, f'the parameter "{showable(one.name)}" is given twice', before.place)
        elif _can_be_written(one, mistakes):
            good.setdefault(one.key, []).append(one)
    return tuple(one for same in good.values() for one in same)


def folded(common: tuple[Given, ...], own: tuple[Given, ...]) -> tuple[Given, ...]:
    """`common`, and `own` in place of what has the same name there."""
    named = {one.key for one in own}
    return (*(one for one in common if one.key not in named), *own)


def _of_append(table: Mapping[str, Any], place: Path, mistakes: Mistakes) -> Iterator[Given]:
    text, place = table.get("append", ""), (*place, "append")
    if not isinstance(text, str):
        mistakes.note(place, "append is a text in quotes, such as 'umode=rcv udpcparam=\"--ttl 2\"'")
        return
    try:
        yield from (Given(one.name, one.value, one.init, place) for one in parameters_of(text))
    except BootEntryError as error:
        mistakes.note(place, str(error))


def _of_table(table: Mapping[str, Any], place: Path, mistakes: Mistakes) -> Iterator[Given]:
    values, place = table.get("parameters", {}), (*place, "parameters")
    if not isinstance(values, dict):
        mistakes.note(place, "parameters are a table, such as [parameters] with lines NAME = VALUE below")
        return
    for name, value, where in _flat(values, place):
        if name in _OF_THE_FILE:
            is_near = name in ("armed", "machines", "append", "menu")
            above = "above [parameters]" if is_near else "above the first [table]"
            mistakes.note(where, f'"{name}" is no parameter of a PC: it stands {above}')
        elif canonical(name) == "initrd":
            mistakes.note(where, "initrd= is written by itself: leave it out")
        else:
            try:
                yield from (Given(name, text, False, where) for text in _texts(name, value))
            except ValueError as error:
                mistakes.note(where, str(error))


def _flat(values: dict[str, Any], place: Path) -> Iterator[tuple[str, object, Path]]:
    """Name, value and place: what TOML takes for a table "rd" is `rd.bootif`."""
    waiting: list[tuple[str, object, Path]] = [("", values, place)]
    while waiting:
        name, value, where = waiting.pop()
        if isinstance(value, dict) and (value or not name):
            below = [(f"{name}.{key}" if name else key, one, (*where, key)) for key, one in value.items()]
            waiting += reversed(below)
        else:
            yield name, value, where


def _texts(name: str, value: object) -> list[str | None]:
    """The values with which the parameter stands on the line. Raises ValueError with a sentence."""
    if not isinstance(value, list):
        return [_text(name, value)]
    from launcher.answers.explain import is_ours  # noqa: PLC0415 - not needed to import pxe

    if not value:
        raise ValueError(f"{showable(name)} is an empty list: leave it out, or write a value")
    texts = [_text(name, one) for one in value]
    if canonical(name) in _JOINED:
        return [_JOINED[canonical(name)].join(text or "" for text in texts)]
    if len(texts) > 1 and is_ours(name) and canonical(name) != "ip":
        raise ValueError(f"{showable(name)} has one value, and no list")
    return texts


def _text(name: str, value: object) -> str | None:
    """None for a bare word."""
    from launcher.answers.explain import is_ours, truth  # noqa: PLC0415 - not needed to import pxe

    shown = showable(name)
    if isinstance(value, bool):
        word = truth(name, value)
        if word is None and is_ours(name):
            raise ValueError(f"{shown} is no matter of true or false: write its value as a text, in double quotes")
        if word is None and not value:
            raise ValueError(f'{shown} = false: leave it out, or write its value as a text, {shown} = "0"')
        return word
    if isinstance(value, int) and abs(value) < _LARGEST:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        meant = {"true": True, "false": False}.get(value.strip().lower())
        if meant is not None and truth(name, meant):
            raise ValueError(f"{shown} = {str(meant).lower()} was expected, without quotes")
        return value
    raise ValueError(f"{shown} has no value that stands on a line: a text in double quotes was expected")


def _can_be_written(given: Given, mistakes: Mistakes) -> bool:
    if given.place[-1] != "append" and not re.fullmatch(r"[^\s\"'=]+", given.name):
        mistakes.note(given.place, f'"{showable(given.name[:60])}" is no name of a parameter')
        return False
    try:
        format_word(Parameter(given.name, given.value, given.init))
    except CommandLineError as error:
        mistakes.note(given.place, str(error))
        return False
    return True


def written(given: Iterable[Given]) -> str:
    """As an append text."""
    parameters = (Parameter(one.name, one.value, one.init) for one in given)
    return format_line(sorted(parameters, key=lambda one: one.init))

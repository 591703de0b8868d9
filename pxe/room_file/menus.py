"""The boot menus in a room's file: the table `menu` of the file, of a group, of a machine; each with its place.

What a table says replaces what the one around it says, key by key. `menu = false` shows none, `menu = true` one again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kernel_cmdline import CommandLineError, Parameter, format_line, showable

from ..entries.boot_entry import launcher_check
from ..entries.menu import LONGEST_TIMEOUT, Menu, MenuError, choice_of, choices_of
from .mistakes import Mistakes, wrong_keys
from .toml_lines import Path

MENU_KEYS = {"choices", "preset", "timeout", "lang"}


@dataclass(frozen=True)
class WithMenu:
    """`menu` is what is said of it so far, shown or not; `place` where that stands, `is_shown` whether it is shown."""

    menu: Menu = field(default_factory=Menu)
    is_shown: bool = False
    place: Path = ()

    @property
    def shown(self) -> Menu | None:
        return self.menu if self.is_shown else None


def menu_in(table: Mapping[str, Any], above: Path, around: WithMenu, mistakes: Mistakes) -> WithMenu:
    """What holds for the machines of `table`, which stands at `above`; `around`: for those around it. With a mistake,
    what there is without it."""
    value, place = table.get("menu"), (*above, "menu")
    if value is None:
        return around
    if isinstance(value, bool):
        return WithMenu(around.menu, value, place)
    if not isinstance(value, dict):
        mistakes.note(place, "menu is a table, [menu] with lines NAME = VALUE below, or false for none")
        return around
    wrong_keys(value, place, MENU_KEYS, mistakes)
    menu = around.menu
    for name, read in (("choices", _choices), ("preset", _preset), ("timeout", _timeout), ("lang", _lang)):
        if name in value:
            try:
                menu = read(menu, value)
            except MenuError as error:
                mistakes.note((*place, name), str(error))
    return WithMenu(menu, True, place)


def _choices(menu: Menu, value: Mapping[str, Any]) -> Menu:
    """With the first one as preset, where the preset is none of them and nothing else is said."""
    words = value["choices"]
    if not isinstance(words, list):
        raise MenuError('choices are a list, such as ["ask", "receive", "send", "disk"]')
    choices = choices_of(words)
    preset = menu.preset if menu.preset in choices else next(iter(choices), menu.preset)
    return replace(menu, choices=choices, preset=preset)


def _preset(menu: Menu, value: Mapping[str, Any]) -> Menu:
    return replace(menu, preset=choice_of(value["preset"]))


def _timeout(menu: Menu, value: Mapping[str, Any]) -> Menu:
    seconds = value["timeout"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_TIMEOUT:
        raise MenuError(f"timeout is a number of seconds from 0, which waits for a key, to {LONGEST_TIMEOUT}")
    return replace(menu, timeout=seconds)


def _lang(menu: Menu, value: Mapping[str, Any]) -> Menu:
    text = value["lang"]
    try:
        if not isinstance(text, str):
            raise MenuError('lang is a text in double quotes, such as "FR"')
        errors, warnings = launcher_check(format_line([Parameter("lang", text)]))
    except CommandLineError as error:
        raise MenuError(showable(str(error))) from error
    if errors or warnings:
        raise MenuError(" ".join([*errors, *warnings]).rstrip("."))
    return replace(menu, lang=text)

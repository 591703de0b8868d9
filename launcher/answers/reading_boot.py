"""How the values are read that say how this PC is run: keyboard, file of answers, drivers. The rules are `reading`'s.

- AUTO, or nothing, names no driver: udev loads those that the devices ask for.
- Several drivers, and several parameters of a driver, stand behind blanks or commas; a comma that is a part of a
  parameter's value stays in it (``modparm="options=4,4 debug=1"``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..sentence import say
from .questions import Facts
from .reading import wrong

AUTO = "auto"
LONGEST = 64
"""The most letters of a driver's name: the kernel's own limit (``MODULE_NAME_LEN``) is 56 or 64."""


class Parameter(NamedTuple):
    """One parameter of a driver, as modprobe takes it; `driver` is empty where it is for every driver named."""

    driver: str
    text: str


def read_keymap(text: str, facts: Facts) -> str:
    """The code or the name of a console keymap."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text.strip()):
        return text.strip()
    sentence = say("{key}={text} is not known.", key="kbmap", text=text)
    raise wrong(sentence, say("Expected one of: {words}.", words=("FR", "US", "DE", "BE", "CH")))


def read_config(text: str, facts: Facts) -> object:
    """Where a file of answers is."""
    from ..network.fetching import read_place  # noqa: PLC0415 - hardly ever given, and importing delays the first screen

    return read_place(text)


def read_drivers(text: str, facts: Facts) -> tuple[str, ...]:
    """The names of drivers, as the kernel spells them (``_`` and ``-`` are one)."""
    names = [word.removesuffix(".ko").replace("-", "_") for word in re.split(r"[\s,]+", text.strip()) if word]
    if [name.lower() for name in names] in ([], [AUTO]):
        return ()
    for name in names:
        if not re.fullmatch(rf"\w{{1,{LONGEST}}}", name, re.ASCII) or name.lower() == AUTO:
            raise wrong(
                say("{name} is no name of a driver.", name=name),
                say("Expected AUTO, or names such as e1000e, with commas between several."),
            )
    return tuple(dict.fromkeys(names))


def read_parameters(text: str, facts: Facts) -> tuple[Parameter, ...]:
    """The parameters of drivers, each ``name=value``, or ``driver.name=value`` for one of several."""
    words = [word for word in re.split(r"\s+|,(?=[\w.-]+=)", text.strip()) if word]
    if [word.lower() for word in words] == [AUTO]:
        return ()
    return tuple(map(_parameter, words))


def _parameter(word: str) -> Parameter:
    found = re.fullmatch(r"(?:([\w-]{1,64})\.)?([\w-]{1,64}(?:=[\x21-\x7e]*)?)", word, re.ASCII)
    if not found or set(word) & set("\"'\\"):
        raise wrong(
            say("modparm: {word} is no parameter of a driver.", word=word),
            say('Expected name=value, several in double quotes: modparm="debug=1 speed=100".'),
        )
    return Parameter((found[1] or "").replace("-", "_"), found[2])

"""How the values are read that say how this PC is run: keyboard, file of answers, drivers. The rules are `reading`'s.

- AUTO, or nothing, names no driver: udev loads those that the devices ask for.
- Several drivers, and several parameters of a driver, stand behind blanks or commas; a comma that is a part of a
  parameter's value stays in it (``modparm="options=4,4 debug=1"``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from ..errors import AnswerError
from ..model.machine import Machine
from ..sentence import say, verbatim
from .questions import Choice, Facts, Given
from .reading import YES_NO, wrong

AUTO = "auto"
LONGEST = 64
"""The most letters of a driver's name: the kernel's own limit (``MODULE_NAME_LEN``) is 56 or 64."""


class Parameter(NamedTuple):
    """One parameter of a driver, as modprobe takes it; `driver` is empty where it is for those of ``netmodule``."""

    driver: str
    text: str


class Driver(NamedTuple):
    """A driver that is to be loaded, and what it is given."""

    name: str
    parameters: tuple[str, ...] = ()


def read_keymap(text: str, facts: Facts) -> str | None:
    """The keymap, as `keymaps.LAYOUTS` calls it: the first that is there of those named; None where none is."""
    from ..model.keymaps import find  # noqa: PLC0415 - the first screen can do without

    if is_keymap(text):
        return next((name for word in text.split(",") if (name := find(word))), None)
    sentence = say("{key}={text} is not known.", key="kbmap", text=text)
    raise wrong(sentence, say("Expected one of: {words}.", words=("FR", "US", "DE", "BE", "CH")))


def keymaps(facts: Facts) -> tuple[Choice, ...]:
    from ..model.keymaps import LAYOUTS  # noqa: PLC0415 - as above

    return tuple(Choice(name, verbatim(name)) for name in LAYOUTS)


def is_keymap(text: str) -> bool:
    """Whether `text` may be a keymap's name, or several."""
    return re.fullmatch(r"[A-Za-z0-9_., -]{1,64}", text) is not None and bool(text.strip(" ,"))


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
    found = re.fullmatch(r"(?:(\w[\w-]{0,63})\.)?(\w[\w-]{0,63}(?:=[\x21-\x7e]*)?)", word, re.ASCII)
    if not found or set(word) & set("\"'\\"):
        raise wrong(
            say("modparm: {word} is no parameter of a driver.", word=word),
            say('Expected name=value, several in double quotes: modparm="debug=1 speed=100".'),
        )
    return Parameter((found[1] or "").replace("-", "_"), found[2])


def named_drivers(given: Mapping[str, Given]) -> tuple[Driver, ...]:
    """The drivers that these answers name, each once, with their parameters; what is no value counts as left out."""
    if not {"netmodule", "diskmodule"} & {*given}:
        return ()
    network, disks = _value("netmodule", read_drivers, given), _value("diskmodule", read_drivers, given)
    parameters = _value("modparm", read_parameters, given)
    return tuple(
        Driver(name, tuple(one.text for one in parameters if (name == one.driver if one.driver else name in network)))
        for name in dict.fromkeys((*(disks if loads_disk_drivers(given) else ()), *network))
    )


def unused_parameters(given: Mapping[str, Given]) -> tuple[str, ...]:
    """What of ``modparm`` no driver takes that is named."""
    drivers = {driver.name: driver for driver in named_drivers(given)}
    network = _value("netmodule", read_drivers, given)
    return tuple(
        f"{one.driver}.{one.text}" if one.driver else one.text
        for one in _value("modparm", read_parameters, given)
        if not (one.driver in drivers if one.driver else network)
    )


def loads_disk_drivers(given: Mapping[str, Given]) -> bool:
    """Whether those that ``diskmodule`` names are loaded."""
    enabled = given.get("enablediskmodule")
    return enabled is None or YES_NO.get(enabled.text.strip().lower()) is not False


T = TypeVar("T")


def _value(key: str, parse: Callable[[str, Facts], tuple[T, ...]], given: Mapping[str, Given]) -> tuple[T, ...]:
    try:
        return parse(given[key].text, Facts(Machine())) if key in given else ()
    except AnswerError:
        return ()

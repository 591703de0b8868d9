"""Drivers that are loaded because somebody named them: with modprobe, before disks and cards are detected.

Rules, in one place:

* A driver that is there already stays as it is, unless it has parameters to take: the kernel takes them only while it
  loads a driver. Then it is unloaded first, which fails where something uses it.
* A name that is no driver of this kernel is an error, and so is a parameter that a driver does not have: the kernel
  would leave that out, and say so in its own log only. Both sentences name what is near.
* A driver whose device is not in this PC is no error: one line serves a whole room.
* Each word is an argument of its own; no shell sees it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from ..asking import Ran, run
from ..errors import LauncherError
from ..sentence import NOTHING, Sentence, joined, say

SECONDS = 60.0
TRIES = 3
"""udev may load it again meanwhile, without its parameters."""
NEAR = 4
NO_DEVICE = os.strerror(19)

Run = Callable[[tuple[str, ...], float], Ran]


class Loaded(NamedTuple):
    """What came of one driver: what is wrong, or what is only to be known."""

    error: Sentence = NOTHING
    note: Sentence = NOTHING


def load_all(drivers: Iterable[tuple[str, tuple[str, ...]]], record: Path) -> tuple[Loaded, ...]:
    """Load each, a name and its parameters. `record` has those that were loaded with parameters since this PC started:
    they stay as they are when the launcher is started again."""
    done = set(record.read_text().splitlines()) if record.exists() else set()
    came = []
    for name, parameters in drivers:
        words = " ".join((name, *parameters))
        if words in done:
            continue
        came.append(load(name, parameters))
        if parameters and not any(came[-1]):
            with contextlib.suppress(OSError), record.open("a") as kept:
                kept.write(f"{words}\n")
    return tuple(came)


def load(
    name: str, parameters: tuple[str, ...] = (), root: Path = Path("/"), release: str = "", run: Run = run
) -> Loaded:
    """Have the kernel load the driver `name` (with ``_``) with these parameters."""
    modules = root / "usr/lib/modules" / (release or os.uname().release)
    if not modules.exists():
        return Loaded()  # kernel and initrd do not belong together, which is said where a device is missing
    try:
        meant = run(("modprobe", "-n", "-v", "--", name), SECONDS)
        if meant.status:
            return Loaded(_unknown(name, _names(modules)))
        if parameters and meant.out.startswith("builtin "):
            return Loaded(_hint(say("The driver {name} is built into the kernel.", name=name), name, parameters))
        wrong = parameters and _wrong_parameter(name, parameters, run)
        return Loaded(wrong) if wrong else _load(name, parameters, root / "sys/module" / name, run)
    except LauncherError as error:
        return Loaded(error.whole)


def _names(modules: Path) -> set[str]:
    """The drivers that are there; links of the initrd's first stage lead to its second."""
    files = (file for _, _, files in os.walk(modules, followlinks=True) for file in files if ".ko" in file)
    return {file.partition(".ko")[0].replace("-", "_") for file in files}


def _load(name: str, parameters: tuple[str, ...], module: Path, run: Run) -> Loaded:
    if not parameters:
        return Loaded() if (module / "initstate").exists() else _said(name, run(("modprobe", "--", name), SECONDS))
    words = ("modprobe", "--first-time", "--", name, *parameters)
    ran = run(words, SECONDS)
    for _ in range(TRIES):
        if not ran.status or not (module / "initstate").exists():
            break
        run(("udevadm", "settle", "--timeout=30"), SECONDS)  # else udev may hold a disk of it open
        gone = run(("modprobe", "-r", "--", name), SECONDS)
        if gone.status:
            busy = say("The driver {name} is in use, and takes no parameters now.", name=name)
            return Loaded(_hint(busy, name, parameters))
        ran = run(words, SECONDS)
    if ran.status:
        run(("modprobe", "--", name), SECONDS)  # the PC is not left without it
    return _said(name, ran)


def _said(name: str, ran: Ran) -> Loaded:
    if not ran.status:
        return Loaded()
    why = ran.last_words.rpartition(": ")[2] or str(ran.status)
    sentence = say("The driver {name} could not be loaded: {why}.", name=name, why=why)
    return Loaded(note=sentence) if why == NO_DEVICE else Loaded(sentence)


def _unknown(name: str, there: set[str]) -> Sentence:
    near = _near(name, there)
    return joined(
        " ",
        say("There is no driver {name} in this initrd.", name=name),
        near and say("Near it: {near}.", near=near),
        say("Without a name, or with AUTO, those that this PC needs are loaded."),
    )


def _wrong_parameter(name: str, parameters: tuple[str, ...], run: Run) -> Sentence:
    """The sentence about the first parameter that the driver does not have."""
    ran = run(("modinfo", "-F", "parm", "--", name), SECONDS)
    if ran.status:
        return NOTHING
    there = {line.partition(":")[0].replace("-", "_") for line in ran.out.splitlines() if line}
    for parameter in parameters:
        key = parameter.partition("=")[0].replace("-", "_")
        if key not in there:
            near = _near(key, there) or tuple(sorted(there))[:NEAR] or (say("none"),)
            return joined(
                " ",
                say("The driver {name} has no parameter {parameter}.", name=name, parameter=key),
                say("Near it: {near}.", near=near),
            )
    return NOTHING


def _near(word: str, there: set[str]) -> tuple[str, ...]:
    import difflib  # noqa: PLC0415 - for a case that hardly ever comes

    close = difflib.get_close_matches(word, sorted(there), NEAR, 0.6)
    return tuple(close or sorted(one for one in there if len(word) > 2 and (word in one or one in word))[:NEAR])


def _hint(why: Sentence, name: str, parameters: tuple[str, ...]) -> Sentence:
    """The kernel's own way, which works from its first moment on (Documentation/admin-guide/kernel-parameters.rst)."""
    line = " ".join(f"{name}.{parameter}" for parameter in parameters)
    return joined(" ", why, say("Write {line} on the append line instead of modparm.", line=line))

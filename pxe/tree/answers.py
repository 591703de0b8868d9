"""The ``udpcfg.txt`` that stands beside the pair: it goes into the tree, where ``config=udpcfg.txt`` names it.

It is held against the launcher's rules first: a mistake in it would keep every PC of the room from its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from initrd.pair.check import PairError
from kernel_cmdline import CommandLine, format_line

from ..entries.configuration import booted
from ..entries.menu import Choice
from ..entries.room import Room

ANSWERS = "udpcfg.txt"
LONGEST = 64 << 10
"""Bytes; the launcher reads no more of one."""


def read(pair: Path) -> tuple[bytes | None, tuple[str, ...]]:
    """The file in the folder `pair`, None without one; and what it warns of. Raises PairError, OSError."""
    path = pair / ANSWERS
    if not path.is_file():
        return None, ()
    from launcher.answers.explain import check_file  # noqa: PLC0415 - not needed to import pxe

    with path.open("rb") as file:
        text = file.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise PairError(f"{path} is longer than {LONGEST >> 10} KiB: the launcher would not read it.")
    errors, warnings = check_file(text, str(path))
    if errors:
        raise PairError("\n".join(errors))
    return text, tuple(warnings)


def beside(text: bytes, room: Room) -> tuple[str, ...]:
    """What a menu's choices are, other than they say, on the lines of `room` that name the file."""
    return tuple(dict.fromkeys(_beside(text, room)))


def _beside(text: bytes, room: Room) -> Iterator[str]:
    from launcher.answers.explain import asked_in_vain, prospect  # noqa: PLC0415 - as above

    for machine in (*([None] if room.common_is_booted else []), *room.machines):
        for choice, entry in booted(room, machine).items():
            if not _names_it(entry.command_line):
                continue
            line = format_line(entry.command_line)
            if choice == Choice.ASK and prospect(line, text).role:
                yield f"{ANSWERS} gives a role: the menu's choice {Choice.ASK} has it, too, and does not ask for one."
            for sentence in asked_in_vain(line, text):
                yield f"{ANSWERS} beside the menu's choice {choice or Choice.ASK}: {sentence}"


def _names_it(line: CommandLine) -> bool:
    given = line.last("config")
    return given is not None and (given.value or "").rpartition("/")[2] == ANSWERS

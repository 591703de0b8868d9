"""The lines of a room's file, held against the loaders and the launcher's own rules before a PC boots them.

A mistake is told where the parameter stands that is to blame, once, however many machines have it on their lines. What
no single place is to blame for is told of the first machine, with the number of others.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel_cmdline import format_line, showable

from ..entries.boot_entry import BootEntry, BootEntryError, launcher_check
from ..entries.configuration import configurations, entry_of
from ..entries.loaders import LOADERS
from ..entries.room import Room
from .mistakes import Mistakes
from .parameters import Given, folded, written
from .toml_lines import Path

Lines = Mapping[str, tuple[Path, tuple[Given, ...]]]
"""By the MAC address, "" for the room's own: where a machine stands, and its parameters without the room's."""


def check_lines(room: Room, lines: Lines, mistakes: Mistakes) -> None:
    """Note what is wrong with the lines that may be booted."""
    judge = _Judge(mistakes)
    top, common = lines[""]
    if room.common_is_booted:
        judge.look_at(entry_of(room), common, top, "machines that are not named")
    for machine in room.machines:
        place, own = lines[machine.mac]
        judge.look_at(entry_of(room, machine), folded(common, own), place, machine.title)
    judge.note_the_rest()
    if not mistakes.found:
        try:
            configurations(room)
        except BootEntryError as error:
            mistakes.note(top, str(error))


class _Judge:
    """`_rest`: what no place is to blame for, and the lines that have it."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._rest: dict[str, list[tuple[Path, str]]] = {}

    def look_at(self, entry: BootEntry, given: tuple[Given, ...], place: Path, title: str) -> None:
        """Hold one line against the rules; `place` and `title` are of whose line it is."""
        try:
            for loader in LOADERS:
                loader.section(entry)
        except BootEntryError as error:
            self._rest.setdefault(str(error), []).append((place, title))
            return
        for sentence in launcher_check(format_line(entry.command_line))[0]:
            places = dict.fromkeys(one.place for one in given)
            to_blame = next((one for one in places if _is_to_blame(one, sentence, given)), None)
            if to_blame is None:
                self._rest.setdefault(sentence, []).append((place, title))
            else:
                self._mistakes.note(to_blame, sentence)

    def note_the_rest(self) -> None:
        for sentence, [(place, title), *others] in self._rest.items():
            more = f" (and {len(others)} more)" if others else ""
            self._mistakes.note(place, f"the line of {showable(title)}{more}: {sentence}")


def _is_to_blame(place: Path, sentence: str, given: tuple[Given, ...]) -> bool:
    """Whether the launcher says so already of what stands at `place`, beside the role."""
    some = [one for one in given if one.place == place or one.key == ("umode", False)]
    return sentence in launcher_check(written(some))[0]

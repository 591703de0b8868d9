"""The lines of a room's file, held against the loaders and the launcher's own rules before a PC boots them.

A mistake is told where the parameter stands that is to blame, once, however many machines have it on their lines. What
no single place is to blame for is told of the first machine, with the number of others. A role that is not there is
missed in the group that should give it; the line of PCs that are not named should not need one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kernel_cmdline import Parameter, format_line, showable

from ..entries.boot_entry import BootEntry, BootEntryError, launcher_check
from ..entries.configuration import booted, configurations
from ..entries.loaders import LOADERS
from ..entries.menu import Choice, chosen
from ..entries.room import Boot, Machine, Room
from .mistakes import Mistakes
from .parameters import Given, folded, written
from .toml_lines import Path

Lines = Mapping[str, tuple[Path, tuple[Given, ...]]]
"""By the MAC address, "" for the room's own: where a machine stands, and its parameters without the room's."""


Menus = dict[str, Path]
"""In the same way: where stands what is shown before, () where nobody wrote anything of a menu."""


def check_lines(room: Room, lines: Lines, mistakes: Mistakes, menus: Menus) -> None:
    """Note what is wrong with the lines that may be booted. Behind other mistakes only what one place is to blame for:
    what is missed somewhere may stand where the mistake is."""
    _look_at_all(room, lines, menus, _Judge(mistakes, room.default))
    if not mistakes.found:
        try:
            configurations(room)
        except BootEntryError as error:
            mistakes.note(lines[""][0], str(error))


def doubts(room: Room, lines: Lines, menus: Menus) -> Mistakes:
    """What the launcher will warn of on the lines that may be booted, and what it will not use of them.

    Not of an `udpcparam` that stands on lines of senders and of receivers: each takes what is for it.
    """
    found = Mistakes()
    _look_at_all(room, lines, menus, _Judge(found, room.default, _doubted))
    shared = _with_both_roles(room, lines)
    found.found = {
        one: None for one in found.found if one.place not in shared or not one.sentence.startswith(f"{_OPTIONS}: ")
    }
    return found


_OPTIONS = "udpcparam"


def _with_both_roles(room: Room, lines: Lines) -> set[Path]:
    """Where options stand that senders and receivers have on their lines."""
    from launcher.answers.explain import prospect  # noqa: PLC0415 - not needed to import pxe

    roles: dict[Path, set[str | None]] = {}
    whose: list[Machine | None] = [*([None] if room.common_is_booted else []), *room.machines]
    for machine in whose:
        for one in folded(lines[""][1], lines[machine.mac][1] if machine else ()):
            if one.key == (_OPTIONS, False):
                there = (format_line(entry.command_line) for entry in booted(room, machine).values())
                roles.setdefault(one.place, set()).update(prospect(line).role for line in there)
    return {place for place, there in roles.items() if there >= {"snd", "rcv"}}


def _doubted(append: str) -> list[str]:
    from launcher.answers.explain import prospect  # noqa: PLC0415 - not needed to import pxe

    return [*launcher_check(append)[1], *prospect(append).unused]


def _refused(append: str) -> list[str]:
    return launcher_check(append)[0]


def _look_at_all(room: Room, lines: Lines, menus: Menus, judge: _Judge) -> None:
    top, common = lines[""]
    if room.common_is_booted:
        for choice, entry in booted(room).items():
            judge.look_at(entry, _once_chosen(common, choice, menus[""]), top, None)
    for machine in room.machines:
        place, own = lines[machine.mac]
        for choice, entry in booted(room, machine).items():
            given = _once_chosen(folded(common, own), choice, menus[machine.mac])
            judge.look_at(entry, given, place, machine)
    judge.note_the_rest()


def _once_chosen(given: tuple[Given, ...], choice: str, place: Path) -> tuple[Given, ...]:
    """The parameters of a line once this was chosen in its menu, which stands at `place`."""
    if not choice:
        return given
    by_parameter = {Parameter(one.name, one.value, one.init): one for one in reversed(given)}
    line = chosen(by_parameter, Choice(choice))
    return tuple(by_parameter.get(one) or Given(one.name, one.value, one.init, place) for one in line)


_NO_ROLE = (
    'in the group "{}", PCs have auto=yes, but no role: add umode = "rcv" or umode = "snd" to the parameters of the '
    "group, or of these PCs"
)
_NAMELESS = {
    Boot.LAUNCHER: "this line is also for the PCs that are not named here, and has auto=yes, but no role: write "
    'default = "disk" above the first [table], and they boot their disks, or move auto into the groups',
    Boot.DISK: "this line is also for the PCs that are not named here, when somebody chooses it at the prompt, and has "
    "auto=yes, but no role: move auto into the groups, or take timeout out",
}


class _Judge:
    """`_says` gives the sentences about a line. `_rest`: what no place is to blame for, and the lines that have it."""

    def __init__(self, mistakes: Mistakes, default: Boot, says: Callable[[str], list[str]] = _refused) -> None:
        self._mistakes, self._default, self._says = mistakes, default, says
        self._partial = bool(mistakes.found)
        self._rest: dict[str, list[tuple[Path, str]]] = {}

    def look_at(self, entry: BootEntry, given: tuple[Given, ...], place: Path, machine: Machine | None) -> None:
        """Hold one line against the rules; `place` and `machine` are whose it is, None those not named."""
        from launcher.answers.explain import ROLE_MISSING  # noqa: PLC0415 - not needed to import pxe

        title = machine.title if machine else "machines that are not named"
        try:
            LOADERS[0].section(entry)
        except BootEntryError as error:
            self._rest.setdefault(str(error), []).append((place, title))
            return
        for sentence in self._says(format_line(entry.command_line)):
            if sentence == ROLE_MISSING and self._partial:
                continue
            if sentence == ROLE_MISSING:
                to_blame, told = self._without_a_role(given, machine)
            else:
                places = dict.fromkeys(one.place for one in given)
                to_blame, told = next((one for one in places if self._blames(one, sentence, given)), None), sentence
            if to_blame is None:
                self._rest.setdefault(sentence, []).append((place, title))
            else:
                self._mistakes.note(to_blame, told)

    def _blames(self, place: Path, sentence: str, given: tuple[Given, ...]) -> bool:
        """Whether the launcher says so already of what stands at `place`, beside the role."""
        some = [one for one in given if one.place == place or one.key == ("umode", False)]
        return sentence in self._says(written(some))

    def _without_a_role(self, given: tuple[Given, ...], machine: Machine | None) -> tuple[Path | None, str]:
        if machine is None:
            return next(one.place for one in given if one.key == ("auto", False)), _NAMELESS[self._default]
        return ("groups", machine.group) if machine.group else None, _NO_ROLE.format(showable(machine.group))

    def note_the_rest(self) -> None:
        if self._partial:
            return
        for sentence, [(place, title), *others] in self._rest.items():
            more = f" (and {len(others)} more)" if others else ""
            self._mistakes.note(place, f"the line of {showable(title)}{more}: {sentence}")

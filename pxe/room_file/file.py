"""The file that describes a room, `room.toml`, to a `Room`. The contract:

- `read_room` gives the room, or raises RoomError with every mistake that is found: one sentence a line, each with the
  file and the line of the mistake, in the order of the file. No text at all gives another exception.
- Parameters are the launcher's own (docs/parameters.md), as a table `parameters`, as a text `append`, or both. Those of
  a machine replace those of its group, and these replace the room's. In a table, true and false are the words that the
  parameter has for yes and no; a list is what that parameter makes of several values.
- Every line that a machine may boot is held against the launcher's own rules, and a mistake in it is told on the line
  of the parameter.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_cmdline import CommandLineError, showable
from kernel_cmdline.network import parse_bootif, parse_mac

from ..entries.boot_entry import LABEL, BootEntryError, make_entry
from ..entries.room import LONGEST_TIMEOUT, Boot, Machine, Room, RoomError, mac_of
from .lines import Menus, check_lines, doubts
from .menus import WithMenu, menu_in
from .mistakes import Mistakes, wrong_keys
from .parameters import Given, folded, given_in, written
from .toml_lines import Path as Place
from .toml_lines import TomlError, TomlText

LARGEST = 256 * 1024
"""Bytes; a thousand machines with a table each have half of it."""

_ANYWHERE = {"armed", "append", "parameters", "menu"}
ROOM_KEYS = {"label", "timeout", "default", "groups", "machines", *_ANYWHERE}
GROUP_KEYS = {"machines", *_ANYWHERE}
MACHINE_KEYS = {"mac", *_ANYWHERE}

_TWO_TIMES = "a menu waits as long as its own timeout says: write timeout below [menu], and leave this one out"

_NO_MAC = "?"
"""In place of a wrong address: the machine's line is looked at all the same."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_room(path: Path) -> Room:
    """The room that the file describes. Raises RoomError."""
    return parse_room(_text_of(path), str(path))


def warnings(path: Path) -> tuple[str, ...]:
    """What the launcher will warn of on the lines of a file that is right, each with its line. Raises RoomError."""
    name, (room, reader, toml) = str(path), _parsed(_text_of(path), str(path))
    return tuple(doubts(room, reader.lines, reader.menus).told(name, toml.line_of, "warnings").splitlines())


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise RoomError(f"{path} cannot be read: {error.strerror}.") from error
    if len(raw) > LARGEST:
        raise RoomError(f"{path} is larger than {LARGEST // 1024} KiB, which no description of a room is.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 if raw.startswith(_UTF_16) else raw.count(b"\n", 0, error.start) + 1
        raise RoomError(f"{path}, line {line}: this is no UTF-8 text; save the file as UTF-8.") from error


def parse_room(text: str, name: str = "room.toml") -> Room:
    """The room that the text describes; `name` is the file's, for sentences. Raises RoomError."""
    return _parsed(text, name)[0]


def _parsed(text: str, name: str) -> tuple[Room, _Reader, TomlText]:
    try:
        toml = TomlText(text)
    except TomlError as error:
        raise RoomError(f"{name}, {error}") from error
    reader = _Reader()
    room = reader.room(toml.values)
    check_lines(room, reader.lines, reader.mistakes, reader.menus)
    if reader.mistakes.found:
        raise RoomError(reader.mistakes.told(name, toml.line_of))
    return room, reader, toml


@dataclass(frozen=True)
class _Around:
    """What machines have from the group around them, or from the file."""

    armed: bool
    menu: WithMenu
    given: tuple[Given, ...] = ()
    group: str = ""


class _Reader:
    """`lines` and `menus` are as in `lines.Lines` and `lines.Menus`."""

    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.menus: Menus = {}
        self.lines: dict[str, tuple[Place, tuple[Given, ...]]] = {}
        self._names: dict[str, Place] = {}

    def room(self, table: dict[str, Any]) -> Room:
        """With a mistake, what there is without it."""
        wrong_keys(table, (), ROOM_KEYS, self.mistakes)
        label, timeout, default = self._label(table), self._timeout(table), self._default(table)
        common = given_in(table, (), self.mistakes)
        around = _Around(self._armed(table, (), otherwise=True), menu_in(table, (), WithMenu(), self.mistakes))
        if around.menu.shown and "timeout" in table:
            self.mistakes.note(("timeout",), _TWO_TIMES, ("menu",))
        machines = [*self._machines(table.get("machines", []), ("machines",), around)]
        for name, group in self._groups(table):
            machines += self._group(name, group, around)
        self.lines[""], self.menus[""] = ((), common), around.menu.place
        append = self._written(common, ())
        return Room(append, tuple(machines), label, timeout, default, around.menu.shown)

    def _written(self, given: tuple[Given, ...], place: Place) -> str:
        try:
            return written(given)
        except CommandLineError as error:
            self.mistakes.note(place, str(error))
            return ""

    def _label(self, table: dict[str, Any]) -> str:
        label = table.get("label", LABEL)
        if not isinstance(label, str):
            self.mistakes.note(("label",), 'label is a text in double quotes, such as "udpcast"')
            return LABEL
        try:
            make_entry(label=label)
        except BootEntryError as error:
            self.mistakes.note(("label",), str(error))
            return LABEL
        return label

    def _timeout(self, table: dict[str, Any]) -> float:
        value = table.get("timeout", 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_TIMEOUT:
            self.mistakes.note(("timeout",), f"timeout is a number of seconds from 0 to {LONGEST_TIMEOUT}")
            return 0
        return value

    def _default(self, table: dict[str, Any]) -> Boot:
        value = table.get("default", Boot.LAUNCHER.value)
        words = [one.value for one in Boot]
        if value not in words:
            meaning = "what machines boot that are not named here"
            self.mistakes.note(("default",), f'default is {meaning}: "{words[0]}" or "{words[1]}"')
            return Boot.LAUNCHER
        return Boot(value)

    def _armed(self, table: Mapping[str, Any], place: Place, *, otherwise: bool) -> bool:
        value = table.get("armed", otherwise)
        if not isinstance(value, bool):
            self.mistakes.note((*place, "armed"), "armed is true or false, without quotes")
            return otherwise
        return value

    def _groups(self, table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        groups = table.get("groups", {})
        if not isinstance(groups, dict):
            self.mistakes.note(("groups",), "groups are tables: [groups.NAME] was expected")
            return
        for name, group in groups.items():
            place = ("groups", name)
            self._name(name, place, "group")
            if isinstance(group, dict):
                yield name, group
            else:
                self.mistakes.note(place, f'the group "{showable(name)}" is no table: [groups.NAME] was expected')

    def _group(self, name: str, group: dict[str, Any], around: _Around) -> Iterator[Machine]:
        place = ("groups", name)
        wrong_keys(group, place, GROUP_KEYS, self.mistakes)
        common = given_in(group, place, self.mistakes)
        armed = self._armed(group, place, otherwise=around.armed)
        menu = menu_in(group, place, around.menu, self.mistakes)
        if group.get("machines", []) in ([], {}):
            self.mistakes.note(place, f'the group "{showable(name)}" has no machines: list their MAC addresses')
            return
        yield from self._machines(group["machines"], (*place, "machines"), _Around(armed, menu, common, name))

    def _machines(self, value: object, place: Place, around: _Around) -> Iterator[Machine]:
        """Those of a list of MAC addresses, or of a table of names."""
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._machine("", one, (*place, number), around)
        elif isinstance(value, dict):
            for name, one in value.items():
                if self._name(name, (*place, name), "machine"):
                    yield from self._machine(name, one, (*place, name), around)
        else:
            what = 'a list of MAC addresses, ["52:54:00:aa:bb:01"], or lines NAME = "MAC address"'
            self.mistakes.note(place, f"machines are {what}")

    def _machine(self, name: str, value: object, place: Place, around: _Around) -> Iterator[Machine]:
        table = value if isinstance(value, dict) else {"mac": value}
        wrong_keys(table, place, MACHINE_KEYS if name else {"name", *MACHINE_KEYS}, self.mistakes)
        own = given_in(table, place, self.mistakes)
        armed = self._armed(table, place, otherwise=around.armed)
        if not name and "name" in table:
            name = table["name"] if isinstance(table["name"], str) else ""
            self._name(name, (*place, "name"), "machine")
        where = (*place, "mac") if table is value else place
        mac = self._mac(table.get("mac"), where) or f"{_NO_MAC}{len(self.lines)}"
        menu = menu_in(table, place, around.menu, self.mistakes)
        self.lines[mac], self.menus[mac] = (where, folded(around.given, own)), menu.place
        yield Machine(mac, self._written(self.lines[mac][1], where), name, around.group, armed, menu.shown)

    def _mac(self, text: object, place: Place) -> str:
        """The address in its usual spelling; "" where it is none, or there already."""
        if not isinstance(text, str):
            what = "was expected, such as" if text is not None else "is missing, such as"
            self.mistakes.note(place, f'a MAC address in double quotes {what} "52:54:00:aa:bb:01"')
            return ""
        try:
            mac = mac_of(text)
        except RoomError as error:
            self.mistakes.note(place, f"{str(error).rstrip('.')}{_meant(text)}")
            return ""
        if mac in self.lines:
            self.mistakes.note(place, f"the machine {mac} is given twice", self.lines[mac][0])
            return ""
        return mac

    def _name(self, name: str, place: Place, kind: str) -> bool:
        """Whether it is a name, and nobody else's: who arms a machine or a group names it."""
        key = name.casefold()
        if _is_mac(name):
            self.mistakes.note(place, f'{name} stands where a name was expected: write NAME = "{name}"')
        elif not re.fullmatch(r"\w[\w.-]*(?: [\w.-]+)*", name) or len(name) > 40 or key == "all":
            what = 'letters, digits, ".", "_" and "-" were expected, 40 at most, and not "all"'
            self.mistakes.note(place, f'"{showable(name[:60])}" is no name of a {kind}: {what}')
        elif key in self._names:
            self.mistakes.note(place, f'the name "{name}" is given twice', self._names[key])
        else:
            self._names[key] = place
            return True
        return False


def _is_mac(text: str) -> bool:
    with contextlib.suppress(CommandLineError):
        return bool(parse_mac(text))
    return False


def _meant(text: str) -> str:
    """The address that is in a text of another form: without separators, or with the hardware type in front."""
    try:
        return f': write "{parse_bootif(text)}"' if not _is_mac(text) else ""
    except CommandLineError:
        return ""

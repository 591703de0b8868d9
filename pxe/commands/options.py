"""Options that several commands have: the card and its address, and what describes a room.

--room names the file that has all of a room; the others are shorthand for a small one. The two are not mixed: what a
command line said once, and the file does not, would be gone at the next run.
"""

from __future__ import annotations

import argparse
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from ..entries.boot_entry import LABEL
from ..entries.loaders import LOADERS, Loader
from ..entries.menu import ALL, Choice, Menu, MenuError, choices_of
from ..entries.room import DEFAULT_APPEND, LONGEST_TIMEOUT, Boot, Room, machines_of
from ..room_file.file import read_room
from ..server.addresses import check_name

_SHORTHAND = {
    **{"append": DEFAULT_APPEND, "machine": (), "label": LABEL, "default": Boot.LAUNCHER.value, "timeout": 0.0},
    **{"menu": None, "preset": None},
}
"""The options that say the same as a file, and what they are where they are left out."""


class _Once(argparse.Action):
    """argparse takes the last one in silence, and a part of the room would be lost."""

    def __call__(
        self, parser: argparse.ArgumentParser, options: argparse.Namespace, value: object, option: str | None = None
    ) -> None:
        if getattr(options, self.dest) is not None:
            parser.error(f"{option} is given twice: write all into one, or the room into a file (--room)")
        setattr(options, self.dest, value)


def add_options(parser: argparse.ArgumentParser) -> None:
    add = partial(parser.add_argument, action=_Once)
    add("--room", type=Path, metavar="FILE", help="the file that describes the room; replaces --append to --timeout")
    add("--append", metavar="TEXT", help=f"parameters for every machine (default: {DEFAULT_APPEND})")
    parser.add_argument(
        "--machine",
        action="append",
        type=_machine,
        metavar="MAC=TEXT",
        help="parameters for one machine, in place of those of the same name (may be repeated)",
    )
    add("--label", help=f"label of the section (default: {LABEL})")
    add(
        "--default",
        choices=[one.value for one in Boot],
        help="what machines without --machine boot: the launcher, or their local disks, where --timeout lets somebody "
        f"choose the launcher (default: {Boot.LAUNCHER.value})",
    )
    add(
        "--menu",
        type=_choices,
        metavar="CHOICE,...",
        help=f"show a boot menu with these choices, some of {', '.join(ALL)}; in the language of lang= on the line",
    )
    add("--preset", choices=[*map(str, ALL)], help="what of the menu is booted behind --timeout (default: the first)")
    add(
        "--timeout",
        type=_seconds,
        metavar="S",
        help="show a boot prompt for so many seconds; or the menu, which else waits for a key",
    )
    parser.set_defaults(wrong_usage=parser.error)


def add_without(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[one.name.lower() for one in LOADERS],
        metavar="LOADER",
        help=f"leave out a boot loader: {', '.join(one.name.lower() for one in LOADERS)} (may be repeated)",
    )


def loaders_of(options: argparse.Namespace) -> tuple[Loader, ...]:
    """The boot loaders that are not left out; without any is wrong usage."""
    left = tuple(one for one in LOADERS if one.name.lower() not in options.without)
    if not left:
        options.wrong_usage("--without leaves out all boot loaders, and no PC could boot")
    return left


def room_of(options: argparse.Namespace) -> Room:
    """The room that the options describe. Raises RoomError; both ways at once are wrong usage."""
    given = {name: getattr(options, name) for name in _SHORTHAND if getattr(options, name) is not None}
    if options.room is None:
        said = {**_SHORTHAND, **given}
        boot, menu = Boot(said["default"]), _menu(options)
        time = 0 if menu else said["timeout"]
        return Room(said["append"], machines_of(said["machine"], menu), said["label"], time, boot, menu)
    if given:
        names = " and ".join(f"--{name}" for name in given)
        options.wrong_usage(f"--room describes the whole room: write into {options.room} what {names} should say")
    return read_room(options.room)


def _menu(options: argparse.Namespace) -> Menu | None:
    if options.menu is None:
        if options.preset is not None:
            options.wrong_usage("--preset is a choice of a menu: --menu says which choices there are")
        return None
    preset = Choice(options.preset) if options.preset else options.menu[0]
    try:
        return Menu(options.menu, preset, options.timeout or 0)
    except MenuError as error:
        options.wrong_usage(f"--menu: {error}")
        raise


def _choices(text: str) -> tuple[Choice, ...]:
    try:
        return choices_of(text.split(","))
    except MenuError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def interface(text: str) -> str:
    """The type of an option that names a card."""
    try:
        return check_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def address(text: str) -> IPv4Address:
    """The type of an option that names an address of a card."""
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is no IPv4 address, e.g. 10.77.0.1') from error


def port(text: str) -> int:
    """The type of an option that names a port which stays: it stands on lines, or in a firewall."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f'"{text}" is no port from 1 to 65535')
    return int(text)


def _machine(text: str) -> tuple[str, str]:
    mac, equals, append = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f'"{text}" is not MAC=TEXT, e.g. 52:54:00:aa:bb:01=umode=snd')
    return mac, append


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds from 0 to {LONGEST_TIMEOUT}')
    return value

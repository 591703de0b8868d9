"""The command `room`: what a room's file means, machine by machine, before a tree is written or a server runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from kernel_cmdline import showable, showable_json

from ..done.state import read
from ..entries.boot_entry import pxelinux_append
from ..entries.configuration import entry_of, items, menu_of
from ..entries.menu import Items
from ..entries.room import Boot, Machine, Room
from ..room_file.advice import advice
from ..room_file.file import read_room, warnings

STATUSES = "Exit status: 0 the file is right, 1 it is not (a sentence for each mistake, with its line), 2 wrong usage."


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `room`."""
    parser = commands.add_parser(
        "room",
        help="check a room's file, and show the line of each machine",
        description="Check the file that describes a room, and show what each machine boots, with its whole line.",
        epilog=STATUSES,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the room's file (room.toml)")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="where `serve` keeps who is done (default: beside FILE)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON: one object a machine, with all its fields")
    parser.set_defaults(run=_room)


def _room(options: argparse.Namespace) -> int:
    room = read_room(options.file)
    done = read(options.state or state_of(options.file)).macs
    for warning in (*warnings(options.file), *advice(room, done)):
        print(f"warning: {showable(warning)}", file=sys.stderr)
    _print(to_json(room, done) if options.json else "\n".join(map(showable, to_text(room, done))))
    return 0


def _print(text: str) -> None:
    """Who reads may stop when he has seen enough (`| head`)."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what Python flushes when it ends


def state_of(path: Path) -> Path:
    """Where `serve` keeps who is done in the room of this file."""
    return path.with_name(f"{path.stem}-state.json")


def to_text(room: Room, done: Collection[str] = ()) -> Iterator[str]:
    """A line or two for each machine."""
    boots = "the launcher" if room.default is Boot.LAUNCHER else "their disks"
    boots = "what is chosen in a menu" if menu_of(room) else boots
    if room.default is Boot.DISK and room.common_is_booted:
        boots += f", or the launcher when it is chosen within {room.timeout:g} s"
    yield f"Machines that are not named boot {boots}."
    if room.common_is_booted:
        yield from _boots(room)
    for one in room.machines:
        yield "  ".join(filter(None, (one.mac, one.name, one.group and f"[{one.group}]", _state(one, done))))
        yield from _boots(room, one)


def _boots(room: Room, machine: Machine | None = None) -> Iterator[str]:
    """The line, or a menu with that of each choice."""
    shown = _items(room, machine)
    if shown is None:
        yield f"    append {pxelinux_append(entry_of(room, machine))}"
        return
    wait = f"{shown.timeout:g} s, then {shown.preset}" if shown.timeout else f"waits for a key, on {shown.preset}"
    yield f"    menu: {shown.title} ({wait})"
    for number, one in shown.numbered:
        yield f"      {number}. {one.title} ({one.choice})"
        if one.entry:
            yield f"         append {pxelinux_append(one.entry)}"


def _items(room: Room, machine: Machine | None) -> Items | None:
    menu = menu_of(room, machine)
    return items(menu, entry_of(room, machine)) if menu else None


def to_json(room: Room, done: Collection[str] = ()) -> str:
    """A list of objects; `state` is "armed", "done" or "not armed", `menu` null where none is shown."""
    rows = [
        {
            "mac": one.mac,
            "name": one.name,
            "group": one.group,
            "state": _state(one, done),
            "append": pxelinux_append(entry_of(room, one)),
            "menu": _menu_record(_items(room, one)),
        }
        for one in room.machines
    ]
    return showable_json(json.dumps(rows, indent=2, ensure_ascii=False))


def _menu_record(shown: Items | None) -> dict[str, object] | None:
    if shown is None:
        return None
    choices = [
        {"choice": one.choice, "title": one.title, "append": one.entry and pxelinux_append(one.entry)}
        for one in shown.rows
    ]
    return {"title": shown.title, "preset": shown.preset, "timeout": shown.timeout, "choices": choices}


def _state(machine: Machine, done: Collection[str]) -> str:
    if not machine.armed:
        return "not armed"
    return "done" if machine.mac in done else "armed"

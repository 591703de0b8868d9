"""Which configuration files a room needs, and what stands in each: pure.

- Every loader has one for all machines, and one for each machine that is named, or is done.
- A machine that is done, or not armed, gets one that boots its local disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from .boot_entry import BootEntry, make_entry
from .loaders import LOADERS, MARKER
from .room import Boot, Room


@dataclass(frozen=True)
class Configuration:
    """One file: its path below the tree's root, its text, and what an administrator adds to a file of his own there."""

    path: PurePosixPath
    text: str
    section: str


def common_entry(room: Room) -> BootEntry:
    """What every machine boots that is not named. Raises BootEntryError."""
    return make_entry(room.append, label=room.label)


def machine_entries(room: Room) -> dict[str, BootEntry]:
    """What each machine boots that is named, while it is armed. Raises BootEntryError."""
    return {one.mac: make_entry(one.append, common=room.append, label=room.label) for one in room.machines}


def configurations(room: Room, done: Collection[str] = ()) -> tuple[Configuration, ...]:
    """All files of the room. Raises BootEntryError, CommandLineError."""
    macs = dict.fromkeys((*(one.mac for one in room.machines), *done))
    return (*_for_all(room), *(one for mac in macs for one in of_machine(room, mac, done)))


def of_machine(room: Room, mac: str, done: Collection[str] = ()) -> tuple[Configuration, ...]:
    """The files of one machine; none where it boots what all boot. Raises BootEntryError, CommandLineError."""
    named = next((one for one in room.machines if one.mac == mac), None)
    if mac in done or (named and not named.armed):
        return tuple(Configuration(loader.machine(mac), loader.disk, _behind(loader.disk)) for loader in LOADERS)
    if named is None:
        return ()
    entry = make_entry(named.append, common=room.append, label=room.label)
    return tuple(
        Configuration(loader.machine(mac), loader.config(entry, room.timeout), loader.section(entry))
        for loader in LOADERS
    )


def _for_all(room: Room) -> Iterator[Configuration]:
    entry = common_entry(room)
    for loader in LOADERS:
        if room.default is Boot.DISK:
            yield Configuration(loader.default, loader.disk, _behind(loader.disk))
        else:
            yield Configuration(loader.default, loader.config(entry, room.timeout), loader.section(entry))


def _behind(text: str) -> str:
    return text.removeprefix(MARKER)

"""What the configuration files of a room say, for every loader of the table: text only, nothing is written here.

- The default file is for every machine that has none of its own. It boots what the room's `default` says. Where that is
  the disk, the launcher can be chosen at the prompt, if there is one; without, its line is nobody's.
- A machine that is done, or not armed, gets a file that boots its disk; one that is done also where it is not named.
- Where there is a menu, each of its choices is an entry of its own. A PC that boots its disk shows none.
- Lines that somebody may boot are held against the launcher's own rules, also those of machines that boot their disks
  now: they may be armed later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import PurePosixPath

from kernel_cmdline import format_line, showable

from .boot_entry import BootEntry, BootEntryError, make_entry
from .grub import GRUB, Network, render_disk, render_grub, render_menu
from .grub import words as grub_words
from .loaders import LOADERS, Loader
from .menu import Choice, Item, Items, Menu, entry_for
from .room import Boot, Machine, Room


@dataclass(frozen=True)
class Configuration:
    """One file: its path below the tree's root, its text, and what to add to a file that somebody else wrote there.

    `section` is "" where nothing is to be added to that; `note` says what of the room is not in force then.
    """

    path: PurePosixPath
    text: str
    section: str
    note: str = ""


def configurations(
    room: Room, done: Collection[str] = (), loaders: Sequence[Loader] = LOADERS
) -> tuple[Configuration, ...]:
    """Raises BootEntryError for what one of the `loaders` cannot carry."""
    macs = dict.fromkeys((*(machine.mac for machine in room.machines), *done))
    defaults = (one for loader in loaders for one in (*_defaults(loader, room), *_words(loader, room)))
    return (*defaults, *(one for mac in macs for one in of_machine(room, mac, done, loaders)))


def image_config(room: Room, entry: BootEntry, network: Network, server: IPv4Address | None = None) -> str:
    """GRUB's configuration in an image that has the pair; `entry` boots it. `server` has the machines' files (None: the
    one that DHCP names). Raises BootEntryError for what GRUB cannot carry."""
    if not room.common_is_booted:
        return render_disk(network, server)
    if menu := menu_of(room):
        return render_menu(items(menu, entry), network, server)
    return render_grub(entry, room.timeout, network, disk_first=room.default is Boot.DISK, server=server)


def image_words(room: Room, entry: BootEntry) -> dict[str, bytes]:
    """What `image_config` wants beside it, by the path from there: GRUB's own words in the menu's language."""
    menu = menu_of(room) if room.common_is_booted else None
    found = grub_words(items(menu, entry).code) if menu else None
    return {str(found[0].relative_to(GRUB.folder)): found[1].encode("utf-8", "surrogateescape")} if found else {}


def of_machine(
    room: Room, mac: str, done: Collection[str] = (), loaders: Sequence[Loader] = LOADERS
) -> tuple[Configuration, ...]:
    """The files of one machine; none where it boots what all boot. Raises BootEntryError."""
    machine = next((one for one in room.machines if one.mac == mac), None)
    if machine is None and mac not in done:
        return ()
    boots_disk = mac in done or (machine is not None and not machine.armed)
    return tuple(_own(loader, room, machine, mac, boots_disk) for loader in loaders)


def entry_of(room: Room, machine: Machine | None = None) -> BootEntry:
    """What `machine` boots while it is armed; without one, what the room's own line says. Raises BootEntryError."""
    if machine is None:
        return make_entry(room.append, label=room.label)
    return make_entry(machine.append, common=room.append, label=room.label)


def menu_of(room: Room, machine: Machine | None = None) -> Menu | None:
    """What `machine` shows while it is armed, or one that is not named; beside the room's default no menu is shown."""
    if machine is None:
        return room.menu if room.default is Boot.LAUNCHER else None
    return machine.menu


def speaking(menu: Menu, entry: BootEntry) -> Menu:
    """In the language of the line, where it has none of its own."""
    given = entry.command_line.last("lang")
    return menu if menu.lang or not given else replace(menu, lang=given.value or "")


def items(menu: Menu, entry: BootEntry) -> Items:
    """The menu of a PC that boots `entry`, in its words. Raises BootEntryError."""
    from .menu_words import words_of  # noqa: PLC0415 - translations, which few rooms need

    said = words_of(speaking(menu, entry).lang)
    rows = (Item(one, said.titles[one], None if one is Choice.DISK else entry_for(entry, one)) for one in menu.choices)
    return Items(said.title, tuple(rows), menu.preset, menu.timeout, said.code)


def booted(room: Room, machine: Machine | None = None) -> dict[str, BootEntry]:
    """What an armed `machine` may boot, or one that is not named: by the choice of its menu, or the one entry by "".
    Raises BootEntryError."""
    entry, menu = entry_of(room, machine), menu_of(room, machine)
    if menu is None:
        return {"": entry}
    return {str(one): entry_for(entry, one) for one in menu.choices if one is not Choice.DISK}


def alone(room: Room, machine: Machine | None = None) -> BootEntry:
    """What an armed PC boots where nobody is at its keyboard; behind a menu that waits, or whose preset is the disk,
    the line that asks. Raises BootEntryError."""
    entry, menu = entry_of(room, machine), menu_of(room, machine)
    if menu is None:
        return entry
    return entry_for(entry, menu.preset if menu.timeout and menu.preset is not Choice.DISK else Choice.ASK)


def line_of(room: Room, machine: Machine | None = None) -> str:
    """The parameters of that entry, as one line. Raises BootEntryError, CommandLineError."""
    return format_line(entry_of(room, machine).command_line)


def entries(room: Room) -> tuple[BootEntry, ...]:
    """Every entry that somebody may boot. Raises BootEntryError."""
    whose: list[Machine | None] = [*([None] if room.common_is_booted else []), *room.machines]
    return tuple(entry for machine in whose for entry in booted(room, machine).values())


def _own(loader: Loader, room: Room, machine: Machine | None, mac: str, boots_disk: bool) -> Configuration:
    path = loader.machine(mac)
    if boots_disk:
        return Configuration(path, loader.disk, loader.own_disk)
    entry, menu = entry_of(room, machine), menu_of(room, machine)
    try:
        if menu:
            shown = items(menu, entry)
            return Configuration(path, loader.own_menu(shown), loader.own_menu_section(shown))
        return Configuration(path, loader.own(entry, room.timeout), loader.own_section(entry))
    except BootEntryError as error:
        raise BootEntryError(f"{showable(machine.title if machine else mac)}: {error}") from error


def _defaults(loader: Loader, room: Room) -> Iterator[Configuration]:
    text, section, note = _default(loader, room)
    if loader.shared:
        note = f"{_READS_NOTHING} {loader.wanted(text)}"
    yield Configuration(loader.default, text, section, note)
    for path in loader.shared:
        yield Configuration(path, text, "")
    if loader.there:
        yield Configuration(*loader.there, "")


def _words(loader: Loader, room: Room) -> Iterator[Configuration]:
    """The loader's own words, in the languages of the room's menus."""
    whose: list[Machine | None] = [None, *room.machines]
    menus = [(menu, entry_of(room, one)) for one in whose if (menu := menu_of(room, one))]
    for code in dict.fromkeys(items(*one).code for one in menus):
        if found := loader.words(code):
            yield Configuration(*found, "")


def _default(loader: Loader, room: Room) -> tuple[str, str, str]:
    """Text, section and note."""
    boots = "What a PC that is not named boots without a choice, and how long it waits, is what this file says"
    if menu := menu_of(room):
        shown = items(menu, entry_of(room))
        text = loader.menu(shown)
        note = f"{boots}: the room's menu, its preset and its timeout are not in force there. {loader.wanted(text)}"
        return text, loader.menu_section(shown), note
    if room.default is Boot.LAUNCHER:
        entry = entry_of(room)
        text = loader.config(entry, room.timeout)
        note = f"{boots}: the room's timeout is not in force there. {loader.wanted(text)}" if room.timeout else ""
        return text, loader.section(entry), note
    if room.common_is_booted:
        entry = entry_of(room)
        text = loader.disk_first(entry, room.timeout)
        note = f"{boots}: the room's default and timeout are not in force there. {loader.wanted(text)}"
        return text, "\n".join(filter(None, (loader.section(entry), loader.disk_section))), note
    return loader.default_disk, "", _NOTHING_TO_ADD


_READS_NOTHING = (
    "PCs boot what this file says: those that are named have files of their own, which it does not read, and the "
    "room's default and timeout are not in force."
)

_NOTHING_TO_ADD = (
    "Nothing is to be added: the PCs that are named have files of their own. Others boot what this file says: the "
    "room's default is not in force there, and they boot their disks only if this file says so."
)

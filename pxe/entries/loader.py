"""What a boot loader is to a tree: its files, its configurations, and how entries are written for it.

`loaders` has the table; each loader's own language is in a module of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from kernel_cmdline.network import parse_mac

from .boot_entry import BootEntry
from .menu import Items

OURS = "# Written by udpcast-launcher;"
"""How a configuration file of ours begins, whichever version wrote it: a comment to every loader of the table."""

MARKER = f"{OURS} its next `tree` replaces this file.\n"

HEADS = (b"", b"#!ipxe\n")
"""What may stand above `OURS`: iPXE takes only what begins with its own line."""

DISK_TITLE = "The local disk"
"""In a menu, beside the entry's label."""


@dataclass(frozen=True)
class Loader:
    """A boot loader and its configuration files, with paths below the tree's root.

    `pcs` are those that boot by it. `files` are the loader's own, which belong together, found in one of `places` by
    the name that `sources` gives (else by their own), which the Debian packages `packages` bring. `also` are files that
    are put beside them where they are found, and missed by nobody.

    `default` is the configuration for every machine, `machine` gives that for one MAC address (raises
    CommandLineError). `config` is the whole default file, which waits so many seconds for another choice;
    `default_disk` is one that boots the local disk, `disk_first` one that boots it unless somebody chooses the entry in
    so many seconds. `own` and `disk` are the same for one machine. `section` and `disk_section` are what an
    administrator adds to a default file of his own, `own_section` and `own_disk` to a machine's. `wanted` says, for a
    default file (its text is given), what must stand in somebody else's for that to be in force. Whoever takes an entry
    raises BootEntryError for one that the loader cannot carry. `menu`, `own_menu`, `menu_section` and
    `own_menu_section` are `config`, `own`, `section` and `own_section` with a menu in place of the one entry.

    `shared` are further files, which `section` or a machine's file reads; they are written with the default file, by
    the same function. `there` is a file with its text that is there for every PC: who can read it, and has found none
    of its own, has none; else the server did not answer. `rivals` are the files beside the default one that a PC asks
    for as well: how such a name looks, and instead of which of ours it is read. `reads_beside`: in whatever folder it
    lies, it reads what is beside it. `groups`: where not all files belong together, those that do; `version` says of
    which one these must be. `is_optional`: no PC is given it unless the administrator wants it; where it cannot carry
    an entry, a tree goes without it. `menu_files` are those of `also` that show a menu: its text names the first one.
    `words`: for the code of a language, a file with the loader's own words around a menu, which its menus name.
    """

    name: str
    pcs: str
    files: tuple[str, ...]
    places: tuple[Path, ...]
    packages: tuple[str, ...]
    default: PurePosixPath
    machine: Callable[[str], PurePosixPath]
    config: Callable[[BootEntry, float], str]
    disk_first: Callable[[BootEntry, float], str]
    default_disk: str
    section: Callable[[BootEntry], str]
    disk_section: str
    own: Callable[[BootEntry, float], str]
    disk: str
    own_section: Callable[[BootEntry], str]
    own_disk: str
    wanted: Callable[[str], str]
    menu: Callable[[Items], str]
    own_menu: Callable[[Items], str]
    menu_section: Callable[[Items], str]
    own_menu_section: Callable[[Items], str]
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    also: tuple[str, ...] = ()
    shared: tuple[PurePosixPath, ...] = ()
    rivals: tuple[tuple[str, str], ...] = ()
    reads_beside: bool = False
    is_optional: bool = False
    there: tuple[PurePosixPath, str] | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    version: str = ""
    menu_files: tuple[str, ...] = ()
    words: Callable[[str], tuple[PurePosixPath, str] | None] = lambda _: None

    @property
    def folder(self) -> PurePosixPath:
        """Where the machines' files are."""
        return self.machine("00:00:00:00:00:00").parent

    @property
    def folders(self) -> tuple[PurePosixPath, ...]:
        """Where its configurations are."""
        return tuple(dict.fromkeys((self.default.parent, self.folder)))

    def source(self, name: str) -> str:
        """What one of the loader's files is called where it comes from."""
        return self.sources.get(name, name)

    def find(self, name: str, places: Sequence[Path] = ()) -> Path | None:
        """Where this machine has one of the loader's files; `places`: if not where Debian has it."""
        source = self.source(name)
        return next((place / source for place in places or self.places if (place / source).is_file()), None)

    def is_installed(self, places: Sequence[Path] = ()) -> bool:
        return all(self.find(name, places) for name in self.files)

    def is_in(self, root: Path) -> bool:
        """Whether the tree `root` has it, whoever put it there."""
        return any((root / name).exists() for name in self.files)

    def reads_in(self, root: Path) -> bool:
        """Whether it finds configurations in the tree `root`, so that those of machines are looked for as well."""
        return (root / self.default).exists() and (root / self.folder).is_dir()


def machine_file(mac: str) -> str:
    """The name PXELINUX looks up for a card: hardware type 01 (Ethernet), then the address. Raises CommandLineError."""
    return "01-" + parse_mac(mac).replace(":", "-")


def without_head(text: str) -> str:
    """A whole file without what says that it is ours."""
    for head in HEADS:
        text = text.removeprefix(head.decode() + MARKER)
    return text.lstrip("\n")


def is_ours(beginning: bytes) -> bool:
    """Whether a configuration that begins so says that it is ours."""
    return any(beginning.startswith(head + OURS.encode()) for head in HEADS)


BEGINNING = max(map(len, HEADS)) + len(OURS)
"""So many bytes of a file tell that."""

"""Trees as tests write them: with small pairs, loaders of text, and no opinion about append lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pxe.entries.boot_entry import BootEntry, make_entry
from pxe.entries.loaders import PXELINUX
from pxe.entries.room import Machine, Room
from pxe.tree.record import RECORD
from pxe.tree.tree import Tree, write_tree
from tests.pairs import VERSION, make_pair

MAC = "52:54:00:aa:bb:01"
OWN = "pxelinux.cfg/01-52-54-00-aa-bb-01"
DANGEROUS = "auto=yes umode=rcv disk=/dev/sda"


class Tftp:
    """A TFTP root below `base`, and what trees are written there from."""

    def __init__(self, base: Path) -> None:
        self.base, self.root, self.loaders = base, base / "tftp", base / "syslinux"
        self.pair = make_pair(base / "pair")
        self.loaders.mkdir()
        (self.loaders / "pxelinux.0").write_text("pxelinux")
        (self.loaders / "ldlinux.c32").write_text("ldlinux")

    def new_pair(self, version: str = VERSION, archive: bytes = b"newer drivers") -> None:
        make_pair(self.pair, version, archive)

    def write(self, append: str = "lang=FR", *macs: str, own: str = DANGEROUS, **options: Any) -> Tree:
        described = {name: options.pop(name) for name in ("default", "timeout", "menu") if name in options}
        room = Room(append, tuple(Machine(mac, own) for mac in macs), **described)
        options = {"places": (self.loaders,), "loaders": (PXELINUX,), "check": lambda _: ([], []), **options}
        return write_tree(self.root, options.pop("pair", self.pair), room, **options)

    def entry(self, append: str, common: str = "lang=FR") -> BootEntry:
        """What a machine with this text of its own boots."""
        return make_entry(append, common=common)

    def put(self, name: str, text: str) -> Path:
        """A file in the tree, by hand."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def files(self) -> dict[str, str]:
        """Everything in the tree but the record, by path."""
        found = {str(path.relative_to(self.root)): path for path in self.root.rglob("*") if not path.is_dir()}
        return {name: path.read_text("latin-1") for name, path in found.items() if name != RECORD}

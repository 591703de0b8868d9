"""Whose is the file that is at a place where a tree wants one? Nothing is written here.

A file is ours when the record has its digest. What begins with `OURS` is ours as well, whoever changed it. Where no
record was kept (older versions), the loaders and the pair beside a configuration of ours are taken for ours, and the
pair that the builder's own manifest beside it describes.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from initrd.pair.check import MANIFEST

from ..entries.boot_entry import INITRD, KERNEL
from ..entries.loader import BEGINNING, Loader, is_ours
from ..entries.loaders import LOADERS
from .record import Record, digest, read_record

BACKUP = ".bak"


class Standing(Enum):
    ABSENT = "nothing is there"
    SAME = "what is wanted is there"
    OURS = "as we wrote it"
    EDITED = "ours, and changed since then, or of a version that did not write down what it wrote"
    FOREIGN = "somebody else's"
    NO_FILE = "a directory, or a device"


@dataclass(frozen=True)
class Tenants:
    """Who wrote what in the tree `directory`. `inherited` are the names that are ours though no record has them."""

    directory: Path
    record: Record
    inherited: frozenset[str] = frozenset()
    built: Mapping[str, str] | None = None

    def standing(self, name: str, sha256: str | None) -> Standing:
        """Of the file `name`, where one with this SHA-256 is wanted. Raises OSError."""
        path = self.directory / name
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return Standing.ABSENT
        if stat.S_ISLNK(mode):
            return Standing.SAME if sha256 is not None and _behind_link(path) == sha256 else Standing.FOREIGN
        if not stat.S_ISREG(mode):
            return Standing.NO_FILE
        found = digest(path)
        if found == sha256:
            return Standing.SAME
        if found in (self.record.files.get(name), (self.built or {}).get(name)):
            return Standing.OURS
        if name in self.record.files or name in self.inherited or is_marked(path):
            return Standing.EDITED
        return Standing.FOREIGN

    def is_ours(self, name: str) -> bool:
        """Whether we wrote it, be it changed since then. Raises OSError."""
        path = self.directory / name
        if path.is_symlink():
            return False
        return name in self.record.files or name in self.inherited or is_marked(path)

    def abandoned(self, wanted: set[str], loaders: Sequence[Loader]) -> Iterator[tuple[str, Standing]]:
        """Files of ours that are not `wanted` any more, nor of these loaders. Raises OSError."""
        keep = wanted | {KERNEL, INITRD, *(name for loader in loaders for name in (*loader.files, *loader.also))}
        for name in sorted({*self.record.files, *self._marked()} - keep):
            standing = self.standing(name, None)
            if standing in (Standing.OURS, Standing.EDITED):
                yield name, standing

    def _marked(self) -> Iterator[str]:
        for loader in LOADERS:
            folder = self.directory / loader.folder
            there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
            for path in {loader.default, *loader.shared, *(loader.folder / name for name in there)}:
                if not path.name.startswith(".") and BACKUP not in path.name and is_marked(self.directory / path):
                    yield str(path)


def tenants(directory: Path) -> Tenants:
    """Of the tree in `directory`. Raises OSError."""
    record = read_record(directory)
    inherited = frozenset[str]()
    if record.is_missing:
        inherited = frozenset(
            name
            for loader in LOADERS
            if is_marked(directory / loader.default)
            for name in (*loader.files, KERNEL, INITRD)
        )
    return Tenants(directory, record, inherited, _built(directory))


def is_marked(path: Path) -> bool:
    """Whether this is a regular file that says it is ours. Raises OSError when it cannot be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return is_ours(file.read(BEGINNING))
    except FileNotFoundError:
        return False


def backup_name(directory: Path, name: str) -> str:
    """Where `name` may be kept: a path below the tree that is free, or that holds the same bytes. Raises OSError."""
    path, number = PurePosixPath(name), 0
    while True:
        candidate = path.with_name(f"{path.name}{BACKUP}{number or ''}")
        place = directory / candidate
        if not os.path.lexists(place):
            return str(candidate)
        found = digest(place)
        if found is not None and found == digest(directory / name):
            return str(candidate)
        number += 1


def _behind_link(path: Path) -> str | None:
    try:
        return digest(path.resolve(strict=True))
    except (FileNotFoundError, RuntimeError):  # it leads nowhere, or round in a circle
        return None


def _built(directory: Path) -> dict[str, str]:
    """The SHA-256 of the files that the builder itself put here, as its manifest beside them says."""
    try:
        files = json.loads((directory / MANIFEST).read_bytes())["files"]
        return {str(entry["name"]): str(entry["sha256"]) for entry in files if entry["name"] in (KERNEL, INITRD)}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}

"""The libraries that the programs in an image load: which are not there, and how they get there.

Looked for is as the dynamic linker of the booted machine does it (ld.so(8)), without its cache, which belongs to this
machine: RUNPATH of the file that asks, or RPATH of it and of those that loaded it, then the usual directories. What is
of another kind (32 bits beside 64) does not count. What is loaded already under a name is not looked for again.

dracut looks for the libraries of files that it may run. Python's extension modules are none, and on a file system that
is mounted noexec nothing is. So this comes behind it, and needs to run nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from . import elf
from .elf import Elf
from .tree import Tree

TRIPLETS = {3: "i386-linux-gnu", 62: "x86_64-linux-gnu"}
"""Debian's directory for libraries of a machine (elf.h's EM_386, EM_X86_64)."""


@dataclass(frozen=True)
class Missing:
    """`names`: one of these would be enough; `users`: the files that ask for it."""

    names: tuple[str, ...]
    kind: tuple[int, int, int]
    users: tuple[str, ...]


def usual(kind: tuple[int, int, int]) -> tuple[str, ...]:
    """The directories in which Debian's dynamic linker looks for every file of this kind."""
    triplet = TRIPLETS.get(kind[2])
    return (*tuple(f"{place}/{triplet}" for place in ("lib", "usr/lib") if triplet), "lib", "usr/lib")


class Libraries:
    """The ELF files of a tree; each is read once."""

    def __init__(self, tree: Tree, later: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """`later`: libraries that a program loads by itself, where its file does not tell."""
        self._tree = tree
        self._read: dict[str, Elf | None] = {}
        real = {tree.real(inner): names for inner, names in (later or {}).items()}
        self._later = {inner: tuple((name,) for name in names) for inner, names in real.items() if inner}

    def elf(self, inner: str) -> Elf | None:
        """What the file asks for; None where it is no ELF file, or one that is cut off."""
        if inner not in self._read:
            self._read[inner] = None
            if self._tree.read(inner, 4) == elf.MAGIC:
                try:
                    self._read[inner] = elf.read(self._tree.read(inner))
                except ValueError:
                    self._read[inner] = None
        return self._read[inner]

    def broken(self) -> Iterator[str]:
        """Files that begin as an ELF file, and are none."""
        for inner in self._tree.files():
            if self._tree.read(inner, 4) == elf.MAGIC and self.elf(inner) is None:
                yield inner

    def interpreters(self) -> Iterator[tuple[str, str]]:
        """Every file that names the program which loads it, and that program."""
        for inner in self._tree.files():
            if (there := self.elf(inner)) and there.interpreter:
                yield inner, there.interpreter

    def find(self, name: str, kind: tuple[int, int, int], places: Iterable[str]) -> str | None:
        """Where the library is: in the first of `places` that has one of this kind."""
        for place in () if "/" in name else places:
            found = self._tree.file(f"{place}/{name}")
            if found and (there := self.elf(found)) and there.kind == kind:
                return found
        return self._tree.file(name) if "/" in name else None

    def missing(self) -> tuple[Missing, ...]:
        """All that is not found: first for the programs, then for what no program loads by itself (modules)."""
        users: dict[tuple[tuple[str, ...], tuple[int, int, int]], set[str]] = {}
        files = {inner: there for inner in self._tree.files() if (there := self.elf(inner))}
        seen: set[str] = set()
        for programs in (True, False):
            for inner, there in files.items():
                if bool(there.interpreter) is programs and (programs or inner not in seen):
                    for names, user in self._load(inner, there, seen):
                        users.setdefault((names, there.kind), set()).add(user)
        return tuple(Missing(*key, tuple(sorted(asking))) for key, asking in sorted(users.items()))

    def loaded(self, files: Iterable[str]) -> set[str]:
        """The files that are loaded with these: all libraries that are found, and what loads a program."""
        seen: set[str] = set()
        for inner in files:
            if there := self.elf(inner):
                list(self._load(inner, there, seen))
                if there.interpreter and (loader := self._tree.file(there.interpreter)):
                    seen.add(loader)
        return seen

    def _load(self, start: str, first: Elf, seen: set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Load `start` with all its libraries; gives what is not found, and for whom."""
        loaded: set[str] = set()
        todo: list[tuple[str, Elf, tuple[str, ...]]] = [(start, first, ())]
        for inner, there, above in todo:
            seen.add(inner)
            # RUNPATH takes the place of RPATH, and only the latter is handed down.
            handed_down = () if there.runpath else (*_places(inner, there.rpath), *above)
            places = (*(_places(inner, there.runpath) or handed_down), *usual(first.kind))
            for names in (*((name,) for name in there.needed), *there.later, *self._later.get(inner, ())):
                if loaded.intersection(names):
                    continue
                found = next((one for name in names if (one := self.find(name, first.kind, places))), None)
                loaded.update(names)
                if found is None:
                    yield names, inner
                elif library := self.elf(found):
                    todo.append((found, library, handed_down))


def _places(inner: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Directories that an ELF file names, from the tree's top."""
    origin = f"/{PurePosixPath(inner).parent}"
    said = (path.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", origin) for path in paths)
    return tuple(path.lstrip("/") for path in said if path.startswith("/"))


def complete(image: Tree, machine: Tree, later: Mapping[str, tuple[str, ...]]) -> None:
    """Copy into `image` what its files ask for and `machine` has, until nothing more is found. `later` as in Libraries.

    Debian's own come first. What an administrator keeps elsewhere (ld.so.conf(5)) goes where it is found without
    this machine's cache.
    """
    here = Libraries(machine)
    elsewhere = tuple(configured(machine))
    tried: set[tuple[str, ...]] = set()
    while True:
        there = Libraries(image, later)
        wanted = [one for one in there.missing() if one.names not in tried]
        if not wanted:
            return
        for one in wanted:
            tried.add(one.names)
            places = (*usual(one.kind), *_own_places(there, one), *elsewhere)
            for name in one.names:
                if found := here.find(name, one.kind, places):
                    target = image.root / target_of(image, one.kind) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(machine.root / found, target)
                    break


def target_of(image: Tree, kind: tuple[int, int, int]) -> str:
    """The directory of `image` for libraries of this kind."""
    return next((real for place in usual(kind)[1::2] if (real := image.real(place))), usual(kind)[-1])


def _own_places(libraries: Libraries, missing: Missing) -> Iterator[str]:
    for user in missing.users:
        if there := libraries.elf(user):
            yield from _places(user, (*there.runpath, *there.rpath))


def configured(machine: Tree) -> Iterator[str]:
    """The directories of ld.so.conf(5), from the tree's top."""
    yield from _configured(machine, "etc/ld.so.conf", 0)


def _configured(machine: Tree, inner: str, depth: int) -> Iterator[str]:
    found = machine.file(inner)
    if found is None or depth > 3:
        return
    for line in machine.read(found).decode(errors="replace").splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                for path in sorted(machine.root.glob(pattern.lstrip("/"))):
                    yield from _configured(machine, path.relative_to(machine.root).as_posix(), depth + 1)
        elif words and words[0].startswith("/"):
            yield words[0].lstrip("/")

"""A directory that will be ``/`` on another machine: what a path in it means there, whatever this machine has."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MAX_LINKS = 40
"""So many symbolic links the kernel follows in one path (path_resolution(7))."""

MADE_AT_BOOT = ("run", "dev", "proc", "sys")
"""What /init mounts: a link into these finds its target there."""


class Tree:
    """`root` is the directory. Paths in it are written without the slash before them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def real(self, inner: str | PurePosixPath) -> str | None:
        """Where `inner` is when every link in it is followed, as the booted machine follows it; None where that leads
        to nothing."""
        todo, done, links = _parts(inner), list[str](), 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done[-1:] = []
                continue
            path = self.root.joinpath(*done, part)
            try:
                link = os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 - a path would lose a last slash
            except OSError:
                return None
            if link is None:
                if not os.path.lexists(path):
                    return None
                done.append(part)
                continue
            links += 1
            if links > MAX_LINKS:
                return None
            if link.startswith("/"):
                done = []
            todo = _parts(link) + todo
        return "/".join(done)

    def file(self, inner: str | PurePosixPath) -> str | None:
        """The same for a plain file; None for everything else."""
        real = self.real(inner)
        return real if real is not None and (self.root / real).is_file() else None

    def executable(self, inner: str | PurePosixPath) -> str | None:
        """The same for a file that may be run. The mode counts, for the file system that holds it here may forbid to
        run anything (noexec), and that is no matter there."""
        real = self.file(inner)
        return real if real is not None and (self.root / real).stat().st_mode & stat.S_IXUSR else None

    def program(self, name: str, path: tuple[str, ...]) -> str | None:
        """Where a program is that is started by its name, or by its whole path."""
        if name.startswith("/"):
            return self.executable(name)
        return next((found for one in path if (found := self.executable(f"{one}/{name}"))), None)

    def files(self) -> Iterator[str]:
        """Every plain file, sorted; a link is none."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(self.root).as_posix()

    def dead_links(self, *places: str) -> Iterator[str]:
        """The links in these directories that lead to nothing, neither here nor to what is made at boot."""
        for place in places:
            for path in sorted((self.root / place).glob("*")):
                inner = path.relative_to(self.root).as_posix()
                if path.is_symlink() and self.real(inner) is None and not _made_at_boot(inner, os.readlink(path)):  # noqa: PTH115
                    yield inner

    def read(self, inner: str, size: int = -1) -> bytes:
        """The first bytes of a file, or all."""
        with (self.root / inner).open("rb") as file:
            return file.read(size)


def _parts(path: str | PurePosixPath) -> list[str]:
    return [part for part in PurePosixPath(path).parts if part != "/"]


def _made_at_boot(inner: str, link: str) -> bool:
    target = os.path.normpath(os.path.join("/", os.path.dirname(inner), link))  # noqa: PTH118, PTH120
    return target.split("/")[1] in MADE_AT_BOOT

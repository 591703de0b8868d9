"""Writes a cpio archive in the "newc" form, the one the kernel unpacks (Documentation/driver-api/early-userspace/
buffer-format.rst). The same tree gives the same bytes: sorted names, owner 0:0, one time stamp, no inode numbers
of the host.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

TRAILER = "TRAILER!!!"


def header(name: str, inode: int, mode: int, size: int, time: int) -> bytes:
    """One entry's header with its name, padded to four bytes. `time` in seconds since 1970."""
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, time, size, 0, 0, 0, 0, len(name.encode()) + 1, 0)
    text = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return text + padding(len(text))


def padding(length: int) -> bytes:
    """The zeros that bring `length` bytes to a multiple of four."""
    return bytes(-length % 4)


def entries(tree: Path) -> Iterator[Path]:
    """Everything below `tree`, each directory before what is in it, in an order that the names alone decide."""
    for child in sorted(tree.iterdir()):
        yield child
        if child.is_dir() and not child.is_symlink():
            yield from entries(child)


def content(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.fsencode(path.readlink())
    return path.read_bytes() if stat.S_ISREG(mode) else b""


def archive_mode(mode: int) -> int:
    """The mode to store: what the owner may, all may read, nobody else may write; independent of umask."""
    if stat.S_ISLNK(mode):
        return stat.S_IFLNK | 0o777
    if stat.S_ISDIR(mode) or mode & stat.S_IXUSR:
        return stat.S_IFMT(mode) | 0o755
    return stat.S_IFMT(mode) | 0o644


def write_archive(tree: Path, out: BinaryIO, time: int) -> None:
    """Write directories, regular files and symbolic links below `tree`. Other kinds are a bug: ValueError."""
    number = 0
    for number, path in enumerate(entries(tree), 1):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            raise ValueError(f"{path} is no file, directory or link")
        data = content(path, mode)
        name = path.relative_to(tree).as_posix()
        out.write(header(name, number, archive_mode(mode), len(data), time))
        out.write(data + padding(len(data)))
    out.write(header(TRAILER, 0, 0, 0, 0))

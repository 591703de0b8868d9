"""Which bytes a partition table is on a disk of a given size, as sfdisk writes them: known before any is written.

Rules, in one place:

* sfdisk writes into memory, never to the disk: a file without blocks that is as large as the disk (memfd_create(2)).
  From there only the table's own sectors are taken. So what is going to be written is known to the byte, what was there
  before can be kept and put back, and the order of writing is ours (`Written.steps`).
* Boot code stays: of the first sector only what has to differ is taken (a DOS table's four entries; of the protective
  MBR the disk's size).
* A GPT whose entries do not lie where every tool of today puts them, right behind its header, is not written anew.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..asking import run
from ..datapath.framing import SECTOR
from ..errors import ErrorKind, LauncherError
from ..hardware.window import window_of
from ..sentence import say
from ..used.table import GPT
from .table import Table, read_table, same

QUIET = ("--quiet", "--no-reread", "--no-tell-kernel")
_ENTRIES, _END = 446, 510  # of a DOS table's first sector
_PROTECTIVE, _KIND, _SIZE = 0xEE, 450, slice(458, 462)  # of its first entry: type, and sectors (UEFI 2.10, 5.2.3)
_PLACE = struct.Struct("<Q4xI")  # of a GPT's header from byte 72 on: its entries' sector; from byte 84: bytes of each


@dataclass(frozen=True)
class Piece:
    """Some bytes of the table, and where they belong."""

    offset: int
    data: bytes


@dataclass(frozen=True)
class Written:
    """A table's bytes, in steps: each is on the disk before the next one begins."""

    steps: tuple[tuple[Piece, ...], ...]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All, in the order of writing."""
        return tuple(piece for step in self.steps for piece in step)


def sectors(table: Table, size: int, head: bytes, reach: int, seconds: float) -> Written:
    """The bytes of `table` on a disk of `size` bytes that begins with `head` (`table.head` bytes). Nothing of the table
    that is there lies at `reach` or behind it, but for a GPT's backup. Raises LauncherError."""
    if table.label == GPT and _PLACE.unpack_from(head, table.sector + 72) != (2, 128):
        sentence = say("The partition table is not an ordinary one: its entries lie elsewhere.")
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence)
    with _memory(size) as (fd, path):
        _make(table, size, path, seconds)
        return _gpt(table, size, head, fd) if table.label == GPT else _dos(table, head, reach, fd)


def known(table: Table, length: int, head: bytes, seconds: float) -> bool:
    """Whether a disk of `length` bytes that begins with `head` (`table.head` bytes) has this `table`. The rest of it
    need not be there. Raises LauncherError."""
    with _memory(length) as (fd, path), _disk(table, length, path) as disk:
        os.pwrite(fd, head, 0)
        dump = run(("sfdisk", "--dump", disk), seconds)
        found = read_table(dump.out)
        return not dump.status and found is not None and same(found, table)


@contextlib.contextmanager
def _memory(size: int) -> Iterator[tuple[int, str]]:
    """An empty file of `size` bytes in memory: a descriptor, and a path for a program."""
    fd = os.memfd_create("table", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, size)
        yield fd, f"/proc/{os.getpid()}/fd/{fd}"
    finally:
        os.close(fd)


@contextlib.contextmanager
def _disk(table: Table, size: int, path: str, *, writable: bool = False) -> Iterator[str]:
    """The file at `path` as sfdisk takes it for a disk with the table's sectors. Raises LauncherError."""
    if table.sector == SECTOR:  # which sfdisk takes a file's sectors for
        yield path
        return
    end = size // table.sector * table.sector
    with window_of(path, 0, end, table.sector, writable=writable) as disk:
        yield disk.path
        disk.flush()


def _make(table: Table, size: int, path: str, seconds: float) -> None:
    """Let sfdisk write `table` into the file at `path`. Raises LauncherError."""
    with _disk(table, size, path, writable=True) as disk:
        done = run(("sfdisk", *QUIET, disk), seconds, table.script().encode())
        if done.status:
            sentence = say("The partition table could not be made: {failure}.", failure=done.failure)
            raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence)


def _gpt(table: Table, size: int, head: bytes, fd: int) -> Written:
    """The backup first, then header and entries at once, the disk's size in the protective MBR last: whoever sees only
    a part of that sees the old table or the new one."""
    made = os.pread(fd, table.head, 0)
    tail = size // table.sector * table.sector - table.tail
    first = head[: table.sector]
    if first[_KIND] == made[_KIND] == _PROTECTIVE:
        first = first[: _SIZE.start] + made[_SIZE] + first[_SIZE.stop :]
    return Written(
        (
            (Piece(tail, os.pread(fd, table.tail, tail)),),
            (Piece(table.sector, made[table.sector :]),),
            (Piece(0, first),),
        )
    )


def _dos(table: Table, head: bytes, reach: int, fd: int) -> Written:
    """The first sector, and the first ones of the logical partitions (EBR), each of which says where the next is.

    What lies behind the old table's reach comes first, as nothing points there yet; then the first sector (the extended
    partition grows around its old chain, or all of the chain is new); then the rest of the chain, from its end on. So
    whoever sees only a part of that sees a chain without a gap.
    """
    size = table.sector
    first = head[:_ENTRIES] + os.pread(fd, size, 0)[_ENTRIES:_END] + head[_END:size]
    found = ((offset, os.pread(fd, size, offset)) for offset in _filled(fd, size) if offset)
    chain = [Piece(offset, data) for offset, data in found if any(data)]
    new = tuple(piece for piece in chain if piece.offset >= reach)
    old = [piece for piece in reversed(chain) if piece.offset < reach]
    return Written((new, (Piece(0, first),), *((piece,) for piece in old)))


def _filled(fd: int, sector: int) -> Iterator[int]:
    """Where there are sectors with something in them, in the disk's order."""
    end = 0
    while True:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
            end = os.lseek(fd, begin, os.SEEK_HOLE)
        except OSError:
            return
        yield from range(begin // sector * sector, end, sector)

"""What of a disk is used: `survey`.

Rules, in one place:

* All is used but what the file system's own tool says is free, of a file system that its gate found clean. Whatever is
  in doubt (an answer that is not understood, a failure, a deadline, a program that is missing) makes a partition whole,
  and the reason is said.
* What is free comes into the map behind the last question of its partition, and all of it or nothing.
* The ends of a partition are used (see `edges`: 5 MiB and 2 MiB), and all that is in none: so a clone has no signature
  that its source has not.
* Where one system is hibernated, it has its file systems still: if Windows is, or nobody can know (BitLocker), no NTFS
  of the disk is looked at; if a Linux is, none is at all. So it is where a partition is sent alone.
* Tools see read-only windows (`hardware.window`). Without loop devices only the table is read, and no partition looked
  at.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..asking import answer
from ..errors import LauncherError
from ..hardware.signatures import ASKED, PROGRAM, PROTECTIVE, Signature, parse
from ..hardware.window import DRIVER, NoWindow, Window
from ..sentence import Sentence, say
from . import btrfs, esp, ext, ntfs, swap, table, xfs
from .doubt import Doubt, Tools
from .edges import FIRST, LAST
from .source import Source
from .survey import Part, Survey
from .table import Entry, Table
from .used_map import UsedMap

SECONDS = 540.0
"""What all may take, and half of it what one partition may: of a large NTFS much is read, also on a slow disk."""
ALIGNED = 1 << 20  # bytes: where partitions begin, by custom
LARGE_SECTOR = 4096
HIBERNATED = "swsuspend"
NTFS, BITLOCKER = "ntfs", "BitLocker"
Look = Callable[[Window, Tools, Callable[[int, int], None]], int]
LOOKS: dict[str, Look] = {
    **dict.fromkeys(("ext2", "ext3", "ext4"), ext.look),
    NTFS: ntfs.look,
    "xfs": xfs.look,
    "btrfs": btrfs.look,
    "swap": swap.look,
}
"""By what the free blocks of a kind of file system are known, as blkid names it."""


def _quiet(command: str) -> None:
    """Commands are not logged."""


def survey(
    path: str,
    length: int,
    *,
    seconds: float = SECONDS,
    used: bool = True,
    note: Callable[[str], None] = _quiet,
    stop: int | None = None,
) -> Survey:
    """What is on the `length` bytes of the disk, partition or image file at `path`; without `used` only which parts
    there are. All may take so many `seconds`, then the rest is whole; `note` is given each command. When
    the descriptor `stop` becomes readable, nobody wants to know any more: it ends with `Stopped`. Raises LauncherError
    where it cannot be read at all."""
    with contextlib.closing(Source(path)) as source:
        return _Surveying(source, length, seconds, note, stop).survey(used)


class _Surveying:
    """One survey."""

    def __init__(
        self, source: Source, length: int, seconds: float, note: Callable[[str], None], stop: int | None
    ) -> None:
        self._source = source
        self._length = length
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._note = note
        self._stop = stop
        self._sector = source.sector

    def survey(self, used: bool) -> Survey:
        """All of it."""
        disk = self._whole()
        if disk.doubt:
            whole = Part(self._source.name, 0, 0, self._length, disk.kind, whole=_words(self._source.name, disk.doubt))
            return Survey(UsedMap(self._length), (whole,))
        found = [self._recognise(entry, disk) for entry in disk.entries]
        hibernated = self._asleep(found) if used else _Hibernated()
        chart = UsedMap(self._length)
        parts = tuple(self._part(one, hibernated, chart) if used else one.part for one in found)
        asleep = {hibernated.linux, hibernated.windows}
        parts = tuple(replace(part, hibernated=part.name in asleep) for part in parts)
        text, end = (disk.table.text, disk.table.end) if disk.table else (None, None)
        return Survey(chart, parts, text, end, self._behind(disk), tuple(self._warnings(disk, parts)))

    def _whole(self) -> _Disk:
        """What the disk is as a whole. Of an image file nobody knows how large the sectors of its disk were."""
        try:
            disk = self._seen()
            if disk.lacks_gpt and not self._source.is_block:
                self._sector = LARGE_SECTOR
                larger = self._seen()
                if larger.table:
                    return larger
                self._sector = self._source.sector
        except NoWindow as no:
            return replace(self._disk(self._source.path, rights=True), blind=_blind(no))
        return disk

    def _seen(self) -> _Disk:
        """The same, in these sectors. Raises NoWindow."""
        with self._window(0, self._source.size) as window:
            return self._disk(window.path)

    @contextlib.contextmanager
    def _window(self, offset: int, length: int) -> Iterator[Window]:
        """Raises NoWindow."""
        with self._source.window(offset, length, self._load, self._sector) as window:
            yield window

    def _load(self) -> None:
        """Bring the kernel's driver of loop devices; where that fails, it is seen at the device that is not there."""
        with contextlib.suppress(LauncherError):
            answer(DRIVER, self._seconds / 2, note=self._note)

    def _tools(self, rights: bool = False) -> Tools:
        """For one part, from now on."""
        return Tools(min(time.monotonic() + self._seconds / 2, self._end), self._note, rights, self._stop)

    def _disk(self, path: str, rights: bool = False) -> _Disk:
        """What the disk is as a whole, to be seen at `path`, perhaps only by us."""
        tools = self._tools(rights)
        try:
            found = signatures(path, tools)
        except (Doubt, LauncherError) as doubt:
            return _Disk(doubt=doubt)
        tables, others = table.tables(found), table.others(found)
        try:
            if others and (not tables or (tables == {table.MBR} and not table.is_divided(path, tools))):
                return _Disk((Entry(0, 0, self._length),), found=found)
            if others:
                names = *others, *sorted(tables)
                raise Doubt(say("more than one thing is recognised on it ({names})", names=names))
            if not tables and not any(one.kind == PROTECTIVE for one in found):
                return _Disk((Entry(0, 0, self._length),))
            partitions = table.read(path, self._source.path, self._length, tools)
        except (Doubt, LauncherError) as doubt:
            return _Disk(found=found, doubt=doubt)
        return _Disk(partitions.entries, partitions, found)

    def _recognise(self, entry: Entry, disk: _Disk) -> _Found:
        """What kind of thing is in a partition."""
        number = entry.number
        name = table.part_name(self._source.name, number) if number else self._source.name
        part = Part(name, number, entry.offset, entry.size)
        if disk.blind:
            return _Found(replace(part, kind="" if number else disk.kind), disk.blind)
        tools = self._tools()
        try:
            with self._window(entry.offset, entry.size) as window:
                found = signatures(window.path, tools)
                kinds = table.others(found)
                part = replace(part, kind=kinds[0] if kinds else "")
                if table.tables(found) and table.is_divided(window.path, tools):
                    kinds += tuple(sorted(table.tables(found)))
                if not kinds:
                    raise Doubt(say("nothing is recognised on it"))
                if len(kinds) > 1:
                    raise Doubt(say("more than one thing is recognised on it ({names})", names=kinds))
        except NoWindow as no:
            return _Found(part, _blind(no))
        except (Doubt, LauncherError) as doubt:
            return _Found(part, doubt)
        return _Found(part)

    def _asleep(self, found: list[_Found]) -> _Hibernated:
        """Which systems are hibernated: on all of the disk, also where one partition of it is sent alone."""
        path = self._source.disk
        if path is None:
            return self._hibernated(found)
        try:
            with contextlib.closing(Source(path)) as source:
                left = max(0.0, self._end - time.monotonic())
                return _Surveying(source, source.size, left, self._note, self._stop).hibernated()
        except LauncherError:
            return _Hibernated(unknown=Path(path).name)

    def hibernated(self) -> _Hibernated:
        """The same of a disk of which nothing else is wanted."""
        disk = self._whole()
        if disk.doubt or disk.blind:
            return _Hibernated(unknown=self._source.name)
        return self._hibernated([self._recognise(entry, disk) for entry in disk.entries])

    def _hibernated(self, found: list[_Found]) -> _Hibernated:
        """Which of them are."""
        parts = [one.part for one in found]
        linux = next((part.name for part in parts if part.kind == HIBERNATED), "")
        windows = unknown = ""
        for part in parts:
            sleeps = self._is_hibernated(part) if part.kind == NTFS else None if part.kind == BITLOCKER else False
            if sleeps:
                windows = windows or part.name
            elif sleeps is None:
                unknown = unknown or part.name
        return _Hibernated(linux, windows, unknown)

    def _is_hibernated(self, part: Part) -> bool | None:
        """Whether a Windows is, on this NTFS; None where that is not known."""
        try:
            with self._window(part.offset, part.size) as window:
                return ntfs.hibernated(window, self._tools())
        except (NoWindow, Doubt, LauncherError):
            return None

    def _part(self, found: _Found, hibernated: _Hibernated, chart: UsedMap) -> Part:
        """The part, with what is free of it in `chart`."""
        part = found.part
        try:
            if found.doubt:
                raise found.doubt
            look = _look(part, hibernated)
            trial = UsedMap(self._length)
            with self._window(part.offset, part.size) as window:
                used = look(window, self._tools(), _freeing(trial, part))
        except NoWindow as no:
            return replace(part, whole=_words(part.name, _blind(no)))
        except (Doubt, LauncherError) as doubt:
            return replace(part, whole=_words(part.name, doubt))
        chart.add(trial)
        return replace(part, used=used)

    def _warnings(self, disk: _Disk, parts: tuple[Part, ...]) -> Iterator[Sentence]:
        """What else the operator has to know."""
        for entry, part in zip(disk.entries, parts, strict=True):
            if entry.type.upper() in esp.TYPES and part.kind == esp.FAT:
                window_of = self._window(part.offset, part.size)
                with contextlib.suppress(NoWindow, Doubt, LauncherError), window_of as window:
                    found = esp.warning(part.name, window, self._tools())
                    if found:
                        yield found

    def _behind(self, disk: _Disk) -> tuple[str, ...]:
        """What is recognised behind the last partition: on the disk as a whole, and where something that had a
        partition once would begin."""
        if disk.table is None:
            return ()
        end = disk.table.end
        seen = {one.offset: one for one in disk.found if one.offset >= end}
        for begin in sorted({end, -(-end // ALIGNED) * ALIGNED}):
            if begin < self._source.size and not disk.blind:
                for one in self._recognised(begin, self._source.size):
                    seen[one.offset] = one
        known = sorted(seen.values(), key=lambda one: one.offset)
        return tuple(str(one.words) for one in known if one.kind != table.GPT)

    def _recognised(self, begin: int, end: int) -> list[Signature]:
        """What would be, if the disk began there."""
        with contextlib.suppress(NoWindow, LauncherError, Doubt), self._window(begin, end - begin) as window:
            found = signatures(window.path, self._tools())
            return [replace(one, offset=begin + one.offset) for one in found]
        return []


@dataclass(frozen=True)
class _Disk:
    """The disk as a whole: `entries` are its parts; `found` is what is recognised on it. `doubt`: why it is not known
    which parts it has. `blind`: why none can be looked at."""

    entries: tuple[Entry, ...] = ()
    table: Table | None = None
    found: tuple[Signature, ...] = ()
    doubt: Doubt | LauncherError | None = None
    blind: Doubt | None = None

    @property
    def lacks_gpt(self) -> bool:
        """Whether only that is there which stands before a GPT."""
        return any(one.kind == PROTECTIVE for one in self.found) and not table.tables(self.found)

    @property
    def kind(self) -> str:
        """What it is, where that is no partition table."""
        return next(iter(table.others(self.found)), "")


@dataclass(frozen=True)
class _Found:
    """A part, and where it is in doubt."""

    part: Part
    doubt: Doubt | LauncherError | None = None


@dataclass(frozen=True)
class _Hibernated:
    """On which partition a hibernated system was seen, and of which that is not known; "" on none."""

    linux: str = ""
    windows: str = ""
    unknown: str = ""


def signatures(path: str, tools: Tools) -> tuple[Signature, ...]:
    """All that is recognised in a window. Raises Doubt and LauncherError."""
    return parse(tools.text(PROGRAM, *ASKED, path).encode())


def _look(part: Part, hibernated: _Hibernated) -> Look:
    """Whom to ask. Raises Doubt."""
    if part.kind == HIBERNATED:
        raise Doubt(say("a Linux is hibernated"), say("start it and shut it down"))
    if part.kind not in LOOKS:
        raise Doubt(say("it is {kind}", kind=part.kind))
    if hibernated.linux:
        raise Doubt(say("a Linux is hibernated (on {other})", other=hibernated.linux), say("start it and shut it down"))
    if part.kind == NTFS and hibernated.windows not in {"", part.name}:
        raise ntfs.shut_down(hibernated.windows)
    if part.kind == NTFS and hibernated.unknown not in {"", part.name}:
        raise Doubt(say("nobody knows whether Windows is hibernated (on {other})", other=hibernated.unknown))
    return LOOKS[part.kind]


def _freeing(trial: UsedMap, part: Part) -> Callable[[int, int], None]:
    """Bytes of the partition that are free come into `trial`, apart from its edges."""

    def free(begin: int, end: int) -> None:
        if not 0 <= begin <= end <= part.size:
            raise Doubt(say("the file system is larger than the partition"))
        begin, end = max(begin, FIRST), min(end, part.size - LAST)
        if begin < end:
            trial.free(part.offset + begin, part.offset + end)

    return free


def _blind(no: NoWindow) -> Doubt:
    return Doubt(say("no loop device could be had to look at it ({error})", error=str(no)), say("run this as root"))


def _words(name: str, doubt: Doubt | LauncherError) -> Sentence:
    if isinstance(doubt, Doubt):
        return doubt.sentence(name)
    return say("{name} is sent whole: {why}", name=name, why=doubt.sentence)

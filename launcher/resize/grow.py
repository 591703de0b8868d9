"""Grow a clone on a larger target: the steps of a `GrowthPlan`, in an order that is never wrong in between.

Rules, in one place:

* Nothing is begun on a disk that is not held for ourselves alone, whose table is not the sender's, or where the
  partition that is to grow has another kind of file system than was said, or is not whole.
* First what changes nothing of the clone: the checks, and the small partitions' copies behind its end, compared. Then
  the table; then the file system, in its new and larger partition. A power cut leaves

  - before the table: the equal clone;
  - while the table is written (some milliseconds): the old table or the new one. Of a GPT, 17 kB go to the disk as one;
    should the cut be within them, the backup at the disk's end is right;
  - behind it: the new table, every partition whole, one file system smaller than its partition;
  - while the file system grows: one that may be broken. No tool does that with a journal while nothing is mounted.

* A failed tool is no reason to believe the worst: where nothing was written into the partition, the old table is put
  back, byte by byte, and the clone is equal again. Else the file system is checked, and what it is then is said.
* File systems are never shrunk.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from ..datapath.behind import renewed
from ..datapath.block_device import TargetDisk
from ..errors import ErrorKind, LauncherError
from ..hardware.signatures import TABLE, signatures
from ..hardware.window import Window, window_of
from ..model.growth import Growth, GrowthKind, Offer, Tell, grown, not_grown
from ..model.times import TIMES, Times
from ..reasons import reason
from ..sentence import NOTHING, Sentence, joined, say
from . import file_systems
from .disk import Disk, opened, read_dump
from .growth import ASLEEP, GrowthPlan
from .sectors import Piece, Written, sectors
from .table import Table, same


def offer(path: str, plan: GrowthPlan) -> Offer:
    """What may be done to the disk at `path`."""
    moves = dict.fromkeys(move.number for move in plan.moves)
    return Offer(
        name=partition_name(path, plan.number),
        kind=plan.kind,
        before=plan.before,
        after=plan.after,
        moves=tuple(partition_name(path, number) for number in moves),
        remarks=file_systems.remarks(plan.kind),
        grow=lambda tell: grow(path, plan, tell),
    )


def partition_name(path: str, number: int) -> str:
    """As the kernel names it: ``sda2``, ``nvme0n1p2``."""
    name = Path(path).name
    return f"{name}p{number}" if name[-1:].isdigit() else f"{name}{number}"


def grow(path: str, plan: GrowthPlan, tell: Tell = lambda step: None, times: Times = TIMES) -> Growth:
    """Carry out `plan` on the disk at `path`, which nobody may have open, and tell each step. Raises TransferFailed
    where it cannot be had for ourselves alone; nothing has changed then. Never raises for what a disk or a tool does
    later."""
    wanted = offer(path, plan)
    target = TargetDisk(path, times)
    try:
        try:
            with opened(path) as disk:
                found = _Growing(disk, wanted, plan, tell, times).run()
        except OSError as error:  # it does not even open
            return _failed(wanted, _as_before(_words(error)))
        stale = renewed(target, times)
    finally:
        target.close()
    if stale is None:
        return found
    again = say(
        "The kernel still has the old partitions of {device}: {why}. Restart this PC before you use them.",
        device=path,
        why=stale,
    )
    return replace(found, remarks=(*found.remarks, again))


class _Over(Exception):
    """Growing ends here, with what has become of it."""

    def __init__(self, growth: Growth) -> None:
        super().__init__(str(growth.sentence))
        self.growth = growth


class _Growing:
    """One growing of `disk`."""

    def __init__(self, disk: Disk, offer: Offer, plan: GrowthPlan, tell: Tell, times: Times) -> None:
        self._disk, self._offer, self._plan, self._tell, self._times = disk, offer, plan, tell, times
        self._old: tuple[Piece, ...] = ()  # what the new table overwrites

    def run(self) -> Growth:
        try:
            written = self._prepared()
            self._write_table(written)
            self._enlarge()
            self._verify(written)
        except _Over as over:
            return over.growth
        return grown(self._offer)

    # --- nothing of the clone changes ---------------------------------------------------------------------------------

    def _prepared(self) -> Written:
        """The new table's bytes, when all is ready for them. Raises _Over."""
        try:
            self._tell(say("Checking {partition}.", partition=self._offer.name))
            self._check()
            written = self._table()
            self._copy()
        except (LauncherError, OSError) as error:
            hint = error.hint if isinstance(error, LauncherError) else NOTHING
            raise _Over(_failed(self._offer, _as_before(_words(error)), hint)) from error
        return written

    def _check(self) -> None:
        """Raises LauncherError, OSError."""
        plan, name = self._plan, self._offer.name
        if self._disk.size != plan.size:
            raise _error(say("the disk has another size than before"))
        self._disk.forget()
        if not self._has(plan.old):
            raise _error(say("its partition table is not the sender's"))
        self._awake()
        with self._window(plan.before) as part:
            if self._kinds(part) != {plan.kind}:
                raise _error(say("what is on {partition} is not what was sent", partition=name))
            file_systems.check(plan.kind, part.path, self._times.growing)
        with self._window(plan.after) as part:
            file_systems.rehearse(plan.kind, part.path, self._times.growing)

    def _awake(self) -> None:
        """Raises _Over where a Windows is hibernated on the disk; LauncherError, OSError."""
        plan = self._plan
        for one in plan.old.entries:
            if one.number not in plan.ntfs:
                continue
            begin, end = one.start * plan.old.sector, one.end * plan.old.sector
            with window_of(self._disk.path, begin, end, plan.old.sector) as part:
                if file_systems.hibernated(part.path, self._times.growing):
                    raise _Over(not_grown(say("{why}.", why=ASLEEP), self._offer))

    def _table(self) -> Written:
        """The new table's bytes; those that they replace are kept. Raises LauncherError, OSError."""
        plan = self._plan
        head = self._disk.read(0, plan.old.head)
        written = sectors(plan.new, plan.size, head, plan.reach, self._times.patience)
        self._old = tuple(
            Piece(piece.offset, self._disk.read(piece.offset, len(piece.data))) for piece in written.pieces
        )
        return written

    def _copy(self) -> None:
        """What lies behind the clone: where the partition will end nothing old may be recognised, and what moves is
        there already. Raises LauncherError, OSError."""
        begin, end = self._plan.edge
        self._disk.write((Piece(begin, bytes(max(0, end - begin))),))
        told = ""
        for move in self._plan.moves:
            name = partition_name(self._disk.path, move.number)
            if name != told:
                self._tell(say("Copying {partition} to the end of the disk.", partition=name))
                told = name
            if not self._disk.copy(move.begin, move.to, move.length):
                raise _error(say("the copy of {partition} differs", partition=name))

    # --- the table changes --------------------------------------------------------------------------------------------

    def _write_table(self, written: Written) -> None:
        """Raises _Over."""
        self._tell(say("Writing the partition table."))
        try:
            for step in written.steps:
                self._disk.write(step)
            if not self._disk.has(written.pieces) or not self._has(self._plan.new):
                raise _error(say("the new partition table is not what was written"))
        except (LauncherError, OSError) as error:
            raise _Over(self._undone(_words(error))) from error

    def _undone(self, why: Sentence) -> Growth:
        """Put the old table back, the last piece first."""
        self._tell(say("Putting the old partition table back."))
        try:
            for piece in reversed(self._old):
                self._disk.write((piece,))
            if self._disk.has(self._old) and self._has(self._plan.old):
                return _failed(self._offer, _as_before(why))
        except (LauncherError, OSError) as error:
            why = joined(" ", _ended(why), _words(error))
        back = say("{why} The old partition table could not be put back.", why=_ended(why))
        return _broken(self._offer, back)

    # --- the file system changes --------------------------------------------------------------------------------------

    def _enlarge(self) -> None:
        """Raises _Over."""
        plan = self._plan
        self._tell(say("Growing {partition}. Do not switch off.", partition=self._offer.name))
        untouched = True
        try:
            with self._window(plan.after, writable=True) as part:
                try:
                    file_systems.enlarge(plan.kind, part.path, plan.before, self._times.growing)
                    part.flush()
                finally:
                    untouched = not part.written()
        except (LauncherError, OSError) as error:
            why = _words(error)
            raise _Over(self._undone(why) if untouched else self._as_it_is(why)) from error

    def _as_it_is(self, why: Sentence) -> Growth:
        """What the file system is, behind a tool that failed within."""
        try:
            self._whole()
        except (LauncherError, OSError):
            return _broken(self._offer, _ended(why))
        words = {"why": _ended(why), "partition": self._offer.name}
        return _failed(
            self._offer, say("{why} {partition} has the room, its file system is whole and has not grown.", **words)
        )

    def _whole(self) -> None:
        """Raises LauncherError, OSError where the file system is not."""
        self._disk.forget()
        with self._window(self._plan.after) as part:
            file_systems.still_whole(self._plan.kind, part.path, self._times.growing)

    def _verify(self, written: Written) -> None:
        """All of it, read from the disk. Raises _Over."""
        self._tell(say("Checking {partition} again.", partition=self._offer.name))
        try:
            self._whole()
            with self._window(self._plan.after) as part:
                kinds = self._kinds(part)
            if kinds != {self._plan.kind}:
                raise _error(say("other things are recognised on it: {kinds}", kinds=tuple(sorted(kinds))))
            if not self._disk.has(written.pieces):
                raise _error(say("the partition table has changed meanwhile"))
        except (LauncherError, OSError) as error:
            raise _Over(_broken(self._offer, _ended(_words(error)))) from error

    # --- what is asked of the system ----------------------------------------------------------------------------------

    def _window(self, length: int, *, writable: bool = False) -> contextlib.AbstractContextManager[Window]:
        begin, sector = self._plan.begin, self._plan.old.sector
        return window_of(self._disk.path, begin, begin + length, sector, writable=writable)

    def _kinds(self, part: Window) -> set[str]:
        """What is recognised there. The boot sector of NTFS looks like a DOS table as well. Raises LauncherError."""
        return {found.kind for found in signatures(part.path, self._times.patience) if found.usage != TABLE}

    def _has(self, table: Table) -> bool:
        """Whether sfdisk reads just this table from the disk. Raises LauncherError."""
        found = read_dump(self._disk.path, self._times.patience)
        return found is not None and same(found, table)


def _failed(offer: Offer, why: Sentence, hint: Sentence = NOTHING) -> Growth:
    sentence = say("{partition} was to grow, and that failed: {why}", partition=offer.name, why=why)
    return Growth(GrowthKind.FAILED, sentence, hint, name=offer.name, before=offer.before)


def _broken(offer: Offer, why: Sentence) -> Growth:
    sentence = say("{partition} was to grow, and is broken now: {why}", partition=offer.name, why=why)
    hint = say("Do not use this clone: cast again.")
    return Growth(GrowthKind.BROKEN, sentence, hint, name=offer.name, before=offer.before)


def _as_before(why: Sentence) -> Sentence:
    return say("{why} The clone is as it was.", why=_ended(why))


def _error(sentence: Sentence) -> LauncherError:
    return LauncherError(ErrorKind.PROGRAM_FAILED, sentence)


def _words(error: LauncherError | OSError) -> Sentence:
    if isinstance(error, LauncherError):
        return error.sentence
    return reason(error)


def _ended(why: Sentence) -> Sentence:
    """With a full stop."""
    return why if str(why).endswith(".") else joined("", why, ".")

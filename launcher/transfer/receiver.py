"""A receiver's transfer to a disk: written, holes treated, flushed, read back, fitted to its size.

`Receiver` opens the disk; `DiskReception` is a `Reception` whose target is a disk.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from ..datapath.behind import Behind, tidy
from ..datapath.block_device import DiskError, ReadBack, TargetDisk, no_answer
from ..datapath.copying import Incoming, copy_records, copy_to_disk
from ..datapath.framing import Manifest
from ..datapath.holes import clear
from ..datapath.moved import Moved, Reread
from ..datapath.records import RecordReader
from ..datapath.rereading import read_back
from ..events import EventLog
from ..model.outcome import Outcome
from ..model.plan import Holes, Plan
from ..model.times import TIMES, Times
from ..process import program
from ..resize.fit import Fit
from ..sentence import joined
from ..udpcast.command import argv
from .evidence import Receiving
from .opening import opened
from .owner import Cancel, Job, Owner
from .preflight import notes, same_identifier
from .receiver_verdict import judge_receiver
from .reception import NOT_REREAD, Reception, Stopped
from .resizing import beginning, not_rewritten, rewritten, room, smaller
from .status import Phase, Status


class Receiver:
    """One reception by `plan`. `prepare` may refuse; what it gives takes as long as the cast, and gives its outcome."""

    def __init__(self, plan: Plan, status: Status, log: EventLog, times: Times = TIMES) -> None:
        """Raises TransferFailed when a program is missing.

        `commands`: what is run, with the programs that are there; without the decompressor where the stream tells it.
        """
        self.commands = tuple(program(words) for words in argv(plan))
        self._begun = time.monotonic()
        self._job = Job(plan, status, log, times, Owner(times))

    def begin_cast(self) -> None:
        """Only a sender can."""

    def cancel(self) -> None:
        """Take our leave of the sender and stop writing."""
        self._job.owner.inbox.post(Cancel())

    def leave(self) -> None:
        """Close everything, where nothing is begun."""
        self._job.owner.leave()

    def prepare(self) -> Callable[[], Outcome]:
        """Open the target. Raises TransferFailed."""
        job = self._job
        try:
            target = opened(TargetDisk, job.plan.target.path, job.owner, job.times)
        except BaseException:
            job.owner.leave()
            raise
        return lambda: self._run(target)

    def _run(self, target: TargetDisk | None) -> Outcome:
        """Receive, and judge what happened. Every process is reaped when this returns, even by an exception."""
        job, wanted = self._job, self._job.plan.target
        try:
            if target is None or job.owner.cancelled():
                return judge_receiver(Receiving(wanted.path, wanted.size, cancelled=True))
            return self._reception(target).run()
        finally:
            job.owner.leave()

    def _reception(self, target: TargetDisk) -> Reception:
        return DiskReception(self._job, target, self._begun)


class DiskReception(Reception):
    """One reception to the open disk `target`."""

    def __init__(self, job: Job, target: TargetDisk, begun: float) -> None:
        super().__init__(job, target, begun)
        self._target = target
        self._fit: Fit | None = None  # on a smaller target

    def announced(self, manifest: Manifest) -> None:
        self._fit = smaller(self.job.plan, manifest, self._seen.size)
        if self._fit:
            self._note(rewriting=not_rewritten(self._fit))
        seen, head = self._seen, self._target.head
        for note in notes(seen.device, seen.size, head, manifest):
            self.job.status.note(note)
            self.job.log.emit("note", text=str(note))
        if same_identifier(head, manifest):
            self.job.log.emit("same-disk-id", table=manifest.table, disk_id=manifest.disk_id)

    def write_plain(self, incoming: Incoming) -> Moved:
        """A worker's."""
        return copy_to_disk(incoming.fill, self._target, self._seen.size, self.job.status.moved)

    def write_records(self, reader: RecordReader) -> Moved:
        """A worker's."""
        manifest = self._seen.manifest
        size = manifest.length if self._fit and manifest else self._seen.size  # more comes than is written
        return copy_records(reader, self._target, size, self.job.status.moved, beginning(self._fit, manifest))

    def complete(self) -> None:
        self._clear_holes()
        self._flush()

    def finish(self) -> None:
        self._tidy()
        if self._fit and self._good_so_far():
            self._rewrite(self._fit)

    def verify(self) -> None:
        """Read the disk back, where nothing else speaks against a success."""
        self._enter(Phase.VERIFYING)
        self._note(reread=NOT_REREAD)
        times, path = self.job.times, self._target.path
        end = time.monotonic() + times.patience
        opening = self.owner.start("open", lambda: ReadBack(path, times), close=ReadBack.close)
        self.until(lambda: opening.over or self._seen.cancelled or time.monotonic() > end)
        if not opening.over:
            if not self._seen.cancelled:
                self._note(reread=Reread(error=no_answer(times.patience)))
            return
        try:
            again = opening.result()
        except DiskError as error:
            self._note(reread=Reread(error=error.words))
            return
        self._disks.insert(0, again)
        written = self._seen.target
        reading = self.owner.start("disk", lambda: read_back(again, written, self._reread_so_far))
        self.until(lambda: reading.over)
        with contextlib.suppress(Stopped):
            self._note(reread=reading.result())

    def ended(self, outcome: Outcome) -> Outcome:
        """`outcome`, and what could grow on a larger target. No other disk is asked any more: it may hang."""
        if not outcome.ok:
            return outcome
        try:
            size = self._target.end()
        except DiskError:
            return outcome
        return room(self.job.plan, outcome, self._seen.manifest, size)

    def _clear_holes(self) -> None:
        """What is not used is kept, discarded, or zeroed."""
        how, written = self.job.plan.holes, self._seen.target
        if how is Holes.KEEP or written.written == written.count:
            return
        self._enter(Phase.CLEARING)
        progress = self.job.status.cleared
        clearing = self.owner.start("disk", lambda: clear(self._target, written, how, self._stop.is_set, progress))
        self.until(lambda: clearing.over)
        try:
            self._note(cleared=clearing.result())
        except DiskError as error:
            self._note(target=replace(written, count=error.offset, error=error.words))

    def _flush(self) -> None:
        """Bring everything to the device; its answer is evidence."""
        self._enter(Phase.FLUSHING)
        flushing = self.owner.start("disk", self._target.flush)
        self.until(lambda: flushing.over)
        try:
            flushing.result()
        except DiskError as error:
            self._note(flush_error=error.words)

    def _rewrite(self, found: Fit) -> None:
        """Write the table of a smaller target for its size, once all else is on it."""
        patience, target = 2 * self.job.times.patience, self._target
        late = time.monotonic() + patience
        working = self.owner.start("table", lambda: rewritten(target, found, self.job.times))
        self.until(lambda: working.over or time.monotonic() > late)
        rewriting, stale = working.result() if working.over else (not_rewritten(found, no_answer(patience)), None)
        behind = replace(self._seen.behind or Behind(), stale=stale)
        self._note(rewriting=rewriting, behind=behind)
        self.job.log.emit("table", size=rewriting.size, error=rewriting.error and str(rewriting.error))

    def _tidy(self) -> None:
        """See to what lies behind the clone, and to the kernel's view of it. What is known of the clone stays true
        whatever comes of it, so that no disk is watched any more."""
        seen, times = self._seen, self.job.times
        if not seen.target.count:
            return
        self._disks.clear()
        end = seen.target.on_disk[0] if self._good_so_far() else None
        patience = times.impatience if seen.cancelled else 2 * times.patience
        late = time.monotonic() + patience
        tidying = self.owner.start("disk", lambda: tidy(self._target, end, times))
        self.until(lambda: tidying.over or time.monotonic() > late)
        behind = tidying.result() if tidying.over else Behind(error=joined("", no_answer(patience), "."))
        if self._fit:
            behind = replace(behind, larger=0)
        self._note(behind=behind)
        if behind != Behind():
            self.job.log.emit("behind", **behind.record())

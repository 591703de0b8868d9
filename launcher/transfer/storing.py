"""A receiver that keeps the stream itself, in a new file, and writes no disk.

Rules, in one place:

* The stream is written to the file as it comes, while the same worker as ever unpacks it, and what that gives is
  digested. So it is known at its end whether the file holds what the sender read.
* Only a stream that the launcher made is kept, with zstd: it has a manifest, a frame for each chunk, and a trailer.
  Nothing else could be read at any place, or be compared.
* Behind the trailer comes the seek table, and nothing else; one that came with the stream is let go. Then the file is
  brought to the disk, looked at, and (verify) all of it is read again and unpacked. Only then it gets its name.
* What is not whole is removed, and nothing has the name.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..datapath.block_device import DiskError, TargetDisk, no_answer
from ..datapath.chunks import chunk
from ..datapath.copying import Incoming, Stalled, copy_records, write_all
from ..datapath.frames import seek_table
from ..datapath.framing import Manifest, recognise
from ..datapath.moved import Moved, Reread
from ..datapath.new_image import NewImage
from ..datapath.records import RecordReader
from ..datapath.stored import KEPT_FORMAT, NotWhole
from ..datapath.stored_check import Nowhere, read_all
from ..datapath.stored_stream import StoredSource
from ..datapath.walking import Walker
from ..errors import TransferFailed
from ..events import EventLog
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression, Grow, Holes, Keep, Plan
from ..model.times import TIMES, Times
from ..model.wording import part_of, size
from ..reasons import reason
from ..sentence import Sentence, joined, say
from .opening import opened
from .owner import Job
from .receiver import Receiver
from .reception import NOT_REREAD, Reception, Stopped
from .status import Phase, Status

NO_DISK_IS_LARGER = 1 << 62  # bytes
MAKE_ROOM = say("Make room there, then cast again.")
SEND_SO = say("Send with the launcher of this version, and compr=zstd.")


class NewFile(TargetDisk):
    """The new image's file, open to be written; whoever closes it lets its name go."""

    def __init__(self, path: str, times: Times, replace_it: bool) -> None:
        """Raises TransferFailed."""
        self.image = NewImage(path, replace=replace_it)
        try:
            super().__init__(self.image.part, times)
        except BaseException:
            self.image.discard()
            self.image.close()
            raise

    def close(self) -> None:
        """Once."""
        if self.fd >= 0:
            self.image.close()
        super().close()


class Storer(Receiver):
    """One cast that is kept by `plan`."""

    def __init__(self, plan: Plan, status: Status, log: EventLog, times: Times = TIMES) -> None:
        """Raises TransferFailed when a program is missing."""
        target = replace(plan.target, size=NO_DISK_IS_LARGER)
        super().__init__(replace(plan, target=target, holes=Holes.KEEP, grow=Grow.NO), status, log, times)

    def prepare(self) -> Callable[[], Outcome]:
        """Make the new file. Raises TransferFailed."""
        job = self._job
        replace_it = job.plan.target.keep is Keep.REPLACE
        try:
            file = opened(
                lambda path, times: NewFile(path, times, replace_it), job.plan.target.path, job.owner, job.times
            )
        except BaseException:
            job.owner.leave()
            raise
        return lambda: self._run(file)

    def _reception(self, target: TargetDisk) -> Reception:
        assert isinstance(target, NewFile)
        return Storing(self._job, target, self._begun)


@dataclass
class _Kept:
    """What became of the file. `came`: bytes of the stream so far. `wrong`: why it could not be written, or what came
    is no stream that is kept; `full`: there was no room. `size` in bytes, once it is whole; `named`: it has its name;
    `unnamed`: why it could not be given it."""

    came: int = 0
    wrong: Sentence | None = None
    full: bool = False
    size: int = 0
    unnamed: Sentence | None = None
    named: bool = False


class Storing(Reception):
    """One reception to the new file `file`."""

    def __init__(self, job: Job, file: NewFile, begun: float) -> None:
        super().__init__(job, file, begun)
        self._file = file
        self._walker = Walker()
        self._kept = _Kept()
        if file.image.swept:
            job.status.note(file.image.swept)
            job.log.emit("note", text=str(file.image.swept))

    def run(self) -> Outcome:
        """Receive, and say what was kept."""
        try:
            outcome = super().run()
        finally:
            if not self._kept.named and not self._kept.unnamed:
                self._in_time(self._file.image.discard)
        return self._told(outcome)

    # --- the stream ---------------------------------------------------------------------------------------------------

    def wrong(self, head: bytes) -> Outcome | None:
        if recognise(head) is not Compression.ZSTD:
            return _not_kept(say("it is not packed with zstd"))
        return super().wrong(head)

    def refused(self, head: bytes, manifest: Manifest | None) -> Outcome | None:
        if manifest is None or manifest.format < KEPT_FORMAT:
            why = say("no manifest comes with it") if manifest is None else say("its sender is of an older version")
            return _not_kept(why)
        return super().refused(head, manifest)

    def pass_on(self, incoming: Incoming, outlet: int, most: int | None) -> Moved:
        memory, done = chunk(), 0
        try:
            while most is None or done < most:
                count = incoming.read(memory if most is None else memory[: most - done])
                if not count:
                    break
                self._walker.feed(memory[:count])
                self._file.write(memory[:count], self._kept.came)
                self._kept.came += count
                done += count
                write_all(outlet, memory[:count])
        except Stalled:
            return Moved(done, stalled=True)
        except BrokenPipeError:
            return Moved(done, broken=True)
        except NotWhole as error:
            self._kept.wrong = error.words
            return Moved(done, bad=error.words)
        except DiskError as error:
            self._kept.wrong, self._kept.full = error.words, error.full
            return Moved(done, error=error.words)
        return Moved(done)

    def write_records(self, reader: RecordReader) -> Moved:
        return copy_records(reader, Nowhere(), self._seen.size, self.job.status.moved)

    # --- its end ------------------------------------------------------------------------------------------------------

    def complete(self) -> None:
        self._enter(Phase.FLUSHING)
        finishing = self.owner.start("disk", self._finish)
        self.until(lambda: finishing.over)
        try:
            self._kept.size = finishing.result()
        except DiskError as error:
            self._kept.wrong, self._kept.full = error.words, error.full
            self._note(flush_error=error.words)

    def _finish(self) -> int:
        """Put the seek table behind the trailer, and bring all to the disk; gives the file's size. A worker's."""
        file, walker = self._file, self._walker
        table = seek_table(bytes(walker.lines))
        try:
            os.ftruncate(file.fd, walker.end)
        except OSError as error:
            raise DiskError(walker.end, reason(error)) from error
        file.write(memoryview(table), walker.end)
        file.flush()
        with contextlib.closing(self._opened()):
            return walker.end + len(table)

    def _opened(self) -> StoredSource:
        """The file, as whoever casts it opens it. Raises DiskError where that refuses it."""
        try:
            return StoredSource(self._file.image.part, self.job.times)
        except TransferFailed as error:
            raise DiskError(0, error.sentence) from error

    def verify(self) -> None:
        self._enter(Phase.VERIFYING)
        self._note(reread=NOT_REREAD)
        reading = self.owner.start("disk", self._read_again)
        self.until(lambda: reading.over)
        with contextlib.suppress(Stopped):
            self._note(reread=reading.result())

    def _read_again(self) -> Reread:
        """All of the file, past the page cache as well as that goes. A worker's."""
        try:
            source = self._opened()
        except DiskError as error:
            return Reread(error=error.words)
        with contextlib.closing(source):
            source.forget(0, 0)
            self._disks.insert(0, source)
            found = read_all(source, self._reread_so_far)
        if found.wrong:
            return Reread(found.count, error=found.wrong)
        return Reread(found.count, found.digest)

    def finish(self) -> None:
        """Give the file its name, where all of it is right."""
        self._disks.clear()
        if not self._good_so_far():
            return
        naming = self._in_time(self._file.image.publish)
        self._kept.unnamed = naming
        self._kept.named = naming is None

    def _in_time(self, work: Callable[[], None]) -> Sentence | None:
        """Do what the file's disk may take long for; why that failed, or None."""
        late = time.monotonic() + self.job.times.patience
        working = self.owner.start("disk", work)
        self.until(lambda: working.over or time.monotonic() > late)
        if not working.over:
            return no_answer(self.job.times.patience)
        try:
            working.result()
        except DiskError as error:
            return error.words
        return None

    # --- what is said -------------------------------------------------------------------------------------------------

    def _told(self, outcome: Outcome) -> Outcome:
        """The outcome of a disk, as one of a file."""
        remarks = (*outcome.remarks, *((self._file.image.swept,) if self._file.image.swept else ()))
        path, kept = self._seen.device, self._kept
        if outcome.ok and kept.named:
            return replace(outcome, kind=OutcomeKind.STORED, sentence=self._success(outcome), remarks=remarks)
        if kept.unnamed:
            sentence = say("{path} could not be given its name: {error}.", path=path, error=kept.unnamed)
            hint = say("All of it is in {part}, and right.", part=self._file.image.part)
            return replace(outcome, kind=OutcomeKind.WRITE_ERROR, sentence=sentence, hint=hint, remarks=remarks)
        nothing = say("Nothing was stored.")
        if kept.wrong and outcome.kind is not OutcomeKind.CANCELLED:
            kind = OutcomeKind.WRONG_STREAM if self._seen.stream.bad else OutcomeKind.WRITE_ERROR
            sentence = say(
                "{path} could not be stored: {error}. {nothing}", path=path, error=kept.wrong, nothing=nothing
            )
            hint = MAKE_ROOM if kept.full else SEND_SO if self._seen.stream.bad else outcome.hint
            return replace(outcome, kind=kind, sentence=sentence, hint=hint, remarks=remarks)
        return replace(outcome, sentence=joined(" ", outcome.sentence, nothing), remarks=remarks)

    def _success(self, outcome: Outcome) -> Sentence:
        manifest = self._seen.manifest
        assert manifest
        used = manifest.length if manifest.used is None else manifest.used
        words = say(
            "{used} used, in {size}; same digest as the sender's disk.",
            used=part_of(used, manifest.length),
            size=size(self._kept.size),
        )
        fields = {"path": self._seen.device, "sender": self._link.heard.address or "?", "words": words}
        if outcome.read_back:
            return say("{path} was stored from {sender} and read back: {words}", **fields)
        return say("{path} was stored from {sender}, and not read back (verify=no): {words}", **fields)


def _not_kept(why: Sentence) -> Outcome:
    """`_told` adds that nothing was stored."""
    sentence = say("The sender's stream cannot be stored: {why}.", why=why)
    return Outcome(OutcomeKind.WRONG_STREAM, sentence, SEND_SO)

"""A sender's transfer: disk → (digest) → frames → udp-sender; with gzip and lzop a compressor stands in the middle.

The one rule that keeps receivers honest: udp-sender's input ends only when everything went in. In every other case
udp-sender is killed first, and only then are pipes closed; for an end of input looks to udpcast like the end of the
disk, and its receivers would take a cut disk for a whole one. Receivers that a cast leaves without an end are told so
beside udpcast (`heartbeat`).

`Sender` opens the disk; `Listening` looks for another sender, while `Looking` asks what is used; `Casting` runs the
cast, and collects the evidence for the judge. That is done in the thread that owns the transfer; its workers move the
bytes.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace

from ..datapath import zstd
from ..datapath.block_device import SourceDisk
from ..datapath.copying import copy_from_disk, copy_pipe
from ..datapath.framing import recognise
from ..datapath.moved import NO_BYTES, Moved
from ..datapath.stored_stream import StoredSource
from ..errors import ErrorKind, TransferFailed
from ..events import EventLog
from ..model.outcome import Outcome
from ..model.plan import Compression, Plan
from ..model.times import TIMES, Times
from ..process import Process, program
from ..sentence import Sentence, colon, say, verbatim
from ..shortage import shortage
from ..udpcast.command import argv
from ..udpcast.messages import MessageKind, parse_message
from . import sender_signals as signals
from .attendance import Attendance
from .evidence import Sending, Stood
from .listening import NO_KEY, NOBODY, Listening
from .liveness import DiskHung
from .looking import Looking, is_framed
from .monitor import RivalMonitor
from .opening import opened
from .owner import BeginCast, Cancel, DiskHangs, Job, Loop, Message, Owner, Worker
from .pipeline import Pipeline
from .sender_liveness import Cast
from .sender_verdict import judge_sender
from .source import opening
from .standstill import Standstill
from .status import Status
from .stored_cast import StoredCast
from .stream import DiskCast, Stream, cast
from .supervisor import Ended, Said

TOLD_TO_BEGIN = say("Another PC told udp-sender to begin, and no receiver was there; it waits anew.")


class Sender:
    """One cast of `plan`. `prepare` may refuse; what it gives takes as long as the cast, and gives its outcome."""

    def __init__(self, plan: Plan, status: Status, log: EventLog, times: Times = TIMES) -> None:
        """Raises TransferFailed when a program or a library is missing. `commands`: what is run, with the programs
        that are there."""
        self.commands = tuple(program(words) for words in argv(plan))
        if is_framed(plan):
            _need_zstd()
        self._job = Job(plan, status, log, times, Owner(times))

    def begin_cast(self) -> None:
        """Press the key, once somebody is there to receive (udp-sender would end without receivers)."""
        self._job.owner.inbox.post(BeginCast())

    def cancel(self) -> None:
        """End the cast now; the receivers get no end of the stream."""
        self._job.owner.inbox.post(Cancel())

    def leave(self) -> None:
        """Close everything, where nothing is begun."""
        self._job.owner.leave()

    def prepare(self) -> Callable[[], Outcome]:
        """Open the source, for reading only. Raises TransferFailed."""
        job = self._job
        try:
            source = opened(opening(job.plan), job.plan.target.path, job.owner, job.times)
            if isinstance(source, StoredSource):
                length = source.stored.manifest.length
                self._job = replace(job, plan=replace(job.plan, target=replace(job.plan.target, size=length)))
            elif source:
                _check(job.plan, source)
        except BaseException:
            job.owner.leave()
            raise
        return lambda: self._run(source)

    def _run(self, source: SourceDisk | None) -> Outcome:
        """Cast, and judge what happened. Every process is reaped when this returns, even by an exception."""
        job = self._job
        try:
            attendance = Attendance(job, RivalMonitor(job.plan.nic.name, job.plan.port))
            try:
                seen = replace(self._cast(attendance, source), stored=isinstance(source, StoredSource))
            finally:
                attendance.close()
        finally:
            job.owner.leave()
        outcome = judge_sender(seen)
        attendance.take(signals.Judged(outcome.kind.value))
        return outcome

    def _cast(self, attendance: Attendance, source: SourceDisk | None) -> Sending:
        job = self._job
        if source is None or job.owner.cancelled():
            return attendance.evidence(cancelled=True)
        looking = StoredCast(job, source) if isinstance(source, StoredSource) else Looking(job, source)
        listening = Listening(job, attendance, looking)
        try:
            listening.run()
        finally:
            looking.end()
        if listening.cancelled or attendance.state is not Cast.WAITING:
            return attendance.evidence(cancelled=listening.cancelled)
        stream: Stream | None
        if isinstance(looking, StoredCast):
            stream, used = looking, looking.tell()
        else:
            survey = looking.tell()
            stream = DiskCast(job.plan, source, survey, looking.unchanged) if is_framed(job.plan) else None
            used = survey.used.sent
        return Casting(job, attendance, source, Pipeline(job, self.commands), stream, used).run()


def _need_zstd() -> None:
    try:
        zstd.version()
    except OSError as error:
        raise TransferFailed(
            ErrorKind.PROGRAM_MISSING,
            say("{library} is missing, and a sender with zstd needs it.", library=zstd.LIBRARY),
            say("Install libzstd, or send with compr=gzip."),
        ) from error


def _check(plan: Plan, source: SourceDisk) -> None:
    """Receivers recognise a stream by its beginning. Raises TransferFailed where they would unpack what is none."""
    looks = recognise(source.head)
    if plan.compression is Compression.NONE and looks is not Compression.NONE:
        raise TransferFailed(
            ErrorKind.SOURCE_REFUSED,
            say(
                "{path} begins as a {compression} stream does, and with compr=none receivers would unpack it; "
                "nothing was sent.",
                path=plan.target.path,
                compression=looks.value,
            ),
            say("Send it with compr=zstd."),
        )


class Casting(Loop):
    """One cast of the open disk `source` through a running `pipeline`: of `stream`, which is made of it, or (None) of
    its bytes as they are. `used` of them are sent."""

    def __init__(
        self,
        job: Job,
        attendance: Attendance,
        source: SourceDisk,
        pipeline: Pipeline,
        stream: Stream | None,
        used: int,
    ) -> None:
        super().__init__(job)
        self._attendance = attendance
        self._source = source
        self._pipeline = pipeline
        self._stream = stream
        self._used = used
        self._moved = NO_BYTES
        self._complete = False
        self._told_to_begin = False
        self._complaint = ""
        self._hung: float | None = None
        self._shortage: Sentence | None = None
        self._cancelled = False
        self._timed_out = False
        self._standstill = Standstill(job.status, job.times)
        self._stood: Stood | None = None
        self._acknowledged = 0  # bytes of the stream, by udp-sender's words
        self._deadline = time.monotonic() + job.plan.start_timeout + job.times.late

    def run(self) -> Sending:
        """Send, and say what was seen."""
        try:
            self._send()
        except DiskHangs:
            pass
        except Exception as error:
            self._shortage = shortage(error)
            if not self._shortage:
                raise
            self.owner.supervisor.stop(signal.SIGKILL)
        self.until(lambda: not self.owner.supervisor.running)
        return self._evidence()

    def take(self, message: Message | Said | Ended) -> None:
        match message:
            case Said(process, line):
                self._hear(process, line)
            case Cancel():
                self._cancel()
            case BeginCast():
                self._press_key()

    def tick(self) -> None:
        """When one process of the pipeline has failed, the others end; a failed compressor must not end udp-sender."""
        hung = self._source.hung
        if self._hung is None and hung:  # behind a cancel as well: who asked the disk comes to no end
            self._hung = hung
            self._attendance.take(DiskHung())
            raise DiskHangs
        self._attendance.tick()
        self._look_at_the_clock(time.monotonic())
        if self._told_to_begin and self._pipeline.udpcast.status is not None:
            self._told_to_begin = False
            self._wait_anew()
        elif self._attendance.room.reading and self._pipeline.has_failed:
            self._pipeline.let_go()
            self._attendance.take(signals.Stopping())
            self.owner.supervisor.stop(signal.SIGKILL)
            if not self._cancelled:
                self._source.hurry(wanted=True)

    def _wait_anew(self) -> None:
        """One datagram of anybody begins a cast (CMD_GO); where no receiver is there, udp-sender ends."""
        plan = self.job.plan
        left = int(self._deadline - self.job.times.late - time.monotonic())
        if left > 0 and self._attendance.state is Cast.WAITING and not self._cancelled:
            self.job.status.tell(TOLD_TO_BEGIN, until_cast=True)
            self._pipeline.start_udpcast(program(argv(replace(plan, start_timeout=left))[-1]))

    def _look_at_the_clock(self, now: float) -> None:
        """Nobody waits for ever: not for the cast to begin, not for bytes to move, not for a process that is done."""
        room, seen = self._attendance.room, self.owner.supervisor
        if self._complete:
            seen.let_end()
        elif room.begun and not self._stood:
            moved = self.job.status.moved.count, self._acknowledged
            silence, through = self.job.plan.silence, self._pipeline.waits_for(room.fed)
            self._stood = self._standstill.look(now, moved, self._source.asked, silence, through)
            if self._stood:
                self.job.log.emit("standstill", program=self._stood.program, seconds=round(self._stood.seconds))
                seen.stop(signal.SIGKILL)
        elif not room.begun and now > self._deadline and not self._timed_out:
            self._timed_out = True
            seen.stop(signal.SIGKILL)

    def _cancel(self) -> None:
        if not self._complete:
            self._cancelled = True
            self._source.hurry()
            self.owner.supervisor.stop(signal.SIGKILL)

    def _press_key(self) -> None:
        if self._attendance.room.begun:
            return
        if self.job.plan.options.nokbd or not self._pipeline.takes_keys:
            self.job.status.tell(NO_KEY, until_cast=True)
        elif not self._attendance.room.receivers:
            self.job.status.tell(NOBODY, until_cast=True)
        else:
            self._pipeline.press_key()

    def _hear(self, process: Process, line: str) -> None:
        message = parse_message(line) if process is self._pipeline.udpcast else None
        if message is None:
            if process is not self._pipeline.udpcast:
                self.job.status.tell(colon(process.name, line))
            return
        kind, number, take = message.kind, message.number, self._attendance.take
        if kind is MessageKind.CONNECTED and number is not None and message.address:
            take(signals.Connected(number, message.address))
        elif kind is MessageKind.STARTING:
            self._pipeline.let_go()
            take(signals.Begun())
        elif kind is MessageKind.NOBODY:
            self._told_to_begin = not self.job.plan.options.autostart  # which begins the cast, whoever is there
        elif kind is MessageKind.UNREADY:
            take(signals.Waiting(time.monotonic(), message.numbers))
        elif kind is MessageKind.PROGRESS:
            self._acknowledged = message.bytes or self._acknowledged
            take(signals.Flowing(time.monotonic()))
        elif kind is MessageKind.DROPPING and number is not None:
            take(signals.Dropped(number))
        elif kind is MessageKind.DISCONNECTED and number is not None:
            take(signals.Left(number))
        elif kind is MessageKind.COMPLETE:
            self._complete = True
            take(signals.Complete())
        elif kind is MessageKind.FAILED:
            self._complaint = message.text
            self.job.status.tell(verbatim(message.text))

    # --- the stages ---------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        """All of it into udp-sender, and the end of its input; or else a killed udp-sender. Raises DiskHangs."""
        pipeline = self._pipeline
        if self._stream:
            whole = self._read(self._framing(self._stream)).whole
        elif pipeline.compressor:
            whole = self._compress(pipeline.compressor)
        else:
            whole = self._read(self._reading("stream")).whole
        if whole:
            self._attendance.take(signals.Fed())
            self.owner.descriptors.close(pipeline.outlet)
        else:
            self.owner.supervisor.stop(signal.SIGKILL)

    def _framing(self, stream: Stream) -> Worker[Moved]:
        """Manifest, frames and trailer go into udp-sender."""
        session, sink, progress = self._attendance.session, self._pipeline.outlet, self.job.status.moved
        return self.owner.start("stream", lambda: cast(stream, session, sink, progress))

    def _reading(self, name: str) -> Worker[Moved]:
        """The disk goes into the compressor, or into udp-sender."""
        source, length, sink = self._source, self.job.plan.target.size, self._pipeline.source
        return self.owner.start(name, lambda: copy_from_disk(source, length, sink, self.job.status.moved))

    def _read(self, reading: Worker[Moved]) -> Moved:
        """What became of it."""
        self.until(lambda: reading.over)
        self._moved = reading.result()
        if self._moved.error:
            self.owner.supervisor.stop(signal.SIGKILL)  # a broken pipe is another's end, which is seen later
        return self._moved

    def _compress(self, compressor: Process) -> bool:
        """The disk into the compressor, and what that gives into udp-sender; whether all of it went in."""
        pipeline, pipes = self._pipeline, self.owner.descriptors
        feeding = self.owner.start("stream", lambda: copy_pipe(pipeline.packed, pipeline.outlet))
        reading = self._reading("disk")
        self.until(lambda: feeding.over or reading.over)
        if feeding.over:
            pipes.close(pipeline.packed)  # early, when udp-sender has ended: that ends the compressor
        moved = self._read(reading)
        pipes.close(pipeline.source)
        self.until(lambda: feeding.over)
        pipes.close(pipeline.packed)
        self.until(lambda: compressor.status is not None)
        return moved.whole and compressor.status == 0 and feeding.result().whole

    def _evidence(self) -> Sending:
        pipeline, supervisor = self._pipeline, self.owner.supervisor
        return self._attendance.evidence(
            moved=self._moved if self._hung is None else Moved(self.job.status.moved.count),
            used=self._used,
            sent=self.job.status.moved.moved,
            compressor=supervisor.stage(pipeline.compressor),
            compressor_first=self._compressor_first(),
            udpcast=supervisor.stage(pipeline.udpcast),
            complete=self._complete,
            complaint=self._complaint,
            hung=self._hung,
            shortage=self._shortage,
            stood=self._stood,
            timed_out=self._timed_out,
            cancelled=self._cancelled,
        )

    def _compressor_first(self) -> bool:
        """Whether the compressor ended while udp-sender ran. One that SIGPIPE ended only followed udp-sender, whose
        pipe breaks a moment before its end can be seen; and one that we ended tells nothing."""
        compressor = self._pipeline.compressor
        if compressor is None or compressor.status is None:
            return False
        if -compressor.status in (signal.SIGPIPE, *compressor.sent):
            return False
        return self.owner.supervisor.ended_before(compressor, self._pipeline.udpcast)

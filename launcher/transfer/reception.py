"""What every reception has: udp-receiver → (which stream is it) → unpacked → written, read back, and judged.

zstd and gzip are unpacked by a worker of ours, which parses what the wire says and has no rights (`datapath.unpack`);
what it gives is checked again. Nothing is written before the beginning of the stream was looked at: a compression that
contradicts the plan, a source larger than the target, another sector size and the sender's own disk are refused there.
udp-receiver is told to take its leave (SIGINT), so that the sender goes on without this seat at once, and need not wait
for its silence.

`Reception` runs the cast, and collects the evidence for the judge. That is done in the thread that owns the transfer;
its workers move the bytes. What is written, and how it is read back, depends on the target: `receiver` has disks,
`storing` has new files.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ..datapath.block_device import ReadBack, SourceDisk, TargetDisk, no_answer
from ..datapath.copying import Incoming, Stalled, copy_stream
from ..datapath.framing import Manifest, read_manifest, read_trailer, recognise
from ..datapath.moved import Moved, Reread
from ..datapath.records import BadRecord, Kind, RecordReader
from ..datapath.worker import UNPACKED, WORKER, manifest_bytes, worker
from ..errors import LauncherError
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression
from ..process import Process, program
from ..sentence import colon, joined, say
from ..shortage import shortage
from ..udpcast.command import decompressor
from ..udpcast.messages import MessageKind, parse_message
from .evidence import Receiving, Stage
from .feeding import Feed
from .link import Link, Lookout
from .liveness import Cancelled, DiskHung
from .owner import Asked, Cancel, DiskHangs, Happened, Job, Loop, Message
from .preflight import check, wrong_stream
from .receiver_signals import Announced, Complained, DroppedEarly, FirstByte, StreamEnded, Waits
from .receiver_verdict import judge_receiver
from .standstill import Standstill
from .status import Phase
from .supervisor import Ended, Said

HEAD_BYTES = 16  # by which a stream is recognised

NOT_REREAD = Reread(error=say("it was not read to its end"))


class Reception(Loop):
    """One reception to the open `target`, from the start of udp-receiver to the outcome.

    A target's own class gives the methods under "what a target decides", and needs no others. It finds the evidence in
    `_seen`, which it adds to by `_note`; asks `_good_so_far`; enters a phase by `_enter`; lists in `_disks` what is
    watched for an answer; and lets its reading end by `_reread_so_far`.
    """

    def __init__(self, job: Job, target: TargetDisk, begun: float) -> None:
        super().__init__(job)
        plan = job.plan
        self._disks: list[TargetDisk | ReadBack | SourceDisk] = [target]  # that are watched
        self._stop = threading.Event()  # for the worker that reads back
        size = plan.target.size if target.size is None else min(plan.target.size, target.size)
        self._seen = Receiving(plan.target.path, size, verify=plan.verify)
        self._standstill = Standstill(job.status, job.times)
        self._incoming: Incoming | None = None  # while its bytes have to move
        self._feed: Feed | None = None
        self._link = Link(job, begun)

    def run(self) -> Outcome:
        """Receive, and judge what happened."""
        try:
            with contextlib.suppress(DiskHangs):
                self._receive_if_it_can()
            self.until(lambda: not self.owner.supervisor.running)
        finally:
            self._link.close()
        return self.ended(judge_receiver(self._evidence()))

    def take(self, message: Message | Said | Ended) -> None:
        match message:
            case Asked(event, answer):
                answer.put(self._link.take(event))
            case Happened(event):
                self._link.take(event)
            case Cancel() if self._disks:  # else all is done
                self._cancel()
            case Said(process, line):
                self._hear(process, line)
            case Ended(process):
                self._link.ended(process)

    def tick(self) -> None:
        hung = next((disk.hung for disk in self._disks if disk.hung), None)
        if hung is not None and self._seen.hung is None:
            self._note(hung=hung)
            self._link.take(DiskHung())
            raise DiskHangs
        self._link.tick()
        if self._incoming and self._link.heard.began:
            self._watch(self._incoming)

    def _watch(self, incoming: Incoming) -> None:
        """End the process through which nothing moves any more; the others end behind it."""
        moved = incoming.taken, self.job.status.moved.count
        asked, through = any(disk.asked for disk in self._disks), self._through()
        stood = self._standstill.look(time.monotonic(), moved, asked, self._link.heard.silence, through)
        if stood:
            self._note(stood=self._seen.stood or stood)
            self.job.log.emit("standstill", program=stood.program, seconds=round(stood.seconds))
            through.signal(signal.SIGKILL)

    def _through(self) -> Process:
        """Through which process bytes have to move next: who unpacks has some, or nothing comes for it."""
        return self._feed.process if self._feed and self._feed.is_next else self._link.process

    def _note(self, **evidence: object) -> None:
        self._seen = replace(self._seen, **evidence)  # type: ignore[arg-type]

    def _cancel(self) -> None:
        self._note(cancelled=True)
        self._stop.set()
        for disk in self._disks:
            disk.hurry()
        self._link.take(Cancelled())
        self.owner.supervisor.stop()

    def _hear(self, process: Process, line: str) -> None:
        message = parse_message(line) if process is self._link.process else None
        if message is None:
            if process is not self._link.process:
                self.job.status.tell(colon(process.name, line))
        elif message.kind is MessageKind.CONNECTED and message.address:
            self._link.found(message.address, message.number)
            self.job.status.tell(say("Connected to the sender {address}.", address=message.address))
            self.job.log.emit("connected", address=message.address, number=message.number)
        elif message.kind is MessageKind.WAITING:
            self._link.take(Waits())
        elif message.kind is MessageKind.DROPPED and self._link.waits:
            self._link.take(DroppedEarly())
        elif message.kind is MessageKind.DROPPED:
            self._note(dropped=True)
        elif message.kind is MessageKind.FAILED and self._link.waits:
            self._link.take(Complained(message.text))
        elif message.kind is MessageKind.FAILED and not (self._seen.cancelled or self._link.heard.timed_out):
            self._note(complaint=self._seen.complaint or message.text)  # else we ended it

    # --- what a target decides ----------------------------------------------------------------------------------------

    def wrong(self, head: bytes) -> Outcome | None:
        """Why a stream that begins so is not taken."""
        return wrong_stream(self.job.plan, head)

    def refused(self, head: bytes, manifest: Manifest | None) -> Outcome | None:
        """Why nothing of it is written."""
        return check(self.job.plan, self._seen.size, head, manifest)

    def announced(self, manifest: Manifest) -> None:
        """Nothing speaks against writing what this announces."""

    def pass_on(self, incoming: Incoming, outlet: int, most: int | None) -> Moved:
        """Move all that comes, or so many bytes at most, into what unpacks it. A worker's."""
        return copy_stream(incoming, outlet, most)

    def write_records(self, reader: RecordReader) -> Moved:
        """Write what the records hold. A worker's."""
        raise NotImplementedError

    def write_plain(self, incoming: Incoming) -> Moved:
        """Write the bytes as they come. A worker's."""
        raise NotImplementedError

    def complete(self) -> None:
        """All data is there, and good: bring it to the device, and note what came of that."""
        raise NotImplementedError

    def verify(self) -> None:
        """Read it again, where nothing else speaks against a success, and note what is there."""
        raise NotImplementedError

    def finish(self) -> None:
        """Whatever came of it, nothing is received any more."""
        raise NotImplementedError

    def ended(self, outcome: Outcome) -> Outcome:
        """What is said in the end."""
        return outcome

    # --- the stages ---------------------------------------------------------------------------------------------------

    def _receive_if_it_can(self) -> None:
        """The same, or what this PC has run out of meanwhile."""
        try:
            self._receive()
        except Exception as error:
            words = shortage(error)
            if words is None:
                raise
            self._note(shortage=words)
            self.owner.supervisor.stop(signal.SIGKILL)

    def _receive(self) -> None:
        """Everything until the disk is read back. Raises DiskHangs."""
        decompressor = self._copy()
        self._incoming = None
        seen = self._seen
        good = seen.stream.whole and seen.target.whole
        if good and seen.target.count and not seen.cancelled:
            self.complete()
        if good and not seen.refusal:
            self.owner.supervisor.let_end(self._link.heard.linger)
        else:
            self.owner.supervisor.stop()
        self.until(lambda: not self.owner.supervisor.running)
        self._note(decompressor=next((self._stage(one) for one in decompressor), None))
        if good and seen.target.count and seen.verify and self._good_so_far(verify=False):
            self.verify()
        self.finish()

    def _good_so_far(self, **instead: object) -> bool:
        """Whether nothing speaks against a success by now, but what is still to be done."""
        return judge_receiver(replace(self._evidence(), rewriting=None, **instead)).ok  # type: ignore[arg-type]

    def _copy(self) -> tuple[Process, ...]:
        """The stream, from the first look to its end; gives the decompressor, where there was one."""
        job, inbox = self.job, self.owner.inbox
        self._incoming = incoming = Incoming(self._link.inlet, lambda: Lookout(inbox), job.times)

        def begin() -> bytes:
            incoming.wait()
            return incoming.peek(HEAD_BYTES) if inbox.ask(FirstByte(time.monotonic())) else b""

        beginning = self.owner.start("stream", begin)
        self.until(lambda: beginning.over)
        try:
            head = beginning.result()
        except Stalled:
            self._note(stream=Moved(1, stalled=True))
            return ()
        return self._take_stream(incoming, head) if head else ()

    def _take_stream(self, incoming: Incoming, head: bytes) -> tuple[Process, ...]:
        """The stream that begins with `head`, unless something speaks against it."""
        compression = recognise(head)
        self._note(stream=Moved(len(head)), refusal=self.wrong(head))
        if self._seen.refusal:
            return ()
        if compression in UNPACKED:
            return self._unpack(incoming, head)
        if not self._may_write(head, None):
            return ()
        if compression is not Compression.NONE:
            return self._decompress(incoming, compression)
        writing = self.owner.start("stream", lambda: self.write_plain(incoming))
        self.until(lambda: writing.over)
        written = writing.result()
        self._link.take(StreamEnded(incoming.woken, self.job.status.moved.count, checked=False))
        self._note(stream=Moved(written.count, stalled=written.stalled), target=written)
        return ()

    def _may_write(self, head: bytes, manifest: Manifest | None) -> bool:
        """Whether nothing speaks against writing; then the cast is said to begin."""
        job, status = self.job, self.job.status
        refusal = self.refused(head, manifest)
        self._note(manifest=manifest, refusal=refusal)
        if refusal:
            return False
        if manifest:
            status.expect(manifest.length, manifest.used)
            self._link.take(Announced(manifest.session, manifest.silence))
            self.announced(manifest)
        status.tell(say("The stream's compression is {compression}.", compression=recognise(head).value))
        status.begin()
        job.log.emit("cast")
        return True

    def _unpack(self, incoming: Incoming, head: bytes) -> tuple[Process, ...]:
        """Feed our worker; write what its records hold, unless the manifest speaks against it."""
        feed = self._start(worker(), incoming, WORKER)
        if feed is None:
            return ()
        feed.feed(manifest_bytes(head))
        reader = RecordReader(Incoming(feed.unpacked).fill)
        looking = self.owner.start("disk", lambda: reader.frame(Kind.MANIFEST))
        feed.until(lambda: looking.over)
        try:
            frame = looking.result()
        except BadRecord as bad:
            frame = None
            self._note(target=Moved(bad=bad.words))
        if frame is None:  # it has failed
            feed.close()
            feed.finish()
        else:
            manifest = read_manifest(frame)
            if self._may_write(head, manifest):
                self._write_unpacked(feed, reader, manifest)
        return (feed.process,)

    def _write_unpacked(self, feed: Feed, reader: RecordReader, manifest: Manifest | None) -> None:
        """All data and holes, and the trailer behind them."""
        if manifest:
            reader.checked.announce(manifest.length, holes=manifest.used is not None)
        feed.feed()
        self._write_all(feed, lambda: self.write_records(reader))
        stream, tail = self._seen.stream, self._seen.target.tail
        trailer = read_trailer(tail, manifest.session) if manifest else None
        if trailer and stream.stalled:  # silent behind its end: all of it is here
            stream = replace(stream, stalled=False)
            self._link.process.signal(signal.SIGKILL)
        self._note(stream=stream, trailer=trailer)

    def _decompress(self, incoming: Incoming, compression: Compression) -> tuple[Process, ...]:
        """Feed the decompressor, and write what it gives."""
        feed = self._start(program(decompressor(compression)), incoming)
        if feed is None:
            return ()
        feed.feed()
        self._write_all(feed, lambda: self.write_plain(Incoming(feed.unpacked)))
        return (feed.process,)

    def _start(self, words: tuple[str, ...], incoming: Incoming, name: str | None = None) -> Feed | None:
        """Start what unpacks; None, and a refusal, where that cannot be."""

        def over(stream: Moved) -> None:
            self._note(stream=stream)
            self._link.take(StreamEnded(incoming.woken, self.job.status.moved.count, checked=True))

        try:
            self._feed = Feed(self, words, incoming, over, name, self.pass_on)
        except LauncherError as error:
            sentence = joined(" ", error.sentence, say("Nothing was written."))
            self._note(refusal=Outcome(OutcomeKind.STAGE_FAILED, sentence, error.hint))
            return None
        return self._feed

    def _write_all(self, feed: Feed, write: Callable[[], Moved]) -> None:
        """Write what is unpacked, to the end of the stream."""
        writing = self.owner.start("disk", write)
        feed.until(lambda: writing.over)
        feed.close()  # early, when the disk fails
        feed.finish()
        self._note(target=writing.result())

    def _reread_so_far(self, count: int, holes: int) -> None:
        """A worker's, for each chunk."""
        if self._stop.is_set():
            raise Stopped
        self.job.status.reread(count, holes)

    def _enter(self, phase: Phase) -> None:
        self.job.status.enter(phase)
        self.job.log.emit("phase", phase=phase.value)

    def _stage(self, process: Process) -> Stage | None:
        return self.owner.supervisor.stage(process)

    def _evidence(self) -> Receiving:
        """All that is known by now."""
        heard, status = self._link.heard, self.job.status
        seen = replace(
            self._seen,
            seconds=status.seconds,
            udpcast=self._stage(self._link.process),
            sender=heard.address,
            silence=heard.silence,
            end_notice=heard.end_notice,
            anew=heard.began_anew or heard.greeted_quiet is not None,
            mixed=heard.mixed,
            timed_out=heard.timed_out,
            complaint=self._seen.complaint or heard.complaint,
            rivals=heard.rivals,
            parted=heard.parted,
        )
        if seen.hung is not None and seen.reread:  # all was written; it is the reading back that never came back
            return replace(seen, hung=None, reread=Reread(status.reread.count, error=no_answer(seen.hung)))
        if seen.hung is not None:  # who writes never came back
            return replace(seen, target=Moved(status.moved.count))
        return seen


class Stopped(Exception):
    """The operator ended the transfer while the disk was read back."""

"""A receiver's transfer: udp-receiver → (look at the beginning) → decompressor → (count, digest) → disk → read back.

Nothing is written before the beginning of the stream was looked at: a compression that contradicts the plan, a source
larger than the target, another sector size and the sender's own disk are refused there. udp-receiver is told to take
its leave (SIGINT), so that the sender goes on without this seat at once, and need not wait for its silence.

Until the first byte a sender that vanished, or began anew, costs nothing: udp-receiver, which would wait for the old
one for ever, is started anew and finds the next one. From then on it ends the transfer.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from dataclasses import replace

from ..datapath import block_device
from ..datapath.block_device import DiskError, ReadBack, TargetDisk, no_answer, opened, patiently
from ..datapath.copying import (
    NO_BYTES,
    Incoming,
    Moved,
    Reread,
    Stalled,
    copy_stream,
    copy_to_disk,
    read_back,
    wide_pipe,
)
from ..datapath.framing import MANIFEST_BYTES, Manifest, Trailer, read_manifest, read_trailer, recognise
from ..errors import LauncherError, TransferFailed
from ..events import EventLog
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression, Plan
from ..process import Process, open_terminal, program, spawn
from ..sentence import Sentence, joined, say
from ..udpcast.command import argv, decompressor
from ..udpcast.messages import MessageKind, parse_message
from .evidence import Receiving
from .own_sender import OwnSender
from .preflight import check
from .receiver_verdict import judge_receiver
from .status import Phase, Status
from .supervisor import Supervisor

NOT_REREAD = Reread(error=say("it was not read to its end"))
LATE = 2.0  # seconds that udp-receiver has for ending by itself when no cast began in time


class Receiver:
    """One reception by `plan`. `prepare` may refuse; `run` takes as long as the cast and gives its outcome."""

    def __init__(self, plan: Plan, status: Status, log: EventLog) -> None:
        self._plan = plan
        self._status = status
        self._log = log
        self._commands = tuple(program(words) for words in argv(plan))
        self._deadline = time.monotonic() + plan.start_timeout
        self._supervisor = Supervisor(self._hear, self._tick)
        self._target: TargetDisk | None = None
        self._again: ReadBack | None = None
        self._size = plan.target.size
        self._terminals: tuple[int, ...] = ()  # nobody types here: it only ends udp-receiver if we are killed
        self._udpcast: Process | None = None
        self._decompressor: Process | None = None
        self._lock = threading.Lock()  # of the three below: whether udp-receiver may still be started anew
        self._inlet = -1
        self._outlet = -1  # kept open until the first byte, so that another udp-receiver can write into the same pipe
        self._begun = False
        self._own = OwnSender(plan, lambda: status.progress[0])
        self._mixed = False
        self._timed_out = False
        self._stream = NO_BYTES
        self._written = NO_BYTES
        self._reread: Reread | None = None
        self._manifest: Manifest | None = None
        self._refusal: Outcome | None = None
        self._flush_error: Sentence | str | None = None
        self._over = threading.Event()
        self._bug: BaseException | None = None
        self._leaving: Process | None = None  # the udp-receiver that is ended because its sender vanished
        self._dropped = False
        self._complaint = ""
        self._cast_told = False
        self._cancelled = False
        self._hung: float | None = None

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What is run, with the programs that are there; without the decompressor where the stream will tell it."""
        return self._commands

    def prepare(self) -> None:
        """Open the target. Raises TransferFailed."""
        try:
            self._target = opened(TargetDisk, self._plan.target.path, lambda: self._cancelled)
        except TransferFailed:
            self._supervisor.close()
            raise
        if self._target and self._target.size is not None:
            self._size = min(self._size, self._target.size)

    def run(self) -> Outcome:
        """Receive, and judge what happened. Every process is reaped when this returns, even by an exception."""
        work: threading.Thread | None = None
        try:
            if self._cancelled:
                return self._judge()
            self._inlet, self._outlet = wide_pipe()
            self._start()
            work = threading.Thread(target=self._work, name="stream", daemon=True)
            work.start()
            self._supervisor.attend(lambda: self._over.is_set() or self._hung is not None)
        finally:
            self._supervisor.close()
            self._close_outlet()
            self._own.close()
            if self._hung is None:  # a thread that waits for a dead disk is left alone, with its descriptors
                if work:
                    work.join()
                self._close_all()
        if self._bug:
            raise self._bug
        return self._judge()

    def _start(self) -> None:
        for fd in self._terminals:
            os.close(fd)
        terminal = open_terminal()
        self._terminals = terminal[:2] if terminal else ()
        self._udpcast = spawn(self._commands[0], None, self._outlet, self._note, terminal and terminal[2])
        self._supervisor.add(self._udpcast)

    def _close_all(self) -> None:
        for fd in (self._inlet, *self._terminals):
            if fd >= 0:
                os.close(fd)
        for disk in (self._target, self._again):
            if disk:
                disk.close()

    def begin_cast(self) -> None:
        """Only a sender can."""

    def cancel(self) -> None:
        """Take our leave of the sender and stop writing."""
        self._cancelled = True
        for disk in (self._target, self._again):
            if disk:
                disk.hurry()
        self._supervisor.stop()

    def _work(self) -> None:
        """The stream's thread, from the first look to the last byte that is read back."""
        incoming = Incoming(self._inlet, self._own.look_out)
        try:
            incoming.wait()
            self._own.cast_begins()  # before anybody takes the cast for begun, and its last greeting for another one's
            self._close_outlet()
            self._take(incoming)
            if self._stream.whole and self._written.whole and self._written.count and not self._cancelled:
                self._flush()
                self._verify()
        except BaseException as bug:
            self._bug = bug
        finally:
            if self._stream.whole and self._written.whole and not self._refusal and not self._bug:
                self._supervisor.let_end()
            else:
                self._supervisor.stop()
            self._over.set()
            self._supervisor.wake()
            if self._hung is not None:  # nobody waited for this thread, but the disk has answered after all
                self._close_all()

    def _close_outlet(self) -> None:
        """From now on the end of udp-receiver is the end of the stream."""
        with self._lock:
            self._begun = True
            if self._outlet >= 0:
                os.close(self._outlet)
                self._outlet = -1

    def _take(self, incoming: Incoming) -> None:
        try:
            head = incoming.peek(MANIFEST_BYTES)
        except Stalled:
            self._stream = Moved(1, stalled=True)
            return
        if not head:
            return
        compression = recognise(head)
        self._manifest = read_manifest(head) if compression is Compression.ZSTD else None
        self._stream = Moved(len(head))
        self._refusal = check(self._plan, self._size, head, self._manifest)
        if self._refusal:
            return
        if self._manifest:
            self._status.expect(self._manifest.length)
            self._own.hear(self._manifest)
        self._status.tell(say("The stream's compression is {compression}.", compression=compression.value))
        self._status.begin()
        self._supervisor.wake()
        if compression is Compression.NONE:
            self._write(incoming)
            self._stream = Moved(self._written.count, stalled=self._written.stalled)
            self._mixed = self._own.mixed(incoming.woken)
        else:
            self._unpack(incoming, compression)

    def _unpack(self, incoming: Incoming, compression: Compression) -> None:
        """Feed the decompressor here, and write what it gives in a second thread."""
        inlet, outlet = wide_pipe()
        disk_inlet, disk_outlet = wide_pipe()

        def write() -> None:
            self._write(Incoming(disk_inlet))
            os.close(disk_inlet)  # early, when the disk fails: that ends the decompressor

        disk = threading.Thread(target=write, name="disk", daemon=True)
        try:
            self._decompressor = spawn(program(decompressor(compression)), inlet, disk_outlet, self._note)
            self._supervisor.add(self._decompressor)
        except LauncherError as error:
            sentence = joined(" ", error.sentence, say("Nothing was written."))
            self._refusal = Outcome(OutcomeKind.STAGE_FAILED, sentence, error.hint)
        finally:
            os.close(inlet)
            os.close(disk_outlet)
        try:
            disk.start()
            if self._decompressor:
                self._stream = copy_stream(incoming, outlet)
                if self._stream.stalled and self._trailer and self._udpcast:  # silent behind its end: all of it is here
                    self._stream = replace(self._stream, stalled=False)
                    self._udpcast.signal(signal.SIGKILL)
                elif self._stream.stalled:
                    self._decompressor.signal(signal.SIGKILL)
        finally:
            os.close(outlet)
            disk.join()

    def _write(self, incoming: Incoming) -> None:
        """The disk's thread (without compression it is the stream's)."""
        assert self._target
        try:
            self._written = copy_to_disk(incoming.fill, self._target, self._size, self._status.moved)
        except BaseException as bug:
            self._bug = bug
            self._written = Moved(error=say("the launcher failed"))

    def _flush(self) -> None:
        """Bring everything to the device; its answer is evidence."""
        assert self._target
        self._enter(Phase.FLUSHING)
        try:
            self._target.flush()
        except DiskError as error:
            self._flush_error = error.words

    def _verify(self) -> None:
        """Read the disk back, where nothing else speaks against a success: that is known when all processes ended."""
        self._supervisor.let_end()
        for process in (self._udpcast, self._decompressor):
            if process:
                process.ended.wait()
        if not self._plan.verify or self._cancelled or not self._judge(verify=False).ok:
            return
        self._enter(Phase.VERIFYING)
        self._reread = NOT_REREAD
        try:
            path = self._plan.target.path
            self._again = patiently(lambda: ReadBack(path), lambda: self._cancelled)
            self._reread = read_back(self._again, self._written, self._reread_so_far)
        except DiskError as error:
            self._reread = Reread(error=error.words)
        except TimeoutError:
            self._reread = NOT_REREAD if self._cancelled else Reread(error=no_answer(block_device.PATIENCE))
            self._target = None  # flushed, and left open: in the kernel, to close a disk waits for who opens it
        except Cancelled:
            return

    def _reread_so_far(self, count: int) -> None:
        if self._cancelled:
            raise Cancelled
        self._status.reread(count)

    def _enter(self, phase: Phase) -> None:
        self._status.enter(phase)
        self._log.emit("phase", phase=phase.value)

    def _hear(self, process: Process, line: str) -> None:
        message = parse_message(line) if process is self._udpcast else None
        if message is None:
            if process is not self._udpcast:
                self._status.tell(joined(": ", process.name, line))
            return
        if message.kind is MessageKind.CONNECTED and message.address:
            self._own.meet(message.address)
            self._status.tell(say("Connected to the sender {address}.", address=message.address))
            self._log.emit("connected", address=message.address, number=message.number)
        elif message.kind is MessageKind.DROPPED:
            self._dropped = True
        elif message.kind is MessageKind.FAILED and not (self._cancelled or self._timed_out):  # else we ended it
            self._complaint = self._complaint or message.text

    def _tick(self) -> None:
        if self._status.begun and not self._cast_told:
            self._cast_told = True
            self._log.emit("cast")
        hung = (disk.hung for disk in (self._again, self._target) if disk and disk.hung)
        self._hung = self._hung or next(hung, None)
        if self._hung is not None:
            self._supervisor.stop(signal.SIGKILL)
        elif self._begun:
            self._own.waiting_is_over()
            self._own.listen()
            if self._udpcast and self._udpcast.status is not None:
                self._own.close()  # nothing that is said from now on is about what udp-receiver has got
        else:
            self._wait_for_cast()

    def _wait_for_cast(self) -> None:
        """Before the first byte: udp-receiver may end, or its sender vanish."""
        if self._udpcast and self._udpcast.status is not None:
            if self._leaving is self._udpcast:
                self._start_anew()
            else:
                self._timed_out = time.monotonic() > self._deadline - LATE
                self._close_outlet()
        elif self._leaving or self._cancelled:
            return
        elif time.monotonic() > self._deadline + LATE and self._udpcast:
            # To udp-receiver's own clock every packet of whatever sender is a new beginning.
            self._timed_out = True
            self._close_outlet()
            self._supervisor.stop()
        elif gone := self._own.gone():
            self._leaving = self._udpcast
            self._status.tell(gone.words)
            self._log.emit("disconnected", address=self._own.address, number=None, reason=gone.reason)
            if self._udpcast:
                self._udpcast.signal(signal.SIGKILL)

    def _start_anew(self) -> None:
        """Start udp-receiver again, unless there is a byte of the old one."""
        left = int(self._deadline - time.monotonic())
        waiting = select.poll()
        waiting.register(self._inlet, select.POLLIN)
        with self._lock:
            if not self._begun and not waiting.poll(0) and left > 0 and not self._cancelled:
                plan = replace(self._plan, start_timeout=left)
                self._commands = tuple(program(words) for words in argv(plan))
                self._start()
                self._leaving = None
        if self._leaving:
            self._close_outlet()
        else:
            self._own.part()

    def _note(self, command: str) -> None:
        self._log.emit("command", command=command)

    @property
    def _trailer(self) -> Trailer | None:
        return read_trailer(self._stream.tail, self._manifest.session) if self._manifest else None

    def _judge(self, verify: bool | None = None) -> Outcome:
        """What may be claimed; with `verify` False, as if the disk need not be read back."""
        written, reread, hung = self._written, self._reread, self._hung
        if hung is not None and reread:  # all was written; it is the reading back that never came back
            reread, hung = Reread(self._status.reread_so_far, error=no_answer(hung)), None
        elif hung is not None:  # its pump never came back
            written = Moved(self._status.progress[0])
        return judge_receiver(
            Receiving(
                device=self._plan.target.path,
                size=self._size,
                seconds=self._status.seconds,
                sender=self._own.address,
                refusal=self._refusal,
                stream=self._stream,
                target=written,
                flush_error=self._flush_error,
                manifest=self._manifest,
                trailer=self._trailer,
                udpcast=self._supervisor.stage(self._udpcast),
                decompressor=self._supervisor.stage(self._decompressor),
                dropped=self._dropped,
                complaint=self._complaint,
                silence=self._own.silence,
                anew=self._own.anew is not None,
                mixed=self._mixed,
                farewell=self._own.farewell.kind if self._own.farewell else None,
                hung=hung,
                timed_out=self._timed_out,
                verify=self._plan.verify if verify is None else verify,
                reread=reread,
                cancelled=self._cancelled,
            )
        )


class Cancelled(Exception):
    """The operator ended the transfer while the disk was read back."""

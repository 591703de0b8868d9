"""A receiver's transfer: udp-receiver → (look at the beginning) → decompressor → (count, digest) → disk.

Nothing is written before the beginning of the stream was looked at: a compression that contradicts the plan, a source
larger than the target and another sector size are refused there. udp-receiver is told to take its leave (SIGINT), so
that the sender goes on without this seat at once, and need not wait for its silence.
"""

from __future__ import annotations

import os
import signal
import stat
import threading
from pathlib import Path

from .board import Board, Phase
from .crew import Crew
from .errors import LauncherError, TransferFailed
from .events import EventLog
from .outcome import Outcome, OutcomeKind
from .plan import Compression, Plan
from .pumps import NO_BYTES, Incoming, Moved, Stalled, pump_stream, pump_target, wide_pipe
from .run import Process, open_terminal, program, spawn
from .stream import MANIFEST_BYTES, Manifest, foreign, read_manifest, read_trailer, recognise
from .udpcast import MessageKind, argv, decompressor, parse_message
from .verdict import Receiving, judge_receiver


def refuse(plan: Plan, size: int, head: bytes, manifest: Manifest | None) -> Outcome | None:
    """What speaks against writing the stream that begins with `head` to a target of `size` bytes, or None."""
    path, untouched = plan.target.path, "nothing was written"
    stream, other = recognise(head), foreign(head)
    if other and plan.compression is not Compression.NONE:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            f"The sender's compression seems to be {other}, which cannot be undone here; {untouched}.",
            "Let the sender use zstd, lzop, gzip or none; compr=none writes such a stream as it is.",
        )
    if plan.compression is not None and plan.compression is not stream:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            f"The sender's compression is {stream.value}, but compr={plan.compression.value} is given; {untouched}.",
            "Leave compr out on the receivers: they recognise the stream by themselves.",
        )
    if manifest is None:
        return None
    if manifest.length > size:
        return Outcome(
            OutcomeKind.TOO_SMALL,
            f"{path} has {size:,} bytes, the sender's disk has {manifest.length:,}; {untouched}.",
            "Use a target at least as large as the sender's disk.",
            total=manifest.length,
        )
    own = plan.target.disk.sector_size
    if manifest.sector_size != own:
        return Outcome(
            OutcomeKind.SECTOR_SIZE,
            f"{path} has sectors of {own} bytes, the sender's disk of {manifest.sector_size}; {untouched}.",
            "A disk's partition table only holds for its own sector size; use a disk of the same kind.",
            total=manifest.length,
        )
    return None


class Receiver:
    """One reception by `plan`. `prepare` may refuse; `run` takes as long as the cast and gives its outcome."""

    def __init__(self, plan: Plan, board: Board, log: EventLog, patience: float) -> None:
        self._plan = plan
        self._board = board
        self._log = log
        self._patience = patience
        self._commands = tuple(program(words) for words in argv(plan))
        self._crew = Crew(self._hear, self._tick)
        self._target = -1
        self._terminal: tuple[int, ...] = ()  # nobody types here: it only ends udp-receiver if we are killed
        self._size = plan.target.size
        self._udpcast: Process | None = None
        self._decompressor: Process | None = None
        self._stream = NO_BYTES
        self._written = NO_BYTES
        self._manifest: Manifest | None = None
        self._refusal: Outcome | None = None
        self._flush_error: str | None = None
        self._over = threading.Event()
        self._bug: BaseException | None = None
        self._sender: str | None = None
        self._dropped = False
        self._complaint = ""
        self._cast_told = False
        self._cancelled = False

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What is run, with the programs that are there; without the decompressor where the stream will tell it."""
        return self._commands

    def prepare(self) -> None:
        """Open the target, for writing only, and a block device for ourselves alone. Raises TransferFailed."""
        path = self._plan.target.path
        try:
            block = stat.S_ISBLK(Path(path).stat().st_mode)
            # On a block device O_EXCL without O_CREAT means: fail when it is mounted or otherwise in use (open(2)).
            self._target = os.open(path, os.O_WRONLY | os.O_CLOEXEC | (os.O_EXCL if block else 0))
        except OSError as error:
            raise TransferFailed(
                f"{path} cannot be written to: {error.strerror}.",
                "It must exist, and nothing else may use it.",
            ) from error
        if block:
            self._size = min(self._size, os.lseek(self._target, 0, os.SEEK_END))

    def run(self) -> Outcome:
        """Receive, and judge what happened. Every process is reaped when this returns, even by an exception."""
        work: threading.Thread | None = None
        try:
            inlet, outlet = wide_pipe()
            try:
                terminal = open_terminal()
                self._terminal = terminal[:2] if terminal else ()
                self._udpcast = spawn(self._commands[0], None, outlet, self._note, terminal and terminal[2])
            except BaseException:
                os.close(inlet)
                raise
            finally:
                os.close(outlet)
            self._crew.add(self._udpcast)
            work = threading.Thread(target=self._work, args=(inlet,), name="stream", daemon=True)
            work.start()
            self._crew.attend(self._over.is_set)
        finally:
            self._crew.close()
            if work:
                work.join()
            for fd in (self._target, *self._terminal):
                os.close(fd)
        if self._bug:
            raise self._bug
        return self._judge()

    def begin_cast(self) -> None:
        """Only a sender can."""

    def cancel(self) -> None:
        """Take our leave of the sender and stop writing."""
        self._cancelled = True
        self._crew.stop()

    def _work(self, inlet: int) -> None:
        """The stream's thread, from the first look to the flush."""
        try:
            self._take(Incoming(inlet, self._patience))
            if self._written.whole and self._written.count and not self._cancelled and not self._refusal:
                self._flush()
        except BaseException as bug:
            self._bug = bug
        finally:
            os.close(inlet)
            if self._stream.whole and self._written.whole and not self._refusal and not self._bug:
                self._crew.let_end()
            else:
                self._crew.stop()
            self._over.set()
            self._crew.wake()

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
        self._refusal = refuse(self._plan, self._size, head, self._manifest)
        if self._refusal:
            return
        if self._manifest:
            self._board.expect(self._manifest.length)
        self._board.say(f"The stream's compression is {compression.value}.")
        self._board.begin()
        self._crew.wake()
        if compression is Compression.NONE:
            self._written = pump_target(incoming.fill, self._target, self._size, self._board.moved)
            self._stream = Moved(self._written.count, stalled=self._written.stalled)
        else:
            self._unpack(incoming, compression)

    def _unpack(self, incoming: Incoming, compression: Compression) -> None:
        """Feed the decompressor here, and write what it gives in a second thread."""
        inlet, outlet = wide_pipe()
        disk_inlet, disk_outlet = wide_pipe()
        disk = threading.Thread(target=self._write, args=(disk_inlet,), name="disk", daemon=True)
        try:
            self._decompressor = spawn(program(decompressor(compression)), inlet, disk_outlet, self._note)
            self._crew.add(self._decompressor)
        except LauncherError as error:
            text = f"{error.sentence} Nothing was written."
            self._refusal = Outcome(OutcomeKind.STAGE_FAILED, text, error.hint)
        finally:
            os.close(inlet)
            os.close(disk_outlet)
        try:
            disk.start()
            if self._decompressor:
                self._stream = pump_stream(incoming, outlet)
                if self._stream.stalled:
                    self._decompressor.signal(signal.SIGKILL)
        finally:
            os.close(outlet)
            disk.join()

    def _write(self, inlet: int) -> None:
        """The disk's thread. It closes its end early when the disk fails, which ends the decompressor."""
        try:
            outgoing = Incoming(inlet)
            self._written = pump_target(outgoing.fill, self._target, self._size, self._board.moved)
        except BaseException as bug:
            self._bug = bug
            self._written = Moved(error="the launcher failed")
        finally:
            os.close(inlet)

    def _flush(self) -> None:
        """Bring everything to the device; its answer is evidence."""
        self._board.enter(Phase.FLUSHING)
        try:
            os.fsync(self._target)
        except OSError as error:
            self._flush_error = error.strerror or "flush error"

    def _hear(self, process: Process, line: str) -> None:
        message = parse_message(line) if process is self._udpcast else None
        if message is None:
            if process is not self._udpcast:
                self._board.say(f"{process.name}: {line}")
            return
        if message.kind is MessageKind.CONNECTED and message.address:
            self._sender = message.address
            self._board.say(f"Connected to the sender {message.address}.")
            self._log.emit("connected", address=message.address, number=message.number)
        elif message.kind is MessageKind.DROPPED:
            self._dropped = True
        elif message.kind is MessageKind.FAILED and not self._cancelled:
            self._complaint = self._complaint or message.text

    def _tick(self) -> None:
        if self._board.begun and not self._cast_told:
            self._cast_told = True
            self._log.emit("cast")

    def _note(self, command: str) -> None:
        self._log.emit("command", command=command)

    def _judge(self) -> Outcome:
        manifest = self._manifest
        return judge_receiver(
            Receiving(
                device=self._plan.target.path,
                size=self._size,
                seconds=self._board.seconds,
                sender=self._sender,
                refusal=self._refusal,
                stream=self._stream,
                target=self._written,
                flush_error=self._flush_error,
                manifest=manifest,
                trailer=read_trailer(self._stream.tail, manifest.session) if manifest else None,
                udpcast=self._crew.stage(self._udpcast),
                decompressor=self._crew.stage(self._decompressor),
                dropped=self._dropped,
                complaint=self._complaint,
                patience=self._patience,
                cancelled=self._cancelled,
            )
        )

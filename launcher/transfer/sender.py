"""A sender's transfer: disk → (digest) → compressor → udp-sender.

The launcher stands between compressor and udp-sender as well, where the kernel moves the bytes for it (splice): so it
counts the stream, and frames it with the manifest before and the trailer behind what the compressor gives.

The one rule that keeps receivers honest: udp-sender's input ends only when everything went in. In every other case
udp-sender is killed first, and only then are pipes closed; for an end of input looks to udpcast like the end of the
disk, and its receivers would take a cut disk for a whole one. If the launcher itself is killed, its side of
udp-sender's terminal closes and the kernel hangs udp-sender up. Receivers that a cast leaves without an end are told so
beside udpcast (`heartbeat`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

from .. import VERSION
from ..datapath.block_device import DiskError, SourceDisk, opened, whereabouts
from ..datapath.copying import NO_BYTES, Moved, copy_from_disk, copy_pipe, wide_pipe, write_all
from ..datapath.framing import Manifest, Trailer, disk_label, manifest_frame, recognise, trailer_frame
from ..errors import ErrorKind, TransferFailed
from ..events import EventLog
from ..model.outcome import Outcome
from ..model.plan import Compression, Plan
from ..process import Process, open_terminal, program, spawn
from ..sentence import Sentence, joined, say
from ..udpcast.command import argv, starts_by_key
from ..udpcast.messages import MessageKind, parse_message
from .evidence import LOST, ReceiverState, Sending
from .heartbeat import EVERY, Farewell, send_farewell, send_heartbeat
from .monitor import Greeting, Greetings
from .sender_verdict import judge_sender
from .status import Status
from .supervisor import Supervisor

SECTOR = 512  # bytes; what is taken for an image file's, to look for its partition table
LISTEN = 3.5  # seconds before a cast: another sender of ours greets in them, and our own receivers note a pause
TIE = 3.0  # seconds of its waiting in which a sender still gives way to one that began at the same time


class Sender:
    """One cast of `plan`. `prepare` may refuse; `run` takes as long as the cast and gives its outcome."""

    def __init__(self, plan: Plan, status: Status, log: EventLog) -> None:
        self._plan = plan
        self._status = status
        self._log = log
        self._compression = plan.compression or Compression.ZSTD
        self._commands = tuple(program(words) for words in argv(plan))
        self._supervisor = Supervisor(self._hear, self._tick)
        self._open: set[int] = set()
        self._greetings: Greetings | None = None
        self._listen_until = float("inf")
        self._rival: Greeting | None = None
        self._source: SourceDisk | None = None
        self._hung: float | None = None
        self._terminal = -1
        self._session = os.urandom(8).hex()
        self._udpcast: Process | None = None
        self._compressor: Process | None = None
        self._moved = NO_BYTES
        self._stream = NO_BYTES
        self._fed = threading.Event()  # all of the disk, and the trailer, are in udp-sender's input
        self._over = threading.Event()  # the pump has ended
        self._bug: BaseException | None = None
        self._complete = False
        self._stopping = False
        self._next_word = 0.0  # when the next sign of life is due
        self._complaint = ""
        self._cancelled = False

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What is run, with the programs that are there."""
        return self._commands

    def prepare(self) -> None:
        """Open the source, for reading only. Raises TransferFailed."""
        try:
            self._source = opened(SourceDisk, self._plan.target.path, lambda: self._cancelled)
            self._check()
        except TransferFailed:
            self._supervisor.close()
            raise

    def _check(self) -> None:
        """Receivers recognise a stream by its beginning. Raises TransferFailed where they would unpack what is none."""
        looks = recognise(self._source.head) if self._source else Compression.NONE
        if self._compression is Compression.NONE and looks is not Compression.NONE:
            raise TransferFailed(
                ErrorKind.SOURCE_REFUSED,
                say(
                    "{path} begins as a {compression} stream does, and with compr=none receivers would unpack it; "
                    "nothing was sent.",
                    path=self._plan.target.path,
                    compression=looks.value,
                ),
                say("Send it with compr=zstd."),
            )

    def run(self) -> Outcome:
        """Cast, and judge what happened. Every process is reaped when this returns, even by an exception."""
        pump: threading.Thread | None = None
        try:
            if not self._cancelled:
                self._listen_first()
            if self._rival or self._cancelled:
                return self._judge()
            pipes = self._start()
            pump = threading.Thread(target=self._pump, args=pipes, name="stream", daemon=True)
            pump.start()
            self._supervisor.attend(lambda: self._over.is_set() or self._hung is not None)
        finally:
            self._supervisor.close()
            if self._greetings:
                self._greetings.close()
            if self._hung is None:  # a thread that waits for a dead disk is left alone, with its descriptors
                if pump:
                    pump.join()
                self._close_all()
        if self._bug:
            raise self._bug
        outcome = self._judge()
        waiting = [one.address for one in self._status.receivers if one.state is not ReceiverState.FINISHED]
        send_farewell(Farewell(self._session, outcome.kind.value), waiting, self._plan.nic.name, self._plan.port)
        return outcome

    def begin_cast(self) -> None:
        """Press the key, once somebody is there to receive (udp-sender would end without receivers)."""
        if self._status.begun:
            return
        if self._plan.options.nokbd or (self._udpcast and self._terminal < 0):
            self._status.tell(say("The cast starts by itself; udp-sender reads no key (--nokbd)."))
        elif not self._status.receivers:
            self._status.tell(say("No receiver has connected yet."))
        else:
            with contextlib.suppress(OSError):
                os.write(self._terminal, b" ")

    def cancel(self) -> None:
        """End the cast now; the receivers get no end of the stream."""
        if self._complete:
            return
        self._cancelled = True
        if self._source:
            self._source.hurry()
        self._supervisor.stop(signal.SIGKILL)

    def _listen_first(self) -> None:
        """Look for another sender that waits on the same port: the receivers would be divided between the two."""
        self._greetings = Greetings(self._plan.nic.name, self._plan.port)
        end = time.monotonic() + LISTEN
        while not (self._rival or self._cancelled) and time.monotonic() < end:
            self._rival = self._greetings.sender(0.1)
        self._listen_until = time.monotonic() + TIE

    def _listen_on(self) -> bool:
        """Whether to give way: two that began at the same time heard nobody, and the lower MAC address stays."""
        if self._greetings is None:
            return False
        if self._status.begun or time.monotonic() >= self._listen_until:
            self._greetings.close()
            self._greetings = None
            return False
        rival = self._greetings.sender(0)
        if rival and rival.mac < self._plan.nic.mac.lower():
            self._rival = rival
        return self._rival is not None

    def _start(self) -> tuple[int, int, int]:
        """Start the processes; gives the ends of the pipes that are ours: into the compressor, out of it, into
        udp-sender. Without compression the first two are -1."""
        inlet, outlet = self._pipe()
        terminal = self._open_terminal()
        null = self._keep(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        self._udpcast = spawn(self._commands[-1], inlet, null, self._note, terminal)
        self._supervisor.add(self._udpcast)
        self._close(inlet)
        if self._compression is Compression.NONE:
            return -1, -1, outlet
        raw_inlet, raw_outlet = self._pipe()
        packed_inlet, packed_outlet = self._pipe()
        self._compressor = spawn(self._commands[0], raw_inlet, packed_outlet, self._note)
        self._supervisor.add(self._compressor)
        self._close(raw_inlet)
        self._close(packed_outlet)
        return raw_outlet, packed_inlet, outlet

    def _open_terminal(self) -> str | None:
        """A pseudo-terminal for the key; None where there is none and no key is needed."""
        terminal = open_terminal()
        if terminal:
            self._terminal = self._keep(terminal[0])
            self._keep(terminal[1])
            return terminal[2]
        if starts_by_key(self._plan):
            raise TransferFailed(
                ErrorKind.TERMINAL_MISSING,
                say("There is no pseudo-terminal to press udp-sender's key on."),
                say("Mount devpts on /dev/pts, or give --min-receivers in udpcparam."),
            )
        return None

    def _pipe(self) -> tuple[int, int]:
        inlet, outlet = wide_pipe()
        return self._keep(inlet), self._keep(outlet)

    def _keep(self, fd: int) -> int:
        self._open.add(fd)
        return fd

    def _close(self, fd: int) -> None:
        """Close `fd` once, however often this is called: its number may be another's by then."""
        if fd in self._open:
            self._open.discard(fd)
            os.close(fd)

    def _close_all(self) -> None:
        self._terminal = -1
        for fd in tuple(self._open):
            self._close(fd)
        if self._source:
            self._source.close()

    def _manifest(self) -> Manifest:
        assert self._source
        plan, sector = self._plan, self._plan.target.disk.sector_size
        head = memoryview(bytearray(2 * (sector or SECTOR)))
        try:
            table, disk_id = disk_label(bytes(head[: self._source.read(head, 0)]), sector or SECTOR)
        except DiskError:
            table, disk_id = None, None  # the pump will meet the same error, and report it
        return Manifest(
            length=plan.target.size,
            sector_size=sector,
            session=self._session,
            version=VERSION,
            table=table,
            disk_id=disk_id,
            source=whereabouts(plan.target) or None,
            silence=plan.silence,
        )

    def _pump(self, raw: int, packed: int, outlet: int) -> None:
        """The stream's thread: all of it into udp-sender and the end of its input; or else a killed udp-sender."""
        try:
            if packed < 0:
                self._read(outlet)
            else:
                self._compress(raw, packed, outlet)
            if self._whole(outlet):
                self._fed.set()
        except BaseException as bug:
            self._bug = bug
        finally:
            if not self._fed.is_set():
                self._supervisor.stop(signal.SIGKILL)
                if self._udpcast:
                    self._udpcast.ended.wait()
            self._close(outlet)
            self._over.set()
            self._supervisor.wake()
            if self._hung is not None:  # nobody waited for this thread, but the disk has answered after all
                self._close_all()

    def _read(self, sink: int) -> None:
        """The disk's thread (without compression it is the stream's)."""
        assert self._source
        try:
            self._moved = copy_from_disk(self._source, self._plan.target.size, sink, self._status.moved)
        except BaseException as bug:
            self._bug = bug
        if self._bug or self._moved.error:
            self._supervisor.stop(
                signal.SIGKILL
            )  # a broken pipe is another's end, which is dealt with when it is reaped

    def _compress(self, raw: int, packed: int, outlet: int) -> None:
        """Manifest and compressed data into udp-sender; returns when the compressor has ended."""

        def read() -> None:
            self._read(raw)
            self._close(raw)

        manifest = manifest_frame(self._manifest()) if self._compression is Compression.ZSTD else b""
        disk = threading.Thread(target=read, name="disk", daemon=True)
        disk.start()  # only now: one request to the disk at a time, so that one that hangs is seen
        try:
            write_all(outlet, manifest)
            self._stream = copy_pipe(packed, outlet)
        except BrokenPipeError:
            self._stream = Moved(broken=True)
        self._close(packed)
        disk.join()
        if self._compressor:
            self._compressor.ended.wait()

    def _whole(self, outlet: int) -> bool:
        """Whether all went in; then the trailer does, too."""
        if self._bug or not self._moved.whole or (self._compressor and self._compressor.status != 0):
            return False
        if self._compression is Compression.NONE:
            self._stream = self._moved
        if self._compression is Compression.ZSTD and self._stream.whole and self._moved.digest:
            trailer = Trailer(self._moved.count, self._moved.digest, self._session)
            try:
                write_all(outlet, trailer_frame(trailer))
            except BrokenPipeError:
                return False
        return self._stream.whole

    def _hear(self, process: Process, line: str) -> None:
        message = parse_message(line) if process is self._udpcast else None
        if message is None:
            if process is not self._udpcast:
                self._status.tell(joined(": ", process.name, line))
            return
        kind, number, status = message.kind, message.number, self._status
        if kind is MessageKind.CONNECTED and number is not None and message.address:
            status.connect(number, message.address)
            self._log.emit("connected", address=message.address, number=number)
        elif kind is MessageKind.STARTING:
            status.begin()
            self._log.emit("cast")
        elif kind is MessageKind.DROPPING and number is not None:
            self._part(number, ReceiverState.DROPPED, say("silent for too long"))
        elif kind is MessageKind.DISCONNECTED and number is not None:
            self._left(number)
        elif kind is MessageKind.COMPLETE:
            self._complete = True
            status.finish_receivers()
        elif kind is MessageKind.FAILED:
            self._complaint = message.text
            status.tell(message.text)

    def _left(self, number: int) -> None:
        """One took its leave: before the cast it is forgotten, during it it is lost, at its end it is done.

        When everything was fed, up to 7 MB of the stream are still in the pipe and in udp-sender: with a disk whose end
        is empty, that can be most of it.
        """
        if not self._status.begun:
            self._part(number, None, say("left before the cast"))
        elif self._complete:
            self._part(number, ReceiverState.FINISHED, say("finished"))
        elif self._fed.is_set():
            self._part(number, ReceiverState.NEAR_THE_END, say("left near the end"))
        else:
            self._part(number, ReceiverState.LEFT, say("left before the end"))

    def _part(self, number: int, state: ReceiverState | None, reason: Sentence) -> None:
        one = self._status.mark(number, state)
        if one:
            self._log.emit("disconnected", address=one.address, number=number, reason=str(reason))
            if state in LOST:
                self._status.tell(say("{address}: {reason}.", address=one.address, reason=reason))

    def _tick(self) -> None:
        """When one process of the pipeline has failed, the others end; a failed compressor must not end udp-sender."""
        # Behind a cancel as well: the thread that asked the disk comes to no end.
        if self._hung is None and self._source and self._source.hung:
            self._hung = self._source.hung
            self._stopping = True
            self._supervisor.stop(signal.SIGKILL)
        if self._stopping:
            return
        if self._listen_on():
            self._stopping = True
            self._supervisor.stop(signal.SIGKILL)
            return
        if self._over.is_set():
            return
        self._send_heartbeat()
        squeeze_failed = self._compressor is not None and self._compressor.status not in (None, 0)
        if squeeze_failed or (self._udpcast is not None and self._udpcast.status is not None):
            self._stopping = True
            self._supervisor.stop(signal.SIGKILL)
            if self._source and not self._cancelled:
                self._source.hurry(wanted=True)

    def _send_heartbeat(self) -> None:
        """While the disk is read: udp-sender may have nothing to send for long, and receivers must not give it up."""
        now = time.monotonic()
        if self._status.begun and now >= self._next_word:
            self._next_word = now + EVERY
            there = (one.address for one in self._status.receivers if one.state is ReceiverState.CONNECTED)
            send_heartbeat(there, self._plan.nic.name, self._plan.port)

    def _note(self, command: str) -> None:
        self._log.emit("command", command=command)

    def _compressor_first(self) -> bool:
        """Whether the compressor ended while udp-sender ran. One that SIGPIPE ended only followed udp-sender, whose
        pipe breaks a moment before its end can be seen."""
        if self._compressor is None or self._compressor.status == -signal.SIGPIPE:
            return False
        return self._supervisor.ended_before(self._compressor, self._udpcast)

    def _judge(self) -> Outcome:
        moved = self._moved if self._hung is None else Moved(self._status.progress[0])
        return judge_sender(
            Sending(
                device=self._plan.target.path,
                length=self._plan.target.size,
                port=self._plan.port,
                rival=self._rival.address if self._rival else None,
                moved=moved,
                seconds=self._status.seconds,
                compressor=self._supervisor.stage(self._compressor),
                compressor_first=self._compressor_first(),
                udpcast=self._supervisor.stage(self._udpcast),
                receivers=self._status.receivers,
                begun=self._status.begun,
                complete=self._complete,
                complaint=self._complaint,
                one_way=self._plan.options.one_way,
                hung=self._hung,
                cancelled=self._cancelled,
            )
        )

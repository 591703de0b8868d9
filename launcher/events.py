"""The event log: what happened, one JSON object a line, for the harness and for log collectors.

Every line has ``event`` (a stable name, listed in `NAMES`) and ``t`` (seconds since the kernel started), then the
event's own fields. Rules, in one place:

* Lines go to sinks: ``/run/udpcast/events.jsonl``, what ``events=`` names on the command line (`named`), and the
  standard output of ``transfer``. Each sink has a queue and a thread that writes; `emit` only queues, and never waits.
* A line goes out whole or not at all, lines of several threads never mix, and each sink gets them in their order. A
  sink that takes no more in the middle of a line gets the rest of this very line when it goes on.
* While a sink takes nothing its queue fills. Then the oldest lines are dropped and counted: what happened last matters
  most. The event ``lost`` tells their number, and stands where they are missing.
* A terminal may show them: what is not plainly seen stands there as JSON's own escape (`showable_json`).
* `EventLog.close` waits until all is written, but for no sink longer than its patience.

A new kind of sink is a class beside `Descriptor`, and a line in `named`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import threading
import time
from collections import deque
from pathlib import Path
from typing import Protocol

from kernel_cmdline import showable_json

from . import paths

NAMES = {
    "init": "the initrd's /init runs",
    "stage2": "the initrd's second stage is mounted: drivers, and all else that the first screen does without",
    "python": "the launcher's first line of Python runs",
    "cmdline": "the command line is parsed: `text`, `warnings`",
    "medium": "the medium that this PC was booted from: `label`, `found` (whether its udpcfg.txt was read), `warnings`",
    "config": "the file that config= names: `name`, `found` (whether it was fetched), `warnings`",
    "drivers": "the drivers that netmodule and diskmodule name were loaded: `names`, `errors`, `warnings`",
    "saved": "the answers were written on a stick, and read back: `path` of the device, `name` of the file",
    "machine": "disks and cards were (again) detected: `disks`, `nics` (names)",
    "devices": "coldplug is finished: every device present at boot is known",
    "screen": "a screen takes keys: `name` (a question's key, or waiting, confirm, transfer, grow, growing, "
    "result, error)",
    "answer": "a question is settled: `key`, `text`, `source`",
    "plan": "every answer is settled: the plan's fields; nothing was written yet",
    "network": "the card has an address: `nic`, `address`, `source`",
    "transfer": "the disk is open and the transfer begins: `argv` (what will be run, a list of lists), `role`",
    "used": "a sender knows what it sends: `used` bytes of `total`, the `seconds` of the look; for each of `parts` its "
    "`name`, `kind` of file system, `size`, `used` bytes (or null) and why all of it is sent (`whole`, or null)",
    "command": "a process is started: `command`, to be pasted into a shell",
    "note": "a warning, or what the network's commands and the DHCP client say: `text`",
    "heard": "a receiver that waits heard what it says: `addresses`, `fields` of the sentence, `sentence`",
    "connected": "the sender sees a receiver, or the receiver its sender: `address`, `number`",
    "rival": "a sender hears another one on the same port, and stays: `address`, `mac`",
    "cast": "the cast begins (sender), or its first byte is here (receiver)",
    "slow": "the sender's cast has waited for a receiver: `address`, `seconds` (in sum)",
    "unanswered": "no receiver of the sender's has acknowledged any data: `receivers` (how many), `asked` (some have "
    "asked for it again)",
    "progress": "at most one a second: how far the disk is read or written, `bytes` of `total` (or null); of these, "
    "what is in use and really moves, `sent` of `used` (or null)",
    "phase": "the receiver has all data and clears what is not used, flushes, reads back, or grows a partition: "
    "`phase` (clearing, flushing, verifying, growing)",
    "same-disk-id": "the target already has the identifier that the sender's disk has: `table`, `disk_id`",
    "behind": "what is behind the clone on a larger disk: `larger` (bytes), `cleared` and `left` (old signatures: "
    "`kind`, `offset`), `error` (or null); whether the kernel has the new partitions: `stale` (why not, or null)",
    "table": "the table of a smaller disk: `size` for which it is written (or null: it stays), `error` (or null)",
    "disconnected": "the sender lost a receiver, or that one its sender before a cast: `address`, `number`, `reason`",
    "standstill": "no byte moves any more: `program` through which none does, `seconds`",
    "outcome": "the transfer is over: `ok`, `kind`, `fields` of the sentence, `sentence`, `bytes` (how far the disk "
    "was read or written), `sent` (of these, what was in use and really moved), `used` (how much that is of the "
    "sender's whole disk, or null), `whole` (how large that disk is, or null), `up_to` (on a smaller target: where "
    "the last partition ends, all before it is there; or null), `table_rewritten` (the size for which the partition "
    "table was written then, or null), `seconds`, `xxh128` (or null), `read_back`, `remarks` (what else is to be "
    "known of the disk), `wanted` and `present` (a sender's receivers, or null), `growth` (as in the event of that "
    "name, or null)",
    "growing": "a step of growing begins: `sentence`",
    "growth": "behind an equal clone on a larger target a partition was to grow, or the operator said no: `kind` "
    "(grown, not-grown, failed, broken), `partition`, `before` and `after` (bytes; these or null), `sentence`, "
    "`remarks`. Where the operator was asked it comes behind `outcome`, and result.json has the outcome that counts",
    "report": "the page that is told the result was told, or was not: `url`, `ok`, `status` (or null), `sentence`",
    "error": "an expected failure: `kind`, `fields` of the sentence, `sentence`, `hint`",
    "crash": "a bug: `sentence`, `traceback`",
    "after": "what is done now: `action` (reboot, poweroff, shell)",
    "lost": "`count` events that are missing here were dropped, because this port or reader took none for too long",
}


def reference() -> str:
    """All events, as a Markdown table."""
    rows = [f"| `{name}` | {what} |" for name, what in NAMES.items()]
    return "\n".join(["| event | what it says |", "| --- | --- |", *rows]) + "\n"


def since_boot() -> float:
    """Seconds since the kernel started (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def encoded(event: str, seconds: float, fields: dict[str, object]) -> bytes:
    """The line of one event that happened `seconds` after the kernel started."""
    record = {"event": event, "t": round(seconds, 3), **fields}
    whole = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")  # half a pair can be no event
    return f"{showable_json(whole.decode())}\n".encode()


class EventLog:
    """Queues events for its sinks. Threads may share it."""

    def __init__(self, *paths: Path) -> None:
        self._sinks: list[Sink] = []
        for path in paths:
            self.add(opened(path))

    def add(self, sink: Sink | None) -> None:
        """Also write to `sink`. None, one that cannot be opened, is left out: it is no reason to stop."""
        if sink:
            self._sinks.append(sink)

    def emit(self, event: str, **fields: object) -> None:
        """Tell of one event that happens now."""
        self.emit_at(since_boot(), event, fields)

    def emit_at(self, seconds: float, event: str, fields: dict[str, object] | None = None) -> None:
        """Tell of one event that happened `seconds` after the kernel started."""
        line = encoded(event, seconds, fields or {})
        for sink in self._sinks:
            sink.put(seconds, line)

    def close(self) -> None:
        """Wait until the sinks have taken everything, within their patience, and once; what is told afterwards is
        dropped."""
        begun = time.monotonic()
        sinks, self._sinks = self._sinks, []
        for sink in sinks:
            sink.finish()
        for sink in sinks:
            sink.wait(begun + sink.patience - time.monotonic())


# --- sinks ------------------------------------------------------------------------------------------------------------


class Out(Protocol):
    """Where the lines of one sink go. Its own thread calls it, so it may take its time."""

    def write(self, line: bytes) -> None:
        """Return when all of `line` was taken. Raises OSError when it will not be."""

    def close(self) -> None:
        """No further line comes."""


class Sink:
    """The queue before an `Out`, and the thread that empties it.

    `room`: how many bytes of lines may wait. `patience`: for how many seconds the program's end is put off for them.
    """

    def __init__(self, out: Out, room: int, patience: float) -> None:
        self.room = room
        self.patience = patience
        self._out = out
        self._lines: deque[tuple[float, bytes]] = deque()
        self._waiting = 0  # bytes of these
        self._lost, self._lost_at = 0, 0.0
        self._over = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)
        # The main thread may hold these back for a while; here they would end the program meanwhile.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
        try:
            self._thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def put(self, seconds: float, line: bytes) -> None:
        """Queue the line of an event that happened at `seconds`. Never waits."""
        with self._news:
            if self._over:
                return
            self._lines.append((seconds, line))
            self._waiting += len(line)
            while self._waiting > self.room and len(self._lines) > 1:
                when, oldest = self._lines.popleft()
                self._waiting -= len(oldest)
                self._miss(1, when)
            self._news.notify()

    def finish(self) -> None:
        """Take no further line."""
        with self._news:
            self._over = True
            self._news.notify()

    def wait(self, seconds: float) -> None:
        """Wait until all lines are written, but no longer than this."""
        self._thread.join(max(0.0, seconds))

    def _work(self) -> None:
        while next_one := self._next():
            lost, lost_at, seconds, line = next_one
            if lost and not self._write(encoded("lost", lost_at, {"count": lost})):
                self._miss(lost, lost_at)
            if not self._write(line):
                self._miss(1, seconds)
        self._out.close()

    def _next(self) -> tuple[int, float, float, bytes] | None:
        """What is to be written now: how many lines are missing before the next one, since when, and that one."""
        with self._news:
            self._news.wait_for(lambda: self._lines or self._over)
            if not self._lines:
                return None
            seconds, line = self._lines.popleft()
            self._waiting -= len(line)
            lost, self._lost = self._lost, 0
            return lost, self._lost_at, seconds, line

    def _write(self, line: bytes) -> bool:
        try:
            self._out.write(line)
        except OSError:
            return False
        return True

    def _miss(self, count: int, seconds: float) -> None:
        with self._news:
            self._lost += count
            self._lost_at = max(self._lost_at, seconds)


class Descriptor:
    """An open file, pipe or port. `own`: it is ours to close."""

    def __init__(self, fd: int, own: bool = True) -> None:
        self._fd = fd
        self._own = own
        self._cut = False  # an error came in the middle of a line, which is ended before the next one

    def write(self, line: bytes) -> None:
        """Wait as long as it takes nothing."""
        left = whole = b"\n" + line if self._cut else line
        try:
            while left:
                left = left[self._take(left) :]
            self._cut = False
        except OSError:
            self._cut = self._cut or len(left) < len(whole)
            raise

    def _take(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:  # another program, which has it as well, switched waiting off
            import select  # noqa: PLC0415

            poll = select.poll()
            poll.register(self._fd, select.POLLOUT)
            poll.poll()
            return 0

    def close(self) -> None:
        """Give back what is ours."""
        if self._own:
            os.close(self._fd)


class Port:
    """The port that ``events=WORD`` names; where it is not there yet, its driver is waited for, until the coldplug is
    over."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._out: Descriptor | None = None

    def write(self, line: bytes) -> None:
        while self._out is None:
            over = paths.COLDPLUGGED.exists()
            path = _port(self._word)
            self._out = None if path is None else _descriptor(path)
            if self._out is None and over:
                raise FileNotFoundError(self._word)
            if self._out is None:
                time.sleep(0.1)
        self._out.write(line)

    def close(self) -> None:
        if self._out:
            self._out.close()


def opened(path: Path, room: int = 4 << 20, patience: float = 5.0) -> Sink | None:
    """The sink for the file or port at `path`; None where it cannot be opened."""
    out = _descriptor(path)
    return Sink(out, room, patience) if out else None


def _descriptor(path: Path) -> Descriptor | None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o644)  # a serial port without a carrier is not waited for
    except OSError:
        return None
    os.set_blocking(fd, True)
    return Descriptor(fd)


def named(word: str) -> Sink | None:
    """The sink that ``events=WORD`` names: ``ttyS1``, or a virtio port's name. None where there is no such port, and
    none can come any more.

    Only lines and terminals are opened: a slip such as ``events=sda`` must not write into a disk, nor ``events=mem``
    into the memory. Room for as much as
    115,200 baud carry within the patience, so that after a stall what is new soon follows.
    """
    if _port(word) is None and paths.COLDPLUGGED.exists():
        return None
    return Sink(Port(word), room=48 << 10, patience=5.0)


LINES = ("tty", "hvc", "pts/", "vport", "null")
"""How the names of serial lines, consoles, terminals and virtio ports begin, below /dev; and of what takes all."""


def _port(word: str) -> Path | None:
    name = word.removeprefix("/dev/").removeprefix("virtio-ports/")
    places = ("/dev/virtio-ports", "/dev") if name.startswith(LINES) else ("/dev/virtio-ports",)
    if ".." in name or "/" in name.removeprefix("pts/"):
        return None
    for place in places:
        with contextlib.suppress(OSError, ValueError):  # also too long a name
            path = Path(place) / name
            if stat.S_ISCHR(path.stat().st_mode):
                return path
    return None


def standard_output() -> Sink:
    """The sink for a program that reads our standard output.

    It may take its time: there is room for a day of a transfer's events, and the end is put off for a minute until it
    has taken them. Nothing else waits for it.
    """
    return Sink(Descriptor(1, own=False), room=8 << 20, patience=60.0)

"""Seats without machines: network namespaces on one bridge, and a meter for what runs in them.

Only inside `sandbox.run`. Each seat is a network namespace with one card, eth0; processor and memory are this host's.
What a side needs is measured over all of its processes: CPU time from the kernel's own accounts (getrusage(2) of all
that were waited for; the meter is a subreaper, so that nobody escapes), memory as the sum of each process's peak of
resident memory (VmHWM, looked at twice a second; a shared library counts for each process that has it mapped).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import resource
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..host.network import BRIDGE, ip, make_bridge

_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.5  # seconds between two looks at the memory
ADDRESS = "10.77.1.{}"
STARTED = re.compile(r'Starting transfer|"event": "cast"')
"""What udp-sender and the launcher say when the first data goes out."""


class BenchFailed(Exception):
    """One sentence: which command failed, and its last words."""


@dataclass(frozen=True)
class Side:
    """What one side of a transfer was given to run, and where.

    `commands` run one after the other; `cores` are the numbers of the processors it may use (all where empty);
    `environment` is added to the caller's.
    """

    seat: int
    commands: tuple[tuple[str, ...], ...]
    cores: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What a side came to. Times in seconds: `started` (first data, of a sender) and `ended` are monotonic, `cpu` is
    the sum over its processes. `peak` in bytes. `events` are the launcher's, from its standard output."""

    started: float | None
    ended: float
    cpu: float
    peak: int
    events: tuple[dict[str, object], ...] = ()


class Seats:
    """Network namespaces on a bridge; a context manager, though in the end it is the sandbox that removes them."""

    def __init__(self, count: int) -> None:
        self._rate: str | None = None
        self._holders: list[subprocess.Popen[bytes]] = []
        make_bridge(0)
        for number in range(count):
            self._add(number)

    def _add(self, number: int) -> None:
        holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._holders.append(holder)
        assert holder.stdin and holder.stdout
        holder.stdin.write(b".")
        if holder.stdout.read(1) != b".":
            raise BenchFailed("unshare --net failed: no network namespace could be made.")
        ip("link", "add", f"seat{number}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        ip("link", "set", f"seat{number}", "master", BRIDGE, "up")
        inside = [*self.enter(number), "ip"]
        address = f"{ADDRESS.format(number + 1)}/24"
        for words in (("address", "add", address, "broadcast", "+", "dev", "eth0"), ("link", "set", "eth0", "up")):
            subprocess.run([*inside, *words], check=True)

    def shape(self, rate: str | None) -> None:
        """Limit what the first seat, the sender's, sends: `rate` as tc(8) writes it, such as ``1gbit``; None for no
        limit. Raises BenchFailed."""
        if rate == self._rate:
            return
        words = ["qdisc", "replace" if rate else "delete", "dev", "eth0", "root"]
        if rate:
            words += ["tbf", "rate", rate, "burst", "256k", "latency", "50ms"]
        if subprocess.run([*self.enter(0), "tc", *words], check=False, capture_output=True).returncode:
            raise BenchFailed(f"this kernel cannot shape a card to {rate} (tc's tbf).")
        self._rate = rate

    def enter(self, number: int) -> tuple[str, ...]:
        """The words before a command that is to run in seat `number`."""
        return ("nsenter", "--net", "--target", str(self._holders[number].pid), "--")

    def run(self, sides: Sequence[Side], deadline: float) -> list[Usage]:
        """Run all `sides` at once, to their ends. Raises BenchFailed when one fails, or after `deadline` seconds."""
        meters = [_Meter(side, self.enter(side.seat)) for side in sides]
        try:
            end = time.monotonic() + deadline
            while waiting := [meter for meter in meters if meter.result is None]:
                ready, _, _ = select.select([meter.channel for meter in waiting], [], [], _LOOK)
                for meter in waiting:
                    if meter.channel in ready:
                        meter.read()
                _look(meters)
                if time.monotonic() > end:
                    names = ", ".join(f"{meter.side.commands[0][0]} in seat {meter.side.seat}" for meter in waiting)
                    raise BenchFailed(f"not at an end within {deadline:.0f} s: {names}.")
            return [meter.usage() for meter in meters]
        finally:
            for meter in meters:
                meter.close()


class _Meter:
    """One side, in a process that starts its commands and waits for all that comes of them."""

    def __init__(self, side: Side, enter: tuple[str, ...]) -> None:
        self.side = side
        self.result: dict[str, object] | None = None
        self.peaks: dict[int, int] = {}
        self.channel, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _measure(side, enter, writing)
        os.close(writing)
        self._text = b""

    def read(self) -> None:
        data = os.read(self.channel, 1 << 16)
        self._text += data
        if not data:
            self.result = json.loads(self._text or b"{}")

    def usage(self) -> Usage:
        found = self.result or {}
        if found.get("status") != 0:
            words = " ".join(self.side.commands[0])
            raise BenchFailed(f"`{words}` in seat {self.side.seat} failed: {found.get('words', 'no word')}")
        started, ended, cpu, events = (found[name] for name in ("started", "ended", "cpu", "events"))
        assert isinstance(ended, float) and isinstance(cpu, float) and isinstance(events, list)
        assert started is None or isinstance(started, float)
        return Usage(started, ended, cpu, sum(self.peaks.values()), tuple(events))

    def close(self) -> None:
        os.close(self.channel)
        for pid in (*_descendants({self.pid}), self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _measure(side: Side, enter: tuple[str, ...], channel: int) -> None:
    """In a process of its own: run the commands, report as JSON on `channel`. Never returns."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if side.cores:
            os.sched_setaffinity(0, side.cores)
        os.write(channel, json.dumps(_follow(side, enter)).encode())
    finally:
        os._exit(0)


def _follow(side: Side, enter: tuple[str, ...]) -> dict[str, object]:
    started: float | None = None
    events: list[object] = []
    words: list[str] = []
    status = 0
    for command in side.commands:
        process = subprocess.Popen(
            [*enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **side.environment},
        )  # fmt: skip
        assert process.stdout
        for line in process.stdout:
            text = line.decode(errors="replace").strip()
            if started is None and STARTED.search(text):
                started = time.monotonic()
            if text.startswith("{"):
                with contextlib.suppress(ValueError):
                    events.append(json.loads(text))
            else:
                words = [*words[-3:], text[-300:]]
        status = process.wait()
        if status:
            break
    ended = time.monotonic()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "status": status,
        "started": started,
        "ended": ended,
        "cpu": used.ru_utime + used.ru_stime,
        "events": events,
        "words": " / ".join(words),
    }


def _look(meters: Sequence[_Meter]) -> None:
    """Keep the peak of every process of every side."""
    children = _children()
    for meter in meters:
        if meter.result is None:
            for pid in _descendants({meter.pid}, children):
                with contextlib.suppress(OSError):
                    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
                    if found:  # a process that has ended, but was not waited for, has no memory
                        meter.peaks[pid] = int(found[1]) << 10


def _children() -> dict[int, list[int]]:
    """The processes by parent."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - only the names
        if name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                text = Path(f"/proc/{name}/stat").read_text()
                found.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(name))
    return found


def _descendants(parents: set[int], children: dict[int, list[int]] | None = None) -> list[int]:
    tree = _children() if children is None else children
    found: list[int] = []
    for parent in parents:
        for child in tree.get(parent, ()):
            found += [child, *_descendants({child}, tree)]
    return found

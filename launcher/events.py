"""The event log: what happened, one JSON object a line, for the harness and for log collectors.

Every line has ``event`` (a stable name, listed in `NAMES`) and ``t`` (seconds since the kernel started),
then the event's own fields. Lines go to ``/run/udpcast/events.jsonl`` and, when the command line has
``events=PORT``, to that port as well. A port that is closed or full never stops the launcher.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

NAMES = {
    "init": "the initrd's /init runs",
    "udev": "udevd is started and the devices known so far are being coldplugged",
    "python": "the launcher's first line of Python runs",
    "cmdline": "the command line is parsed: `text`, `warnings`",
    "machine": "disks and cards were (again) detected: `disks`, `nics` (names)",
    "devices": "coldplug is finished: every device present at boot is known",
    "screen": "a screen takes keys: `name` (a question's key, or waiting, confirm, transfer, result, error)",
    "answer": "a question is settled: `key`, `text`, `source`",
    "plan": "every answer is settled: the plan's fields; nothing was written yet",
    "network": "the card has an address: `nic`, `address`, `source`",
    "transfer": "the disk is open and the transfer begins: `argv` (what will be run, a list of lists), `role`",
    "command": "a process is started: `command`, to be pasted into a shell",
    "note": "what the network's commands and the DHCP client say: `text`",
    "connected": "the sender sees a receiver, or the receiver its sender: `address`, `number`",
    "cast": "the cast begins (sender), or its first byte is here (receiver)",
    "progress": "at most one a second: `bytes`, `total` (or null)",
    "phase": "the receiver has all data and flushes it, or reads it back: `phase` (flushing, verifying)",
    "disconnected": "the sender lost a receiver, or that one its sender before a cast: `address`, `number`, `reason`",
    "outcome": "the transfer is over: `ok`, `kind`, `fields` of the sentence, `sentence`, `bytes`, `seconds`, "
    "`xxh128` (or null), `read_back`",
    "report": "the page that is told the result was told, or was not: `url`, `ok`, `status` (or null), `sentence`",
    "error": "an expected failure: `kind`, `fields` of the sentence, `sentence`, `hint`",
    "crash": "a bug: `sentence`, `traceback`",
    "after": "what is done now: `action` (reboot, poweroff, shell)",
}


def since_boot() -> float:
    """Seconds since the kernel started (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class EventLog:
    """Writes events to files that are opened once; keeps nothing in memory. Threads may share it."""

    def __init__(self, *paths: Path) -> None:
        self._fds: list[int] = []
        self._lock = threading.Lock()
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> None:
        """Also write to `path` (a file or a port). One that cannot be opened is left out; it is no reason to stop."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._fds.append(os.open(path, flags, 0o644))
        except OSError:
            return

    def add_descriptor(self, fd: int) -> None:
        """Also write to `fd`, which stays the caller's: it is waited for without end if it is a blocking one."""
        self._fds.append(fd)

    def emit(self, event: str, **fields: object) -> None:
        """Write one event that happens now."""
        self.emit_at(since_boot(), event, fields)

    def emit_at(self, seconds: float, event: str, fields: dict[str, object] | None = None) -> None:
        """Write one event that happened `seconds` after the kernel started."""
        record = {"event": event, "t": round(seconds, 3), **(fields or {})}
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._lock:
            for fd in self._fds:
                _write_all(fd, line)


def _write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, but wait no longer than a second for a port that does not take it."""
    deadline = time.monotonic() + 1.0
    while data and time.monotonic() < deadline:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            time.sleep(0.005)
        except OSError:
            return

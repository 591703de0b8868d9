"""A running udhcpc: what it says, line by line, and its end. What it says is `dhcp`'s matter."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path

from ..process import spawn
from .card import Note
from .dhcp import PID_FILE


def said(argv: tuple[str, ...], wait: Callable[[int], object], note: Note) -> Generator[str]:
    """Run it, and give each line of its standard error until it ends. `wait` waits for a descriptor, or raises.

    When the iterator is closed, the client is ended; it keeps its lease.
    """
    with Path(os.devnull).open("wb") as null:
        process = spawn(argv, None, null.fileno(), note)
    try:
        text = ""
        while True:
            wait(process.errors)
            heard = os.read(process.errors, 4096)
            *lines, text = (text + heard.decode(errors="replace")).split("\n")
            for line in (*lines, *([] if heard or not text else [text])):
                note(line)
                yield line
            if not heard:
                return
    finally:
        process.signal(signal.SIGTERM)
        process.reap()


def end_older(run: Path) -> None:
    """End the client of a launcher that crashed: two of them would answer for one card."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((run / PID_FILE).read_text())
        if b"udhcpc" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)

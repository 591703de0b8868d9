"""One program of the system's, run to its end within its time: what it wrote, and how it ended."""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from dataclasses import dataclass

from ..asking import WHERE_ADMINISTRATORS_HAVE_IT
from ..errors import ErrorKind, LauncherError
from ..process import Process, spawn
from ..sentence import Sentence, say

MOST = 1 << 20
"""Bytes that are kept of what a program writes; the last ones."""


@dataclass(frozen=True)
class Ran:
    """`status` as `Process` has it, `out` its standard output, `said` the last line of its errors, or of that."""

    program: str
    status: int
    out: str
    said: str

    @property
    def failure(self) -> Sentence:
        """How it failed, as a part of a sentence."""
        words = {"program": self.program, "status": self.status, "said": self.said}
        if self.said:
            return say("{program} ended with status {status} ({said})", **words)
        return say("{program} ended with status {status}", **words)


def run(argv: tuple[str, ...], seconds: float, given: bytes = b"") -> Ran:
    """Run `argv`, with `given` as its standard input, for so many seconds at most. Raises LauncherError where it cannot
    be started or does not end."""
    name, *rest = argv
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), *WHERE_ADMINISTRATORS_HAVE_IT))
    try:
        inlet, outlet = os.pipe()
        source = os.memfd_create("input", os.MFD_CLOEXEC)
        os.write(source, given)
        os.lseek(source, 0, os.SEEK_SET)
    except OSError as error:
        sentence = say("{program} could not be started: {error}.", program=name, error=error.strerror)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence) from error
    try:
        process = spawn((shutil.which(name, path=places) or name, *rest), source, outlet, lambda command: None)
    except LauncherError:
        os.close(inlet)
        raise
    finally:
        os.close(outlet)
        os.close(source)
    written: list[bytes] = []
    errors: list[bytes] = []
    try:
        ended = _read(inlet, process, (written, errors), time.monotonic() + seconds)
        if not ended:
            process.signal(signal.SIGKILL)
    finally:
        os.close(inlet)
        status = process.reap()
    if not ended:
        late = say("{program} has not ended for {seconds} s.", program=name, seconds=round(seconds))
        raise LauncherError(ErrorKind.PROGRAM_FAILED, late)
    out = b"".join(written).decode(errors="replace")
    return Ran(name, status, out, _last(b"".join(errors).decode(errors="replace")) or _last(out))


def _read(inlet: int, process: Process, kept: tuple[list[bytes], list[bytes]], end: float) -> bool:
    """Keep what comes from both ends; whether both came to their end in time."""
    poll, ends = select.poll(), {inlet: kept[0], process.errors: kept[1]}
    for fd in ends:
        poll.register(fd, select.POLLIN)
    while ends:
        ready = poll.poll(max(0, end - time.monotonic()) * 1000)
        if not ready:
            return False
        for fd, _ in ready:
            piece = os.read(fd, 65536)
            if piece:
                _keep(ends[fd], piece)
            else:
                poll.unregister(fd)
                del ends[fd]
    return True


def _keep(pieces: list[bytes], piece: bytes) -> None:
    pieces.append(piece)
    while sum(map(len, pieces)) > MOST:
        del pieces[0]


def _last(text: str) -> str:
    lines = (line.strip().rstrip(".") for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")[:200]

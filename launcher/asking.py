"""Asking other people's tools: what a program writes, piece by piece, until a deadline; its status, and its last words.

Rules, in one place:

* Nothing of the output is kept here: who asks takes each piece. Of what stands on the program's standard error only the
  last `KEPT` bytes are kept, and it is always read, so that no program waits for a reader.
* Behind the deadline the program is killed. One that a disk holds fast dies when the disk lets go: it is not waited for
  longer than `DYING` seconds.
* Programs are looked for where administrators have theirs as well, and speak English (`process.spawn`).
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ErrorKind, LauncherError, TransferFailed
from .process import Process, spawn
from .sentence import say

WHERE_ADMINISTRATORS_HAVE_IT = ("/usr/sbin", "/sbin")
KEPT = 8192
DYING = 5.0
PIECE = 1 << 16


@dataclass(frozen=True)
class Ended:
    """How a program ended: `status` as in `Process`, and the end of what it wrote to its standard error."""

    status: int
    errors: str

    @property
    def last_words(self) -> str:
        """The last line that it wrote there, without its full stop; "" where there is none."""
        lines = self.errors.split("\n")
        return next((line.strip().rstrip(".") for line in reversed(lines) if line.strip()), "")


class NotEnded(LauncherError):
    """It had not ended at the deadline."""


def _quiet(command: str) -> None:
    """Commands are not logged."""


def find(name: str) -> str | None:
    """Where the program is; None where there is none."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *WHERE_ADMINISTRATORS_HAVE_IT)))


def ask(
    argv: tuple[str, ...],
    take: Callable[[bytes], None],
    seconds: float,
    *,
    stdin: int | None = None,
    rights: bool = True,
    note: Callable[[str], None] = _quiet,
) -> Ended:
    """Run `argv`, and give `take` what it writes; what that raises ends the program. Without `rights` it is confined.
    Raises TransferFailed where it cannot be started, NotEnded where it has not ended in so many seconds."""
    name, *words = argv
    try:
        inlet, outlet = os.pipe()
    except OSError as error:
        sentence = say("{program} could not be started: {error}.", program=name, error=error.strerror)
        raise TransferFailed(ErrorKind.PROGRAM_FAILED, sentence) from error
    with contextlib.ExitStack() as ours:
        ours.callback(os.close, inlet)
        with contextlib.ExitStack() as theirs:
            theirs.callback(os.close, outlet)
            process = spawn((find(name) or name, *words), stdin, outlet, note, rights=rights)
        try:
            errors = _read(process, inlet, take, time.monotonic() + seconds)
        except BaseException:
            _kill(process)
            raise
        if errors is None:
            _kill(process)
            late = say("{program} has not ended for {seconds} s.", program=name, seconds=round(seconds))
            raise NotEnded(ErrorKind.PROGRAM_FAILED, late)
        return Ended(process.reap(), errors.decode(errors="replace"))


def answer(argv: tuple[str, ...], seconds: float, *, note: Callable[[str], None] = _quiet) -> bytes:
    """All that `argv` writes. Raises as `ask`, and LauncherError where it fails."""
    pieces: list[bytes] = []
    ended = ask(argv, pieces.append, seconds, note=note)
    if ended.status:
        words = ended.last_words or str(ended.status)
        failed = say("{program} failed: {words}.", program=argv[0], words=words)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, failed)
    return b"".join(pieces)


def _read(process: Process, inlet: int, take: Callable[[bytes], None], end: float) -> bytes | None:
    """The end of the standard error, when both outputs have ended and the program with them; None where that does not
    come in time."""
    errors = b""
    poll = select.poll()
    waiting = {inlet, process.errors, process.pidfd}
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    while waiting:
        ready = poll.poll(max(0.0, end - time.monotonic()) * 1000)
        if not ready:
            return None
        for descriptor, _ in ready:
            piece = b"" if descriptor == process.pidfd else os.read(descriptor, PIECE)
            if not piece:
                poll.unregister(descriptor)
                waiting.discard(descriptor)
            elif descriptor == inlet:
                take(piece)
            else:
                errors = (errors + piece)[-KEPT:]
    return errors


def _kill(process: Process) -> None:
    process.signal(signal.SIGKILL)
    dying = select.poll()
    dying.register(process.pidfd, select.POLLIN)
    if dying.poll(DYING * 1000):
        process.reap()
        return
    for descriptor in (process.pidfd, process.errors):
        os.close(descriptor)

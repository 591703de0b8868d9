"""Running other people's tools, each to its end within its time: `ask` gives what a program writes, piece by piece;
`answer` all of that, where it ends well; `run` all of it, and how it ended.

Rules, in one place:

* `ask` keeps nothing of the output: who asks takes each piece. Of what stands on the program's standard error only the
  last `KEPT` bytes are kept, and it is always read, so that no program waits for a reader.
* Behind the deadline the program is killed, and at once where nobody wants its answer any more (`stop`). One that a
  disk holds fast dies when the disk lets go: it is not waited for longer than `DYING` seconds.
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
from .reasons import reason
from .sentence import Sentence, say

WHERE_ADMINISTRATORS_HAVE_IT = ("/usr/sbin", "/sbin")
KEPT = 8192
DYING = 5.0
PIECE = 1 << 16
MOST = 1 << 20
"""Bytes of what it writes that `run` keeps; nothing that is run so says more."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: `status` as in `Process`, and the end of what it wrote to its standard error."""

    status: int
    errors: str

    @property
    def last_words(self) -> str:
        """The last line that it wrote there, without its full stop; "" where there is none."""
        return _last_line(self.errors)


@dataclass(frozen=True)
class Ran(Ended):
    """And which program it was, and what it wrote to its standard output."""

    program: str
    out: str

    @property
    def failure(self) -> Sentence:
        """How it failed, as a part of a sentence."""
        said = (self.last_words or _last_line(self.out))[:200]
        words = {"program": self.program, "status": self.status}
        if said:
            return say("{program} ended with status {status} ({said})", **words, said=said)
        return say("{program} ended with status {status}", **words)


class NotEnded(LauncherError):
    """It had not ended at the deadline."""


class Stopped(Exception):
    """Nobody wants to know any more."""


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
    stop: int | None = None,
) -> Ended:
    """Run `argv`, and give `take` what it writes; what that raises ends the program. Without `rights` it is confined.
    `stop`: a descriptor that becomes readable when it is to end at once. Raises TransferFailed where it cannot be
    started, NotEnded where it has not ended in so many seconds, and Stopped."""
    name, *words = argv
    try:
        inlet, outlet = os.pipe()
    except OSError as error:
        raise _not_started(name, error) from error
    with contextlib.ExitStack() as ours:
        ours.callback(os.close, inlet)
        with contextlib.ExitStack() as theirs:
            theirs.callback(os.close, outlet)
            process = spawn((find(name) or name, *words), stdin, outlet, note, rights=rights)
        try:
            errors = _read(process, inlet, take, time.monotonic() + seconds, stop)
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


def run(argv: tuple[str, ...], seconds: float, given: bytes = b"", *, rights: bool = True) -> Ran:
    """Run `argv`, with `given` as its standard input. Raises as `ask`."""
    out = bytearray()

    def take(piece: bytes) -> None:
        out.extend(piece[: MOST - len(out)])

    try:
        source = os.memfd_create("input", os.MFD_CLOEXEC)
    except OSError as error:
        raise _not_started(argv[0], error) from error
    try:
        os.write(source, given)
        os.lseek(source, 0, os.SEEK_SET)
        ended = ask(argv, take, seconds, stdin=source, rights=rights)
    finally:
        os.close(source)
    return Ran(ended.status, ended.errors, argv[0], out.decode(errors="replace"))


def _last_line(text: str) -> str:
    """Without its full stop."""
    lines = (line.strip().rstrip(".") for line in reversed(text.split("\n")))
    return next((line for line in lines if line), "")


def _not_started(name: str, error: OSError) -> TransferFailed:
    sentence = say("{program} could not be started: {error}.", program=name, error=reason(error))
    return TransferFailed(ErrorKind.PROGRAM_FAILED, sentence)


def _read(
    process: Process, inlet: int, take: Callable[[bytes], None], end: float, stop: int | None = None
) -> bytes | None:
    """The end of the standard error, when both outputs have ended and the program with them; None where that does not
    come in time. Raises Stopped."""
    errors = b""
    poll = select.poll()
    waiting = {inlet, process.errors, process.pidfd}
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    if stop is not None:
        poll.register(stop, select.POLLIN)
    while waiting:
        ready = poll.poll(max(0.0, end - time.monotonic()) * 1000)
        if not ready:
            return None
        if any(descriptor == stop for descriptor, _ in ready):
            raise Stopped
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

"""One program of the system's, run to its end within its time: what it wrote, and how it ended."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..asking import ask
from ..errors import ErrorKind, LauncherError
from ..sentence import Sentence, say

MOST = 1 << 20
"""Bytes of what it writes that are kept; nothing that is asked here says more."""


@dataclass(frozen=True)
class Ran:
    """`status` as `Process` has it, `out` and `errors` its standard output and error."""

    program: str
    status: int
    out: str
    errors: str

    @property
    def failure(self) -> Sentence:
        """How it failed, as a part of a sentence."""
        said = _last(self.errors) or _last(self.out)
        words = {"program": self.program, "status": self.status}
        if said:
            return say("{program} ended with status {status} ({said})", **words, said=said)
        return say("{program} ended with status {status}", **words)


def run(argv: tuple[str, ...], seconds: float, given: bytes = b"", *, rights: bool = True) -> Ran:
    """Run `argv`, with `given` as its standard input, for so many seconds at most; without `rights` it is confined.
    Raises LauncherError where it cannot be started or does not end."""
    out = bytearray()

    def take(piece: bytes) -> None:
        out.extend(piece[: MOST - len(out)])

    try:
        source = os.memfd_create("input", os.MFD_CLOEXEC)
    except OSError as error:
        sentence = say("{program} could not be started: {error}.", program=argv[0], error=error.strerror)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence) from error
    try:
        os.write(source, given)
        os.lseek(source, 0, os.SEEK_SET)
        ended = ask(argv, take, seconds, stdin=source, rights=rights)
    finally:
        os.close(source)
    return Ran(argv[0], ended.status, out.decode(errors="replace"), ended.errors)


def _last(text: str) -> str:
    lines = (line.strip().rstrip(".") for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")[:200]

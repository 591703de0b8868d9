"""Why a partition is sent whole, and whom the tools that tell are asked by: with a deadline, and without rights."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..asking import Ended, ask, find
from ..sentence import NOTHING, Sentence, say, verbatim

LINE_MOST = 16 << 20
"""Bytes of a line. The longest that is right is dumpe2fs's list of the free blocks of one group."""
TEXT_MOST = 4 << 20
"""Bytes of an answer that is kept as a whole. The longest that is right is a partition table."""


class Doubt(Exception):
    """`why` not all is known of it (a clause), and `remedy`: what to do so that it is known the next time."""

    def __init__(self, why: Sentence, remedy: Sentence = NOTHING) -> None:
        super().__init__(str(why))
        self.why, self.remedy = why, remedy

    def sentence(self, name: str) -> Sentence:
        """Of the partition of that name."""
        if self.remedy:
            return say("{name}: {why}, so it is sent whole: {remedy}.", name=name, why=self.why, remedy=self.remedy)
        return say("{name}: {why}, so it is sent whole.", name=name, why=self.why)


def unknown(program: str) -> Doubt:
    """`program` answered what is not understood here."""
    return Doubt(say("the answer of {program} is not understood", program=program))


def fields(pattern: re.Pattern[str], lines: Iterable[str], program: str) -> dict[str, str]:
    """Names and values of the lines that are `pattern`. Raises Doubt where one is there twice: names that people gave
    are among the values, and may have lines of their own."""
    found: dict[str, str] = {}
    for one in filter(None, map(pattern.fullmatch, lines)):
        if one[1] in found:
            raise unknown(program)
        found[one[1]] = one[2]
    return found


@dataclass(frozen=True)
class Tools:
    """Who asks. `deadline` by the monotonic clock, in seconds; `note` is given each command; `stop` as in `ask`."""

    deadline: float
    note: Callable[[str], None]
    rights: bool = False
    stop: int | None = None

    @property
    def seconds(self) -> float:
        """How long there still is."""
        return max(0.0, self.deadline - time.monotonic())

    def text(self, *argv: str) -> str:
        """All that it writes, where it ends with 0; else Doubt. Raises LauncherError."""
        text, ended = self.both(*argv)
        if ended.status:
            raise failed(argv[0], ended)
        return text

    def both(self, *argv: str) -> tuple[str, Ended]:
        """What it writes, and how it ends. Raises LauncherError, and Doubt where that has no end."""
        text = bytearray()

        def take(piece: bytes) -> None:
            text.extend(piece)
            if len(text) > TEXT_MOST:
                raise unknown(argv[0])

        ended = self.stream(take, *argv)
        return text.decode(errors="replace"), ended

    def stream(self, take: Callable[[bytes], None], *argv: str) -> Ended:
        """Give `take` the pieces of what it writes. Raises LauncherError, what `take` raises, and Doubt where there is
        no such program."""
        if find(argv[0]) is None:
            why = say("{program} is missing (the initrd was built without it, or it is not installed)", program=argv[0])
            raise Doubt(why)
        return ask(argv, take, self.seconds, rights=self.rights, note=self.note, stop=self.stop)

    def lines(self, take: Callable[[str], None], *argv: str) -> Ended:
        """The same by lines; Doubt where one has no end."""
        begun: list[bytes] = []  # pieces of the line that has not ended

        def pieces(piece: bytes) -> None:
            first, *others = piece.split(b"\n")
            begun.append(first)
            if not others:
                if sum(map(len, begun)) > LINE_MOST:
                    raise unknown(argv[0])
                return
            for line in (b"".join(begun), *others[:-1]):
                take(line.decode(errors="replace"))
            begun[:] = others[-1:]

        ended = self.stream(pieces, *argv)
        if rest := b"".join(begun):
            take(rest.decode(errors="replace"))
        return ended


def failed(program: str, ended: Ended) -> Doubt:
    """`program` did not end well."""
    words = verbatim(ended.last_words or str(ended.status))
    return Doubt(say("{program} failed ({words})", program=program, words=words))

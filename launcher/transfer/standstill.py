"""Bytes that do not move: for how long, and through which process they should.

Signs of life are no bytes: a process that has stopped, or that waits for what never comes, is ended by our own clock.
A disk has a clock of its own (`block_device`); while it is asked, nothing is counted here.
"""

from __future__ import annotations

import select

from ..model.times import Times
from ..process import Process
from ..sentence import Sentence, say_many
from .evidence import Stood
from .status import Status


class Standstill:
    """Watches the bytes of one transfer. It belongs to the owner."""

    def __init__(self, status: Status, times: Times) -> None:
        self._status = status
        self._times = times
        self._moved: tuple[int, ...] = ()
        self._since = 0.0
        self._named = False

    def look(self, now: float, moved: tuple[int, ...], asked: bool, silence: float, through: Process) -> Stood | None:
        """Through which process nothing has moved for too long.

        `moved`: whatever counts bytes. `asked`: a disk is to answer. `through`: whose turn it is; the screen names it
        before its time is over.
        """
        if asked or moved != self._moved:
            self._moved, self._since = moved, now
            if self._named:
                self._named = False
                self._status.stands_still(None)
            return None
        seconds = now - self._since
        if seconds >= silence + self._times.standstill:
            self._since = now  # what is left may end by itself
            return Stood(through.name, seconds)
        if seconds >= self._times.standstill_named:
            self._named = True
            self._status.stands_still(words(through.name, seconds))
        return None


def words(program: str, seconds: float) -> Sentence:
    """What is said of it."""
    return say_many(
        "Nothing has moved through {program} for {count} second.",
        "Nothing has moved through {program} for {count} seconds.",
        round(seconds),
        program=program,
    )


def is_full(outlet: int) -> bool:
    """Whether the pipe that `outlet` writes into takes nothing, because nobody reads."""
    pipe = select.poll()
    pipe.register(outlet, select.POLLOUT)
    return not pipe.poll(0)

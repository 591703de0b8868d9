"""A server under its keeper while it runs: when it really serves, why it does not, and its log, line by line.

dnsmasq has bound its sockets before it writes the first line of its log, and says of TFTP last (2.80 and later). So
nothing is promised before that line.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ..loop import Lines, Loop
from ..web.files import Said, line
from .supervisor import Command, Supervisor, Task

PATIENCE = 15.0
"""Seconds in which a server serves, or has said why not."""

_SPEAKER = re.compile(r"^dnsmasq(?:-\w+)?(?:\[\d+\])?: ")
_CHATTER = re.compile(
    r"started, version |compile time options: |DHCP, (?:IP range|proxy on subnet|static leases|sockets bound)"
    r"|TFTP root is |FAILED to start up|exiting on receipt of SIGTERM|read /|\d+ (?!DHCP)"
    r'|\["'  # a line of the server of files
)


class DaemonError(Exception):
    """One sentence: why a server does not serve, in its own words."""


@dataclass(frozen=True)
class Kind:
    """A kind of server: what it is called in a sentence, and the line of its log behind which it serves."""

    name: str
    ready: re.Pattern[str]


DNSMASQ = Kind("dnsmasq", re.compile(r"dnsmasq-tftp\[\d+\]: TFTP "))
FILES = Kind("the HTTP server", re.compile(re.escape(line([Said.SERVES.value]).decode().strip())))


@dataclass(frozen=True)
class Readers:
    """Who is called: when the server serves, and for each line of its log."""

    ready: Callable[[], None]
    line: Callable[[str], None]


class Daemon:
    """A server that ends with us, on a loop that it stops when it ends by itself. Close it."""

    def __init__(
        self,
        loop: Loop,
        kind: Kind,
        command: Command | Task,
        keeping: tuple[Callable[[], None], Collection[int]],
        on: Readers,
    ) -> None:
        """`keeping`: what its keeper does at its end, and which descriptors it has."""
        self._loop, self._kind, self._on = loop, kind, on
        self._said: list[str] = []
        self._ready = False
        self._status: int | None = None
        self._supervisor = Supervisor(command, *keeping)
        Lines(loop, self._supervisor.log, self._read, self._ended)
        loop.watch(self._supervisor.keeper, self._ended)
        loop.after(PATIENCE, self._late)

    @property
    def pid(self) -> int:
        return self._supervisor.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal: with SIGHUP dnsmasq reads its lists again, and its transfers go on."""
        self._supervisor.signal(number)

    def close(self) -> None:
        """End it, if it still runs. Nothing of it is left then."""
        if self._status is None:
            for fd in (self._supervisor.log, self._supervisor.keeper):
                self._loop.unwatch(fd)
            self._status = self._supervisor.close()

    def _read(self, line: str) -> None:
        if not self._ready:
            self._said.append(line)
            if self._kind.ready.match(line):
                self._ready = True
                self._on.ready()
        else:
            self._said = [*self._said[-20:], line]
        self._on.line(line)

    def _ended(self) -> None:
        if self._status is not None:
            return
        self.close()
        killed = self._supervisor.keeper_was_killed
        why = "the process that keeps it was killed." if killed else reason(self._said, self._status or 0)
        self._loop.stop(DaemonError(f"{self._kind.name} ended: {why}"))

    def _late(self) -> None:
        if not self._ready and self._status is None:
            said = reason(self._said, 0)
            self._loop.stop(DaemonError(f"{self._kind.name} has not begun to serve within {PATIENCE:.0f} s: {said}"))


def reason(lines: Sequence[str], status: int) -> str:
    """Why a server ended, from all that it said: its own words, without what it says at every start. A sentence."""
    said = [_SPEAKER.sub("", line).strip() for line in lines]
    told = list(dict.fromkeys(line for line in said if line and not _CHATTER.match(line)))
    if told:
        return "; ".join(told).rstrip(".") + "."
    if status > 128:
        return f"it was killed ({signal.Signals(status - 128).name})."
    return f"it said nothing about it (status {status})."

"""What a machine loads, as it is seen from outside: bytes of its cable and of its medium, over time.

* Of the cable the counters of its tap count, in this network namespace (/proc/net/dev): what the machine sent, and what
  came to it, with all headers.
* Of the medium QEMU counts what was read by its drive (QMP ``query-blockstats``: a node alone has no such count).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..host.event_loop import DeadlinePassed
from ..host.network import tap
from ..machine.qmp import QmpError
from ..machine.vm import VM

APART = 0.05
"""Seconds between two looks, at least."""
REST = 0.005
"""The part of all bytes that may come later: a few packets of whoever else is on the wire."""


@dataclass(frozen=True)
class Look:
    """`t`: seconds since power-on; bytes that the machine `sent` by then, that `came` over the wire, and that were
    `read` from its medium."""

    t: float
    sent: int
    came: int
    read: int = 0

    @property
    def loaded(self) -> int:
        return self.came + self.read


@dataclass
class Meter:
    """Looks again and again while something is waited for. `medium`: the block device that is read."""

    vm: VM
    medium: str | None = None
    looks: list[Look] = field(default_factory=list)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for `condition`, and look meanwhile. Raises LostMachine, DeadlinePassed."""
        while not condition():
            if not self.vm.running:
                raise self.vm.lost()
            if self.vm.deadline.passed:
                raise DeadlinePassed(
                    f"{self.vm.spec.name}: {what} was not there after {self.vm.deadline.seconds:.0f} s"
                )
            self.vm.loop.turn(APART)
            if not self.looks or time.monotonic() - self.vm.started - self.looks[-1].t >= APART:
                self.looks.append(self._look())

    def _look(self) -> Look:
        sent, came = counters(Path("/proc/net/dev").read_text(), tap(0))
        return Look(time.monotonic() - self.vm.started, sent, came, self._read())

    def _read(self) -> int:
        if self.medium is None:
            return 0
        try:
            stats = self.vm.qmp.execute("query-blockstats", deadline=self.vm.deadline.sooner(10))
        except (QmpError, DeadlinePassed):
            return 0
        return sum(one["stats"]["rd_bytes"] for one in stats if one.get("node-name") == self.medium)


def counters(text: str, interface: str) -> tuple[int, int]:
    """What /proc/net/dev says of a tap: bytes from the machine, and to it; (0, 0) when it is not there."""
    match = re.search(rf"^\s*{re.escape(interface)}:(.*)$", text, re.MULTILINE)
    numbers = match[1].split() if match else []
    return (int(numbers[0]), int(numbers[8])) if len(numbers) > 8 else (0, 0)


@dataclass(frozen=True)
class Loading:
    """Seconds since power-on: when the machine first sent or read something, when what was left to load was no more
    than kernel and initrd, and when these had come. Bytes until then: `came` over the wire, `read` from the medium."""

    firmware: float
    loader: float
    loaded: float
    came: int
    read: int


def loading(looks: Sequence[Look], until: float, payload: int) -> Loading:
    """What was loaded before `until`, of which `payload` bytes are kernel and initrd. Needs a look before `until`."""
    before = [look for look in looks if look.t <= until]
    last = before[-1]
    begun = next((look for look in before if look.sent or look.read), last)
    loader = next(look for look in before if look.loaded >= last.loaded - payload and look.t >= begun.t)
    loaded = next(look for look in before if look.loaded >= last.loaded * (1 - REST))
    return Loading(round(begun.t, 1), round(loader.t, 1), round(loaded.t, 1), last.came, last.read)

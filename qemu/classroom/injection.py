"""Faults that come while the classroom runs: when each one's moment is there, and what the harness does then.

`Injection` is asked each turn of the room. A fault is *fired* at a known moment of the host's clock; the report counts
from there. Nothing is fired twice, and a fault that never fired is a failure of the run. `ACTIONS` has one row for each
kind of fault that the harness itself carries out; others are in the hardware or in a program (`equipment`), and only
noticed here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..disks.images import BLOCK
from ..host.event_loop import Deadline
from . import faults
from .faults import IN_A_PROGRAM, Fault, Kind
from .seat import Seat

POLL_SECONDS = 0.2  # between two looks at whether a fault is due


@dataclass
class Injection:
    """The faults of one run. `source` is the image they count in; `disks` are the images by seat."""

    given: tuple[Fault, ...]
    source: Path
    disks: Mapping[str, Path]
    switch_on: Callable[[str], None]
    say: Callable[[str, str], None]
    fired: dict[Fault, float] = field(default_factory=dict)
    _plug_in: list[tuple[float, Seat]] = field(default_factory=list)

    @property
    def pending(self) -> list[Fault]:
        """What can still happen."""
        return [fault for fault in self.given if not fault.standing and fault not in self.fired]

    def powered(self, seat: str) -> bool:
        """Whether a seat is switched on at the start."""
        return not any(faults.of(self.given, seat, kind) for kind in (Kind.ABSENT, Kind.LATE))

    def named(self, seat: str) -> bool:
        """Whether a seat has a fault of its own, so that its failure is no reason to give the run up."""
        return any(fault.seat == seat for fault in self.given)

    def turn(self, seats: Mapping[str, Seat], deadline: Deadline) -> None:
        """Fire what is due."""
        for when, seat in list(self._plug_in):
            if time.monotonic() >= when:
                self._plug_in.remove((when, seat))
                self.link(seat, True, deadline)
        for fault in self.pending:
            watched = seats.get("sender" if fault.kind is Kind.LATE else fault.seat)
            if watched and (moment := TRIGGERS.get(fault.kind, _by_its_events)(self, fault, watched)):
                self.fired[fault] = moment
                self.say(fault.seat, f"FAULT {fault}")
                if fault.kind in ACTIONS:
                    ACTIONS[fault.kind](self, fault, seats.get(fault.seat), deadline)

    def link(self, seat: Seat, up: bool, deadline: Deadline) -> None:
        """Plug a seat's cable in or out."""
        if seat.vm.running:
            seat.vm.qmp.execute("set_link", deadline=deadline.sooner(10), name="nic0", up=up)
            self.say(seat.spec.name, f"its cable is plugged {'in' if up else 'out'}")

    def plug_in_later(self, seat: Seat, seconds: float) -> None:
        """Plug a seat's cable in again after so long."""
        self._plug_in.append((time.monotonic() + seconds, seat))

    def offset(self, fault: Fault) -> int:
        """The byte of the source that a fault names."""
        assert fault.position
        return fault.position.offset(self.source.stat().st_size)


# --- when a fault's moment is there: its time on the monotonic clock, or None -----------------------------------------


def _by_its_events(injection: Injection, fault: Fault, seat: Seat) -> float | None:
    """A moment's event, or progress."""
    events, moment = seat.vm.events, fault.position.moment if fault.position else ""
    if moment in {"flushing", "verifying"}:
        come = events.first("phase", phase=moment)
    elif moment:
        come = events.first(moment)
    else:
        offset = injection.offset(fault)
        reached = (one for one in events.events if one.name == "progress" and _bytes(one.fields) >= offset)
        come = next(reached, None)
    return time.monotonic() if come else None


def _io_error(injection: Injection, fault: Fault, seat: Seat) -> float | None:
    failed = any(event["event"] == "BLOCK_IO_ERROR" for event in seat.vm.qmp.events)
    return time.monotonic() if failed else None


def _in_a_program(injection: Injection, fault: Fault, seat: Seat) -> float | None:
    event = seat.vm.events.first("fault", program=fault.value)
    return event.arrived if event else None


def _arrived(injection: Injection, fault: Fault, seat: Seat) -> float | None:
    """Whether the source's block around the byte is on the disk: it will not be written again."""
    start = injection.offset(fault) // BLOCK * BLOCK
    with injection.source.open("rb") as source, injection.disks[fault.seat].open("rb") as target:
        wanted = os.pread(source.fileno(), BLOCK, start)
        there = any(wanted) and wanted == os.pread(target.fileno(), BLOCK, start)
    return time.monotonic() if there else None


TRIGGERS: Mapping[Kind, Callable[[Injection, Fault, Seat], float | None]] = {
    Kind.READ_ERROR: _io_error,
    Kind.WRITE_ERROR: _io_error,
    Kind.FLIP: _arrived,
    **dict.fromkeys(IN_A_PROGRAM, _in_a_program),
}
"""What tells the moment of a fault; of all others the seat's events do."""

# --- what the harness does then ---------------------------------------------------------------------------------------


def _switch_on(injection: Injection, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
    injection.switch_on(fault.seat)


def _cut_power(injection: Injection, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
    if seat:
        seat.problem = "its power was cut."
        seat.vm.stop()


def _restart(injection: Injection, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
    if seat:
        seat.restart(deadline)


def _unplug(injection: Injection, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
    if seat:
        injection.link(seat, False, deadline)
        if isinstance(fault.value, float):
            injection.plug_in_later(seat, fault.value)


def _flip(injection: Injection, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
    """Flip the lowest bit of a byte. QEMU keeps no cache of its own: the guest's next read of the disk sees it."""
    offset = injection.offset(fault)
    with injection.disks[fault.seat].open("r+b", buffering=0) as file:
        byte = os.pread(file.fileno(), 1, offset)[0]
        os.pwrite(file.fileno(), bytes([byte ^ 1]), offset)


ACTIONS: Mapping[Kind, Callable[[Injection, Fault, Seat | None, Deadline], None]] = {
    Kind.KILL: _cut_power,
    Kind.RESTART: _restart,
    Kind.UNPLUG: _unplug,
    Kind.FLIP: _flip,
    Kind.LATE: _switch_on,
}
"""The seat is None where it is not switched on."""


def _bytes(fields: Mapping[str, object]) -> int:
    value = fields.get("bytes")
    return value if isinstance(value, int) else 0

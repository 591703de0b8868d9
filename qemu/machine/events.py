"""The guest's event port (ttyS1): one JSON object a line, see the launcher's event log for the names.

The harness waits for an event that means success, one that means failure, or the deadline. What is no event (a
kernel message that strayed there) is kept as noise; it never stops a run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ..host.event_loop import Deadline, EventLoop


@dataclass(frozen=True)
class Event:
    """`t`: seconds since the guest's kernel started; `arrived`: host's monotonic clock when the line was complete."""

    name: str
    t: float
    fields: dict[str, Any] = field(default_factory=dict)
    arrived: float = 0.0

    def text(self, key: str) -> str:
        """A field as text, empty when it is missing."""
        value = self.fields.get(key)
        return "" if value is None else str(value)


def parse_line(line: bytes, arrived: float = 0.0) -> Event | None:
    """One line of the port, or None when it is no event."""
    try:
        record = json.loads(line)
        name, t = record.pop("event"), float(record.pop("t"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Event(name, t, record, arrived) if isinstance(name, str) else None


class EventLog:
    """Events of one machine in the order in which they came; `listeners` are called with each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = b""
        self.events: list[Event] = []
        self.noise: list[bytes] = []
        self.raw = bytearray()
        self.listeners: list[Callable[[Event], None]] = []

    def feed(self, data: bytes) -> None:
        self.raw += data
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.strip())

    def _line(self, line: bytes) -> None:
        event = parse_line(line, self._clock())
        if event is None:
            if line:
                self.noise.append(line)
            return
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def forget(self) -> None:
        """The machine restarts: drop its events, and a line that was cut. What was said stays in `raw`."""
        self.events.clear()
        self._rest = b""

    def first(self, name: str, /, **fields: object) -> Event | None:
        """The first event of this name whose fields have these values."""
        return next((event for event in self.events if _matches(event, name, fields)), None)

    def last(self, name: str, /, **fields: object) -> Event | None:
        """The last event of this name whose fields have these values."""
        return next((event for event in reversed(self.events) if _matches(event, name, fields)), None)

    def wait(
        self,
        loop: EventLoop,
        success: Collection[str],
        failure: Collection[str],
        deadline: Deadline,
        *,
        start: int = 0,
    ) -> Event:
        """The first event from number `start` on whose name is in `success` or `failure`; the caller sees which.

        A name may be narrowed to a screen: ``screen:umode``. Raises DeadlinePassed.
        """
        names = {*success, *failure}

        def look() -> Event | None:
            found = (e for e in self.events[start:] if e.name in names or f"{e.name}:{e.text('name')}" in names)
            return next(found, None)

        return loop.until(look, deadline, f"event {' or '.join(sorted(success))}")


def _matches(event: Event, name: str, fields: dict[str, object]) -> bool:
    return event.name == name and all(event.fields.get(key) == value for key, value in fields.items())


def kernel_start(events: list[Event]) -> float | None:
    """When the guest's kernel started, on the host's monotonic clock; None without events.

    An event arrives when it happened or later (the launcher reports what came before it with its own time), so that
    the smallest difference is the best.
    """
    return min((event.arrived - event.t for event in events), default=None)

"""What a transfer looks like at this moment: written by its threads, read by the screens.

A snapshot is a plain value, and the transfer never waits for a screen. A descriptor becomes readable at once when there
is something new. Mere progress is not announced: who shows that has a clock of his own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum

from ..sentence import Sentence
from .evidence import GONE, Receiver, ReceiverState

MESSAGES = 50  # the last ones are kept
RATE_WINDOW = 5.0  # seconds over which the recent rate is taken


class Phase(Enum):
    """Where a transfer is. A sender knows no FLUSHING; VERIFYING is the reading back of a written disk."""

    WAITING = "waiting"
    CASTING = "casting"
    FLUSHING = "flushing"
    VERIFYING = "verifying"
    DONE = "done"


@dataclass(frozen=True)
class TransferState:
    """One moment. `bytes` of the disk, `total` None where the stream does not tell; `started` is the monotonic time
    of the first byte; `rate` in bytes/s over the last seconds; `elapsed` and `remaining` in seconds. `verified`: bytes
    read back so far."""

    phase: Phase = Phase.WAITING
    bytes: int = 0
    total: int | None = None
    started: float | None = None
    elapsed: float = 0.0
    rate: float = 0.0
    remaining: float | None = None
    verified: int = 0
    receivers: tuple[Receiver, ...] = ()
    messages: tuple[Sentence | str, ...] = ()


class Status:
    """Collects what the threads of one transfer report."""

    def __init__(self, total: int | None) -> None:
        self._lock = threading.Lock()
        self._phase = Phase.WAITING
        self._bytes = 0
        self._verified = 0
        self._total = total
        self._started: float | None = None
        self._ended: float | None = None
        self._last = 0.0
        self._receivers: list[Receiver] = []
        self._messages: deque[Sentence | str] = deque(maxlen=MESSAGES)
        self._samples: deque[tuple[float, int]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Readable when there is something new; `snapshot` makes it unreadable again."""
        return self._event

    def close(self) -> None:
        """Give the descriptor back. The last snapshot stays available."""
        with self._lock:
            if self._event >= 0:
                os.close(self._event)
                self._event = -1

    def begin(self) -> None:
        """The first byte of data moved."""
        with self._lock:
            if self._started is None:
                self._started = time.monotonic()
                self._phase = Phase.CASTING
        self._notify()

    def enter(self, phase: Phase) -> None:
        """Go on to `phase`. The clock stops with the data; before the flush that was the last chunk, since
        udp-receiver lingers half a second for its final acknowledgement."""
        with self._lock:
            self._phase = phase
            if phase is not Phase.CASTING and self._ended is None:
                self._ended = self._last if phase is Phase.FLUSHING else time.monotonic()
        self._notify()

    def expect(self, total: int) -> None:
        """The sender said how many bytes come."""
        with self._lock:
            self._total = total

    def moved(self, count: int) -> None:
        """`count` bytes of the disk are moved so far. Called for each chunk, so it is cheap."""
        self._bytes = count
        self._last = time.monotonic()

    def reread(self, count: int) -> None:
        """`count` bytes of the disk are read back so far."""
        self._verified = count

    @property
    def reread_so_far(self) -> int:
        """Bytes of the disk that are read back."""
        return self._verified

    def tell(self, text: Sentence | str) -> None:
        """A line for the operator; a program's own words are no `Sentence`."""
        with self._lock:
            self._messages.append(text)
        self._notify()

    def connect(self, number: int, address: str) -> None:
        """A receiver is there; one that comes back replaces its earlier self."""
        with self._lock:
            self._receivers = [one for one in self._receivers if one.number != number or one.state in GONE]
            self._receivers.append(Receiver(number, address))
        self._notify()

    def mark(self, number: int, state: ReceiverState | None) -> Receiver | None:
        """Give a connected receiver another state (None: forget it); returns what it was, or None if unknown."""
        with self._lock:
            for index, one in enumerate(self._receivers):
                if one.number == number and one.state not in GONE:
                    changed = [] if state is None else [dataclasses.replace(one, state=state)]
                    self._receivers[index : index + 1] = changed
                    break
            else:
                return None
        self._notify()
        return one

    def finish_receivers(self) -> None:
        """Whoever is still connected was there until the end."""
        with self._lock:
            self._receivers = [
                dataclasses.replace(one, state=ReceiverState.FINISHED) if one.state is ReceiverState.CONNECTED else one
                for one in self._receivers
            ]
        self._notify()

    @property
    def receivers(self) -> tuple[Receiver, ...]:
        """All receivers that took part."""
        with self._lock:
            return tuple(self._receivers)

    @property
    def seconds(self) -> float:
        """How long data has flowed."""
        with self._lock:
            return self._elapsed()

    @property
    def begun(self) -> bool:
        """Whether data has begun to flow."""
        return self._started is not None

    @property
    def progress(self) -> tuple[int, int | None]:
        """Bytes moved so far, and the total where it is known."""
        return self._bytes, self._total

    def snapshot(self) -> TransferState:
        """What is to be seen now."""
        with self._lock:
            if self._event >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._event)
            rate = self._rate()
            left = None if self._total is None else max(0, self._total - self._bytes)
            return TransferState(
                phase=self._phase,
                bytes=self._bytes,
                total=self._total,
                started=self._started,
                elapsed=self._elapsed(),
                rate=rate,
                remaining=left / rate if left is not None and rate > 0 else None,
                verified=self._verified,
                receivers=tuple(self._receivers),
                messages=tuple(self._messages),
            )

    def _elapsed(self) -> float:
        if self._started is None:
            return 0.0
        return max(0.0, (self._ended or time.monotonic()) - self._started)

    def _rate(self) -> float:
        """Bytes a second since the oldest sample of the window; after the end, over the whole time."""
        if self._started is None:
            return 0.0
        if self._ended is not None:
            return self._bytes / elapsed if (elapsed := self._elapsed()) else 0.0
        now = time.monotonic()
        if not self._samples:
            self._samples.append((self._started, 0))
        self._samples.append((now, self._bytes))
        while len(self._samples) > 2 and now - self._samples[0][0] > RATE_WINDOW:
            self._samples.popleft()
        then, count = self._samples[0]
        return (self._bytes - count) / (now - then) if now > then else 0.0

    def _notify(self) -> None:
        with self._lock:
            if self._event >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_write(self._event, 1)

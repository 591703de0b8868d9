"""What a transfer looks like at this moment: written by its owner, read by the screens.

A snapshot is a plain value, and the transfer never waits for a screen. A descriptor becomes readable at once when there
is something new. Mere progress is not announced: who shows that has a clock of his own.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum

from ..model.times import TIMES, Times
from ..sentence import NOTHING, Sentence
from .evidence import Receiver

MESSAGES = 50  # the last ones are kept


class Phase(Enum):
    """Where a transfer is. A sender knows no FLUSHING; CLEARING is to discard or to zero what is not used, VERIFYING
    the reading back of a written disk, GROWING what may come behind it on a larger one."""

    WAITING = "waiting"
    CASTING = "casting"
    CLEARING = "clearing"
    FLUSHING = "flushing"
    VERIFYING = "verifying"
    GROWING = "growing"
    DONE = "done"


@dataclass(frozen=True)
class TransferState:
    """One moment. How far the disk is, `bytes` of `total` (None where the stream does not tell); of these, what is in
    use and really moves, `sent` of `used` (None: all of them). `started` is the monotonic time of the first byte;
    `rate` in bytes/s of what moves over the last seconds; `elapsed` and `remaining` in seconds. Of what is not used,
    `cleared` is zeroed or discarded so far. Read back so far: `verified` of `to_verify` (None: of all that moved).
    `over`: messages that are true no more. `whole`: what is sent whole, and why; `notes`: what else is to be seen
    while it lasts, with `still`, for how long nothing has moved; `attention`: what the operator should see now."""

    phase: Phase = Phase.WAITING
    bytes: int = 0
    total: int | None = None
    sent: int | None = None
    used: int | None = None
    started: float | None = None
    elapsed: float = 0.0
    rate: float = 0.0
    remaining: float | None = None
    cleared: int = 0
    verified: int = 0
    to_verify: int | None = None
    receivers: tuple[Receiver, ...] = ()
    messages: tuple[Sentence, ...] = ()
    over: frozenset[Sentence] = frozenset()
    attention: Sentence = NOTHING
    whole: tuple[Sentence, ...] = ()
    notes: tuple[Sentence, ...] = ()
    still: Sentence = NOTHING

    @property
    def progress(self) -> tuple[int, int]:
        """What is moved by now, or cleared, or read back, and of how many bytes (0 where that is not known)."""
        moved = self.bytes if self.sent is None else self.sent
        if self.phase is Phase.CLEARING:
            return self.cleared, max(0, (self.total or 0) - moved)
        if self.phase is Phase.VERIFYING:
            return self.verified, moved if self.to_verify is None else self.to_verify
        return moved, (self.total if self.used is None else self.used) or 0

    @property
    def holes(self) -> bool:
        """Whether a part of the disk is not in use, and does not move."""
        return self.used is not None and self.total is not None and self.used < self.total


class Meter:
    """Counts bytes of the disk in the thread that moves them. It is called for each chunk, so it takes no lock."""

    def __init__(self) -> None:
        self.last = 0.0
        self._at = 0, 0  # replaced as one

    def __call__(self, count: int, holes: int = 0) -> None:
        """It has come to byte `count` of the disk; so many bytes before it were holes, and did not move."""
        self._at = count, holes
        self.last = time.monotonic()

    @property
    def count(self) -> int:
        """How far the disk is."""
        return self._at[0]

    @property
    def moved(self) -> int:
        """Bytes that really moved."""
        count, holes = self._at
        return count - holes


class Status:
    """What is to be seen of one transfer. Its owner writes it, everybody may read it; `moved` and `reread` are counted
    by the threads that move the bytes."""

    def __init__(self, total: int | None, times: Times = TIMES) -> None:
        self.moved = Meter()
        self.cleared = Meter()
        self.reread = Meter()
        self._window = times.rate_window
        self._lock = threading.Lock()
        self._phase = Phase.WAITING
        self._total = total
        self._used: int | None = None
        self._back: int | None = None
        self._whole: tuple[Sentence, ...] = ()
        self._started: float | None = None
        self._ended: float | None = None
        self._receivers: tuple[Receiver, ...] = ()
        self._messages: deque[Sentence] = deque(maxlen=MESSAGES)
        self._until_cast: set[Sentence] = set()
        self._over: set[Sentence] = set()
        self._attention = NOTHING
        self._notes: list[Sentence] = []
        self._still: Sentence | None = None
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
                self._over |= self._until_cast
        self._notify()

    def enter(self, phase: Phase) -> None:
        """Go on to `phase`. The clock stops with the data; before the flush that was the last chunk, since
        udp-receiver lingers half a second for its final acknowledgement."""
        with self._lock:
            self._phase = phase
            if phase is not Phase.CASTING and self._ended is None:
                self._ended = self.moved.last if phase in (Phase.CLEARING, Phase.FLUSHING) else time.monotonic()
        self._notify()

    def expect(self, total: int, used: int | None = None, whole: tuple[Sentence, ...] = ()) -> None:
        """The disk has `total` bytes, `used` of them (None: all) in use; `whole`: what of it is sent whole, and why."""
        with self._lock:
            self._total = total
            self._used = used
            self._whole = whole
        self._notify()

    def read_back(self, count: int) -> None:
        """So many bytes are going to be read back; else it is all that moved."""
        with self._lock:
            self._back = count

    def tell(self, text: Sentence, *, until_cast: bool = False) -> None:
        """A line for the operator; `until_cast`: it is true no more once data flows."""
        with self._lock:
            self._messages.append(text)
            self._over.discard(text)
            if until_cast:
                self._until_cast.add(text)
        self._notify()

    def no_longer(self, text: Sentence) -> None:
        """What was told is true no more."""
        with self._lock:
            self._over.add(text)
        self._notify()

    def attend(self, text: Sentence) -> None:
        """A line for the operator that stays until the next one of its kind."""
        with self._lock:
            self._attention = text
        self.tell(text)

    def note(self, text: Sentence) -> None:
        """What the operator is to see from now on."""
        with self._lock:
            self._notes.append(text)
        self._notify()

    def stands_still(self, text: Sentence | None) -> None:
        """What the operator is to see as long as it is so; None: it moves again."""
        with self._lock:
            self._still = text
        self._notify()

    def show(self, receivers: tuple[Receiver, ...]) -> None:
        """All receivers that take part, or took part."""
        with self._lock:
            if receivers == self._receivers:
                return
            self._receivers = receivers
        self._notify()

    @property
    def seconds(self) -> float:
        """How long data has flowed."""
        with self._lock:
            return self._elapsed()

    @property
    def progress(self) -> dict[str, int | None]:
        """How far it is, as the event ``progress`` tells it."""
        with self._lock:
            total, used = self._total, self._total if self._used is None else self._used
        return {"bytes": self.moved.count, "total": total, "sent": self.moved.moved, "used": used}

    def snapshot(self) -> TransferState:
        """What is to be seen now."""
        with self._lock:
            if self._event >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._event)
            rate, moved = self._rate(), self.moved.moved
            wanted = self._total if self._used is None else self._used
            left = None if wanted is None else max(0, wanted - moved)
            return TransferState(
                phase=self._phase,
                bytes=self.moved.count,
                total=self._total,
                sent=moved,
                used=self._used,
                started=self._started,
                elapsed=self._elapsed(),
                rate=rate,
                remaining=left / rate if left is not None and rate > 0 else None,
                cleared=self.cleared.count,
                verified=self.reread.moved,
                to_verify=self._back,
                receivers=self._receivers,
                messages=tuple(self._messages),
                over=frozenset(self._over),
                attention=NOTHING if self._attention in self._over else self._attention,
                whole=self._whole,
                notes=(*self._notes, *((self._still,) if self._still else ())),
                still=self._still or NOTHING,
            )

    def _elapsed(self) -> float:
        if self._started is None:
            return 0.0
        return max(0.0, (self._ended or time.monotonic()) - self._started)

    def _rate(self) -> float:
        """Bytes that moved a second since the oldest sample of the window; after the end, over the whole time. In the
        first second, what moved so far: what a sender had read before the cast would be thousands of megabytes."""
        if self._started is None:
            return 0.0
        moved = self.moved.moved
        if self._ended is not None:
            return moved / elapsed if (elapsed := self._elapsed()) else 0.0
        now = time.monotonic()
        if not self._samples:
            self._samples.append((self._started, 0))
        self._samples.append((now, moved))
        while len(self._samples) > 2 and now - self._samples[0][0] > self._window:
            self._samples.popleft()
        then, count = self._samples[0]
        return (moved - count) / max(now - then, 1.0)

    def _notify(self) -> None:
        with self._lock:
            if self._event >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_write(self._event, 1)

"""Who unpacks a stream, fed from udp-receiver's pipe: at first only what tells which disk it is, then all of it.

So a seat that refuses a disk has taken next to nothing of its cast, and is gone long before the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..datapath.copying import Incoming, copy_stream
from ..datapath.moved import Moved
from ..process import Process, spawn
from .owner import Job, Loop, Worker
from .standstill import is_full

Move = Callable[[Incoming, int, int | None], Moved]
"""As `copy_stream`."""


class Feed:
    """One stream into `process`; what comes out of it is read from `unpacked`. All of it belongs to the owner."""

    def __init__(
        self,
        loop: Loop,
        words: tuple[str, ...],
        incoming: Incoming,
        over: Callable[[Moved], None],
        name: str | None = None,
        move: Move = copy_stream,
    ) -> None:
        """Start it: without rights, or, where it has a `name`, as ourselves, so that it gives them up by itself. `over`
        is told how the stream ended; `move` moves the bytes. Raises TransferFailed."""
        self.incoming = incoming
        self._move = move
        self._loop = loop
        self._over = over
        self._fed = 0  # bytes, by workers that are done
        self._most: int | None = None  # of the worker that is under way
        self._worker: Worker[Moved] | None = None
        self._outlet: int | None
        self.process, self._outlet, self.unpacked = _start(loop.job, words, name)

    @property
    def is_next(self) -> bool:
        """Whether bytes have to move next through what unpacks: it has all that it is to have by now, or takes none."""
        return self._is_fed or self._outlet is None or is_full(self._outlet)

    def feed(self, most: int | None = None) -> None:
        """Feed all that comes, or so many bytes at most; not before what was fed before is in."""
        self._look()
        outlet = self._outlet
        if outlet is not None:
            self._most = most
            self._worker = self._loop.owner.start("stream", lambda: self._move(self.incoming, outlet, most))

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until `done`. Where the stream is over before, who unpacks it sees its end as well."""
        self._loop.until(lambda: done() or self._is_fed)
        self._look()
        self._loop.until(done)

    def finish(self) -> None:
        """Wait until nothing more is to be fed."""
        self.until(lambda: self._is_fed)
        self._look()

    def close(self) -> None:
        """Read no more of what is unpacked; that ends who unpacks it."""
        self._loop.owner.descriptors.close(self.unpacked)

    @property
    def _is_fed(self) -> bool:
        return self._worker is None or self._worker.over

    def _look(self) -> None:
        """Whether the stream is over; unless there may be more of it."""
        if self._worker is None or not self._worker.over or self._outlet is None:
            return
        moved, self._worker = self._worker.result(), None
        self._fed += moved.count
        if not (moved.whole and moved.count == self._most):
            self._loop.owner.descriptors.close(self._outlet)
            self._outlet = None
            self._over(replace(moved, count=self._fed))


def _start(job: Job, words: tuple[str, ...], name: str | None) -> tuple[Process, int, int]:
    """The process, its input, and its output."""
    pipes = job.owner.descriptors
    inlet, outlet = pipes.pipe()
    unpacked, unpacked_outlet = pipes.pipe()
    process = spawn(words, inlet, unpacked_outlet, job.note, rights=name is not None, name=name)
    job.owner.supervisor.add(process)
    pipes.close(inlet, unpacked_outlet)
    return process, outlet, unpacked

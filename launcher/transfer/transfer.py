"""Carries a plan out: starts the pipeline, shows how far it is, and says in the end what may be claimed.

The parts: `sender` and `receiver` (the two sides), `owner` (their thread, its messages and workers), `supervisor` (the
processes), `status` (what is seen meanwhile), `preflight` (what speaks against a stream), `evidence` and `verdict`
(from what is known to the outcome), `growing` (what may follow an equal clone on a larger target). Who is still there:
`liveness` (the rules), `monitor` (what is heard on the wire), `heartbeat` (what is said there). The bytes are moved in
the room below, `datapath`.

Nothing here blocks its caller, except `wait`. All work is done in threads; every process is ended and reaped before
the outcome is there.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace

from ..errors import ErrorKind, TransferFailed
from ..events import EventLog
from ..model.growth import NOBODY_ASKED, not_grown
from ..model.outcome import Outcome
from ..model.plan import Grow, Plan, Role
from ..model.times import TIMES, Times
from ..sentence import say
from ..shortage import HINT, shortage
from ..udpcast.command import start_condition
from .growing import carried_out
from .owner import Worker
from .receiver import Receiver
from .sender import Sender
from .status import Phase, Status, TransferState
from .storing import Storer

__all__ = ["Phase", "Transfer", "TransferState"]


class Transfer:
    """One transfer of `plan`."""

    def __init__(self, plan: Plan, log: EventLog, times: Times = TIMES) -> None:
        """Raises TransferFailed when a program is missing, or this PC has run out of something."""
        self._plan = plan
        self._log = log
        self._times = times
        side = Sender if plan.role is Role.SEND else Storer if plan.target.keep else Receiver
        with _nothing_begun():
            self._status = Status(plan.target.size if plan.role is Role.SEND else None, times)
            try:
                self._side: Sender | Receiver = side(plan, self._status, log, times)
            except BaseException:
                self._status.close()
                raise
        self._work = Worker(self._carry_out)
        self._done = threading.Event()
        self._told = threading.Event()  # no further progress is told
        self._progress = threading.Thread(target=self._report, name="progress", daemon=True)

    def start(self) -> None:
        """Start what opens the disk and starts the processes. Raises TransferFailed, and all is closed then."""
        self._status.tell(start_condition(self._plan), until_cast=True)
        try:
            with _nothing_begun():
                threading.Thread(target=self._run, name="transfer", daemon=True).start()
        except TransferFailed:
            self._side.leave()
            self._status.close()
            raise

    def fileno(self) -> int:
        """A descriptor that is readable when `snapshot` has news, mere progress aside; valid until `close`."""
        return self._status.fileno()

    def snapshot(self) -> TransferState:
        """What is to be seen now. Never blocks."""
        return self._status.snapshot()

    def begin_cast(self) -> None:
        """The operator starts the cast. Harmless on a receiver, before a receiver is there, and after the start."""
        self._side.begin_cast()

    def cancel(self) -> None:
        """End the transfer now; `wait` then gives an outcome that says so."""
        self._side.cancel()

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """The outcome, or None when it is not there within `timeout` seconds.

        Raises TransferFailed where the disk could not be opened or a process not be started, and whatever a bug raised
        in our threads.
        """
        return self._work.result() if self._done.wait(timeout) else None

    def close(self) -> None:
        """Give the descriptor back, when nobody watches it any more."""
        self._status.close()

    def _run(self) -> None:
        self._work.run()
        self._done.set()
        self._status.enter(Phase.DONE)

    def _carry_out(self) -> Outcome:
        with contextlib.suppress(RuntimeError):  # one thread too many; nobody needs this one
            self._progress.start()
        try:
            with _nothing_begun():
                cast = self._side.prepare()
                commands = [list(words) for words in self._side.commands]
                self._log.emit("transfer", argv=commands, role=self._plan.role.value)
                outcome = self._grown(cast())
        finally:  # what is told last is what came of it
            self._told.set()
            if self._progress.ident:
                self._progress.join()
        self._log.emit("outcome", **outcome.fields())
        return outcome

    def _grown(self, outcome: Outcome) -> Outcome:
        """Grow what could on a larger target, where that was said before. An operator who is to be asked is asked
        behind the outcome."""
        offer, wanted = outcome.offer, self._plan.grow
        if offer is None or (wanted is Grow.ASK and self._plan.attended):
            return outcome
        if wanted is Grow.YES:
            self._status.enter(Phase.GROWING)
            self._log.emit("phase", phase=Phase.GROWING.value)
            return outcome.grown(carried_out(offer, self._status.tell, self._log))
        return outcome.grown(not_grown(NOBODY_ASKED, offer)) if wanted is Grow.ASK else replace(outcome, offer=None)

    def _report(self) -> None:
        """Progress for the log, in a thread of its own: a slow serial port must not slow the transfer."""
        last: int | None = 0
        while not self._told.wait(self._times.report):
            progress = self._status.progress
            if progress["bytes"] != last:
                last = progress["bytes"]
                self._log.emit("progress", **progress)


@contextlib.contextmanager
def _nothing_begun() -> Iterator[None]:
    """What this PC has run out of before a byte has moved is no bug of ours."""
    try:
        yield
    except Exception as error:
        words = shortage(error)
        if words is None:
            raise
        sentence = say("This PC cannot begin the transfer: {error}.", error=words)
        raise TransferFailed(ErrorKind.SHORTAGE, sentence, HINT) from error

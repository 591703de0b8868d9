"""Carries a plan out: starts the pipeline, shows how far it is, and says in the end what may be claimed.

The parts: `udpcast.command` (what to run), `sender` and `receiver` (the two pipelines), `supervisor` (the processes),
`status` (what is seen meanwhile), `verdict` (from evidence to outcome), `preflight` (what speaks against a stream),
`own_sender` and `monitor` (signs of a living sender), `heartbeat` (its signs of life and its last word). The bytes are
moved in the room below, `datapath`.

Nothing here blocks its caller, except `wait`. All work is done in threads; every process is ended and reaped before
the outcome is there.
"""

from __future__ import annotations

import threading

from ..events import EventLog
from ..model.outcome import Outcome
from ..model.plan import Plan, Role
from ..udpcast.command import start_condition
from .receiver import Receiver
from .sender import Sender
from .status import Phase, Status, TransferState

__all__ = ["Phase", "Transfer", "TransferState"]


class Transfer:
    """One transfer of `plan`."""

    def __init__(self, plan: Plan, log: EventLog) -> None:
        self._plan = plan
        self._log = log
        self._status = Status(plan.target.size if plan.role is Role.SEND else None)
        self._side: Sender | Receiver | None = None
        self._done = threading.Event()
        self._outcome: Outcome | None = None
        self._bug: BaseException | None = None

    def start(self) -> None:
        """Start what opens the disk and starts the processes. Raises TransferFailed when a program is missing."""
        plan = self._plan
        if plan.role is Role.SEND:
            side: Sender | Receiver = Sender(plan, self._status, self._log)
        else:
            side = Receiver(plan, self._status, self._log)
        self._side = side
        self._status.tell(start_condition(plan))
        threading.Thread(target=self._run, args=(side,), name="transfer", daemon=True).start()
        threading.Thread(target=self._report, name="progress", daemon=True).start()

    def fileno(self) -> int:
        """A descriptor that is readable when `snapshot` has news, mere progress aside; valid until `close`."""
        return self._status.fileno()

    def snapshot(self) -> TransferState:
        """What is to be seen now. Never blocks."""
        return self._status.snapshot()

    def begin_cast(self) -> None:
        """The operator starts the cast. Harmless on a receiver, before a receiver is there, and after the start."""
        if self._side:
            self._side.begin_cast()

    def cancel(self) -> None:
        """End the transfer now; `wait` then gives an outcome that says so."""
        if self._side and not self._done.is_set():
            self._side.cancel()

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """The outcome, or None when it is not there within `timeout` seconds.

        Raises TransferFailed where the disk could not be opened or a process not be started, and whatever a bug raised
        in our threads.
        """
        if not self._done.wait(timeout):
            return None
        if self._bug:
            raise self._bug
        return self._outcome

    def close(self) -> None:
        """Give the descriptor back, when nobody watches it any more."""
        self._status.close()

    def _run(self, side: Sender | Receiver) -> None:
        try:
            side.prepare()
            self._log.emit("transfer", argv=[list(words) for words in side.commands], role=self._plan.role.value)
            outcome = side.run()
            self._log.emit("outcome", **outcome.fields())
            self._outcome = outcome
        except BaseException as bug:
            self._bug = bug
        finally:
            self._done.set()
            self._status.enter(Phase.DONE)

    def _report(self) -> None:
        """Progress for the log, in a thread of its own: a slow serial port must not slow the transfer."""
        last = 0
        while not self._done.wait(1.0):
            count, total = self._status.progress
            if count != last:
                last = count
                self._log.emit("progress", bytes=count, total=total)

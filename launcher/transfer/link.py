"""A receiver's link to its sender: udp-receiver, the pipe that it writes into, and what is heard beside it.

Until the first byte a sender that vanished, or began anew, costs nothing: udp-receiver, which would wait for the old
one for ever, is started anew into the same pipe, and finds the next one. From then on its end is the end of the stream.
What is done when is decided by the rules (`receiver_liveness`).
"""

from __future__ import annotations

import select
import signal
import time
from dataclasses import replace

from ..confinement import hand_over_log
from ..process import Process, open_terminal, program, spawn
from ..sentence import Sentence
from ..udpcast.command import argv
from .heartbeat import ask, take_leave
from .liveness import Action, Event, Kill, StopListening, Tick
from .monitor import SenderMonitor
from .owner import Happened, Inbox, Job
from .receiver_facts import BEFORE, SenderFacts
from .receiver_liveness import reception
from .receiver_signals import (
    Ask,
    CameAgain,
    EndInput,
    Found,
    GiveUp,
    GoOn,
    Listen,
    LookIn,
    LookOut,
    Progress,
    Quiet,
    ReceiverEnded,
    Restart,
    StillQuiet,
    StopReceiver,
    TakeLeave,
    Warn,
)


class Link:
    """udp-receiver of one reception, running. All of it belongs to the owner. `inlet` is what it writes, to be read."""

    def __init__(self, job: Job, begun: float) -> None:
        """`begun`: since when data is waited for (`time.monotonic`). Raises TransferFailed."""
        self._job = job
        self._monitor = SenderMonitor(job.plan.nic.name, job.plan.port)
        self._machine = reception(job.plan, job.times, begun, self._monitor.hears)
        self.inlet, self._outlet = job.owner.descriptors.pipe()
        self._pipe = select.poll()
        self._pipe.register(self.inlet, select.POLLIN)
        self._warned: Sentence | None = None  # what the operator was told last: it may happen again each second
        self._terminal: tuple[int, ...] = ()  # nobody types here: it only ends udp-receiver if we are killed
        self.process = self._start(job.plan.start_timeout)

    @property
    def heard(self) -> SenderFacts:
        """What is known of the sender."""
        return self._machine.facts

    @property
    def waits(self) -> bool:
        """Whether no data has come."""
        return self._machine.state in BEFORE

    def take(self, event: Event) -> bool:
        """Go by the rules for `event`, after what was heard until now; whether somebody who asks may go on."""
        self._feed(Progress(self._job.status.moved.count))
        for heard in self._monitor.drain():
            self._feed(heard)
        return self._feed(event)

    def tick(self) -> None:
        """Time goes by."""
        self.take(Tick(time.monotonic()))

    def found(self, address: str, number: int | None) -> None:
        """udp-receiver says that it has found a sender."""
        self._warned = None
        self._feed(Found(time.monotonic(), address, number))

    def ended(self, process: Process) -> None:
        """A process has ended: perhaps udp-receiver."""
        if process is self.process:
            waiting = any(event & select.POLLIN for _, event in self._pipe.poll(0))
            self.take(ReceiverEnded(time.monotonic(), waiting))

    def close(self) -> None:
        """Hear nothing more, and let who waits for the stream see its end."""
        self._monitor.close()
        self._job.owner.descriptors.close(self._outlet)

    def _feed(self, event: Event) -> bool:
        actions = self._machine.take(event)
        for action in actions:
            self._act(action)
        return GoOn() in actions

    def _act(self, action: Action) -> None:
        match action:
            case Listen(address):
                self._monitor.listen(address)
            case StopListening():
                self._monitor.stop_listening()
            case LookOut(address):
                self._monitor.look_out(address)
            case LookIn():
                self._monitor.look_in()
            case GiveUp(address, words, reason):
                if words:
                    self._job.status.tell(words)
                self._job.log.emit("disconnected", address=address, number=None, reason=reason)
                self.process.signal(signal.SIGKILL)
            case Restart(seconds):
                self.process = self._start(seconds)
            case EndInput():
                self._job.owner.descriptors.close(self._outlet)
                self._monitor.stop_waiting()
            case Ask(address):
                ask(address, self._job.plan.nic.name, self._job.plan.port)
            case TakeLeave(addresses):
                take_leave(addresses, self._job.plan.nic.name, self._job.plan.port)
            case Warn(words, addresses):
                self._warn(words, addresses)
            case StopReceiver():
                self._job.owner.supervisor.stop()
            case Kill():
                self._job.owner.supervisor.stop(signal.SIGKILL)

    def _warn(self, words: Sentence, addresses: tuple[str, ...]) -> None:
        if words != self._warned:
            self._warned = words
            self._job.status.tell(words)
            self._job.log.emit("heard", addresses=list(addresses), fields=words.record(), sentence=str(words))

    def _start(self, seconds: int) -> Process:
        """Start udp-receiver, which may look for a sender for so long."""
        owner = self._job.owner
        owner.descriptors.close(*self._terminal)
        terminal = open_terminal()
        self._terminal = tuple(owner.descriptors.keep(fd) for fd in terminal[:2]) if terminal else ()
        if self._job.plan.options.log:
            hand_over_log(self._job.plan.options.log)
        words = program(argv(replace(self._job.plan, start_timeout=seconds))[0])
        process = spawn(words, None, self._outlet, self._job.note, terminal and terminal[2], rights=False)
        owner.supervisor.add(process)
        return process


class Lookout:
    """Stands for the owner where a worker waits for bytes that do not come."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        inbox.post(Happened(Quiet(time.monotonic())))

    def ended(self, came: bool) -> bool:
        """Whether nothing more is to be taken."""
        now = time.monotonic()
        return not self._inbox.ask(CameAgain(now) if came else StillQuiet(now))

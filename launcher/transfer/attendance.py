"""Who attends a cast, as its sender sees it: other senders, and its own receivers.

What follows from what is heard is decided by the rules (`sender_liveness`), and done here.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from ..sentence import say
from . import sender_liveness as rules
from .evidence import Sending
from .heartbeat import Notice, send_heartbeat, send_notice
from .liveness import Action, Event, Kill, Machine, StopListening, Tick
from .monitor import RivalMonitor
from .owner import Job
from .sender_liveness import Cast, Room


class Attendance:
    """Who is there: other senders, and this one's receivers. It goes by the rules, and does what they say."""

    def __init__(self, job: Job, rivals: RivalMonitor) -> None:
        self.session = os.urandom(8).hex()
        self._job = job
        self._rivals = rivals
        self._machine: Machine[Room] = rules.cast(job.plan, job.times, time.monotonic())

    @property
    def state(self) -> Cast:
        """Where the cast is."""
        return Cast(self._machine.state)

    @property
    def room(self) -> Room:
        """What is known."""
        return self._machine.facts

    def take(self, event: Event) -> None:
        """Go by the rules for `event`."""
        for action in self._machine.take(event):
            self._act(action)
        self._job.status.show(self.room.receivers)

    def tick(self) -> None:
        """Time goes by."""
        for greeting in self._rivals.drain():
            self.take(Tick(greeting.at))  # one that came when the listening was over is heard while this one yields
            self.take(greeting)
        self.take(Tick(time.monotonic()))

    def evidence(self, **more: object) -> Sending:
        """What is known, and what else is."""
        plan, room = self._job.plan, self.room
        seen = Sending(
            plan.target.path,
            plan.target.size,
            plan.port,
            seconds=self._job.status.seconds,
            rival=room.rival,
            receivers=room.receivers,
            begun=room.begun,
            one_way=plan.options.one_way,
        )
        return replace(seen, **more)  # type: ignore[arg-type]

    def close(self) -> None:
        """Listen to nobody any more."""
        self._rivals.close()

    def _act(self, action: Action) -> None:
        status, log, plan = self._job.status, self._job.log, self._job.plan
        match action:
            case rules.GiveWay() | Kill():
                self._job.owner.supervisor.stop(signal.SIGKILL)
            case StopListening():
                self._rivals.close()
            case rules.BeginCast():
                status.begin()
                log.emit("cast")
            case rules.Welcome(number, address):
                log.emit("connected", address=address, number=number)
            case rules.Part(number, address, reason, lost):
                log.emit("disconnected", address=address, number=number, reason=str(reason))
                if lost:
                    status.tell(say("{address}: {reason}.", address=address, reason=reason))
            case rules.SayAlive(addresses):
                send_heartbeat(addresses, plan.nic.name, plan.port, self.session)
            case rules.SendEndNotice(addresses, kind):
                send_notice(Notice(self.session, kind), addresses, plan.nic.name, plan.port, self._job.times)

"""Who attends a cast, as its sender sees it: other senders, and its own receivers.

What follows from what is heard is decided by the rules (`sender_liveness`), and done here.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from ..hardware.interfaces import interface
from ..sentence import Sentence, say
from . import sender_liveness as rules
from .announcement import Announcement, announce
from .evidence import Sending
from .heartbeat import Notice, send_heartbeat, send_notice
from .liveness import Action, Event, Kill, Machine, StopListening, Tick
from .monitor import RivalMonitor
from .owner import Job
from .sender_liveness import Cast, Room


class Attendance:
    """Who is there: other senders, and this one's receivers. It goes by the rules, and does what they say."""

    def __init__(self, job: Job, rivals: RivalMonitor) -> None:
        self.session, self._token = os.urandom(8).hex(), os.urandom(8).hex()
        self._job = job
        self._rivals = rivals
        nic = interface(job.plan.nic.name)
        own = tuple(one.partition("/")[0] for one in nic.addresses) if nic else ()
        self._machine: Machine[Room] = rules.cast(job.plan, job.times, time.monotonic(), self._token, own)

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
        for sender in self._rivals.drain():
            self.take(sender)
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
            case rules.Announce(waited):
                announce(Announcement(plan.port, self._token, waited), plan.nic.name)
            case rules.NameRival(address, mac, doubled):
                log.emit("rival", address=address, mac=mac)
                status.tell(_beside(address, mac, doubled))
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


def _beside(address: str, mac: str, doubled: bool) -> Sentence:
    words = {"address": address, "mac": mac}
    if doubled:
        return say("Another PC ({mac}) waits as a sender with this PC's own address, {address}.", **words)
    return say("Another sender, {address} ({mac}), waits on the same port. This one stays.", **words)

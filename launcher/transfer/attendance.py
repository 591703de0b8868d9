"""Who attends a cast, as its sender sees it: other senders, and its own receivers.

What follows from what is heard is decided by the rules (`sender_liveness`), and done here.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from ..hardware.interfaces import interface
from ..sentence import NOTHING, Sentence, say, say_many
from . import sender_liveness as rules
from . import sender_signals as signals
from .announcement import Announcement, announce
from .evidence import Sending
from .heartbeat import Notice, send_heartbeat, send_notice
from .liveness import Action, Event, Kill, Machine, StopListening, Tick
from .monitor import ReceiverMonitor, RivalMonitor
from .owner import Job
from .sender_liveness import Cast, Room
from .sender_verdict import nothing_through


class Attendance:
    """Who is there: other senders, and this one's receivers. It goes by the rules, and does what they say."""

    def __init__(self, job: Job, rivals: RivalMonitor) -> None:
        self.session, self._token = os.urandom(8).hex(), os.urandom(8).hex()
        self._job = job
        self._rivals = rivals
        self._replies = ReceiverMonitor(job.plan.nic.name, job.plan.port)
        nic = interface(job.plan.nic.name)
        own = tuple(one.partition("/")[0] for one in nic.addresses) if nic else ()
        hears = self._replies.hears
        self._unanswered = NOTHING
        self._machine: Machine[Room] = rules.cast(job.plan, job.times, time.monotonic(), self._token, own, hears)

    @property
    def state(self) -> Cast:
        """Where the cast is."""
        return Cast(self._machine.state)

    @property
    def room(self) -> Room:
        """What is known."""
        return self._machine.facts

    def take(self, event: Event) -> None:
        """Go by the rules for `event`, after what receivers have said until now."""
        for answer in self._replies.drain():
            self._feed(answer)
        self._feed(event)
        self._job.status.show(self.room.receivers)

    def _feed(self, event: Event) -> None:
        if isinstance(event, signals.Flowing) and self._unanswered:
            self._job.status.no_longer(self._unanswered)
            self._unanswered = NOTHING
        for action in self._machine.take(event):
            self._act(action)

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
            came=len(room.came),
            least=plan.options.min_receivers or 0,
            joined=room.joined,
            started_by=room.started_by,
            begun=room.begun,
            one_way=plan.options.one_way,
        )
        return replace(seen, **more)  # type: ignore[arg-type]

    def close(self) -> None:
        """Listen to nobody any more."""
        self._rivals.close()
        self._replies.close()

    def _act(self, action: Action) -> None:
        status, log, plan = self._job.status, self._job.log, self._job.plan
        match action:
            case signals.GiveWay() | Kill():
                self._job.owner.supervisor.stop(signal.SIGKILL)
            case StopListening():
                self._rivals.close()
            case signals.Announce(waited):
                announce(Announcement(plan.port, self._token, waited), plan.nic.name)
            case signals.NameRival(address, mac, doubled):
                log.emit("rival", address=address, mac=mac)
                status.attend(_beside(address, mac, doubled))
            case signals.BeginCast():
                status.begin()
                log.emit("cast")
            case signals.Welcome(number, address):
                log.emit("connected", address=address, number=number)
            case signals.Part(number, address, reason, lost):
                log.emit("disconnected", address=address, number=number, reason=str(reason))
                if lost:
                    status.tell(say("{address}: {reason}.", address=address, reason=reason))
            case signals.StopCounting():
                self._replies.close()
            case signals.HoldUp(seats):
                for address, seconds in seats:
                    log.emit("slow", address=address, seconds=round(seconds, 1))
                    status.attend(_held_up(address, seconds))
            case signals.NobodyAnswers(count, asked):
                log.emit("unanswered", receivers=count, asked=asked)
                self._unanswered = nothing_through(count, asked)
                status.attend(self._unanswered)
            case signals.SayAlive(addresses):
                send_heartbeat(addresses, plan.nic.name, plan.port, self.session)
            case signals.SendEndNotice(addresses, kind):
                send_notice(Notice(self.session, kind), addresses, plan.nic.name, plan.port, self._job.times)


def _beside(address: str, mac: str, doubled: bool) -> Sentence:
    words = {"address": address, "mac": mac}
    if doubled:
        return say("Another PC ({mac}) waits as a sender with this PC's own address, {address}.", **words)
    return say("Another sender, {address} ({mac}), waits on the same port. This one stays.", **words)


def _held_up(address: str, seconds: float) -> Sentence:
    return say_many(
        "The cast has waited for {address} for {count} second in all: its disk or its network is slow.",
        "The cast has waited for {address} for {count} seconds in all: its disk or its network is slow.",
        round(seconds),
        address=address,
    )

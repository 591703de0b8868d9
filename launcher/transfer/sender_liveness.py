"""What a sender makes of other senders, and of what udp-sender says of its receivers. Pure (see `liveness`).

In words:

* Before it starts udp-sender, it listens for another sender on the same port, and gives way to one that it hears: the
  receivers would be divided between the two. Two that began at the same time heard nobody; so it still listens while it
  waits, and then the one with the lower MAC address stays.
* Who leaves before the cast is forgotten. During it he is lost; behind the end of the input he may have everything;
  when udp-sender says that all was acknowledged, he has it.
* While the disk is read udp-sender may have nothing to send for long: then the receivers get signs of life.
* At the end everybody who was not there until the end of the cast gets an end notice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..model.plan import Plan
from ..model.times import Times
from ..sentence import Sentence, say
from . import liveness
from .evidence import GONE, Receiver, ReceiverState
from .liveness import Action, Cancelled, DiskHung, Event, Greeting, Kill, Machine, Rule, StopListening, Tick


class Cast(Enum):
    """Where a cast is, as far as other senders and the receivers are concerned."""

    LISTENING = "nothing is started; another sender would be heard"
    YIELDING = "udp-sender waits for receivers, and may still give way"
    WAITING = "udp-sender waits for receivers"
    CASTING = "data is sent"
    COMPLETE = "all of it was acknowledged, or nobody is left"
    OVER = "this sender gave way, was cancelled before it began, or its disk hangs"


C = Cast
RUNNING = (C.YIELDING, C.WAITING, C.CASTING, C.COMPLETE)


@dataclass(frozen=True)
class Room:
    """What was noted. `mac`: of our own card. `until`: when the listening ends. `begun`: data has begun to flow.
    `reading`: the disk is still read; `fed`: all of it is in udp-sender's input. `alive_at`: when the next sign of life
    is due. `rival`: the sender that this one gave way to."""

    times: Times
    mac: str
    until: float
    receivers: tuple[Receiver, ...] = ()
    begun: bool = False
    reading: bool = True
    fed: bool = False
    alive_at: float = 0.0
    rival: str | None = None


def cast(plan: Plan, times: Times, now: float) -> Machine[Room]:
    """The machine of a cast by `plan` that begins `now`."""
    return Machine(RULES, C.LISTENING, Room(times, plan.nic.mac.lower(), until=now + times.listen))


# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Connected(Event):
    """A receiver is there: udpcast's number for it, and its IPv4 address."""

    number: int
    address: str


@dataclass(frozen=True)
class Dropped(Event):
    """udp-sender gives a silent receiver up."""

    number: int


@dataclass(frozen=True)
class Left(Event):
    """A receiver took its leave."""

    number: int


@dataclass(frozen=True)
class Begun(Event):
    """udp-sender begins the cast."""


@dataclass(frozen=True)
class Fed(Event):
    """All of the disk, and the trailer, are in udp-sender's input."""


@dataclass(frozen=True)
class Stopping(Event):
    """The pipeline is being ended: nothing more is read."""


@dataclass(frozen=True)
class Complete(Event):
    """udp-sender says that the transfer is complete."""


@dataclass(frozen=True)
class Judged(Event):
    """The cast is over, with an outcome of this kind."""

    kind: str


# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start(Action):
    """Start udp-sender."""


@dataclass(frozen=True)
class GiveWay(Action):
    """Send nothing more: another sender waits for the same receivers."""


@dataclass(frozen=True)
class BeginCast(Action):
    """Tell that the cast has begun."""


@dataclass(frozen=True)
class Welcome(Action):
    """Tell that a receiver is there."""

    number: int
    address: str


@dataclass(frozen=True)
class Part(Action):
    """Tell that a receiver is there no more, and why. `lost`: it has no whole disk."""

    number: int
    address: str
    reason: Sentence
    lost: bool = False


@dataclass(frozen=True)
class SayAlive(Action):
    """Send a sign of life to these receivers."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class SendEndNotice(Action):
    """Send the end notice, with the kind of the outcome, to these receivers."""

    addresses: tuple[str, ...]
    kind: str


def say_alive(room: Room, event: Tick) -> SayAlive:
    return SayAlive(tuple(one.address for one in room.receivers if one.state is ReceiverState.CONNECTED))


def send_end_notice(room: Room, event: Judged) -> SendEndNotice:
    left = tuple(one.address for one in room.receivers if one.state is not ReceiverState.FINISHED)
    return SendEndNotice(left, event.kind)


def welcome(room: Room, event: Connected) -> Welcome:
    return Welcome(event.number, event.address)


def drop(room: Room, event: Dropped) -> Part:
    return Part(event.number, _there(room, event).address, say("silent for too long"), lost=True)


def leave_before(room: Room, event: Left) -> Part:
    return Part(event.number, _there(room, event).address, say("left before the cast"))


def leave(room: Room, event: Left) -> Part:
    return Part(event.number, _there(room, event).address, say("left before the end"), lost=True)


def leave_near_the_end(room: Room, event: Left) -> Part:
    return Part(event.number, _there(room, event).address, say("left near the end"))


def finish(room: Room, event: Left) -> Part:
    return Part(event.number, _there(room, event).address, say("finished"))


# --- conditions, whose words stand in the diagram -----------------------------------------------------------------


def _time_is_over(room: Room, event: Tick) -> bool:
    """its time is over"""
    return event.at >= room.until


def _is_lower(room: Room, event: Greeting) -> bool:
    """its MAC address is lower"""
    return event.mac < room.mac


def _is_there(room: Room, event: Dropped | Left) -> bool:
    """it is there"""
    return any(one.number == event.number and one.state not in GONE for one in room.receivers)


def _is_there_and_all_is_fed(room: Room, event: Left) -> bool:
    """it is there, and all is in udp-sender's input"""
    return room.fed and _is_there(room, event)


def _alive_is_due(room: Room, event: Tick) -> bool:
    """the disk is read, and `alive_every` behind the last one"""
    return room.reading and event.at >= room.alive_at


# --- what is noted ------------------------------------------------------------------------------------------------


def _there(room: Room, event: Dropped | Left) -> Receiver:
    return next(one for one in room.receivers if one.number == event.number and one.state not in GONE)


def _mark(room: Room, event: Dropped | Left, state: ReceiverState) -> Room:
    before = _there(room, event)
    after = replace(before, state=state)
    return replace(room, receivers=tuple(after if one is before else one for one in room.receivers))


def _note_rival(room: Room, event: Greeting) -> Room:
    return replace(room, rival=event.address)


def _note_start(room: Room, event: Tick) -> Room:
    return replace(room, until=event.at + room.times.tie)


def _note_connected(room: Room, event: Connected) -> Room:
    """One that comes back replaces its earlier self."""
    others = (one for one in room.receivers if one.number != event.number or one.state in GONE)
    return replace(room, receivers=(*others, Receiver(event.number, event.address)))


def _note_forgotten(room: Room, event: Left) -> Room:
    gone = _there(room, event)
    return replace(room, receivers=tuple(one for one in room.receivers if one is not gone))


def _note_dropped(room: Room, event: Dropped) -> Room:
    return _mark(room, event, ReceiverState.DROPPED)


def _note_left(room: Room, event: Left) -> Room:
    return _mark(room, event, ReceiverState.LEFT)


def _note_near_the_end(room: Room, event: Left) -> Room:
    """Up to 7 MB of the stream are still in the pipe and in udp-sender: with a disk whose end is empty, that can be
    most of it."""
    return _mark(room, event, ReceiverState.NEAR_THE_END)


def _note_finished(room: Room, event: Left) -> Room:
    return _mark(room, event, ReceiverState.FINISHED)


def _note_begun(room: Room, event: Begun) -> Room:
    return replace(room, begun=True)


def _note_complete(room: Room, event: Complete) -> Room:
    """Whoever is still connected was there until the end."""
    states = {ReceiverState.CONNECTED: ReceiverState.FINISHED}
    receivers = (replace(one, state=states.get(one.state, one.state)) for one in room.receivers)
    return replace(room, receivers=tuple(receivers))


def _note_fed(room: Room, event: Fed) -> Room:
    return replace(room, fed=True, reading=False)


def _note_stopping(room: Room, event: Stopping) -> Room:
    return replace(room, reading=False)


def _note_alive(room: Room, event: Tick) -> Room:
    return replace(room, alive_at=event.at + room.times.alive_every)


RULES: tuple[Rule[Room], ...] = (
    # Other senders
    Rule((C.LISTENING,), Greeting, C.OVER, note=_note_rival, acts=(StopListening(), GiveWay())),
    Rule((C.LISTENING,), Cancelled, C.OVER, acts=(StopListening(),)),
    Rule((C.LISTENING,), Tick, C.YIELDING, when=_time_is_over, note=_note_start, acts=(Start(),)),
    Rule((C.YIELDING,), Greeting, C.OVER, when=_is_lower, note=_note_rival, acts=(StopListening(), GiveWay())),
    Rule((C.YIELDING,), Tick, C.WAITING, when=_time_is_over, acts=(StopListening(),)),
    Rule((C.YIELDING,), Begun, C.CASTING, note=_note_begun, acts=(StopListening(), BeginCast())),
    Rule((C.WAITING,), Begun, C.CASTING, note=_note_begun, acts=(BeginCast(),)),
    # Receivers
    Rule(RUNNING, Connected, None, note=_note_connected, acts=(welcome,)),
    Rule(RUNNING, Dropped, None, when=_is_there, note=_note_dropped, acts=(drop,)),
    Rule((C.YIELDING, C.WAITING), Left, None, when=_is_there, note=_note_forgotten, acts=(leave_before,)),
    Rule((C.CASTING,), Left, None, when=_is_there_and_all_is_fed, note=_note_near_the_end, acts=(leave_near_the_end,)),
    Rule((C.CASTING,), Left, None, when=_is_there, note=_note_left, acts=(leave,)),
    Rule((C.COMPLETE,), Left, None, when=_is_there, note=_note_finished, acts=(finish,)),
    # The end of the input, and of the cast
    Rule(RUNNING, Fed, None, note=_note_fed),
    Rule(RUNNING, Stopping, None, note=_note_stopping),
    Rule((C.CASTING,), Tick, None, when=_alive_is_due, note=_note_alive, acts=(say_alive,)),
    Rule((C.YIELDING, C.WAITING, C.CASTING), Complete, C.COMPLETE, note=_note_complete),
    Rule((C.LISTENING, *RUNNING), DiskHung, C.OVER, acts=(Kill(),)),
    Rule((*RUNNING, C.OVER), Judged, None, acts=(send_end_notice,)),
)


def reference() -> str:
    """The rules in Markdown."""
    return liveness.reference(RULES, C.LISTENING)

"""What a sender makes of other senders, and of what udp-sender says of its receivers. Pure (see `liveness`).

In words:

* Until its cast begins it listens for another sender on the same port, for the receivers would be divided between the
  two, and says itself that it is there. Of two the later one gives way, however late they can hear each other; who
  counts as another one, and which is the later one, stands in `rivals`. Before it starts udp-sender it listens for a
  while, so that the common case is decided before there are receivers.
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
from .rivals import AnotherWaits, Own, Rival, heard, is_certain, is_own, noted, stays


class Cast(Enum):
    """Where a cast is, as far as other senders and the receivers are concerned."""

    LISTENING = "nothing is started; another sender would be heard"
    WAITING = "udp-sender waits for receivers, and may still give way"
    CASTING = "data is sent"
    COMPLETE = "all of it was acknowledged, or nobody is left"
    OVER = "this sender gave way, was cancelled before it began, or its disk hangs"


C = Cast
BEFORE = (C.LISTENING, C.WAITING)
RUNNING = (C.WAITING, C.CASTING, C.COMPLETE)


@dataclass(frozen=True)
class Room:
    """What was noted. `own`: this sender; `rivals`: others that were heard; `rival`: the one that this one gave way to.
    `announce_at`, `alive_at`: when the next announcement and the next sign of life are due. `begun`: data has begun to
    flow. `reading`: the disk is still read; `fed`: all of it is in udp-sender's input."""

    times: Times
    own: Own
    rivals: tuple[Rival, ...] = ()
    announce_at: float = 0.0
    receivers: tuple[Receiver, ...] = ()
    begun: bool = False
    reading: bool = True
    fed: bool = False
    alive_at: float = 0.0
    rival: str | None = None


def cast(plan: Plan, times: Times, now: float, token: str = "", addresses: tuple[str, ...] = ()) -> Machine[Room]:
    """The machine of a cast by `plan` that begins `now`. `addresses`: those of its card; `token`: its own."""
    return Machine(RULES, C.LISTENING, Room(times, Own(plan.nic.mac.lower(), addresses, token, now)))


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
class Announce(Action):
    """Say to other senders that this one has waited for so many seconds."""

    waited: float


@dataclass(frozen=True)
class NameRival(Action):
    """Tell of another sender that this one stays beside. `doubled`: it uses this PC's own address."""

    address: str
    mac: str
    doubled: bool


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


def announce(room: Room, event: Tick) -> Announce:
    return Announce(event.at - room.own.began)


def name_rival(room: Room, event: Greeting | AnotherWaits) -> NameRival:
    return NameRival(event.address, event.mac, event.address in room.own.addresses)


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


def _comes_back(room: Room, event: Greeting | AnotherWaits) -> bool:
    """it is this sender's own, and came back"""
    return is_own(room.own, event)


def _must_give_way(room: Room, event: Greeting | AnotherWaits) -> bool:
    """it was heard `rival_times` times, and was there first; or the lower MAC address decides, and is its"""
    rival = heard(room.rivals, event, room.times)
    return is_certain(rival, room.times) and not stays(room.own, rival, room.times)


def _is_news(room: Room, event: Greeting | AnotherWaits) -> bool:
    """it was heard `rival_times` times, and is not named yet"""
    rival = heard(room.rivals, event, room.times)
    return is_certain(rival, room.times) and not rival.told


def _listened(room: Room, event: Tick) -> bool:
    """`listen` is over"""
    return event.at >= room.own.began + room.times.listen


def _announcement_is_due(room: Room, event: Tick) -> bool:
    """`greet_every` behind the last announcement"""
    return event.at >= room.announce_at


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


def _note_given_way(room: Room, event: Greeting | AnotherWaits) -> Room:
    return replace(room, rival=event.address)


def _note_heard(room: Room, event: Greeting | AnotherWaits) -> Room:
    return replace(room, rivals=noted(room.rivals, event, room.times))


def _note_named(room: Room, event: Greeting | AnotherWaits) -> Room:
    *others, named = noted(room.rivals, event, room.times)
    return replace(room, rivals=(*others, replace(named, told=True)))


def _note_start(room: Room, event: Tick) -> Room:
    return replace(room, own=replace(room.own, started=event.at))


def _note_announced(room: Room, event: Tick) -> Room:
    return replace(room, announce_at=event.at + room.times.greet_every)


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


def _of_another(event: type[Greeting | AnotherWaits]) -> tuple[Rule[Room], ...]:
    gives_way = (StopListening(), GiveWay())
    return (
        Rule(BEFORE, event, None, when=_comes_back),
        Rule(BEFORE, event, C.OVER, when=_must_give_way, note=_note_given_way, acts=gives_way),
        Rule(BEFORE, event, None, when=_is_news, note=_note_named, acts=(name_rival,)),
        Rule(BEFORE, event, None, note=_note_heard),
    )


RULES: tuple[Rule[Room], ...] = (
    # Other senders
    *_of_another(AnotherWaits),
    *_of_another(Greeting),
    Rule((C.LISTENING,), Cancelled, C.OVER, acts=(StopListening(),)),
    Rule((C.LISTENING,), Tick, C.WAITING, when=_listened, note=_note_start, acts=(Start(),)),
    Rule(BEFORE, Tick, None, when=_announcement_is_due, note=_note_announced, acts=(announce,)),
    Rule((C.WAITING,), Begun, C.CASTING, note=_note_begun, acts=(StopListening(), BeginCast())),
    # Receivers
    Rule(RUNNING, Connected, None, note=_note_connected, acts=(welcome,)),
    Rule(RUNNING, Dropped, None, when=_is_there, note=_note_dropped, acts=(drop,)),
    Rule((C.WAITING,), Left, None, when=_is_there, note=_note_forgotten, acts=(leave_before,)),
    Rule((C.CASTING,), Left, None, when=_is_there_and_all_is_fed, note=_note_near_the_end, acts=(leave_near_the_end,)),
    Rule((C.CASTING,), Left, None, when=_is_there, note=_note_left, acts=(leave,)),
    Rule((C.COMPLETE,), Left, None, when=_is_there, note=_note_finished, acts=(finish,)),
    # The end of the input, and of the cast
    Rule(RUNNING, Fed, None, note=_note_fed),
    Rule(RUNNING, Stopping, None, note=_note_stopping),
    Rule((C.CASTING,), Tick, None, when=_alive_is_due, note=_note_alive, acts=(say_alive,)),
    Rule((C.WAITING, C.CASTING), Complete, C.COMPLETE, note=_note_complete),
    Rule((C.LISTENING, *RUNNING), DiskHung, C.OVER, acts=(Kill(),)),
    Rule((*RUNNING, C.OVER), Judged, None, acts=(send_end_notice,)),
)


def reference() -> str:
    """The rules in Markdown."""
    return liveness.reference(RULES, C.LISTENING)

"""What a sender makes of other senders, and of what udp-sender says of its receivers. Pure (see `liveness`).

In words:

* Until its cast begins it listens for another sender on the same port, for the receivers would be divided between the
  two, and says itself that it is there. Of two the later one gives way, however late they can hear each other; who
  counts as another one, and which is the later one, stands in `rivals`. Before it starts udp-sender it listens for a
  while, so that the common case is decided before there are receivers.
* Who leaves before the cast is forgotten. During it he is lost; behind the end of the input he may have everything;
  when udp-sender says that all was acknowledged, he has it. Who has acknowledged nothing until he is gone was never
  more than a name: anybody can send udp-sender one.
* Those for whom the cast waits are named (`delays`), and where nobody acknowledges anything that is said.
* While the disk is read udp-sender may have nothing to send for long: then the receivers get signs of life.
* At the end everybody who was not there until the end of the cast gets an end notice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..model.plan import Plan
from ..model.times import Times
from ..sentence import say
from . import delays as waits
from . import liveness
from .delays import NO_DELAYS, Delays
from .evidence import GONE, Receiver, ReceiverState
from .liveness import Cancelled, DiskHung, Greeting, Kill, Machine, Rule, StopListening, Tick
from .rivals import AnotherWaits, Own, Rival, heard, is_certain, is_own, noted, stays
from .sender_signals import (
    Announce,
    Answered,
    BeginCast,
    Begun,
    Complete,
    Connected,
    Dropped,
    Fed,
    Flowing,
    GiveWay,
    GoSaid,
    HoldUp,
    Judged,
    Left,
    NameRival,
    NobodyAnswers,
    Part,
    SayAlive,
    SendEndNotice,
    Start,
    StopCounting,
    Stopping,
    Waiting,
    Welcome,
)


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
    `announce_at`, `alive_at`: when the next announcement and the next sign of life are due. `hears`: what receivers
    acknowledge can be heard; `came`: the addresses of all that connected. `begun`: data has begun to flow, with so many
    `joined`; `started_by`: the other PC that began it. `reading`: the disk is still read; `fed`: all of it is in
    udp-sender's input."""

    times: Times
    own: Own
    rivals: tuple[Rival, ...] = ()
    announce_at: float = 0.0
    receivers: tuple[Receiver, ...] = ()
    hears: bool = False
    delays: Delays = NO_DELAYS
    started_by: str | None = None
    came: frozenset[str] = frozenset()
    joined: int = 0
    begun: bool = False
    reading: bool = True
    fed: bool = False
    alive_at: float = 0.0
    rival: str | None = None


def cast(
    plan: Plan, times: Times, now: float, token: str = "", addresses: tuple[str, ...] = (), hears: bool = False
) -> Machine[Room]:
    """The machine of a cast by `plan` that begins `now`. `addresses`: those of its card; `token`: its own."""
    own = Own(plan.nic.mac.lower(), addresses, token, now)
    return Machine(RULES, C.LISTENING, Room(times, own, hears=hears))


# --- acts -----------------------------------------------------------------------------------------------------------


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


def part_unheard(room: Room, event: Dropped | Left) -> Part:
    return Part(event.number, _there(room, event).address, say("connected, never answered"), lost=True)


def hold_up(room: Room, event: Waiting) -> HoldUp:
    addresses = {one.number: one.address for one in room.receivers}
    return HoldUp(tuple((addresses[number], seconds) for number, seconds in _due(room, event)))


def nobody_answers(room: Room, event: Waiting) -> NobodyAnswers:
    there = _all_there(room)
    return NobodyAnswers(len(there), any(one.asked for one in there))


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


def _never_answered(room: Room, event: Dropped | Left) -> bool:
    """it is there, and acknowledged nothing"""
    return room.hears and _is_there(room, event) and not _there(room, event).answered


def _is_first_answer(room: Room, event: Answered) -> bool:
    """its first one of this kind"""
    known = [one for one in _all_there(room) if one.address == event.address]
    return any(not (one.answered if event.whole else one.asked) for one in known)


def _is_last_first_answer(room: Room, event: Answered) -> bool:
    """an acknowledgement, and with it everybody has sent one"""
    after = _note_answered(room, event)
    return event.whole and room.begun and all(one.answered for one in _all_there(after))


def _nobody_answers(room: Room, event: Waiting) -> bool:
    """nobody has acknowledged anything for `hold_up`"""
    return room.hears and bool(_due(room, event)) and not any(one.answered for one in room.receivers)


def _holds_up(room: Room, event: Waiting) -> bool:
    """one of them was waited for, for `hold_up` in sum"""
    return bool(_due(room, event))


def _alive_is_due(room: Room, event: Tick) -> bool:
    """the disk is read, and `alive_every` behind the last one"""
    return room.reading and event.at >= room.alive_at


# --- what is noted ------------------------------------------------------------------------------------------------


def _there(room: Room, event: Dropped | Left) -> Receiver:
    return next(one for one in room.receivers if one.number == event.number and one.state not in GONE)


def _all_there(room: Room) -> tuple[Receiver, ...]:
    return tuple(one for one in room.receivers if one.state is ReceiverState.CONNECTED)


def _waited(room: Room, event: Waiting) -> Delays:
    there = {one.number for one in _all_there(room)}
    return waits.waited(room.delays, tuple(one for one in event.numbers if one in there), event.at, room.times)


def _due(room: Room, event: Waiting) -> tuple[tuple[int, float], ...]:
    return waits.due(_waited(room, event), room.times)


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
    return replace(room, receivers=(*others, Receiver(event.number, event.address)), came=room.came | {event.address})


def _note_forgotten(room: Room, event: Left) -> Room:
    gone = _there(room, event)
    return replace(room, receivers=tuple(one for one in room.receivers if one is not gone))


def _note_dropped(room: Room, event: Dropped) -> Room:
    return _mark(room, event, ReceiverState.DROPPED)


def _note_left(room: Room, event: Left) -> Room:
    return _mark(room, event, ReceiverState.LEFT)


def _note_unheard(room: Room, event: Dropped | Left) -> Room:
    return _mark(room, event, ReceiverState.NEVER_ANSWERED)


def _note_answered(room: Room, event: Answered) -> Room:
    def note(one: Receiver) -> Receiver:
        if one.state is not ReceiverState.CONNECTED or one.address != event.address:
            return one
        return replace(one, answered=one.answered or event.whole, asked=one.asked or not event.whole)

    return replace(room, receivers=tuple(map(note, room.receivers)))


def _note_waiting(room: Room, event: Waiting) -> Room:
    return replace(room, delays=_waited(room, event))


def _note_told(room: Room, event: Waiting) -> Room:
    return replace(room, delays=waits.told(_waited(room, event), room.times))


def _note_flowing(room: Room, event: Flowing) -> Room:
    return replace(room, delays=waits.flowed(room.delays, event.at))


def _note_go(room: Room, event: GoSaid) -> Room:
    return replace(room, started_by=event.address)


def _note_near_the_end(room: Room, event: Left) -> Room:
    """Up to 7 MB of the stream are still in the pipe and in udp-sender: with a disk whose end is empty, that can be
    most of it."""
    return _mark(room, event, ReceiverState.NEAR_THE_END)


def _note_finished(room: Room, event: Left) -> Room:
    return _mark(room, event, ReceiverState.FINISHED)


def _note_begun(room: Room, event: Begun) -> Room:
    return replace(room, begun=True, joined=len(_all_there(room)))


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
    Rule((C.WAITING,), GoSaid, None, note=_note_go),
    Rule(RUNNING, Answered, None, when=_is_last_first_answer, note=_note_answered, acts=(StopCounting(),)),
    Rule(RUNNING, Answered, None, when=_is_first_answer, note=_note_answered),
    Rule((C.CASTING,), Waiting, None, when=_nobody_answers, note=_note_told, acts=(nobody_answers,)),
    Rule((C.CASTING,), Waiting, None, when=_holds_up, note=_note_told, acts=(hold_up,)),
    Rule((C.CASTING,), Waiting, None, note=_note_waiting),
    Rule((C.CASTING,), Flowing, None, note=_note_flowing),
    Rule((C.CASTING,), Dropped, None, when=_never_answered, note=_note_unheard, acts=(part_unheard,)),
    Rule((C.CASTING,), Left, None, when=_never_answered, note=_note_unheard, acts=(part_unheard,)),
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

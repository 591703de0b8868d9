"""What a receiver makes of what it hears of its sender beside the stream. Pure (see `liveness`).

udp-receiver itself never asks whether its sender is still there, and still the same one. In words:

* Before the cast a sender is no more when it has said so, when it greets again behind a pause, or when nothing more is
  heard of it for `silence`. One of which nothing was ever heard is waited for: a plain udp-sender greets once, before
  it is found. To be wrong costs next to nothing, for udp-receiver is started anew and finds it again at once.
* During the cast its end is known when it has said so, or greets: a udp-sender does that before its cast only. Then
  what comes behind a pause is the next cast's, and where nothing comes the stream has stalled. But a plain sender in a
  loop greets for its next cast while udp-receiver, which has everything, still lingers: that is waited for.
* A stream with a check of its own (all but compr=none) shows by itself that the casts were mixed. Without one, what was
  heard decides (`SenderFacts.mixed`).
* A sender whose cast has gone to its end says so to those whom it takes for lost. Who has everything all the same, or
  is about to have it, is not misled by that: another seat's loss is none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..model.outcome import OutcomeKind
from ..model.plan import Plan
from ..model.times import Times
from ..sentence import say, say_many
from . import liveness
from .liveness import (
    Cancelled,
    DiskHung,
    EndNotice,
    Event,
    Greeting,
    Kill,
    Machine,
    Packet,
    Rule,
    StopListening,
    Tick,
)
from .receiver_signals import (
    Announced,
    CameAgain,
    EndInput,
    FirstByte,
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
    Stall,
    StillQuiet,
    StopReceiver,
    StreamEnded,
)


class Watch(Enum):
    """Where a reception is, as far as its sender is concerned."""

    LOOKING = "udp-receiver looks for a sender"
    FOUND = "it has found one, whose cast has not begun"
    PARTING = "that one is no more: udp-receiver is being ended, to be started anew"
    LEAVING = "udp-receiver is being ended for good"
    CASTING = "data comes"
    QUIET = "nothing comes, and the sender's packets are counted"
    STALLED = "nothing more is taken"
    OVER = "the stream has ended, or the disk hangs"


W = Watch
BROKEN_OFF = frozenset(
    kind.value
    for kind in (OutcomeKind.READ_ERROR, OutcomeKind.STAGE_FAILED, OutcomeKind.CANCELLED, OutcomeKind.OTHER_SENDER)
)
"""Of these casts the sender never sent the end. Any other one went to its end, whoever was lost on the way."""
BEFORE = (W.LOOKING, W.FOUND, W.PARTING, W.LEAVING)
DURING = (W.CASTING, W.QUIET, W.STALLED)


@dataclass(frozen=True)
class SenderFacts:
    """What was noted. Times are those of the events, in seconds.

    `deadline`: when data must flow. `silence`: for how long nothing may be heard of the sender. `linger`: how long
    udp-receiver stays when it has everything. `address`: the sender that was found; `known`: the last one that was.
    `greeted`: when that one greeted last, or was found; `usual`: between its last two greetings. `sign`: the last
    packet, or when one began to count them; `packets`: whether there was one. `began`: the first byte. `session`: the
    token of the cast under way, where it has one. `end_notice` (the kind of its outcome), `ended` (when it said so) and
    `anew` (when it greeted again): what is known of the sender's end. `moved`: bytes so far; `moved_then`: when it
    greeted again. `mixed`: a part of what came may be another cast's.
    """

    times: Times
    deadline: float
    silence: float
    linger: float
    address: str | None = None
    known: str | None = None
    greeted: float = 0.0
    usual: float = 0.0
    sign: float = 0.0
    packets: bool = False
    began: float = 0.0
    session: str | None = None
    end_notice: str | None = None
    ended: float = 0.0
    anew: float | None = None
    moved: int = 0
    moved_then: int = 0
    timed_out: bool = False
    mixed: bool = False

    @property
    def broken_off(self) -> bool:
        """Whether the sender has said that its cast has no end."""
        return self.end_notice in BROKEN_OFF


def reception(plan: Plan, times: Times, now: float) -> Machine[SenderFacts]:
    """The machine of a reception by `plan` that begins `now`."""
    exit_wait = times.exit_wait if plan.options.exit_wait is None else plan.options.exit_wait / 1000
    heard = SenderFacts(
        times,
        deadline=now + plan.start_timeout,
        silence=plan.silence + times.more_patient,
        linger=exit_wait + times.exit_late,
    )
    return Machine(RULES, W.LOOKING, heard)


# --- acts ---------------------------------------------------------------------------------------------------------


def listen(heard: SenderFacts, event: Found) -> Listen:
    return Listen(event.address)


def look_out_for(heard: SenderFacts, event: Found) -> LookOut:
    return LookOut(event.address)


def look_out(heard: SenderFacts, event: Quiet) -> LookOut:
    return LookOut(heard.address)


def give_up_ended(heard: SenderFacts, event: Event) -> GiveUp:
    words = say("The sender {address} has ended its cast.", address=heard.address)
    return GiveUp(heard.address, words, "ended before the cast")


def give_up_anew(heard: SenderFacts, event: Event) -> GiveUp:
    words = say_many(
        "The sender {address} was not heard for {count} second, or has begun anew.",
        "The sender {address} was not heard for {count} seconds, or has begun anew.",
        round(heard.times.pause),
        address=heard.address,
    )
    return GiveUp(heard.address, words, "began anew before the cast")


def give_up_silent(heard: SenderFacts, event: Event) -> GiveUp:
    words = say_many(
        "The sender {address} has not been heard for {count} second.",
        "The sender {address} has not been heard for {count} seconds.",
        round(heard.silence),
        address=heard.address,
    )
    return GiveUp(heard.address, words, "silent before the cast")


def restart(heard: SenderFacts, event: ReceiverEnded) -> Restart:
    return Restart(_left(heard, event))


# --- conditions, whose words stand in the diagram -----------------------------------------------------------------


def _behind_a_pause(heard: SenderFacts, event: Greeting) -> bool:
    """behind a pause"""
    return event.at - heard.greeted >= max(heard.times.pause, heard.times.pause_intervals * heard.usual)


def _silent_before(heard: SenderFacts, event: Tick) -> bool:
    """it was heard once, and not for `silence`"""
    return heard.packets and event.at - heard.sign >= heard.silence


def _late(heard: SenderFacts, event: Tick) -> bool:
    """`late` behind `start_timeout`"""
    return event.at > heard.deadline + heard.times.late


def _waiting(heard: SenderFacts, event: ReceiverEnded) -> bool:
    """something of it is in the pipe"""
    return event.waiting


def _left(heard: SenderFacts, event: ReceiverEnded) -> int:
    return int(heard.deadline - event.at)


def _time_left(heard: SenderFacts, event: ReceiverEnded) -> bool:
    """time is left until `start_timeout`"""
    return _left(heard, event) > 0


def _during_the_cast(heard: SenderFacts, event: Greeting) -> bool:
    """the first one behind the first byte"""
    return heard.anew is None and event.at > heard.began


def _of_this_cast(heard: SenderFacts, event: EndNotice) -> bool:
    """behind the first byte, of this session"""
    return event.at > heard.began and heard.session in (None, event.session)


def _has_ended(heard: SenderFacts, event: StillQuiet) -> bool:
    """silent for `silence`, or it broke off, or its cast is over or it greeted, and udp-receiver need not linger"""
    if event.at - heard.sign >= heard.silence or heard.broken_off:
        return True
    ends = [heard.anew] if heard.anew is not None else []
    ends += [heard.ended] if heard.end_notice is not None else []
    return any(event.at - end > heard.linger for end in ends)


def _is_anothers(heard: SenderFacts, event: CameAgain) -> bool:
    """it broke off, or `at_once` behind a greeting"""
    return heard.broken_off or (heard.anew is not None and event.at - heard.anew > heard.times.at_once)


# --- what is noted ------------------------------------------------------------------------------------------------


def _note_found(heard: SenderFacts, event: Found) -> SenderFacts:
    usual = heard.usual if event.address == heard.known else 0.0
    found = replace(heard, address=event.address, known=event.address)
    return replace(found, greeted=event.at, usual=usual, sign=event.at, packets=False)


def _note_found_late(heard: SenderFacts, event: Found) -> SenderFacts:
    return replace(heard, address=event.address)


def _note_greeting(heard: SenderFacts, event: Greeting) -> SenderFacts:
    return replace(heard, greeted=event.at, usual=event.at - heard.greeted)


def _note_sign(heard: SenderFacts, event: Packet) -> SenderFacts:
    return replace(heard, sign=event.at, packets=True)


def _note_timed_out(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, timed_out=True)


def _note_parted(heard: SenderFacts, event: ReceiverEnded) -> SenderFacts:
    return replace(heard, address=None)


def _note_end(heard: SenderFacts, event: ReceiverEnded) -> SenderFacts:
    return replace(heard, timed_out=event.at > heard.deadline - heard.times.late)


def _note_first_byte(heard: SenderFacts, event: FirstByte | ReceiverEnded) -> SenderFacts:
    return replace(heard, began=event.at)


def _note_manifest(heard: SenderFacts, event: Announced) -> SenderFacts:
    silence = max(heard.silence, (event.silence or 0) + heard.times.more_patient)
    return replace(heard, session=event.session, silence=silence)


def _note_progress(heard: SenderFacts, event: Progress) -> SenderFacts:
    return replace(heard, moved=event.count)


def _note_anew(heard: SenderFacts, event: Greeting) -> SenderFacts:
    return replace(heard, anew=event.at, moved_then=heard.moved)


def _note_end_notice(heard: SenderFacts, event: EndNotice) -> SenderFacts:
    return replace(heard, end_notice=event.kind, ended=event.at)


def _note_quiet(heard: SenderFacts, event: Quiet) -> SenderFacts:
    return replace(heard, sign=event.at)


def _note_stream_end(heard: SenderFacts, event: StreamEnded) -> SenderFacts:
    return replace(heard, mixed=not event.checked and _two_casts(heard, event))


def _two_casts(heard: SenderFacts, event: StreamEnded) -> bool:
    """Whether a part of a stream without a check may be another cast's: when the sender had said that it broke off, so
    that what ended well is not its own end; or had greeted, and then something came that was waited for, or more than
    was on its way."""
    if heard.broken_off or heard.anew is None:
        return heard.broken_off
    waited = (event.woken or 0.0) > heard.anew + heard.times.at_once
    return waited or event.count - heard.moved_then > heard.times.in_flight


ENDED = (EndInput(), LookIn(), StopListening())

RULES: tuple[Rule[SenderFacts], ...] = (
    # Before the cast
    Rule((W.LOOKING, W.FOUND), Found, W.FOUND, note=_note_found, acts=(look_out_for, listen)),
    Rule((W.FOUND,), EndNotice, W.PARTING, acts=(give_up_ended,)),
    Rule((W.FOUND,), Greeting, W.PARTING, when=_behind_a_pause, note=_note_greeting, acts=(give_up_anew,)),
    Rule((W.FOUND, W.PARTING), Greeting, None, note=_note_greeting),
    Rule((W.FOUND,), Packet, None, note=_note_sign),
    Rule((W.LOOKING, W.FOUND), Tick, W.LEAVING, when=_late, note=_note_timed_out, acts=(StopReceiver(),)),
    Rule((W.FOUND,), Tick, W.PARTING, when=_silent_before, acts=(give_up_silent,)),
    Rule((W.LOOKING, W.FOUND, W.PARTING), Cancelled, W.LEAVING),
    Rule(
        BEFORE,
        ReceiverEnded,
        W.CASTING,
        when=_waiting,
        note=_note_first_byte,
        acts=ENDED,
    ),
    Rule((W.PARTING,), ReceiverEnded, W.LOOKING, when=_time_left, note=_note_parted, acts=(LookIn(), restart)),
    Rule((W.LOOKING, W.FOUND), ReceiverEnded, W.OVER, note=_note_end, acts=ENDED),
    Rule((W.PARTING, W.LEAVING), ReceiverEnded, W.OVER, acts=ENDED),
    Rule(BEFORE, FirstByte, W.CASTING, note=_note_first_byte, acts=(EndInput(), LookIn(), GoOn())),
    # During the cast
    Rule(DURING, FirstByte, None, note=_note_first_byte, acts=(GoOn(),)),
    Rule(DURING, Found, None, note=_note_found_late, acts=(listen,)),
    Rule(DURING, Announced, None, note=_note_manifest),
    Rule(DURING, Progress, None, note=_note_progress),
    Rule(DURING, Greeting, None, when=_during_the_cast, note=_note_anew),
    Rule(DURING, EndNotice, None, when=_of_this_cast, note=_note_end_notice),
    Rule(DURING, ReceiverEnded, None, acts=(StopListening(),)),
    Rule((W.CASTING,), Quiet, W.QUIET, note=_note_quiet, acts=(look_out,)),
    Rule((W.QUIET,), Packet, None, note=_note_sign),
    Rule((W.QUIET,), StillQuiet, W.STALLED, when=_has_ended, acts=(LookIn(), Stall())),
    Rule((W.QUIET,), StillQuiet, None, acts=(GoOn(),)),
    Rule((W.QUIET,), CameAgain, W.STALLED, when=_is_anothers, acts=(LookIn(), Stall())),
    Rule((W.QUIET,), CameAgain, W.CASTING, acts=(LookIn(), GoOn())),
    Rule(DURING, StreamEnded, W.OVER, note=_note_stream_end, acts=(LookIn(),)),
    # Whenever it is
    Rule((*BEFORE, *DURING), DiskHung, W.OVER, acts=(Kill(),)),
)


def reference() -> str:
    """The rules in Markdown."""
    return liveness.reference(RULES, W.LOOKING)

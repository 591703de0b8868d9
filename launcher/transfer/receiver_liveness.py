"""What a receiver makes of what it hears of its sender beside the stream. Pure (see `liveness`).

udp-receiver itself never asks whether its sender is still there, and still the same one. What is done about that before
the cast is in `receiver_waiting`. In words, during the cast:

* Its end is known when its sender has said so, with the token of this very cast: that is in the manifest, and in the
  signs of life. Or when it has begun anew: it greets again and again where nothing comes, or greets, and then the
  beginning of a cast comes (udp-sender counts its slices from 0). A single greeting says so only where nothing comes,
  and nothing else is heard of the sender for `unheard`. Nothing ends a stream while it flows.
* Then what comes behind a pause is the next cast's, and where nothing comes the stream has stalled. But a plain sender
  in a loop greets for its next cast while udp-receiver, which has everything, still lingers: that is waited for.
* A stream with a check of its own (all but compr=none) shows by itself that the casts were mixed. Without one, what was
  heard decides (`SenderFacts.mixed`).
* A sender whose cast has gone to its end says so to those whom it takes for lost. Who has everything all the same, or
  is about to have it, is not misled by that: another seat's loss is none of its own.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.plan import Plan
from ..model.times import Times
from . import liveness, receiver_waiting
from .liveness import DiskHung, EndNotice, Greeting, Kill, Machine, Packet, Rule, StopListening
from .receiver_facts import BEFORE, DURING, SenderFacts, W
from .receiver_signals import (
    Alive,
    Announced,
    CameAgain,
    FirstByte,
    FirstSlice,
    Found,
    GoOn,
    LookIn,
    LookOut,
    Progress,
    Quiet,
    ReceiverEnded,
    Stall,
    StillQuiet,
    StreamEnded,
)
from .receiver_waiting import listen, note_first_byte, note_session


def reception(plan: Plan, times: Times, now: float, hears: bool = True) -> Machine[SenderFacts]:
    """The machine of a reception by `plan` that begins `now`; `hears`: something is heard beside udp-receiver."""
    exit_wait = times.exit_wait if plan.options.exit_wait is None else plan.options.exit_wait / 1000
    heard = SenderFacts(
        times,
        deadline=now + plan.start_timeout,
        silence=plan.silence + times.more_patient,
        linger=exit_wait + times.exit_late,
        port=plan.port,
        hears=hears,
        started=now,
    )
    return Machine(RULES, W.LOOKING, heard)


# --- acts ---------------------------------------------------------------------------------------------------------


def look_out(heard: SenderFacts, event: Quiet) -> LookOut:
    return LookOut(heard.address)


# --- conditions, whose words stand in the diagram -----------------------------------------------------------------


def _during_the_cast(heard: SenderFacts, event: Greeting) -> bool:
    """of its own, behind the first byte, and no next cast has begun"""
    return event.address == heard.address and event.at > heard.began and not heard.next_began


def _of_another_session(heard: SenderFacts, event: Alive) -> bool:
    """not of this session"""
    return event.session != heard.own_session


def _of_this_cast(heard: SenderFacts, event: EndNotice) -> bool:
    """behind the first byte, of this session"""
    return event.at > heard.began and event.session == heard.own_session


def _has_ended(heard: SenderFacts, event: StillQuiet) -> bool:
    """silent for `silence`, or for `unheard` behind a greeting, or its end is known and udp-receiver need not linger"""
    if event.at - heard.sign >= heard.silence or heard.broken_off:
        return True
    if heard.greeted_quiet is not None and event.at - max(heard.sign, heard.greeted_quiet) >= heard.times.unheard:
        return True
    ends = [heard.ended] if heard.end_notice is not None else []
    ends += [heard.greeted_quiet] if heard.again and heard.greeted_quiet is not None else []
    ends += [heard.first_slice] if heard.next_began else []
    return any(event.at - end > heard.linger for end in ends)


def _is_anothers(heard: SenderFacts, event: CameAgain) -> bool:
    """it broke off, or it began anew, `at_once` behind its greeting"""
    greeted = heard.greeted_quiet if heard.again else heard.anew
    late = greeted is not None and event.at - greeted > heard.times.at_once
    return heard.broken_off or (heard.began_anew and late)


# --- what is noted ------------------------------------------------------------------------------------------------


def _note_found_late(heard: SenderFacts, event: Found) -> SenderFacts:
    return replace(heard, address=event.address)


def _note_sign(heard: SenderFacts, event: Packet) -> SenderFacts:
    return replace(heard, sign=event.at)


def _note_manifest(heard: SenderFacts, event: Announced) -> SenderFacts:
    theirs = min(event.silence or 0, heard.times.silence_most)
    silence = max(heard.silence, theirs + heard.times.more_patient)
    return replace(heard, session=event.session, silence=silence)


def _note_progress(heard: SenderFacts, event: Progress) -> SenderFacts:
    return replace(heard, moved=event.count)


def _note_anew(heard: SenderFacts, event: Greeting) -> SenderFacts:
    return replace(heard, anew=event.at, moved_then=heard.moved)


def _note_anew_quiet(heard: SenderFacts, event: Greeting) -> SenderFacts:
    """Twice, and not the same datagram that the network brought twice."""
    first = event.at if heard.greeted_quiet is None else heard.greeted_quiet
    again = heard.again or event.at - first > heard.times.at_once
    return replace(_note_anew(heard, event), greeted_quiet=first, again=again)


def _note_first_slice(heard: SenderFacts, event: FirstSlice) -> SenderFacts:
    return replace(heard, first_slice=event.at)


def _note_alive(heard: SenderFacts, event: Alive) -> SenderFacts:
    """A sender that goes on has not begun anew."""
    return replace(heard, anew=None, greeted_quiet=None, again=False)


def _note_flowing(heard: SenderFacts, event: CameAgain) -> SenderFacts:
    return replace(heard, greeted_quiet=None)


def _note_end_notice(heard: SenderFacts, event: EndNotice) -> SenderFacts:
    return replace(heard, end_notice=event.kind, ended=event.at)


def _note_quiet(heard: SenderFacts, event: Quiet) -> SenderFacts:
    """A greeting behind the last byte is one in this silence."""
    behind = heard.anew is not None and event.at - heard.anew < heard.times.look_out
    return replace(heard, sign=event.at, greeted_quiet=heard.anew if behind else None)


def _note_stream_end(heard: SenderFacts, event: StreamEnded) -> SenderFacts:
    return replace(heard, mixed=not event.checked and _two_casts(heard, event))


def _two_casts(heard: SenderFacts, event: StreamEnded) -> bool:
    """Whether a part of a stream without a check may be another cast's: when the sender had said that it broke off, so
    that what ended well is not its own end; or has begun its next cast, and behind its greeting something came that was
    waited for, or more than was on its way."""
    if heard.broken_off or heard.anew is None or not heard.next_began:
        return heard.broken_off
    waited = (event.woken or 0.0) > heard.anew + heard.times.at_once
    return waited or event.count - heard.moved_then > heard.times.in_flight


RULES: tuple[Rule[SenderFacts], ...] = (
    *receiver_waiting.RULES,
    # During the cast
    Rule(DURING, FirstByte, None, note=note_first_byte, acts=(GoOn(),)),
    Rule(DURING, Found, None, note=_note_found_late, acts=(listen,)),
    Rule(DURING, Announced, None, note=_note_manifest),
    Rule(DURING, Progress, None, note=_note_progress),
    Rule((W.QUIET,), Greeting, None, when=_during_the_cast, note=_note_anew_quiet),
    Rule((W.CASTING, W.STALLED), Greeting, None, when=_during_the_cast, note=_note_anew),
    Rule(DURING, FirstSlice, None, note=_note_first_slice),
    Rule(DURING, Alive, None, when=_of_another_session, note=note_session),
    Rule(DURING, Alive, None, note=_note_alive),
    Rule(DURING, EndNotice, None, when=_of_this_cast, note=_note_end_notice),
    Rule(DURING, ReceiverEnded, None, acts=(StopListening(),)),
    Rule((W.CASTING,), Quiet, W.QUIET, note=_note_quiet, acts=(look_out,)),
    Rule((W.QUIET,), Packet, None, note=_note_sign),
    Rule((W.QUIET,), StillQuiet, W.STALLED, when=_has_ended, acts=(LookIn(), Stall())),
    Rule((W.QUIET,), StillQuiet, None, acts=(GoOn(),)),
    Rule((W.QUIET,), CameAgain, W.STALLED, when=_is_anothers, acts=(LookIn(), Stall())),
    Rule((W.QUIET,), CameAgain, W.CASTING, note=_note_flowing, acts=(LookIn(), GoOn())),
    Rule(DURING, StreamEnded, W.OVER, note=_note_stream_end, acts=(LookIn(),)),
    # Whenever it is
    Rule((*BEFORE, *DURING), DiskHung, W.OVER, acts=(Kill(),)),
)


def reference() -> str:
    """The rules in Markdown."""
    return liveness.reference(RULES, W.LOOKING)

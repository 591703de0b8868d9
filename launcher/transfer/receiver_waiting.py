"""What a receiver makes of what it hears before data comes: it waits, whatever it hears. Pure (see `liveness`).

udp-receiver itself binds to whoever answers first, asks only once, and ends with the first datagram that no udp-sender
sends. In words:

* Whatever ends a udp-receiver that has looked for a sender, it begins anew, once a second at most; and it is said what
  was heard, and from whom. Only `start_timeout` and the operator end a reception that waits.
* A sender that has been silent for `ask`, or whose end notice comes, is asked whether it is still there, beside
  udp-receiver, which stays connected. One that answers none of `ask_times` questions is left. One that answers is
  trusted for twice as long each time: it begins no cast by itself while it is asked all the time.
* One that is heard all the time is told of this seat again and again: a farewell that is forged in this seat's name
  reaches only the sender, which would cast without it, or wait for it for ever. Where it is another number to the
  sender by then, udp-receiver begins anew: it answers to its own number only (measured).
* One that greets again behind a pause has begun anew. To be wrong costs next to nothing: it is found again at once.
* Where two senders are heard more than once within `both`, nothing tells the right one: both are left, and named, until
  only one is heard. One that was heard once, and does not greet again within `poll`, is asked: earlier it would be
  told of a receiver that may take no data of it. A plain udp-sender greets once, so it is asked again and again.
"""

from __future__ import annotations

from dataclasses import replace

from ..sentence import Sentence, joined, say, say_many
from .liveness import Cancelled, EndNotice, Event, Greeting, Packet, Rule, StopListening, Tick
from .receiver_facts import BEFORE, Disturbance, Parted, SenderFacts, Sign, W
from .receiver_signals import (
    Alive,
    Answer,
    Ask,
    Complained,
    DroppedEarly,
    EndInput,
    FirstByte,
    Found,
    GiveUp,
    GoOn,
    Listen,
    LookIn,
    LookOut,
    ReceiverEnded,
    Restart,
    StopReceiver,
    Stray,
    TakeLeave,
    Waits,
    Warn,
)
from .receiver_words import NO_DATA, of_a_cast, why_it_ended

# --- acts ---------------------------------------------------------------------------------------------------------


def listen(heard: SenderFacts, event: Found) -> Listen:
    return Listen(event.address)


def look_out_for(heard: SenderFacts, event: Found) -> LookOut:
    return LookOut(event.address)


def ask_found(heard: SenderFacts, event: Event) -> Ask:
    return Ask(heard.address or "")


def ask_other(heard: SenderFacts, event: Tick) -> Ask:
    return Ask(_to_be_asked(heard, event)[0].address)


def ask_rival(heard: SenderFacts, event: Tick) -> Ask:
    return Ask(_to_be_polled(heard, event)[0].address)


def take_leave(heard: SenderFacts, event: Tick) -> TakeLeave:
    return TakeLeave(heard.repeated(event.at))


def take_leave_again(heard: SenderFacts, event: Answer) -> TakeLeave:
    return TakeLeave((event.address,))


def give_up_anew(heard: SenderFacts, event: Event) -> GiveUp:
    words = say_many(
        "The sender {address} was not heard for {count} second, or has begun anew.",
        "The sender {address} was not heard for {count} seconds, or has begun anew.",
        round(heard.times.pause),
        address=heard.address,
    )
    return GiveUp(heard.address, words, "began anew before the cast")


def give_up_silent(heard: SenderFacts, event: Event) -> GiveUp:
    """Whether it said that its cast is over, or that it begins, or nothing."""
    address = heard.address
    if heard.said_end is not None:
        words = say(
            "The sender {address} has ended its cast: {why}.", address=address, why=why_it_ended(heard.said_end)
        )
        return GiveUp(address, words, "ended before the cast")
    if heard.begun is not None:
        return GiveUp(address, joined(" ", say("The cast of {address} is over.", address=address), NO_DATA), "no data")
    words = say(
        "The sender {address} does not answer any more: it is gone, or it casts, and its data does not come here.",
        address=address,
    )
    return GiveUp(address, words, "silent before the cast")


def give_up_both(heard: SenderFacts, event: Tick) -> GiveUp:
    return GiveUp(heard.address, None, "more than one sender")


def give_up_number(heard: SenderFacts, event: Answer) -> GiveUp:
    return GiveUp(heard.address, None, "another number before the cast")


def warn_of_rivals(heard: SenderFacts, event: Tick) -> Warn:
    return Warn(_of_rivals(heard, event), heard.repeated(event.at))


def warn_of_no_data(heard: SenderFacts, event: Tick) -> Warn:
    words = say("The cast of {address} has begun, but no data comes here.", address=heard.address)
    return Warn(joined(" ", words, NO_DATA), (heard.address or "",))


def warn_of_the_end(heard: SenderFacts, event: ReceiverEnded) -> Warn:
    """Why udp-receiver begins anew."""
    if heard.address and heard.dropped:
        words = say("The sender {address} gave this seat up before any data came.", address=heard.address)
    elif heard.address:
        words = say("The sender {address} sent nothing, and is looked for again.", address=heard.address)
    elif heard.disturbance:
        words = _of_a_disturbance(heard, heard.disturbance)
    elif heard.complaint:
        words = say("udp-receiver ended ({complaint}), and begins anew.", complaint=heard.complaint)
    else:
        words = say("udp-receiver ended, and begins anew.")
    source = heard.address or (heard.disturbance.address if heard.disturbance else None)
    return Warn(words, (source,) if source else ())


def restart(heard: SenderFacts, event: Tick) -> Restart:
    return Restart(_left(heard, event.at))


def _of_rivals(heard: SenderFacts, event: Tick) -> Sentence:
    return say(
        "More than one sender waits for receivers: {addresses}. This seat waits until only one is heard.",
        addresses=joined(", ", *sorted(heard.repeated(event.at))),
    )


def _of_a_disturbance(heard: SenderFacts, what: Disturbance) -> Sentence:
    if what.port == heard.port + 1 and of_a_cast(what.code):
        return say("A cast of {address} is under way. This seat waits for the next one.", address=what.address)
    return say(
        "{address} (UDP port {port}) sent something that is no sender's greeting. udp-receiver begins anew.",
        address=what.address,
        port=what.port,
    )


# --- conditions, whose words stand in the diagram -----------------------------------------------------------------


def _left(heard: SenderFacts, now: float) -> int:
    return int(heard.deadline - now)


def _own(heard: SenderFacts, event: Greeting | Answer | Alive) -> bool:
    """its own"""
    return event.address == heard.address if isinstance(event, (Greeting, Answer)) else True


def _behind_a_pause(heard: SenderFacts, event: Greeting) -> bool:
    """of its own, behind a pause"""
    pause = max(heard.times.pause, heard.times.pause_intervals * heard.usual)
    return _own(heard, event) and event.at - heard.greeted >= pause


def _late(heard: SenderFacts, event: Tick) -> bool:
    """`late` behind `start_timeout`"""
    return event.at > heard.deadline + heard.times.late


def _no_time_left(heard: SenderFacts, event: Tick) -> bool:
    """no time is left until `start_timeout`"""
    return _left(heard, event.at) <= 0


def _two_are_heard(heard: SenderFacts, event: Tick) -> bool:
    """two senders are heard more than once, and no cast has begun"""
    return heard.begun is None and len(heard.repeated(event.at)) > 1


def _two_are_still_heard(heard: SenderFacts, event: Tick) -> bool:
    """two senders are heard more than once"""
    return len(heard.repeated(event.at)) > 1


def _is_gone(heard: SenderFacts, event: Tick) -> bool:
    """it has not answered any of `ask_times` questions"""
    return _question_is_due(heard, event) and heard.asks >= heard.times.ask_times


def _question_is_due(heard: SenderFacts, event: Tick) -> bool:
    """it is in doubt, and `ask_every` behind the last question"""
    return heard.doubt is not None and event.at - heard.asked >= heard.times.ask_every


def _is_doubtful(heard: SenderFacts, event: Tick) -> bool:
    """silent for `ask` or longer, or another one is heard more than once and this one is not"""
    if not heard.hears or heard.doubt is not None:
        return False
    repeated = heard.repeated(event.at)
    return event.at - heard.sign >= heard.trust or bool(repeated and heard.address not in repeated)


def _has_another_number(heard: SenderFacts, event: Answer) -> bool:
    """its own, and says another number than udp-receiver has"""
    if not _own(heard, event) or event.at <= heard.told or heard.begun is not None:
        return False
    return None not in (event.number, heard.number) and event.number != heard.number


def _is_to_be_told(heard: SenderFacts, event: Tick) -> bool:
    """heard within `pause`, but told of this seat `ask` ago, or twice as long each time"""
    if heard.begun is not None or heard.doubt is not None or event.at - heard.sign >= heard.times.pause:
        return False
    return event.at - heard.told >= heard.tell


def _is_believed(heard: SenderFacts, event: EndNotice) -> bool:
    """it is not in doubt"""
    return heard.doubt is None


def _to_be_asked(heard: SenderFacts, event: Tick) -> list[Sign]:
    """Those that were heard once, and do not greet again by themselves: who is asked counts this seat as its receiver,
    and may begin its cast with it."""
    times = heard.times
    return [
        one
        for one in heard.heard(event.at)
        if one.address != heard.address and not one.repeated(event.at, times) and one.asks < times.ask_times
        if event.at - one.last >= times.poll and event.at - one.asked >= times.ask_every
    ]


def _another_was_heard_once(heard: SenderFacts, event: Tick) -> bool:
    """another one was heard once, and not again for `poll`"""
    return bool(_to_be_asked(heard, event))


def _to_be_polled(heard: SenderFacts, event: Tick) -> list[Sign]:
    return [one for one in heard.heard(event.at) if event.at - max(one.asked, one.last) >= heard.times.poll]


def _one_is_to_be_polled(heard: SenderFacts, event: Tick) -> bool:
    """two senders are heard more than once, and one has been silent for `poll`"""
    return _two_are_still_heard(heard, event) and bool(_to_be_polled(heard, event))


def _may_begin(heard: SenderFacts, event: Tick) -> bool:
    """`start_every` behind the last start"""
    return event.at - heard.started >= heard.times.start_every


def _no_data_comes(heard: SenderFacts, event: Tick) -> bool:
    """its cast has begun, and no data has come for `no_data`"""
    return heard.begun is not None and not heard.warned and event.at - heard.begun >= heard.times.no_data


def _waiting(heard: SenderFacts, event: ReceiverEnded) -> bool:
    """something of it is in the pipe"""
    return event.waiting


def _begins_anew(heard: SenderFacts, event: ReceiverEnded) -> bool:
    """it had looked for a sender, and time is left until `start_timeout`"""
    return heard.waited and event.at <= heard.deadline - heard.times.late


# --- what is noted ------------------------------------------------------------------------------------------------


def _note_waits(heard: SenderFacts, event: Waits) -> SenderFacts:
    return replace(heard, waited=True)


def _note_found(heard: SenderFacts, event: Found) -> SenderFacts:
    usual = heard.usual if event.address == heard.known else 0.0
    found = replace(heard, address=event.address, known=event.address, rivals=(), parted=None)
    found = replace(found, doubt=None, asks=0, said_end=None, begun=None, warned=False, dropped=False, said=())
    found = replace(found, number=event.number, told=event.at, tell=heard.times.ask)
    return replace(found, greeted=event.at, usual=usual, sign=event.at, trust=heard.times.ask)


def _note_greeting(heard: SenderFacts, event: Greeting) -> SenderFacts:
    """Greetings of the own sender from before it was found are no news of its pauses."""
    noted = heard.with_sign(event.address, event.at)
    if not _own(heard, event) or event.at <= heard.greeted:
        return noted
    return replace(_trusted(noted, event.at), greeted=event.at, usual=event.at - heard.greeted)


def _note_answer(heard: SenderFacts, event: Answer) -> SenderFacts:
    noted = heard.with_sign(event.address, event.at)
    return _trusted(noted, event.at) if _own(heard, event) else noted


def _note_alive(heard: SenderFacts, event: Alive) -> SenderFacts:
    begun = event.at if heard.begun is None else heard.begun
    return replace(note_session(_trusted(heard, event.at), event), begun=begun)


def note_session(heard: SenderFacts, event: Alive) -> SenderFacts:
    """Which cast a sign of life belongs to."""
    known = event.session in heard.said or len(heard.said) > 1
    return heard if known else replace(heard, said=(*heard.said, event.session))


def _trusted(heard: SenderFacts, at: float) -> SenderFacts:
    """The sender that was found is still there."""
    if heard.doubt is None or at < heard.doubt:
        return heard
    trust = min(2 * heard.trust, heard.times.ask_most) if at - heard.sign >= heard.trust else heard.trust
    return replace(heard, sign=at, doubt=None, asks=0, said_end=None, trust=trust)


def _note_packet(heard: SenderFacts, event: Packet) -> SenderFacts:
    """A packet of any kind ends a silence. An end notice is one as well, and it dispels no doubt of its own."""
    noted = replace(heard, sign=event.at)
    return noted if heard.said_end is not None else _trusted(noted, event.at)


def _note_end(heard: SenderFacts, event: EndNotice) -> SenderFacts:
    return replace(heard, doubt=event.at, asks=1, asked=event.at, said_end=event.kind)


def _note_told(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, told=event.at, tell=min(2 * heard.tell, heard.times.ask_most))


def _note_doubt(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(_note_told(heard, event), doubt=event.at, asks=1, asked=event.at)


def _note_question(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, asks=heard.asks + 1, asked=event.at)


def _note_other_asked(heard: SenderFacts, event: Tick) -> SenderFacts:
    return heard.with_asked(_to_be_asked(heard, event)[0].address, event.at)


def _note_rival_asked(heard: SenderFacts, event: Tick) -> SenderFacts:
    return heard.with_asked(_to_be_polled(heard, event)[0].address, event.at)


def _note_warned(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, warned=True)


def _note_sign(heard: SenderFacts, event: Greeting | Answer) -> SenderFacts:
    return heard.with_sign(event.address, event.at)


def _note_stray(heard: SenderFacts, event: Stray) -> SenderFacts:
    """The first one ends udp-receiver."""
    if heard.disturbance or event.at < heard.started:
        return heard
    return replace(heard, disturbance=Disturbance(event.address, event.port, event.code))


def _note_complaint(heard: SenderFacts, event: Complained) -> SenderFacts:
    return replace(heard, complaint=heard.complaint or event.text)


def _note_dropped(heard: SenderFacts, event: DroppedEarly) -> SenderFacts:
    return replace(heard, dropped=True)


def _note_gone(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, parted=Parted(heard.address or "", heard.said_end, heard.begun is not None))


def _note_rivals(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, rivals=tuple(sorted(heard.repeated(event.at))))


def _note_timed_out(heard: SenderFacts, event: Tick) -> SenderFacts:
    """One whose cast has begun is left then, without any data of it."""
    casts = heard.address is not None and heard.begun is not None
    return replace(heard, timed_out=True, parted=Parted(heard.address or "", begun=True) if casts else heard.parted)


def _note_ended(heard: SenderFacts, event: ReceiverEnded) -> SenderFacts:
    parted = Parted(heard.address, begun=heard.begun is not None) if heard.address else heard.parted
    return replace(heard, address=None, parted=parted)


def _note_parted(heard: SenderFacts, event: ReceiverEnded) -> SenderFacts:
    return replace(heard, address=None)


def _note_restart(heard: SenderFacts, event: Tick) -> SenderFacts:
    return replace(heard, started=event.at, rivals=(), disturbance=None, complaint="")


def _note_over(heard: SenderFacts, event: ReceiverEnded) -> SenderFacts:
    return replace(heard, timed_out=event.at > heard.deadline - heard.times.late)


def note_first_byte(heard: SenderFacts, event: FirstByte | ReceiverEnded) -> SenderFacts:
    """The cast has begun."""
    return replace(heard, began=event.at)


ENDED = (EndInput(), LookIn(), StopListening())
NUMBER = (give_up_number, take_leave_again)  # else the cast may begin with a number that nobody answers to
SIGNS = (W.LOOKING, W.PARTING, W.PAUSED)

RULES: tuple[Rule[SenderFacts], ...] = (
    Rule((W.LOOKING,), Waits, None, note=_note_waits),
    Rule((W.LOOKING, W.FOUND), Found, W.FOUND, note=_note_found, acts=(look_out_for, listen)),
    # What is heard
    Rule((W.FOUND,), EndNotice, None, when=_is_believed, note=_note_end, acts=(ask_found,)),
    Rule((W.FOUND,), Greeting, W.PARTING, when=_behind_a_pause, note=_note_greeting, acts=(give_up_anew,)),
    Rule((W.FOUND,), Greeting, None, note=_note_greeting),
    Rule((W.FOUND,), Answer, W.PARTING, when=_has_another_number, note=_note_answer, acts=NUMBER),
    Rule((W.FOUND,), Answer, None, note=_note_answer),
    Rule((W.FOUND,), Alive, None, note=_note_alive),
    Rule((W.FOUND,), Packet, None, note=_note_packet),
    Rule(SIGNS, Greeting, None, note=_note_sign),
    Rule((W.PAUSED,), Answer, None, note=_note_sign, acts=(take_leave_again,)),
    Rule((W.LOOKING, W.PARTING), Answer, None, note=_note_sign),
    Rule((W.LOOKING,), Stray, None, note=_note_stray),
    Rule((W.LOOKING, W.FOUND), Complained, None, note=_note_complaint),
    Rule((W.FOUND,), DroppedEarly, None, note=_note_dropped),
    # What time tells
    Rule((W.LOOKING, W.FOUND), Tick, W.LEAVING, when=_late, note=_note_timed_out, acts=(StopReceiver(),)),
    Rule(
        (W.FOUND,),
        Tick,
        W.PARTING,
        when=_two_are_heard,
        note=_note_rivals,
        acts=(warn_of_rivals, give_up_both, take_leave),
    ),
    Rule((W.FOUND,), Tick, W.PARTING, when=_is_gone, note=_note_gone, acts=(give_up_silent,)),
    Rule((W.FOUND,), Tick, None, when=_question_is_due, note=_note_question, acts=(ask_found,)),
    Rule((W.FOUND,), Tick, None, when=_is_doubtful, note=_note_doubt, acts=(ask_found,)),
    Rule((W.FOUND,), Tick, None, when=_is_to_be_told, note=_note_told, acts=(ask_found,)),
    Rule((W.FOUND,), Tick, None, when=_another_was_heard_once, note=_note_other_asked, acts=(ask_other,)),
    Rule((W.FOUND,), Tick, None, when=_no_data_comes, note=_note_warned, acts=(warn_of_no_data,)),
    Rule((W.PAUSED,), Tick, W.OVER, when=_no_time_left, note=_note_timed_out, acts=ENDED),
    Rule((W.PAUSED,), Tick, None, when=_one_is_to_be_polled, note=_note_rival_asked, acts=(ask_rival,)),
    Rule((W.PAUSED,), Tick, None, when=_two_are_still_heard),
    Rule((W.PAUSED,), Tick, W.LOOKING, when=_may_begin, note=_note_restart, acts=(restart,)),
    Rule((W.LOOKING, W.FOUND, W.PARTING), Cancelled, W.LEAVING),
    Rule((W.PAUSED,), Cancelled, W.OVER, acts=ENDED),
    # The end of udp-receiver, and the beginning of the cast
    Rule(BEFORE, ReceiverEnded, W.CASTING, when=_waiting, note=note_first_byte, acts=ENDED),
    Rule((W.PARTING,), ReceiverEnded, W.PAUSED, note=_note_parted, acts=(LookIn(),)),
    Rule(
        *((W.LOOKING, W.FOUND), ReceiverEnded, W.PAUSED),
        when=_begins_anew,
        note=_note_ended,
        acts=(LookIn(), warn_of_the_end),
    ),
    Rule((W.LOOKING, W.FOUND), ReceiverEnded, W.OVER, note=_note_over, acts=ENDED),
    Rule((W.LEAVING,), ReceiverEnded, W.OVER, acts=ENDED),
    Rule(BEFORE, FirstByte, W.CASTING, note=note_first_byte, acts=(EndInput(), LookIn(), GoOn())),
)

"""What a sender may claim: the questions to its evidence, in their order (see `verdict`)."""

from __future__ import annotations

from collections.abc import Callable

from ..datapath.block_device import no_answer
from ..datapath.sending import CHANGED
from ..model.outcome import Outcome, OutcomeKind
from ..sentence import NOTHING, Sentence, joined, say, say_many
from ..shortage import HINT
from . import standstill
from .evidence import LOST, Receiver, ReceiverState, Sending
from .verdict import CALL_AGAIN, Claim, first_answer

NAMED = 8  # receivers in a sentence; of more only the number is said
NOTHING_SENT = say("Nothing was sent.")
LET_IT_BE = say("Let nothing use the disk, and send it again.")
TRY_BROADCAST = say("Try --broadcast in udpcparam, and look at the switch.")


def judge_sender(seen: Sending) -> Outcome:
    """What a sender may claim."""
    if seen.rival is not None:
        return Outcome(*_other_sender(seen, seen.rival), total=seen.length)
    kind, sentence, hint = first_answer(QUESTIONS, seen)
    return Outcome(
        kind,
        sentence,
        joined(" ", hint, _check_image(seen)) if kind in _LOOK_AT_IMAGE else hint,
        bytes=seen.moved.count if seen.begun else 0,  # what was read ahead has reached nobody
        sent=seen.sent if seen.begun else 0,
        used=seen.used,
        total=seen.length,
        seconds=seen.seconds,
        xxh128=seen.moved.digest,
        receivers=tuple(one.address for one in seen.receivers),
        lost=tuple(one.words for one in _lost(seen)),
        wanted=seen.wanted if seen.begun else None,
        present=sum(one.state is ReceiverState.FINISHED for one in seen.receivers) if seen.begun else None,
    )


_LOOK_AT_IMAGE = (OutcomeKind.SENT, OutcomeKind.RECEIVER_LOST, OutcomeKind.FEWER_RECEIVERS)


def _check_image(seen: Sending) -> Sentence:
    """A damaged image looks, on a receiver, like damage on the way: only the sender knows that it casts one."""
    if not seen.stored:
        return NOTHING
    return say(
        "Where receivers say that the data was damaged, check the image: `udpcast-launcher image check {file}`.",
        file=seen.device,
    )


def _lost(seen: Sending) -> list[Receiver]:
    return [one for one in seen.receivers if one.state in LOST]


def _everybody_lost(seen: Sending) -> bool:
    """Behind that, every process of the sender's fails: it says nothing of them."""
    return bool(seen.receivers) and len(_lost(seen)) == len(seen.receivers)


def _cut_off(seen: Sending) -> Sentence:
    return say("The receivers were cut off, their disks are not whole.") if seen.begun else NOTHING_SENT


def _other_sender(seen: Sending, rival: str) -> Claim:
    words = {"address": rival, "port": seen.port}
    if seen.begun:
        sentence = say(
            "Another sender, {address}, is waiting for receivers on port {port}; this cast was ended as it began.",
            **words,
        )
    else:
        sentence = say("Another sender, {address}, is waiting for receivers on port {port}; nothing was sent.", **words)
    hint = say("Send from one PC only, or give each of the two rooms a port of its own (port=).")
    return OutcomeKind.OTHER_SENDER, sentence, hint


def _cast_cancelled(seen: Sending) -> Claim | None:
    if not seen.cancelled:
        return None
    if seen.begun:
        sentence = say("The cast was cancelled; a receiver that does not report success has no whole disk.")
    else:
        sentence = say("The cast was cancelled; nothing was sent.")
    return OutcomeKind.CANCELLED, sentence, NOTHING


def _ran_out(seen: Sending) -> Claim | None:
    if not seen.shortage:
        return None
    sentence = say("This PC could not go on: {error}.", error=seen.shortage)
    return OutcomeKind.STAGE_FAILED, sentence, joined(" ", _cut_off(seen), HINT)


def _source_failed(seen: Sending) -> Claim | None:
    if not seen.moved.error and seen.hung is None:
        return None
    if seen.moved.error == CHANGED:
        sentence = say(
            "{device} was written to since its free blocks were looked at; it was read up to byte {bytes:,}.",
            device=seen.device,
            bytes=seen.moved.count,
        )
        return OutcomeKind.READ_ERROR, sentence, joined(" ", _cut_off(seen), LET_IT_BE)
    sentence = say(
        "{device} could not be read at or behind byte {bytes:,}: {error}.",
        device=seen.device,
        bytes=seen.moved.count,
        error=seen.moved.error or no_answer(seen.hung or 0),
    )
    return OutcomeKind.READ_ERROR, sentence, joined(" ", _cut_off(seen), say("Check the disk before the next cast."))


def _stood_still(seen: Sending) -> Claim | None:
    if not seen.stood:
        return None
    words = standstill.words(seen.stood.program, seen.stood.seconds)
    return OutcomeKind.STAGE_FAILED, joined(" ", say("The cast stood still."), words), _cut_off(seen)


def _compressor_failed(seen: Sending) -> Claim | None:
    failure = seen.compressor.failure if seen.compressor and seen.compressor_first else None
    if not failure or _everybody_lost(seen):
        return None
    return OutcomeKind.STAGE_FAILED, say("The compressor failed: {failure}.", failure=failure), _cut_off(seen)


def _never_began(seen: Sending) -> Claim | None:
    if seen.begun:
        return None
    failure = seen.udpcast.failure if seen.udpcast and not seen.timed_out else None
    if seen.complaint:
        sentence = say("udp-sender could not begin: {complaint}.", complaint=seen.complaint)
        return OutcomeKind.STAGE_FAILED, sentence, NOTHING
    if failure:  # without receivers it ends with status 0
        return OutcomeKind.STAGE_FAILED, say("The cast never began: {failure}.", failure=failure), NOTHING
    if not seen.receivers and seen.came:
        return (
            OutcomeKind.NO_RECEIVERS,
            say_many(
                "{count} receiver had connected, and left again before the cast began, so nothing was sent.",
                "{count} receivers had connected, and left again before the cast began, so nothing was sent.",
                seen.came,
            ),
            say("Look at the receivers: their own screens tell why they left."),
        )
    if not seen.receivers:
        return (
            OutcomeKind.NO_RECEIVERS,
            say("No receiver has connected, so nothing was sent."),
            say("Receivers must use the same port, and be on the same network segment, without a firewall between."),
        )
    return (
        OutcomeKind.NO_RECEIVERS,
        say_many(
            "The cast never began: its start condition was not met within the time given, {count} had connected.",
            "The cast never began: its start condition was not met within the time given, {count} had connected.",
            len(seen.receivers),
        ),
        say("Check --min-receivers and --start-timeout in udpcparam."),
    )


def _cast_broke_off(seen: Sending) -> Claim | None:
    if _everybody_lost(seen):
        return None
    failure = seen.udpcast.failure if seen.udpcast else say("udp-sender did not run")
    if not failure and seen.complete and seen.moved.whole and seen.moved.count == seen.length:
        return None
    words = failure or seen.complaint or say("udp-sender ended before everything was sent")
    return OutcomeKind.STAGE_FAILED, say("The cast broke off: {failure}.", failure=words), CALL_AGAIN


def _nothing_got_through(seen: Sending) -> Claim | None:
    """All were there, and nobody has acknowledged anything."""
    if not seen.receivers or any(one.state is not ReceiverState.NEVER_ANSWERED for one in seen.receivers):
        return None
    asked = any(one.asked for one in seen.receivers)
    hint = joined(" ", _why_nothing(asked), TRY_BROADCAST)
    return OutcomeKind.RECEIVER_LOST, _with_starter(seen, nothing_through(len(seen.receivers), asked)), hint


def _without_some(seen: Sending) -> Claim | None:
    lost, unsure = _lost(seen), [one for one in seen.receivers if one.state is ReceiverState.NEAR_THE_END]
    unheard = [one for one in lost if one.state is ReceiverState.NEVER_ANSWERED]
    if not unsure and (not lost or (lost == unheard and seen.least)):
        return None  # who was never more than a name counts for nothing, where it was said how many are wanted
    served = say_many(
        "The cast ended with {count} receiver, {wanted} wanted.",
        "The cast ended with {count} receivers, {wanted} wanted.",
        len(seen.receivers) - len(lost),
        wanted=seen.wanted,
    )
    near = say(
        "{addresses} left near its end, and only their own screens tell whether they have everything.",
        addresses=_addresses(unsure),
    )
    words = (served, _lost_words(lost), near if unsure else NOTHING)
    hint = joined(" ", CALL_AGAIN, _why_nothing(any(one.asked for one in unheard)) if unheard else NOTHING)
    return OutcomeKind.RECEIVER_LOST, _with_starter(seen, *words), hint


def _fewer_than_wanted(seen: Sending) -> Claim | None:
    there = len(seen.receivers) - len(_lost(seen))
    if there >= seen.wanted or not seen.receivers:
        return None
    sentence = say_many(
        "{device} was sent to its end, but only {count} receiver was there until the end; wanted: {wanted}.",
        "{device} was sent to its end, but only {count} receivers were there until the end; wanted: {wanted}.",
        there,
        device=seen.device,
        wanted=seen.wanted,
    )
    return OutcomeKind.FEWER_RECEIVERS, _with_starter(seen, sentence, _lost_words(_lost(seen))), CALL_AGAIN


def _to_nobody(seen: Sending) -> Claim | None:
    if seen.receivers:
        return None
    if seen.one_way:
        sentence = say("With --async no receiver answers, so that nobody is known to have received this cast.")
    else:
        sentence = say("Nobody has received this cast.")
    return OutcomeKind.NO_RECEIVERS, sentence, say("The receivers' own screens tell.")


def _sent(seen: Sending) -> Claim:
    sentence = say_many(
        "{device} was sent to its end; {count} receiver was there until the end, {wanted} wanted.",
        "{device} was sent to its end; {count} receivers were there until the end, {wanted} wanted.",
        len(seen.receivers) - len(_lost(seen)),
        device=seen.device,
        wanted=seen.wanted,
    )
    last_word = say("Whether their disks are equal their own screens or events tell, and nothing else.")
    return OutcomeKind.SENT, _with_starter(seen, sentence, _lost_words(_lost(seen)), last_word), NOTHING


# --- words --------------------------------------------------------------------------------------------------------


def nothing_through(count: int, asked: bool) -> Sentence:
    """That nothing reaches so many receivers; or, where some have `asked` for it again, no more than small packets."""
    if asked:
        return say_many(
            "{count} receiver has connected, but only small packets get through: none of the data is acknowledged.",
            "{count} receivers have connected, but only small packets get through: none of the data is acknowledged.",
            count,
        )
    return say_many(
        "{count} receiver has connected, but no data gets through: none of it is acknowledged.",
        "{count} receivers have connected, but no data gets through: none of it is acknowledged.",
        count,
    )


def _why_nothing(asked: bool) -> Sentence:
    if asked:
        return say("A card or a switch on the way may have a smaller MTU, or a firewall may drop large packets.")
    return say(
        "A switch may not forward the multicast (IGMP snooping without a querier), or a firewall on the way or a "
        "different MTU may stop it."
    )


def _lost_words(lost: list[Receiver]) -> Sentence:
    """Who is lost and how; of many only the numbers."""
    if not lost:
        return NOTHING
    if len(lost) <= NAMED:
        return say("Lost: {lost}.", lost=tuple(one.words for one in lost))
    count = {state: sum(one.state is state for one in lost) for state in LOST}
    counted = tuple(
        say("{count:,} ({state})", count=number, state=state.words) for state, number in count.items() if number
    )
    return say("Lost: {lost}.", lost=counted)


def _addresses(some: list[Receiver]) -> tuple[str, ...] | Sentence:
    if len(some) <= NAMED:
        return tuple(one.address for one in some)
    return say_many("{count:,} receiver", "{count:,} receivers", len(some))


def _with_starter(seen: Sending, *words: Sentence) -> Sentence:
    """What is said, and who began the cast where that was not this PC."""
    if seen.started_by is None:
        return joined(" ", *words)
    started = say(
        "{address} began the cast with {joined} connected, not this PC: by a key at a plain udp-receiver, or a forged "
        "packet.",
        address=seen.started_by,
        joined=seen.joined,
    )
    return joined(" ", *words, started)


QUESTIONS: tuple[Callable[[Sending], Claim | None], ...] = (
    _cast_cancelled,
    _ran_out,
    _source_failed,
    _stood_still,
    _compressor_failed,
    _never_began,
    _cast_broke_off,
    _nothing_got_through,
    _without_some,
    _to_nobody,
    _fewer_than_wanted,
    _sent,
)

"""What a sender may claim: the questions to its evidence, in their order (see `verdict`)."""

from __future__ import annotations

from collections.abc import Callable

from ..datapath.block_device import no_answer
from ..model.outcome import Outcome, OutcomeKind
from ..sentence import NOTHING, Sentence, joined, say, say_many
from ..shortage import HINT
from . import standstill
from .evidence import LOST, Receiver, ReceiverState, Sending
from .verdict import CALL_AGAIN, Claim, first_answer

NOTHING_SENT = say("Nothing was sent.")


def judge_sender(seen: Sending) -> Outcome:
    """What a sender may claim."""
    if seen.rival is not None:
        return Outcome(*_other_sender(seen, seen.rival), total=seen.length)
    return Outcome(
        *first_answer(QUESTIONS, seen),
        bytes=seen.moved.count if seen.begun else 0,  # what was read ahead has reached nobody
        total=seen.length,
        seconds=seen.seconds,
        xxh128=seen.moved.digest,
        receivers=tuple(one.address for one in seen.receivers),
        lost=tuple(one.words for one in _lost(seen)),
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
    if not seen.receivers:
        return (
            OutcomeKind.NO_RECEIVERS,
            say("No receiver has connected, so nothing was sent."),
            say("Receivers must use the same port, and be on the same network segment."),
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


def _without_some(seen: Sending) -> Claim | None:
    lost, everybody = _lost(seen), seen.receivers
    unsure = tuple(one.address for one in everybody if one.state is ReceiverState.NEAR_THE_END)
    if not lost and not unsure:
        return None
    ended = say_many(
        "The cast ended with {served} of {count} receiver; lost: {lost}.",
        "The cast ended with {served} of {count} receivers; lost: {lost}.",
        len(everybody),
        served=len(everybody) - len(lost),
        lost=tuple(one.words for one in lost),
    )
    if not unsure:
        return OutcomeKind.RECEIVER_LOST, ended, CALL_AGAIN
    if lost:
        left = say(
            "{addresses} left near its end, and only their own screens tell whether they have everything.",
            addresses=unsure,
        )
        return OutcomeKind.RECEIVER_LOST, joined(" ", ended, left), CALL_AGAIN
    left = say(
        "The cast ended, but {addresses} left near its end, and only their own screens tell whether they have "
        "everything.",
        addresses=unsure,
    )
    return OutcomeKind.RECEIVER_LOST, left, CALL_AGAIN


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
        "{device} was sent whole; {count} receiver was there until the end.",
        "{device} was sent whole; {count} receivers were there until the end.",
        len(seen.receivers),
        device=seen.device,
    )
    return OutcomeKind.SENT, sentence, say("Each receiver's own screen tells whether its disk is equal.")


QUESTIONS: tuple[Callable[[Sending], Claim | None], ...] = (
    _cast_cancelled,
    _ran_out,
    _source_failed,
    _stood_still,
    _compressor_failed,
    _never_began,
    _cast_broke_off,
    _without_some,
    _to_nobody,
    _sent,
)

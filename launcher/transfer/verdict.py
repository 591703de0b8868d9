"""From evidence to outcome: two pure functions that decide what may be claimed.

The order of the questions is the rule: a claim of success comes last, and only where nothing speaks against it.
udpcast's exit statuses are used as evidence of failure only, never of success (measured: udp-sender ends with 0 when
nobody received anything, and when its input was cut).
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum

from ..datapath.copying import MARK, NO_BYTES, Moved, Reread
from ..datapath.framing import Manifest, Trailer
from ..model.outcome import Outcome, OutcomeKind

TIMED_OUT = 255  # the status of a udp-receiver whose --start-timeout ran out (measured)
REPLACE = "Do not use this disk: it fails, or something else writes to it."
CALL_AGAIN = "Start the cast again for the seats that are not done."


class ReceiverState(Enum):
    """How a sender sees one of its receivers.

    Who takes his leave when everything is under way, but not yet acknowledged by all, has either finished (while
    another is slow) or failed in what udp-sender still held, which the sender cannot tell: `NEAR_THE_END`.
    """

    CONNECTED = "connected"
    FINISHED = "finished"  # was there until the end
    NEAR_THE_END = "left near the end"
    DROPPED = "dropped"  # silent for too long
    LEFT = "left"  # took its leave before the end: something failed there


LOST = (ReceiverState.DROPPED, ReceiverState.LEFT)
GONE = (*LOST, ReceiverState.FINISHED, ReceiverState.NEAR_THE_END)


@dataclass(frozen=True)
class Receiver:
    """One receiver: udpcast's number for it, its IPv4 address, its state."""

    number: int
    address: str
    state: ReceiverState = ReceiverState.CONNECTED


@dataclass(frozen=True)
class Stage:
    """A process of the pipeline: its program, how it ended (negative: by that signal), its last words."""

    program: str
    status: int
    said: str = ""

    @property
    def failure(self) -> str | None:
        """How it failed, in words, or None."""
        if self.status == 0:
            return None
        how = (
            f"was killed by {signal.Signals(-self.status).name}"
            if self.status < 0
            else f"ended with status {self.status}"
        )
        told = self.said and self.status != -signal.SIGKILL  # of which a process knows nothing, and says nothing
        return f"{self.program} {how}" + (f" ({self.said})" if told else "")


@dataclass(frozen=True)
class Sending:
    """All evidence of a sender. `length` is what had to be read, in bytes; `one_way` that receivers cannot answer.
    `hung`: seconds without an answer of the disk.

    `compressor_first`: the compressor ended while udp-sender still ran; behind a dead udp-sender, each one fails.
    """

    device: str
    length: int
    moved: Moved
    seconds: float
    compressor: Stage | None = None
    compressor_first: bool = False
    udpcast: Stage | None = None
    receivers: tuple[Receiver, ...] = ()
    begun: bool = False
    complete: bool = False
    complaint: str = ""
    one_way: bool = False
    hung: float | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Receiving:
    """All evidence of a receiver.

    `refusal` is an outcome that was decided before the first byte was written; `stream` and `target` are what was
    copied; `flush_error` is the result of fsync, in words. `verify`: the disk had to be read back; `reread` is what
    was found. `silence`: seconds without a sign of the sender; `hung`: seconds without an answer of the disk.
    `timed_out`: no cast began within the time given. `farewell`: the kind of outcome with which the sender took its
    leave; `anew`: it greeted again; both explain why the stream stalled, and nothing else. `mixed`: a part of a stream
    that has no check of its own may be another cast's.
    """

    device: str
    size: int
    seconds: float
    sender: str | None = None
    refusal: Outcome | None = None
    stream: Moved = NO_BYTES
    target: Moved = NO_BYTES
    flush_error: str | None = None
    manifest: Manifest | None = None
    trailer: Trailer | None = None
    udpcast: Stage | None = None
    decompressor: Stage | None = None
    dropped: bool = False
    complaint: str = ""
    silence: float = 60
    farewell: str | None = None
    anew: bool = False
    mixed: bool = False
    hung: float | None = None
    timed_out: bool = False
    verify: bool = True
    reread: Reread | None = None
    cancelled: bool = False


_FAREWELLS = {
    OutcomeKind.READ_ERROR.value: "its disk could not be read",
    OutcomeKind.STAGE_FAILED.value: "a program failed there",
    OutcomeKind.CANCELLED.value: "its cast was cancelled",
    OutcomeKind.RECEIVER_LOST.value: "its cast ended without this seat",
    OutcomeKind.OTHER_SENDER.value: "it gave way to another sender",
}
"""What a receiver says of the outcome that its sender took its leave with."""


def no_answer(seconds: float) -> str:
    """What is said of a disk that hangs."""
    return f"it has not answered for {seconds:.0f} seconds"


def judge_sender(seen: Sending) -> Outcome:
    """What a sender may claim."""
    lost = tuple(f"{one.address} ({one.state.value})" for one in seen.receivers if one.state in LOST)
    unsure = [one.address for one in seen.receivers if one.state is ReceiverState.NEAR_THE_END]

    def outcome(kind: OutcomeKind, sentence: str, hint: str = "") -> Outcome:
        return Outcome(
            kind,
            sentence,
            hint,
            bytes=seen.moved.count if seen.begun else 0,  # what was read ahead has reached nobody
            total=seen.length,
            seconds=seen.seconds,
            xxh128=seen.moved.digest,
            receivers=tuple(one.address for one in seen.receivers),
            lost=lost,
        )

    cut_off = "The receivers were cut off, their disks are not whole." if seen.begun else "Nothing was sent."
    if seen.cancelled:
        words = "a receiver that does not report success has no whole disk" if seen.begun else "nothing was sent"
        return outcome(OutcomeKind.CANCELLED, f"The cast was cancelled; {words}.")
    if seen.moved.error or seen.hung is not None:
        words = seen.moved.error or no_answer(seen.hung or 0)
        return outcome(
            OutcomeKind.READ_ERROR,
            f"{seen.device} could not be read at or behind byte {seen.moved.count:,}: {words}.",
            f"{cut_off} Check the disk before the next cast.",
        )
    everybody_lost = bool(lost) and len(lost) == len(seen.receivers)
    if not everybody_lost and seen.compressor_first:
        squeeze = seen.compressor.failure if seen.compressor else None
        if squeeze:
            words = f"The compressor failed: {squeeze}."
            return outcome(OutcomeKind.STAGE_FAILED, words, cut_off)
    if not seen.begun:
        return outcome(*_not_begun(seen))
    if not everybody_lost:
        failure = seen.udpcast.failure if seen.udpcast else "udp-sender did not run"
        if failure or not seen.complete or not seen.moved.whole or seen.moved.count != seen.length:
            words = failure or seen.complaint or "udp-sender ended before everything was sent"
            return outcome(OutcomeKind.STAGE_FAILED, f"The cast broke off: {words}.", CALL_AGAIN)
    left = f"{', '.join(unsure)} left near its end, and only their own screens tell whether they have everything."
    if lost:
        served = len(seen.receivers) - len(lost)
        words = f"The cast ended with {served} of {len(seen.receivers)} receivers; lost: {', '.join(lost)}."
        return outcome(OutcomeKind.RECEIVER_LOST, f"{words} {left}" if unsure else words, CALL_AGAIN)
    if unsure:
        return outcome(OutcomeKind.RECEIVER_LOST, f"The cast ended, but {left}", CALL_AGAIN)
    if not seen.receivers:
        words = "With --async no receiver answers, so that nobody is known to have" if seen.one_way else "Nobody has"
        return outcome(OutcomeKind.NO_RECEIVERS, f"{words} received this cast.", "The receivers' own screens tell.")
    many = "receivers were" if len(seen.receivers) > 1 else "receiver was"
    return outcome(
        OutcomeKind.SENT,
        f"{seen.device} was sent whole; {len(seen.receivers)} {many} there until the end.",
        "Each receiver's own screen tells whether its disk is equal.",
    )


def _not_begun(seen: Sending) -> tuple[OutcomeKind, str, str]:
    if seen.complaint:
        return OutcomeKind.STAGE_FAILED, f"udp-sender could not begin: {seen.complaint}.", ""
    failure = seen.udpcast.failure if seen.udpcast else None
    if failure:  # without receivers it ends with status 0
        return OutcomeKind.STAGE_FAILED, f"The cast never began: {failure}.", ""
    if seen.receivers:
        count = len(seen.receivers)
        return (
            OutcomeKind.NO_RECEIVERS,
            f"The cast never began: its start condition was not met within the time given, {count} had connected.",
            "Check --min-receivers and --start-timeout in udpcparam.",
        )
    return (
        OutcomeKind.NO_RECEIVERS,
        "No receiver has connected, so nothing was sent.",
        "Receivers must use the same port, and be on the same network segment.",
    )


def judge_receiver(seen: Receiving) -> Outcome:
    """What a receiver may claim.

    EQUAL only where three digests are one: the sender's, that of what was written, that of what was read back.
    """
    count = seen.target.count
    total = seen.manifest.length if seen.manifest else None

    def outcome(kind: OutcomeKind, sentence: str, hint: str = "") -> Outcome:
        again = seen.reread is not None and seen.reread.digest is not None
        return Outcome(kind, sentence, hint, count, total, seen.seconds, seen.target.digest, read_back=again)

    so_far = f"after {count:,} bytes" + (f" of {total:,}" if total is not None else "")
    untouched = not count and seen.hung is None and not seen.target.error
    state = f"{seen.device} was not written to" if untouched else f"{seen.device} is not whole"
    if seen.cancelled:
        if seen.reread:
            state = f"{seen.device} was written, but not read back to its end"
        return outcome(OutcomeKind.CANCELLED, f"The transfer was cancelled {so_far}; {state}.")
    if seen.refusal:
        return seen.refusal
    if seen.target.overflow and not seen.target.error:
        return outcome(
            OutcomeKind.TOO_SMALL,
            f"{seen.device} is full after {count:,} bytes, and the sender's disk is larger; it is not whole.",
            "Use a target at least as large as the sender's disk.",
        )
    hung = None if seen.hung is None else no_answer(seen.hung)
    error = seen.target.error or seen.flush_error or hung
    if error:
        where = "when it was flushed" if seen.flush_error else f"at or behind byte {count:,}"
        return outcome(
            OutcomeKind.WRITE_ERROR,
            f"{seen.device} failed {where}: {error}; it is not whole.",
            "Make room where it is." if seen.target.overflow else "Check or replace this disk.",
        )
    if seen.dropped:
        return outcome(
            OutcomeKind.SENDER_VANISHED,
            f"The sender gave this seat up {so_far}; {state}.",
            "Check this seat's network cable and disk, then wait for the next cast.",
        )
    if seen.stream.stalled or seen.target.stalled:
        if seen.farewell is not None:
            why = _FAREWELLS.get(seen.farewell, "its cast is over")
            return outcome(OutcomeKind.TRUNCATED, f"The sender stopped {so_far}: {why}; {state}.", CALL_AGAIN)
        if seen.anew:
            words = f"The sender began anew, and sent no more {so_far}; {state}."
            return outcome(OutcomeKind.SENDER_VANISHED, words, CALL_AGAIN)
        return outcome(
            OutcomeKind.SENDER_VANISHED,
            f"Nothing was heard from the sender for {seen.silence:.0f} seconds, {so_far}; {state}.",
            "Look at the sender, then wait for the next cast.",
        )
    return outcome(*(_nothing_came(seen) if not seen.stream.count else _end(seen, so_far)))


def _nothing_came(seen: Receiving) -> tuple[OutcomeKind, str, str]:
    """The stream ended before its first byte."""
    untouched = f"{seen.device} was not written to"
    if seen.sender and seen.timed_out:
        return (
            OutcomeKind.NO_SENDER,
            f"The sender {seen.sender} was there, but no cast began within the time given; {untouched}.",
            "Look at the sender: it may wait for more receivers. A longer start_timeout waits longer.",
        )
    if seen.sender:
        return (
            OutcomeKind.SENDER_VANISHED,
            f"The sender {seen.sender} was there, but sent nothing; {untouched}.",
            "Look at the sender.",
        )
    if seen.complaint and seen.complaint != "Receiver error":
        return OutcomeKind.STAGE_FAILED, f"udp-receiver could not begin: {seen.complaint}; {untouched}.", ""
    failure = seen.udpcast.failure if seen.udpcast else None
    if failure and seen.udpcast and seen.udpcast.status != TIMED_OUT and not seen.timed_out:
        return OutcomeKind.STAGE_FAILED, f"{failure}; {untouched}.", ""
    return (
        OutcomeKind.NO_SENDER,
        f"No sender was found within the time given; {untouched}.",
        "The sender must use the same port, and be on the same network segment.",
    )


def _end(seen: Receiving, so_far: str) -> tuple[OutcomeKind, str, str]:
    """The stream ended by itself: how much may be believed of it."""
    not_whole = f"{seen.device} is not whole"
    unpack = seen.decompressor.failure if seen.decompressor else None
    if unpack and seen.stream.broken:
        return (
            OutcomeKind.STAGE_FAILED,
            f"The decompressor failed {so_far}: {unpack}; {not_whole}.",
            CALL_AGAIN,
        )
    failure = seen.udpcast.failure if seen.udpcast else "udp-receiver did not run"
    if failure and seen.udpcast and seen.udpcast.status < 0 and not seen.trailer:
        return OutcomeKind.STAGE_FAILED, f"The transfer broke off {so_far}: {failure}; {not_whole}.", CALL_AGAIN
    if failure and not seen.trailer:  # behind the trailer nothing comes that could be missing
        words = f"{failure}: {seen.complaint}" if seen.complaint else failure
        return (
            OutcomeKind.SENDER_VANISHED,
            f"The stream broke off {so_far}: {words}; {not_whole}.",
            CALL_AGAIN,
        )
    if unpack:
        if seen.decompressor and seen.decompressor.status < 0:
            return (
                OutcomeKind.STAGE_FAILED,
                f"The decompressor failed {so_far}: {unpack}; {not_whole}.",
                CALL_AGAIN,
            )
        return OutcomeKind.TRUNCATED, f"The stream was cut short {so_far}: {unpack}; {not_whole}.", CALL_AGAIN
    if not seen.stream.whole or not seen.target.whole:
        return OutcomeKind.STAGE_FAILED, f"The transfer broke off {so_far}; {not_whole}.", CALL_AGAIN
    if not seen.target.count:
        return OutcomeKind.TRUNCATED, f"The stream was empty; {seen.device} was not written to.", "Look at the sender."
    if seen.mixed:
        words = f"The sender stopped or began anew, and a part of what came may be of another cast; {not_whole}."
        return OutcomeKind.SENDER_VANISHED, words, CALL_AGAIN
    if seen.manifest is None:
        return _read_back(
            seen,
            OutcomeKind.WRITTEN,
            f"{seen.target.count:,} bytes, not compared with the sender's disk: no digest came.",
            "With zstd and the launcher on both sides, the disks are compared.",
        )
    if seen.trailer is None:
        return OutcomeKind.TRUNCATED, f"The sender stopped before its end, {so_far}; {not_whole}.", CALL_AGAIN
    lengths = {seen.manifest.length, seen.trailer.length, seen.target.count}
    if len(lengths) > 1 or seen.trailer.xxh128 != seen.target.digest:
        return (
            OutcomeKind.DIFFERENT,
            f"What was written to {seen.device} differs from what the sender read "
            f"({seen.target.count:,} of {seen.trailer.length:,} bytes).",
            "Check this seat's memory and network, then cast again.",
        )
    return _read_back(
        seen,
        OutcomeKind.EQUAL if seen.verify else OutcomeKind.ARRIVED,
        f"{seen.target.count:,} bytes, same digest as the sender's disk.",
        "",
    )


def _read_back(seen: Receiving, kind: OutcomeKind, words: str, hint: str) -> tuple[OutcomeKind, str, str]:
    """The success `kind`, if what the disk gives back does not speak against it."""
    again = seen.reread
    source = f" from {seen.sender}" if seen.sender else ""  # two senders on one port, with two disks, are told apart
    if not seen.verify:
        return kind, f"{seen.device} was written{source}, and not read back (verify=no): {words}", hint
    if again is None:
        return OutcomeKind.READ_BACK_ERROR, f"{seen.device} was written, but not read back.", CALL_AGAIN
    if again.error:
        return (
            OutcomeKind.READ_BACK_ERROR,
            f"{seen.device} was written, but could not be read back at or behind byte {again.count:,}: {again.error}.",
            REPLACE,
        )
    if again.differs is not None or again.digest != seen.target.digest or again.count != seen.target.count:
        return (
            OutcomeKind.CHANGED,
            f"{seen.device} does not hold what was written to it: it differs within the {MARK >> 20} MiB from byte "
            f"{again.differs or 0:,}.",
            REPLACE,
        )
    return kind, f"{seen.device} was written{source} and read back: {words}", hint

"""What a receiver may claim: the questions to its evidence, in their order (see `verdict`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..datapath.behind import Behind
from ..datapath.block_device import no_answer
from ..datapath.framing import Trailer
from ..datapath.holes import Cleared
from ..datapath.moved import MARK
from ..hardware.signatures import Signature
from ..model.outcome import OK_KINDS, Outcome, OutcomeKind, larger
from ..model.plan import Holes
from ..model.wording import part_of, size
from ..sentence import NOTHING, Sentence, colon, joined, say, say_many
from ..shortage import HINT
from ..udpcast.unpacking import STATUSES, Complaint, complaint
from . import standstill
from .evidence import TIMED_OUT, Receiving, Stage
from .receiver_facts import Parted
from .receiver_words import NO_DATA, why_it_ended
from .resizing import Rewriting
from .verdict import CALL_AGAIN, LARGER_TARGET, Claim, first_answer

REPLACE = say("Do not use this disk: it fails, or something else writes to it.")
CHECK_DISK = say("Check or replace this disk.")

_REMEDIES = {
    OutcomeKind.READ_ERROR.value: say("Check the sender's disk before the next cast."),
    OutcomeKind.STAGE_FAILED.value: say("Look at the sender, then wait for the next cast."),
    OutcomeKind.OTHER_SENDER.value: say("Wait for the other sender's cast."),
}
"""What helps then, where it is not just another cast."""


def judge_receiver(seen: Receiving) -> Outcome:
    """What a receiver may claim.

    EQUAL only where three digests are one: the sender's, that of what was written, that of what was read back.
    """
    if seen.refusal and not seen.cancelled:
        return seen.refusal
    claim = first_answer(QUESTIONS, seen)
    if seen.behind and seen.behind.left and claim[0] in OK_KINDS:
        claim = _not_cleared(seen.device, seen.behind)
    if seen.rewriting and seen.rewriting.error and claim[0] in OK_KINDS:
        claim = _table_not_written(seen.device, seen.rewriting.error)
    return Outcome(
        *claim,
        bytes=seen.target.on_disk[0],
        sent=seen.target.written if seen.target.written < seen.target.on_disk[0] else None,
        used=seen.manifest.used if seen.manifest else None,
        total=seen.manifest.length if seen.manifest else None,
        seconds=seen.seconds,
        up_to=seen.target.kept.end if seen.target.kept else None,
        rewritten=seen.rewriting.size if seen.rewriting and not seen.rewriting.error else None,
        xxh128=seen.target.digest,
        read_back=seen.reread is not None and seen.reread.digest is not None,
        remarks=(*_of_holes(seen.device, seen.cleared), *_remarks(seen.device, seen.behind)),
    )


def _not_cleared(device: str, behind: Behind) -> Claim:
    """The clone is right, but who looks at the whole disk may take it for what it was before."""
    why = behind.error or say("they are still there")
    sentence = say(
        "All that was sent is on {device}, but old signatures behind it could not be cleared: {why} ({marks}).",
        device=device,
        why=why,
        marks=_kinds(behind.left),
    )
    return OutcomeKind.WRITE_ERROR, sentence, CHECK_DISK


def _kinds(found: tuple[Signature, ...]) -> tuple[Sentence, ...]:
    """The first of each kind: ZFS has dozens. The event log has them all."""
    return tuple({one.kind: one.words for one in reversed(found)}.values())[::-1]


def _of_holes(device: str, cleared: Cleared | None) -> Iterator[Sentence]:
    if cleared is None:
        return
    words = {"device": device, "size": size(cleared.count), "error": cleared.kept}
    if cleared.kept and cleared.count:
        yield say("{size} that the sender's disk does not use were discarded, the rest stayed: {error}.", **words)
    elif cleared.kept:
        yield say("{device} discards nothing, so what the sender's disk does not use stayed: {error}.", **words)
    elif cleared.how is Holes.ZERO:
        yield say("{size} that the sender's disk does not use were zeroed.", **words)
    else:
        yield say("{size} that the sender's disk does not use were discarded.", **words)


def _remarks(device: str, behind: Behind | None) -> Iterator[Sentence]:
    if behind is None:
        return
    if behind.larger:
        yield larger(device, behind.larger)
    if behind.cleared:
        yield say("Old signatures behind the clone were cleared: {cleared}.", cleared=_kinds(behind.cleared))
    if behind.error and not behind.left:
        yield say("Old signatures behind the clone were not looked for: {why}", why=behind.error)
    if behind.stale:
        yield say(
            "The kernel still has the old partitions of {device}: {why}. Restart this PC before you use them.",
            device=device,
            why=behind.stale,
        )


def _so_far(seen: Receiving) -> Sentence:
    """By what is in use, which is what takes time."""
    count = seen.target.written
    if seen.manifest:
        return say_many(
            "after {count:,} byte of {total:,}",
            "after {count:,} bytes of {total:,}",
            count,
            total=seen.manifest.length if seen.manifest.used is None else seen.manifest.used,
        )
    return say_many("after {count:,} byte", "after {count:,} bytes", count)


def _untouched(seen: Receiving) -> Sentence:
    return say("{device} was not written to", device=seen.device)


def _not_whole(seen: Receiving) -> Sentence:
    return say("{device} is not whole", device=seen.device)


def _state(seen: Receiving) -> Sentence:
    """What has become of the disk."""
    begun = seen.target.count or seen.hung is not None or seen.target.error
    return _not_whole(seen) if begun else _untouched(seen)


def _cancelled(seen: Receiving) -> Claim | None:
    if not seen.cancelled:
        return None
    state = _state(seen)
    if seen.reread:
        state = say("{device} was written, but not read back to its end", device=seen.device)
    sentence = say("The transfer was cancelled {so_far}; {state}.", so_far=_so_far(seen), state=state)
    return OutcomeKind.CANCELLED, sentence, NOTHING


def _ran_out(seen: Receiving) -> Claim | None:
    if not seen.shortage:
        return None
    sentence = say(
        "This PC could not go on {so_far}: {error}; {state}.",
        so_far=_so_far(seen),
        error=seen.shortage,
        state=_state(seen),
    )
    return OutcomeKind.STAGE_FAILED, sentence, HINT


def _is_full(seen: Receiving) -> Claim | None:
    if not seen.target.overflow or seen.target.error:
        return None
    sentence = say_many(
        "{device} is full after {count:,} byte, and the sender's disk is larger; it is not whole.",
        "{device} is full after {count:,} bytes, and the sender's disk is larger; it is not whole.",
        seen.target.count,
        device=seen.device,
    )
    return OutcomeKind.TOO_SMALL, sentence, LARGER_TARGET


def _target_failed(seen: Receiving) -> Claim | None:
    hung = None if seen.hung is None else no_answer(seen.hung)
    error = seen.target.error or seen.flush_error or hung
    if not error:
        return None
    words = {"device": seen.device, "error": error}
    if seen.flush_error:
        sentence = say("{device} failed when it was flushed: {error}; it is not whole.", **words)
    else:
        sentence = say(
            "{device} failed at or behind byte {bytes:,}: {error}; it is not whole.", **words, bytes=seen.target.count
        )
    return OutcomeKind.WRITE_ERROR, sentence, say("Make room where it is.") if seen.target.overflow else CHECK_DISK


def _stood_still(seen: Receiving) -> Claim | None:
    """Behind the trailer, nothing has to come through udp-receiver any more."""
    unpacked = not (seen.decompressor and seen.decompressor.failure)
    if not seen.stood or (seen.trailer and unpacked):
        return None
    sentence = say(
        "The cast stood still {so_far}. {words} {device} is not whole.",
        so_far=_so_far(seen),
        words=standstill.words(seen.stood.program, seen.stood.seconds),
        device=seen.device,
    )
    return OutcomeKind.STAGE_FAILED, sentence, say("Look at the sender and at this PC, then cast again.")


def _given_up(seen: Receiving) -> Claim | None:
    if not seen.dropped or seen.trailer:  # behind the trailer nothing comes that could be missing
        return None
    if seen.manifest and seen.target.count >= seen.manifest.length:
        sentence = say(
            "All bytes are here, but the sender gave this seat up before the end of the stream: {device} could not be "
            "compared.",
            device=seen.device,
        )
    else:
        sentence = say("The sender gave this seat up {so_far}; {state}.", so_far=_so_far(seen), state=_state(seen))
    hint = say("Check this seat's network cable and disk, then wait for the next cast.")
    return OutcomeKind.SENDER_VANISHED, sentence, hint


def _stalled(seen: Receiving) -> Claim | None:
    if not (seen.stream.stalled or seen.target.stalled):
        return None
    words = {"so_far": _so_far(seen), "state": _state(seen)}
    if seen.end_notice is not None:
        return _the_sender_stopped(seen, seen.end_notice)
    if seen.anew:
        sentence = say("The sender began anew, and sent no more {so_far}; {state}.", **words)
        return OutcomeKind.SENDER_VANISHED, sentence, CALL_AGAIN
    return (
        OutcomeKind.SENDER_VANISHED,
        say_many(
            "Nothing was heard from the sender for {count} second, {so_far}; {state}.",
            "Nothing was heard from the sender for {count} seconds, {so_far}; {state}.",
            round(seen.silence),
            **words,
        ),
        say("Look at the sender, then wait for the next cast."),
    )


def _the_sender_stopped(seen: Receiving, end_notice: str) -> Claim:
    words = {"so_far": _so_far(seen), "state": _state(seen), "why": why_it_ended(end_notice)}
    sentence = say("The sender stopped {so_far}: {why}; {state}.", **words)
    return OutcomeKind.TRUNCATED, sentence, _REMEDIES.get(end_notice, CALL_AGAIN)


def _nothing_came(seen: Receiving) -> Claim | None:
    """The stream ended before its first byte."""
    if seen.stream.count:
        return None
    untouched = {"untouched": _untouched(seen)}
    if seen.udpcast and seen.udpcast.died and not seen.timed_out:
        sentence = say("{failure}; {untouched}.", failure=seen.udpcast.failure, **untouched)
        return OutcomeKind.STAGE_FAILED, sentence, CALL_AGAIN
    if seen.rivals and seen.timed_out:
        sentence = say(
            "More than one sender waited for receivers until the time given was over: {addresses}; {untouched}.",
            addresses=joined(", ", *seen.rivals),
            **untouched,
        )
        hint = say("Send from one PC only, or give each of the two rooms a port of its own (port=).")
        return OutcomeKind.NO_SENDER, sentence, hint
    if seen.parted and seen.timed_out:
        return _it_was_there(seen, seen.parted)
    if seen.sender and seen.timed_out:
        return (
            OutcomeKind.NO_SENDER,
            say(
                "The sender {sender} was there, but no cast began within the time given; {untouched}.",
                sender=seen.sender,
                **untouched,
            ),
            say("Look at the sender: it may wait for more receivers. A longer start_timeout waits longer."),
        )
    if seen.sender:
        return (
            OutcomeKind.SENDER_VANISHED,
            say("The sender {sender} was there, but sent nothing; {untouched}.", sender=seen.sender, **untouched),
            say("Look at the sender."),
        )
    if seen.complaint and seen.complaint != "Receiver error" and not seen.timed_out:
        sentence = say("udp-receiver could not begin: {complaint}; {untouched}.", complaint=seen.complaint, **untouched)
        return OutcomeKind.STAGE_FAILED, sentence, NOTHING
    failure = seen.udpcast.failure if seen.udpcast else None
    if failure and seen.udpcast and seen.udpcast.status != TIMED_OUT and not seen.timed_out:
        sentence = say("{failure}; {untouched}.", failure=failure, **untouched)
        return OutcomeKind.STAGE_FAILED, sentence, NOTHING
    return (
        OutcomeKind.NO_SENDER,
        say("No sender was found within the time given; {untouched}.", **untouched),
        say("The sender must use the same port, and be on the same network segment."),
    )


def _it_was_there(seen: Receiving, parted: Parted) -> Claim:
    """A sender that was found, and left again, and no other came."""
    words = {"sender": parted.address, "untouched": _untouched(seen)}
    if parted.end_notice == OutcomeKind.RECEIVER_LOST.value or (parted.begun and parted.end_notice is None):
        sentence = say("The sender {sender} was there and cast, but no data came here; {untouched}.", **words)
        return OutcomeKind.NO_SENDER, sentence, NO_DATA
    if parted.end_notice is not None:
        sentence = say(
            "The sender {sender} was there, but gave up before data came: {why}; {untouched}.",
            **words,
            why=why_it_ended(parted.end_notice),
        )
        return OutcomeKind.NO_SENDER, sentence, _REMEDIES.get(parted.end_notice, CALL_AGAIN)
    sentence = say(
        "The sender {sender} was there, but did not answer any more, and no data came; {untouched}.", **words
    )
    return OutcomeKind.NO_SENDER, sentence, joined(" ", say("Look at the sender."), NO_DATA)


def _bad_record(seen: Receiving) -> Claim | None:
    """Whoever took over what unpacks can make it give what it likes."""
    if not seen.target.bad:
        return None
    sentence = say(
        "What unpacks the stream gave what it may not give {so_far}: {error}; {state}.",
        so_far=_so_far(seen),
        error=seen.target.bad,
        state=_state(seen),
    )
    return OutcomeKind.STAGE_FAILED, sentence, say("Look at who sends on this network; then cast again.")


def _decompressor_broke(seen: Receiving) -> Claim | None:
    failure = seen.decompressor.failure if seen.decompressor else None
    if not failure or not seen.stream.broken or seen.decompressor is None:
        return None
    if seen.decompressor.status == STATUSES[Complaint.CUT]:  # it knows more of the stream than that it ended
        return _cut_short(seen, failure)
    return _damaged(seen, seen.decompressor, failure) or _decompressor_failed(seen, failure)


def _damaged(seen: Receiving, decompressor: Stage, failure: Sentence) -> Claim | None:
    """What came was not what had been sent, by the words of the `decompressor`."""
    what = complaint(decompressor.said, decompressor.status) if decompressor.status > 0 else None
    words = {"so_far": _so_far(seen), "failure": failure, "not_whole": _state(seen)}
    if what is Complaint.DAMAGED:
        sentence = say("The data was damaged on the way {so_far}: {failure}; {not_whole}.", **words)
    elif what is Complaint.BEHIND:
        sentence = say("What came {so_far} is no part of the stream any more: {failure}; {not_whole}.", **words)
    else:
        return None
    return OutcomeKind.DIFFERENT, sentence, say("Cast again; where this PC fails again, check its memory and network.")


def _decompressor_failed(seen: Receiving, failure: Sentence) -> Claim:
    sentence = say(
        "The decompressor failed {so_far}: {failure}; {not_whole}.",
        so_far=_so_far(seen),
        failure=failure,
        not_whole=_state(seen),
    )
    return OutcomeKind.STAGE_FAILED, sentence, CALL_AGAIN


def _udp_receiver_failed(seen: Receiving) -> Claim | None:
    failure = seen.udpcast.failure if seen.udpcast else say("udp-receiver did not run")
    if not failure or seen.trailer:  # behind the trailer nothing comes that could be missing
        return None
    if seen.end_notice is not None:  # the cause: it came while udp-receiver still ran
        return _the_sender_stopped(seen, seen.end_notice)
    words = {"so_far": _so_far(seen), "not_whole": _state(seen)}
    if seen.udpcast and seen.udpcast.status < 0:
        sentence = say("The transfer broke off {so_far}: {failure}; {not_whole}.", failure=failure, **words)
        return OutcomeKind.STAGE_FAILED, sentence, CALL_AGAIN
    why = colon(failure, seen.complaint)
    return (
        OutcomeKind.SENDER_VANISHED,
        say("The stream broke off {so_far}: {failure}; {not_whole}.", failure=why, **words),
        CALL_AGAIN,
    )


def _not_unpacked(seen: Receiving) -> Claim | None:
    failure = seen.decompressor.failure if seen.decompressor else None
    if not failure or seen.decompressor is None:
        return None
    if seen.decompressor.status < 0:
        return _decompressor_failed(seen, failure)
    damaged = _damaged(seen, seen.decompressor, failure)
    if damaged:
        return damaged
    return _cut_short(seen, failure)


def _cut_short(seen: Receiving, failure: Sentence) -> Claim:
    sentence = say(
        "The stream was cut short {so_far}: {failure}; {not_whole}.",
        so_far=_so_far(seen),
        failure=failure,
        not_whole=_state(seen),
    )
    return OutcomeKind.TRUNCATED, sentence, CALL_AGAIN


def _broke_off(seen: Receiving) -> Claim | None:
    if seen.stream.whole and seen.target.whole:
        return None
    sentence = say("The transfer broke off {so_far}; {not_whole}.", so_far=_so_far(seen), not_whole=_state(seen))
    return OutcomeKind.STAGE_FAILED, sentence, CALL_AGAIN


def _is_empty(seen: Receiving) -> Claim | None:
    if seen.target.count:
        return None
    sentence = say("The stream was empty; {device} was not written to.", device=seen.device)
    return OutcomeKind.TRUNCATED, sentence, say("Look at the sender.")


def _two_casts(seen: Receiving) -> Claim | None:
    if not seen.mixed:
        return None
    sentence = say(
        "The sender stopped or began anew, and a part of what came may be of another cast; {not_whole}.",
        not_whole=_not_whole(seen),
    )
    return OutcomeKind.SENDER_VANISHED, sentence, CALL_AGAIN


def _without_manifest(seen: Receiving) -> Claim | None:
    if seen.manifest:
        return None
    words = say_many(
        "{count:,} byte, not compared with the sender's disk: no digest came.",
        "{count:,} bytes, not compared with the sender's disk: no digest came.",
        seen.target.count,
    )
    hint = say("With zstd and the launcher on both sides, the disks are compared.")
    return _read_back(seen, OutcomeKind.WRITTEN, words, hint)


def _without_trailer(seen: Receiving) -> Claim | None:
    if seen.trailer:
        return None
    sentence = say(
        "The sender stopped before its end, {so_far}; {not_whole}.", so_far=_so_far(seen), not_whole=_not_whole(seen)
    )
    return OutcomeKind.TRUNCATED, sentence, CALL_AGAIN


def _differs(seen: Receiving) -> Claim | None:
    if seen.manifest is None or seen.trailer is None:
        return None
    lengths = {seen.manifest.length, seen.trailer.length, seen.target.count}
    same = seen.trailer.xxh128 == seen.target.digest and _same_sent(seen, seen.trailer)
    if len(lengths) == 1 and same and _same_beginning(seen, seen.trailer):
        return None
    sentence = say_many(
        "What was written to {device} differs from what the sender read ({written:,} of {count:,} byte).",
        "What was written to {device} differs from what the sender read ({written:,} of {count:,} bytes).",
        seen.trailer.length,
        device=seen.device,
        written=seen.target.count,
    )
    return OutcomeKind.DIFFERENT, sentence, say("Check this seat's memory and network, then cast again.")


def _same_sent(seen: Receiving, trailer: Trailer) -> bool:
    """Whether as much was written as the sender says to have sent, where all that came was to be written."""
    return seen.target.kept is not None or trailer.sent in (None, seen.target.written)


def _same_beginning(seen: Receiving, trailer: Trailer) -> bool:
    """Whether the second digest of a smaller disk is the sender's, where it has one."""
    kept = seen.target.kept
    return kept is None or trailer.xxh128_table_end in (None, kept.table_end)


def _table_not_written(device: str, error: Sentence) -> Claim:
    sentence = say(
        "{device} was written, but its partition table could not be made for its size: {error}; it is not whole.",
        device=device,
        error=error,
    )
    return OutcomeKind.WRITE_ERROR, sentence, CHECK_DISK


def _equal(seen: Receiving) -> Claim:
    kept, used, whole = seen.target.kept, seen.target.written, seen.target.count
    if kept:
        words = _up_to_the_end(kept.end, seen.rewriting, holes=_holes_sent(seen))
    elif used < whole:
        part = part_of(used, whole)
        words = say("equal in every used block ({part}), by the digest of the sender's disk.", part=part)
    else:
        words = say_many(
            "{count:,} byte, same digest as the sender's disk.",
            "{count:,} bytes, same digest as the sender's disk.",
            whole,
        )
    return _read_back(seen, OutcomeKind.EQUAL if seen.verify else OutcomeKind.ARRIVED, words, NOTHING)


def _holes_sent(seen: Receiving) -> bool:
    manifest = seen.manifest
    return manifest is not None and manifest.used is not None and manifest.used < manifest.length


def _up_to_the_end(count: int, rewriting: Rewriting | None, *, holes: bool) -> Sentence:
    """On a smaller disk; where not all was sent, no more than the used blocks are equal."""
    rewritten = rewriting.size if rewriting else None
    if holes and rewritten is not None:
        return say_many(
            "equal in every used block up to the end of the last partition ({count:,} byte); table rewritten for "
            "{size:,} bytes.",
            "equal in every used block up to the end of the last partition ({count:,} bytes); table rewritten for "
            "{size:,} bytes.",
            count,
            size=rewritten,
        )
    if holes:
        return say_many(
            "equal in every used block up to the end of the last partition ({count:,} byte).",
            "equal in every used block up to the end of the last partition ({count:,} bytes).",
            count,
        )
    if rewritten is not None:
        return say_many(
            "equal up to the end of the last partition ({count:,} byte); table rewritten for {size:,} bytes.",
            "equal up to the end of the last partition ({count:,} bytes); table rewritten for {size:,} bytes.",
            count,
            size=rewritten,
        )
    return say_many(
        "equal up to the end of the last partition ({count:,} byte).",
        "equal up to the end of the last partition ({count:,} bytes).",
        count,
    )


def _read_back(seen: Receiving, kind: OutcomeKind, words: Sentence, hint: Sentence) -> Claim:
    """The success `kind`, if what the disk gives back does not speak against it."""
    again, device = seen.reread, seen.device
    if not seen.verify:
        return kind, _success(seen, words), hint
    if again is None:
        return OutcomeKind.READ_BACK_ERROR, say("{device} was written, but not read back.", device=device), CALL_AGAIN
    if again.error:
        sentence = say(
            "{device} was written, but could not be read back at or behind byte {bytes:,}: {error}.",
            device=device,
            bytes=again.count,
            error=again.error,
        )
        return OutcomeKind.READ_BACK_ERROR, sentence, REPLACE
    if again.differs is not None or (again.count, again.digest) != seen.target.on_disk:
        sentence = say(
            "{device} does not hold what was written to it: it differs within the {mark} MiB from byte {bytes:,}.",
            device=device,
            mark=MARK >> 20,
            bytes=again.differs or 0,
        )
        return OutcomeKind.CHANGED, sentence, REPLACE
    return kind, _success(seen, words), hint


def _success(seen: Receiving, words: Sentence) -> Sentence:
    """Two senders on one port, with two disks, are told apart by the sender's address, where it is known."""
    fields = {"device": seen.device, "words": words}
    if seen.verify and seen.sender:
        return say("{device} was written from {sender} and read back: {words}", **fields, sender=seen.sender)
    if seen.verify:
        return say("{device} was written and read back: {words}", **fields)
    if seen.sender:
        return say(
            "{device} was written from {sender}, and not read back (verify=no): {words}", **fields, sender=seen.sender
        )
    return say("{device} was written, and not read back (verify=no): {words}", **fields)


QUESTIONS: tuple[Callable[[Receiving], Claim | None], ...] = (
    _cancelled,
    _ran_out,
    _is_full,
    _target_failed,
    _stood_still,
    _given_up,
    _stalled,
    _nothing_came,
    _bad_record,
    _decompressor_broke,
    _udp_receiver_failed,
    _not_unpacked,
    _broke_off,
    _is_empty,
    _two_casts,
    _without_manifest,
    _without_trailer,
    _differs,
    _equal,
)

"""From evidence to outcome: whatever speaks against success, there is none."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.framing import Manifest, Trailer
from launcher.datapath.moved import Moved, Reread
from launcher.model.outcome import OK_KINDS, Outcome, OutcomeKind
from launcher.sentence import say, verbatim
from launcher.transfer.evidence import Receiver, ReceiverState, Receiving, Sending, Stage
from launcher.transfer.receiver_verdict import judge_receiver
from launcher.transfer.sender_verdict import judge_sender

K = OutcomeKind
IO_ERROR = verbatim("Input/output error")
DIGEST, OTHER = "ab" * 32, "cd" * 32
GOOD = Receiving(
    device="/dev/sda",
    size=1000,
    seconds=2.0,
    sender="10.0.0.1",
    stream=Moved(900),
    target=Moved(1000, DIGEST),
    manifest=Manifest(1000, 512, "s", "1"),
    trailer=Trailer(1000, DIGEST, "s"),
    udpcast=Stage("udp-receiver", 0),
    decompressor=Stage("zstd", 0),
    reread=Reread(1000, DIGEST),
)
REFUSED = Outcome(K.WRONG_STREAM, say("No."))

# Each row: what is different from a perfect reception, and what may be said then.
RECEPTIONS: list[tuple[dict[str, object], OutcomeKind]] = [
    ({}, K.EQUAL),
    ({"manifest": None, "trailer": None}, K.WRITTEN),
    ({"manifest": None, "trailer": None, "decompressor": None}, K.WRITTEN),
    ({"verify": False, "reread": None}, K.ARRIVED),
    ({"verify": False, "reread": None, "manifest": None, "trailer": None}, K.WRITTEN),
    ({"reread": None}, K.READ_BACK_ERROR),
    ({"reread": None, "manifest": None, "trailer": None}, K.READ_BACK_ERROR),
    ({"reread": Reread(700, error=IO_ERROR)}, K.READ_BACK_ERROR),
    ({"reread": Reread(700, differs=0)}, K.CHANGED),
    ({"reread": Reread(700, differs=0), "manifest": None, "trailer": None}, K.CHANGED),
    ({"reread": Reread(1000, OTHER)}, K.CHANGED),
    ({"reread": Reread(1000, None)}, K.CHANGED),
    ({"reread": Reread(999, DIGEST)}, K.CHANGED),
    ({"hung": 301.0}, K.WRITE_ERROR),
    ({"target": Moved(0, DIGEST)}, K.TRUNCATED),
    ({"target": Moved(0, DIGEST), "manifest": None, "trailer": None}, K.TRUNCATED),
    ({"trailer": None}, K.TRUNCATED),
    ({"trailer": Trailer(1000, OTHER, "s")}, K.DIFFERENT),
    ({"trailer": Trailer(999, DIGEST, "s")}, K.DIFFERENT),
    ({"manifest": Manifest(999, 512, "s", "1")}, K.DIFFERENT),
    ({"target": Moved(999, DIGEST)}, K.DIFFERENT),
    ({"target": Moved(1000, None)}, K.DIFFERENT),
    ({"cancelled": True}, K.CANCELLED),
    ({"refusal": REFUSED}, K.WRONG_STREAM),
    ({"target": Moved(1000, DIGEST, overflow=True)}, K.TOO_SMALL),
    ({"target": Moved(500, DIGEST, error=IO_ERROR)}, K.WRITE_ERROR),
    ({"target": Moved(500, DIGEST, error=verbatim("No space left on device"), overflow=True)}, K.WRITE_ERROR),
    ({"stream": Moved(0), "target": Moved(), "sender": None, "udpcast": Stage("udp-receiver", 1)}, K.STAGE_FAILED),
    ({"stream": Moved(0), "target": Moved(), "sender": None, "udpcast": Stage("udp-receiver", 255)}, K.NO_SENDER),
    (
        {"stream": Moved(0), "target": Moved(), "sender": None, "udpcast": Stage("udp-receiver", 1), "timed_out": True},
        K.NO_SENDER,
    ),
    ({"flush_error": IO_ERROR}, K.WRITE_ERROR),
    ({"dropped": True}, K.EQUAL),  # behind the trailer: only its last acknowledgement got lost
    ({"dropped": True, "trailer": None}, K.SENDER_VANISHED),
    ({"dropped": True, "trailer": None, "manifest": None}, K.SENDER_VANISHED),
    ({"stream": Moved(900, stalled=True)}, K.SENDER_VANISHED),
    ({"stream": Moved(900, broken=True)}, K.STAGE_FAILED),
    ({"stream": Moved(0), "target": Moved()}, K.SENDER_VANISHED),
    ({"stream": Moved(0), "target": Moved(), "sender": None}, K.NO_SENDER),
    (
        {"stream": Moved(0), "target": Moved(), "sender": None, "complaint": "bind socket to 1"},
        K.STAGE_FAILED,
    ),
    ({"udpcast": Stage("udp-receiver", 1), "trailer": None}, K.SENDER_VANISHED),
    ({"udpcast": Stage("udp-receiver", -9), "trailer": None, "manifest": None}, K.STAGE_FAILED),
    ({"udpcast": None, "trailer": None}, K.SENDER_VANISHED),
    ({"udpcast": Stage("udp-receiver", -9)}, K.EQUAL),
    ({"decompressor": Stage("zstd", 1, "premature end")}, K.TRUNCATED),
    ({"decompressor": Stage("zstd", -9)}, K.STAGE_FAILED),
    ({"decompressor": Stage("zstd", 1), "stream": Moved(9, broken=True)}, K.STAGE_FAILED),
]


@pytest.mark.parametrize(("difference", "kind"), RECEPTIONS)
def test_what_a_receiver_may_claim(difference: dict[str, object], kind: OutcomeKind) -> None:
    outcome = judge_receiver(dataclasses.replace(GOOD, **difference))  # type: ignore[arg-type]
    assert outcome.kind is kind, outcome
    assert outcome.ok == (kind in (K.EQUAL, K.ARRIVED, K.WRITTEN))
    assert str(outcome.sentence).endswith(".")


BAD = [difference for difference, kind in RECEPTIONS if kind not in OK_KINDS]


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(BAD, 2)))
def test_two_misfortunes_make_no_success(one: dict[str, object], two: dict[str, object]) -> None:
    merged = dataclasses.replace(GOOD, **{**one, **two})  # type: ignore[arg-type]
    assert not judge_receiver(merged).ok


moves = st.builds(
    Moved,
    st.integers(0, 2000),
    st.sampled_from([None, DIGEST, OTHER]),
    st.booleans(),
    st.none() | st.just(IO_ERROR),
    st.booleans(),
    st.booleans(),
)
stages = st.none() | st.builds(Stage, st.just("x"), st.sampled_from([0, 0, 1, 255, -9, -13]))


@given(
    st.builds(
        Receiving,
        device=st.just("/dev/sda"),
        size=st.just(1000),
        seconds=st.just(1.0),
        sender=st.none() | st.just("10.0.0.1"),
        stream=moves,
        target=moves,
        flush_error=st.none() | st.just(IO_ERROR),
        manifest=st.none() | st.just(GOOD.manifest),
        trailer=st.none() | st.just(GOOD.trailer),
        udpcast=stages,
        decompressor=stages,
        dropped=st.booleans(),
        cancelled=st.booleans(),
    )
)
def test_no_evidence_against_a_receiver_is_ever_overlooked(seen: Receiving) -> None:
    outcome = judge_receiver(seen)
    if outcome.ok:
        assert seen.stream.whole and seen.target.whole
        assert not (seen.flush_error or seen.cancelled)
        assert not seen.dropped or seen.trailer
        assert seen.udpcast is not None and seen.udpcast.status == 0
        assert seen.decompressor is None or seen.decompressor.status == 0
    if outcome.kind is K.EQUAL:
        assert seen.manifest and seen.trailer
        assert seen.target.digest == seen.trailer.xxh128
        assert seen.target.count == seen.trailer.length == seen.manifest.length


def there(*states: ReceiverState) -> tuple[Receiver, ...]:
    return tuple(Receiver(number, f"10.0.0.{number}", state) for number, state in enumerate(states))


DONE, DROPPED, LEFT, HERE, NEAR = (
    ReceiverState.FINISHED,
    ReceiverState.DROPPED,
    ReceiverState.LEFT,
    ReceiverState.CONNECTED,
    ReceiverState.NEAR_THE_END,
)
SENT = Sending(
    device="/dev/sda",
    length=1000,
    moved=Moved(1000, DIGEST),
    seconds=2.0,
    compressor=Stage("zstd", 0),
    udpcast=Stage("udp-sender", 0),
    receivers=there(DONE, DONE),
    begun=True,
    complete=True,
)


SENDINGS: list[tuple[dict[str, object], OutcomeKind]] = [
    ({}, K.SENT),
    ({"compressor": None}, K.SENT),
    ({"receivers": ()}, K.NO_RECEIVERS),
    ({"receivers": (), "one_way": True}, K.NO_RECEIVERS),
    ({"receivers": (), "begun": False, "complete": False}, K.NO_RECEIVERS),
    ({"receivers": there(HERE), "begun": False, "complete": False}, K.NO_RECEIVERS),
    ({"begun": False, "complaint": "bind socket to 1"}, K.STAGE_FAILED),
    ({"begun": False, "receivers": (), "udpcast": Stage("udp-sender", -9)}, K.STAGE_FAILED),
    ({"receivers": there(DONE, DROPPED)}, K.RECEIVER_LOST),
    ({"receivers": there(LEFT, DONE)}, K.RECEIVER_LOST),
    ({"receivers": there(NEAR, DONE)}, K.RECEIVER_LOST),
    ({"receivers": there(NEAR, DROPPED)}, K.RECEIVER_LOST),
    (
        {"receivers": there(LEFT), "compressor": Stage("zstd", -13), "moved": Moved(9, broken=True)},
        K.RECEIVER_LOST,
    ),
    ({"moved": Moved(500, error=IO_ERROR)}, K.READ_ERROR),
    ({"hung": 301.0}, K.READ_ERROR),
    ({"moved": Moved(500)}, K.STAGE_FAILED),
    ({"moved": Moved(1000, broken=True)}, K.STAGE_FAILED),
    ({"compressor": Stage("zstd", 1), "compressor_first": True}, K.STAGE_FAILED),
    ({"compressor": Stage("zstd", -9), "begun": False, "receivers": (), "complete": False}, K.NO_RECEIVERS),
    ({"udpcast": Stage("udp-sender", -9)}, K.STAGE_FAILED),
    ({"udpcast": None}, K.STAGE_FAILED),
    ({"udpcast": Stage("udp-sender", 1), "begun": False, "receivers": (), "complete": False}, K.STAGE_FAILED),
    ({"complete": False}, K.STAGE_FAILED),
    ({"cancelled": True}, K.CANCELLED),
    ({"rival": "10.0.0.9"}, K.OTHER_SENDER),
    ({"rival": "10.0.0.9", "begun": False, "cancelled": True}, K.OTHER_SENDER),
]


@pytest.mark.parametrize(("difference", "kind"), SENDINGS)
def test_what_a_sender_may_claim(difference: dict[str, object], kind: OutcomeKind) -> None:
    outcome = judge_sender(dataclasses.replace(SENT, **difference))  # type: ignore[arg-type]
    assert outcome.kind is kind, outcome
    assert outcome.ok == (kind is K.SENT)
    assert str(outcome.sentence).endswith(".")


NOTHING_CAME = dataclasses.replace(GOOD, stream=Moved(0), target=Moved(), trailer=None, reread=None)


@pytest.mark.parametrize(
    ("difference", "untouched"),
    [
        ({"cancelled": True}, True),
        ({"cancelled": True, "hung": 6.0}, False),
        ({"cancelled": True, "target": Moved(0, error=IO_ERROR)}, False),
        ({"cancelled": True, "target": Moved(1)}, False),
        ({"dropped": True}, True),
        ({"dropped": True, "target": Moved(1)}, False),
        ({"stream": Moved(1, stalled=True)}, True),
    ],
)
def test_a_disk_is_untouched_only_where_no_write_was_begun(difference: dict[str, object], untouched: bool) -> None:
    sentence = str(judge_receiver(dataclasses.replace(NOTHING_CAME, **difference)).sentence)  # type: ignore[arg-type]
    assert ("was not written to" in sentence) is untouched, sentence
    assert ("is not whole" in sentence) is not untouched


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1000, "All bytes are here, but the sender gave this seat up before the end of the stream"),
        (900, "The sender gave this seat up after 900 bytes of 1,000"),
    ],
)
def test_who_is_given_up_says_what_is_missing(count: int, words: str) -> None:
    seen = dataclasses.replace(GOOD, target=Moved(count, DIGEST), trailer=None, dropped=True)
    assert str(judge_receiver(seen).sentence).startswith(words)


def test_what_the_sender_said_is_the_reason_when_udp_receiver_was_killed_then() -> None:
    seen = dataclasses.replace(GOOD, trailer=None, udpcast=Stage("udp-receiver", -9), end_notice="receiver-lost")
    outcome = judge_receiver(seen)
    assert (outcome.kind, "without this seat" in str(outcome.sentence)) == (K.TRUNCATED, True)


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        (K.READ_ERROR, "Check the sender's disk before the next cast."),
        (K.STAGE_FAILED, "Look at the sender, then wait for the next cast."),
        (K.OTHER_SENDER, "Wait for the other sender's cast."),
        (K.CANCELLED, "Start the cast again for the seats that are not done."),
    ],
)
def test_what_helps_depends_on_how_the_sender_ended(kind: OutcomeKind, hint: str) -> None:
    """With a bad disk to start the cast again helps nobody."""
    seen = dataclasses.replace(GOOD, stream=Moved(900, stalled=True), trailer=None, end_notice=kind.value)
    assert str(judge_receiver(seen).hint) == hint


@pytest.mark.parametrize(
    "failure",
    [
        {"cancelled": True},
        {"moved": Moved(500, error=IO_ERROR)},
        {"compressor": Stage("zstd", -9), "compressor_first": True},
    ],
)
def test_before_the_cast_no_receivers_disk_was_touched(failure: dict[str, object]) -> None:
    during = judge_sender(dataclasses.replace(SENT, **failure))  # type: ignore[arg-type]
    assert "whole" in f"{during.sentence} {during.hint}"
    before = judge_sender(dataclasses.replace(SENT, begun=False, receivers=(), **failure))  # type: ignore[arg-type]
    assert "whole" not in f"{before.sentence} {before.hint}"
    assert "othing was sent" in f"{before.sentence} {before.hint}"


def test_lost_receivers_are_named() -> None:
    outcome = judge_sender(dataclasses.replace(SENT, receivers=there(DONE, DROPPED)))
    assert tuple(map(str, outcome.lost)) == ("10.0.0.1 (dropped)",)
    assert outcome.receivers == ("10.0.0.0", "10.0.0.1")
    assert "10.0.0.1" in str(outcome.sentence)


REFUSED_BEFORE = {K.WRONG_STREAM, K.TOO_SMALL, K.SECTOR_SIZE, K.SAME_DISK}  # by `preflight`, see its tests
CLAIMED_ELSEWHERE = {K.NOT_BEGUN}  # no cast was there to be judged


def test_every_result_is_claimed_in_a_row_above() -> None:
    claimed = {kind for _, kind in (*RECEPTIONS, *SENDINGS)}
    assert claimed | REFUSED_BEFORE | CLAIMED_ELSEWHERE == set(OutcomeKind)


@pytest.mark.parametrize(("begun", "words"), [(False, "nothing was sent."), (True, "this cast was ended as it began.")])
def test_who_gives_way_names_the_other_sender_and_the_port(begun: bool, words: str) -> None:
    outcome = judge_sender(dataclasses.replace(SENT, rival="10.0.0.9", port=9100, begun=begun))
    assert str(outcome.sentence) == f"Another sender, 10.0.0.9, is waiting for receivers on port 9100; {words}"
    assert (outcome.bytes, outcome.receivers, outcome.total) == (0, (), 1000)


def test_one_is_one() -> None:
    """In every sentence with a count."""
    alone = dataclasses.replace(SENT, receivers=there(DONE))
    assert str(judge_sender(alone).sentence) == "/dev/sda was sent whole; 1 receiver was there until the end."
    lost = dataclasses.replace(SENT, receivers=there(DROPPED))
    sentence = "The cast ended with 0 of 1 receiver; lost: 10.0.0.0 (dropped)."
    assert str(judge_sender(lost).sentence) == sentence
    byte = dataclasses.replace(GOOD, target=Moved(1), cancelled=True, manifest=None, reread=None)
    assert str(judge_receiver(byte).sentence) == "The transfer was cancelled after 1 byte; /dev/sda is not whole."

"""From evidence to outcome: whatever speaks against success, there is none."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.behind import Behind
from launcher.datapath.framing import Manifest, Trailer
from launcher.datapath.holes import Cleared
from launcher.datapath.moved import Kept, Moved, Reread
from launcher.hardware.signatures import Signature
from launcher.model.outcome import OK_KINDS, Outcome, OutcomeKind
from launcher.model.plan import Holes
from launcher.sentence import say, verbatim
from launcher.transfer.evidence import Receiver, ReceiverState, Receiving, Sending, Stage
from launcher.transfer.receiver_facts import Parted
from launcher.transfer.receiver_verdict import judge_receiver
from launcher.transfer.resizing import Rewriting
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

NOTHING_CAME = dataclasses.replace(GOOD, stream=Moved(0), target=Moved(), trailer=None, reread=None)

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
    ({"trailer": Trailer(1000, DIGEST, "s", sent=900)}, K.DIFFERENT),
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
    ({"decompressor": Stage("zstd", 1, "checksum"), "stream": Moved(9, broken=True)}, K.DIFFERENT),
    ({"decompressor": Stage("zstd", 1, "checksum"), "trailer": None}, K.DIFFERENT),
    ({"decompressor": Stage("lzop", 2, "trailing garbage"), "manifest": None, "trailer": None}, K.DIFFERENT),
    ({"target": Moved(500, bad=verbatim("a hole lies outside"))}, K.STAGE_FAILED),
    ({"target": Moved(500, bad=verbatim("a hole lies outside")), "trailer": None}, K.STAGE_FAILED),
    ({"target": Moved(1000, DIGEST, bad=verbatim("a record too many"))}, K.STAGE_FAILED),
    ({"cleared": Cleared(Holes.DISCARD, 0, verbatim("it cannot"))}, K.EQUAL),  # an offer to the disk
    ({"cleared": Cleared(Holes.ZERO, 500)}, K.EQUAL),
    ({"shortage": verbatim("Too many open files")}, K.STAGE_FAILED),
    ({"stream": Moved(0), "target": Moved(), "udpcast": Stage("udp-receiver", -11)}, K.STAGE_FAILED),
    ({"stream": Moved(0), "target": Moved(), "udpcast": Stage("udp-receiver", -9, ours=True)}, K.SENDER_VANISHED),
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


DONE, DROPPED, LEFT, HERE, NEAR, NEVER = (
    ReceiverState.FINISHED,
    ReceiverState.DROPPED,
    ReceiverState.LEFT,
    ReceiverState.CONNECTED,
    ReceiverState.NEAR_THE_END,
    ReceiverState.NEVER_ANSWERED,
)
SENT = Sending(
    device="/dev/sda",
    length=1000,
    moved=Moved(1000, DIGEST),
    seconds=2.0,
    compressor=Stage("zstd", 0),
    udpcast=Stage("udp-sender", 0),
    receivers=there(DONE, DONE),
    joined=2,
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
    ({"receivers": there(DONE, NEVER)}, K.RECEIVER_LOST),
    ({"receivers": there(NEVER, NEVER)}, K.RECEIVER_LOST),
    ({"receivers": there(DONE, NEVER), "least": 1}, K.SENT),
    ({"receivers": there(DONE, DROPPED, NEVER), "least": 1}, K.RECEIVER_LOST),
    ({"receivers": there(DONE, NEVER), "least": 2}, K.FEWER_RECEIVERS),
    ({"least": 3}, K.FEWER_RECEIVERS),
    ({"least": 2}, K.SENT),
    ({"least": 1}, K.SENT),
    ({"least": 3, "started_by": "10.0.0.7"}, K.FEWER_RECEIVERS),
    ({"least": 29, "receivers": there(DONE, NEAR)}, K.RECEIVER_LOST),
    ({"least": 29, "receivers": ()}, K.NO_RECEIVERS),
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
    ({"shortage": verbatim("Too many open files")}, K.STAGE_FAILED),
    ({"rival": "10.0.0.9"}, K.OTHER_SENDER),
    ({"rival": "10.0.0.9", "begun": False, "cancelled": True}, K.OTHER_SENDER),
]


@pytest.mark.parametrize(("difference", "kind"), SENDINGS)
def test_what_a_sender_may_claim(difference: dict[str, object], kind: OutcomeKind) -> None:
    outcome = judge_sender(dataclasses.replace(SENT, **difference))  # type: ignore[arg-type]
    assert outcome.kind is kind, outcome
    assert outcome.ok == (kind is K.SENT)
    assert str(outcome.sentence).endswith(".")


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
        ({"stream": Moved(9, broken=True), "decompressor": Stage("unpack", 33, "corrupt: its manifest")}, True),
        ({"stream": Moved(9, broken=True), "decompressor": Stage("unpack", -9)}, True),
        ({"stream": Moved(9, broken=True), "decompressor": Stage("unpack", -9), "target": Moved(1)}, False),
        ({"stream": Moved(9), "decompressor": Stage("unpack", 31, "unexpected end in the manifest")}, True),
        ({"stream": Moved(9), "udpcast": Stage("udp-receiver", 1)}, True),
        ({"stream": Moved(9), "udpcast": Stage("udp-receiver", 1), "target": Moved(1)}, False),
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


@pytest.mark.parametrize(
    ("waited", "words", "hint"),
    [
        ({"rivals": ("10.0.0.1", "10.0.0.3")}, "More than one sender waited for receivers", "Send from one PC only"),
        ({"parted": Parted("10.0.0.1", None, True)}, "The sender 10.0.0.1 was there and cast, but no data", "A switch"),
        ({"parted": Parted("10.0.0.1", "receiver-lost")}, "The sender 10.0.0.1 was there and cast", "A switch (IGMP"),
        ({"parted": Parted("10.0.0.1", "read-error")}, "The sender 10.0.0.1 was there, but gave up before data came: "
         "its disk could not be read", "Check the sender's disk"),
        ({"parted": Parted("10.0.0.1", "no-receivers")}, "The sender 10.0.0.1 was there, but gave up", "Start the"),
        ({"parted": Parted("10.0.0.1")}, "The sender 10.0.0.1 was there, but did not answer any more", "Look at the"),
        ({"parted": Parted("10.0.0.1", None, True), "sender": "10.0.0.1"}, "The sender 10.0.0.1 was there and", "A"),
        ({"sender": "10.0.0.1"}, "The sender 10.0.0.1 was there, but no cast began within the time given", "Look at"),
        ({"complaint": "Bad server reply 0006."}, "No sender was found within the time given", "The sender must use"),
        ({}, "No sender was found within the time given", "The sender must use the same port"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [255, 1, -9, -11])
def test_who_waited_in_vain_says_for_whom_however_its_last_udp_receiver_ended(
    waited: dict[str, object], words: str, hint: str, status: int
) -> None:
    ended: dict[str, object] = {"sender": None, "timed_out": True, "udpcast": Stage("udp-receiver", status)}
    seen = dataclasses.replace(NOTHING_CAME, **{**ended, **waited})  # type: ignore[arg-type]
    outcome = judge_receiver(seen)
    assert outcome.kind is K.NO_SENDER
    assert str(outcome.sentence).startswith(words)
    assert str(outcome.sentence).endswith("/dev/sda was not written to.")
    assert str(outcome.hint).startswith(hint)


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


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "/*stdin*\\ : Decoding error (36) : Data corruption detected",
            "The data was damaged on the way after 1,000 b",
        ),
        (
            "zstd: /*stdin*\\: inflate error -3",
            "The data was damaged on the way after 1,000 bytes of 1,000: zstd ended",
        ),
        ("zstd: /*stdin*\\: unsupported format", "is no part of the stream any more"),
        ("/*stdin*\\ : Read error (39) : premature end", "The stream was cut short after 1,000 bytes of 1,000"),
        ("Decoding error (36) : Frame requires too much memory for decoding", "The stream was cut short"),
    ],
)
def test_what_was_wrong_with_a_stream_is_said(said: str, words: str) -> None:
    outcome = judge_receiver(dataclasses.replace(GOOD, decompressor=Stage("zstd", 1, said)))
    assert words in str(outcome.sentence)


def test_lost_receivers_are_named() -> None:
    outcome = judge_sender(dataclasses.replace(SENT, receivers=there(DONE, DROPPED)))
    assert tuple(map(str, outcome.lost)) == ("10.0.0.1 (dropped)",)
    assert outcome.receivers == ("10.0.0.0", "10.0.0.1")
    assert "10.0.0.1" in str(outcome.sentence)


REFUSED_BEFORE = {
    K.WRONG_STREAM,
    K.NOT_COMPARED,
    K.TOO_SMALL,
    K.SECTOR_SIZE,
    K.SAME_DISK,
}  # by `preflight`, see its tests
CLAIMED_ELSEWHERE = {K.NOT_BEGUN, K.BROKEN, K.STORED}  # no cast was there to be judged, or what came behind it is


def test_every_result_is_claimed_in_a_row_above() -> None:
    claimed = {kind for _, kind in (*RECEPTIONS, *SENDINGS)}
    assert claimed | REFUSED_BEFORE | CLAIMED_ELSEWHERE == set(OutcomeKind)


@pytest.mark.parametrize(("begun", "words"), [(False, "nothing was sent."), (True, "this cast was ended as it began.")])
def test_who_gives_way_names_the_other_sender_and_the_port(begun: bool, words: str) -> None:
    outcome = judge_sender(dataclasses.replace(SENT, rival="10.0.0.9", port=9100, begun=begun))
    assert str(outcome.sentence) == f"Another sender, 10.0.0.9, is waiting for receivers on port 9100; {words}"
    assert (outcome.bytes, outcome.receivers, outcome.total) == (0, (), 1000)


def said(**difference: object) -> str:
    outcome = judge_sender(dataclasses.replace(SENT, **difference))  # type: ignore[arg-type]
    return f"{outcome.sentence} {outcome.hint}"


def test_how_many_were_wanted_and_how_many_were_there_is_said() -> None:
    outcome = judge_sender(dataclasses.replace(SENT, least=29))
    assert str(outcome.sentence) == (
        "/dev/sda was sent to its end, but only 2 receivers were there until the end; wanted: 29."
    )
    assert (outcome.wanted, outcome.present, outcome.ok) == (29, 2, False)
    assert judge_sender(SENT).fields()["wanted"] == judge_sender(SENT).fields()["present"] == 2
    assert "2 receivers were there until the end, 1 wanted." in said(least=1)
    assert "The cast ended with 1 receiver, 3 wanted. Lost: 10.0.0.1 (dropped)." in said(
        receivers=there(DONE, DROPPED), least=3
    )
    before = judge_sender(dataclasses.replace(SENT, begun=False, complete=False, least=29))
    assert (before.wanted, before.present) == (None, None)


def test_receivers_that_left_before_the_cast_had_connected() -> None:
    before = {"receivers": (), "begun": False, "complete": False}
    assert "2 receivers had connected, and left again before the cast began" in said(came=2, **before)
    assert "No receiver has connected" in said(**before)


def test_who_has_the_last_word_is_said() -> None:
    assert "their own screens or events tell" in said()


def test_who_acknowledged_nothing_is_named_as_such() -> None:
    for least in (0, 1, 2):
        assert "Lost: 10.0.0.1 (connected, never answered)." in said(receivers=there(DONE, NEVER), least=least)


def test_many_that_are_lost_are_counted() -> None:
    sentence = said(receivers=there(DONE, *[NEVER] * 1099, DROPPED), least=1100)
    assert "Lost: 1 (dropped), 1,099 (connected, never answered)." in sentence
    assert len(sentence) < 500
    assert "1,100 receivers left near its end" in said(receivers=there(*[NEAR] * 1100))


def test_where_no_data_gets_through_it_is_said_what_that_may_be() -> None:
    sentence = said(receivers=there(NEVER, NEVER))
    for word in ("2 receivers have connected, but no data gets through", "IGMP", "firewall", "MTU", "--broadcast"):
        assert word in sentence, sentence
    asked = tuple(dataclasses.replace(one, asked=True) for one in there(NEVER, NEVER))
    assert "only small packets get through" in said(receivers=asked)
    assert "smaller MTU" in said(receivers=asked)
    assert "IGMP" in said(receivers=there(DONE, NEVER)), "one of many"
    assert "IGMP" not in said(receivers=there(DONE, DROPPED))


@pytest.mark.parametrize(
    "difference",
    [
        {"least": 3},
        {"receivers": there(DONE, DROPPED)},
        {"receivers": there(NEVER)},
        {},
    ],
)
def test_who_began_the_cast_is_said_where_it_was_another_pc(difference: dict[str, object]) -> None:
    assert "10.0.0.7 began the cast with 2 connected, not this PC" in said(started_by="10.0.0.7", **difference)
    assert "began" not in said(**difference)


@pytest.mark.parametrize("state", [DONE, DROPPED])
def test_the_sender_of_an_image_tells_how_it_is_checked(state: ReceiverState) -> None:
    """On the receivers its damage looks like damage on the way."""
    command = "`udpcast-launcher image check /dev/sda`"
    seen = dataclasses.replace(SENT, receivers=there(state), joined=1)
    assert command not in str(judge_sender(seen).hint)
    assert command in str(judge_sender(dataclasses.replace(seen, stored=True)).hint)


def test_one_is_one() -> None:
    """In every sentence with a count."""
    alone = dataclasses.replace(SENT, receivers=there(DONE), joined=1)
    assert str(judge_sender(alone).sentence) == (
        "/dev/sda was sent to its end; 1 receiver was there until the end, 1 wanted. "
        "Whether their disks are equal their own screens or events tell, and nothing else."
    )
    lost = dataclasses.replace(SENT, receivers=there(DROPPED), joined=1)
    sentence = "The cast ended with 0 receivers, 1 wanted. Lost: 10.0.0.0 (dropped)."
    assert str(judge_sender(lost).sentence) == sentence
    byte = dataclasses.replace(GOOD, target=Moved(1), cancelled=True, manifest=None, reread=None)
    assert str(judge_receiver(byte).sentence) == "The transfer was cancelled after 1 byte; /dev/sda is not whole."


@pytest.mark.parametrize(("used", "claim"), [(1000, ""), (None, ""), (400, " in every used block")])
@pytest.mark.parametrize(("size", "table"), [(None, ""), (950, "; table rewritten for 950 bytes")])
def test_a_smaller_disk_is_equal_in_what_was_sent(used: int | None, claim: str, size: int | None, table: str) -> None:
    smaller = dataclasses.replace(
        GOOD,
        target=Moved(1000, DIGEST, kept=Kept(900, DIGEST, DIGEST)),
        manifest=Manifest(1000, 512, "s", "1", used=used),
        reread=Reread(900, DIGEST),
        rewriting=Rewriting(size, None),
    )
    outcome = judge_receiver(smaller)
    assert outcome.kind is K.EQUAL
    assert f": equal{claim} up to the end of the last partition (900 bytes){table}." in str(outcome.sentence)


MARK = Signature("linux_raid_member", 1 << 30, 4)


@pytest.mark.parametrize(
    ("behind", "kind", "remarks"),
    [
        (Behind(), K.EQUAL, []),
        (
            Behind(2_000_000, cleared=(MARK, Signature("linux_raid_member", 1 << 31, 4))),
            K.EQUAL,
            [
                "/dev/sda is 2.0 MB larger than what was sent.",
                "Old signatures behind the clone were cleared: linux_raid_member at byte 1,073,741,824.",
            ],
        ),
        (
            Behind(2_000_000, error=say("wipefs is missing.")),
            K.EQUAL,
            [
                "/dev/sda is 2.0 MB larger than what was sent.",
                "Old signatures behind the clone were not looked for: wipefs is missing.",
            ],
        ),
        (
            Behind(stale=say("Device or resource busy")),
            K.EQUAL,
            [
                "The kernel still has the old partitions of /dev/sda: Device or resource busy. Restart this PC before "
                "you use them."
            ],
        ),
        (
            Behind(2_000_000, left=(MARK,), error=IO_ERROR),
            K.WRITE_ERROR,
            ["/dev/sda is 2.0 MB larger than what was sent."],
        ),
        (Behind(2_000_000, left=(MARK,)), K.WRITE_ERROR, ["/dev/sda is 2.0 MB larger than what was sent."]),
    ],
)
def test_what_is_behind_the_clone_is_told_and_spoils_it_only_where_an_old_signature_stays(
    behind: Behind, kind: OutcomeKind, remarks: list[str]
) -> None:
    outcome = judge_receiver(dataclasses.replace(GOOD, behind=behind))
    assert (outcome.kind, [str(one) for one in outcome.remarks]) == (kind, remarks)
    assert outcome.fields()["remarks"] == remarks
    if kind is K.WRITE_ERROR:
        why = "Input/output error" if behind.error else "they are still there"
        assert str(outcome.sentence) == (
            "All that was sent is on /dev/sda, but old signatures behind it could not be cleared: "
            f"{why} (linux_raid_member at byte 1,073,741,824)."
        )


def test_a_failure_stays_what_it_is_whatever_is_behind_it() -> None:
    seen = dataclasses.replace(GOOD, trailer=None, behind=Behind(1, left=(MARK,)))
    assert judge_receiver(seen).kind is K.TRUNCATED

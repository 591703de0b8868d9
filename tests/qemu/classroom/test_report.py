"""The verdict: what a seat claims is held against what its disk holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qemu.classroom.report import (
    Claim,
    FaultReport,
    Report,
    Role,
    SeatReport,
    SourceReport,
    Stage,
    Verdict,
    equal,
    holds,
    reaction,
    table,
    to_json,
)
from qemu.disks.images import Image
from qemu.machine.refusal import Refusal

SIZE = 1000
GOOD, OTHER = "a" * 64, "b" * 64
SENT = Claim(True, "sent", "All receivers have it.", SIZE, 2.0, GOOD)
EQUAL = Claim(True, "equal", "The disk equals the sender's.", SIZE, 2.0, GOOD)
SOURCE = SourceReport("/model", SIZE, GOOD, GOOD, 0)


def seat(role: Role, claim: Claim | None, digest: str | None = GOOD) -> SeatReport:
    receiver = role is Role.RECEIVER
    return SeatReport(
        name="receiver-1" if receiver else "sender",
        role=role,
        mac="52:54:00:75:64:01",
        append="umode=rcv",
        claim=claim,
        problem="" if claim else "no word came.",
        exit="running",
        after=None,
        stages=(Stage("kernel", 5.0, 0.0), Stage("outcome", 9.5, 4.5)),
        target=Image("/target", SIZE, digest) if receiver else None,
    )


def report(receiver: SeatReport | None = None, sender: SeatReport | None = None) -> Report:
    seats = (sender or seat(Role.SENDER, SENT), receiver or seat(Role.RECEIVER, EQUAL))
    return Report(seats, SOURCE, 60.0, "tcg", "python3 -m qemu classroom")


def test_a_good_run() -> None:
    assert report().problems == ()
    assert report().verdict is Verdict.GOOD
    assert "all disks are equal" in table(report())


FALSE = [
    ("differs", seat(Role.RECEIVER, EQUAL, OTHER)),
    ("disk differs", seat(Role.RECEIVER, replace(EQUAL, kind="written", xxh128=None), OTHER)),
    ("disk differs", seat(Role.RECEIVER, EQUAL, None)),  # target shorter than the source
    ("which is not the source's", seat(Role.RECEIVER, replace(EQUAL, xxh128=OTHER))),
    ("after 999 bytes; the source has 1000", seat(Role.RECEIVER, replace(EQUAL, bytes=999))),
]


@pytest.mark.parametrize(("words", "receiver"), FALSE)
def test_a_claim_that_is_not_true_is_the_worst_result(words: str, receiver: SeatReport) -> None:
    bad = report(receiver)
    assert bad.verdict is Verdict.FALSE_SUCCESS
    assert int(bad.verdict) == 4
    assert bad.problems[0].startswith("FALSE SUCCESS: receiver-1 reports success")
    assert words in bad.problems[0]
    assert table(bad).rstrip().splitlines()[-1].startswith("FALSE SUCCESS")


def test_a_sender_with_another_digest_lies_too() -> None:
    assert report(sender=seat(Role.SENDER, replace(SENT, xxh128=OTHER))).verdict is Verdict.FALSE_SUCCESS


def test_a_false_success_is_not_hidden_by_another_failure() -> None:
    both = report(seat(Role.RECEIVER, EQUAL, OTHER), seat(Role.SENDER, None))
    assert both.verdict is Verdict.FALSE_SUCCESS
    assert len(both.problems) == 2


@pytest.mark.parametrize(
    ("words", "bad"),
    [
        ("no outcome: no word came", report(seat(Role.RECEIVER, None, OTHER))),
        ("no outcome", report(seat(Role.RECEIVER, None, GOOD))),  # even though the disk is right
        (
            "failed (truncated)",
            report(seat(Role.RECEIVER, replace(EQUAL, ok=False, kind="truncated"), OTHER)),
        ),
        ("failed (truncated)", report(seat(Role.RECEIVER, replace(EQUAL, ok=False, kind="truncated"), GOOD))),
        ("sender failed", report(sender=seat(Role.SENDER, replace(SENT, ok=False, kind="receiver-lost")))),
        ("changed during the run", replace(report(), source=replace(SOURCE, xxh128_after=OTHER))),
        ("wrote 65536 bytes to its source", replace(report(), source=replace(SOURCE, written=65536))),
        ("the deadline", replace(report(), problem="the deadline of 9 s passed.")),
    ],
)
def test_everything_else_that_is_wrong(words: str, bad: Report) -> None:
    assert bad.verdict is Verdict.BAD
    assert any(words in problem for problem in bad.problems)
    assert "FAILED" in table(bad)


def test_equal_is_a_fact_of_the_disk_not_of_the_claim() -> None:
    failed = seat(Role.RECEIVER, None, GOOD)
    assert equal(report(failed), failed) is True
    assert equal(report(), seat(Role.SENDER, SENT)) is None


def test_json_holds_all_and_can_be_read_back() -> None:
    record = json.loads(to_json(report(seat(Role.RECEIVER, EQUAL, OTHER))))
    assert record["verdict"] == "false-success"
    assert record["exit_status"] == 4
    assert record["problems"]
    sender, receiver = record["seats"]
    assert (sender["role"], sender["equal"], receiver["equal"]) == ("sender", None, False)
    assert receiver["mb_per_s"] == SIZE / 2.0 / 1e6
    assert receiver["stages"][1] == {"name": "outcome", "wall": 9.5, "kernel": 4.5}
    assert record["reproduce"] == "python3 -m qemu classroom"


def test_table_has_a_row_for_each_seat_and_shows_the_difference() -> None:
    text = table(report(seat(Role.RECEIVER, EQUAL, OTHER)))
    rows = {line.split()[0]: line for line in text.splitlines()[:3]}
    assert "unchanged" in rows["sender"]
    assert "DIFFERS" in rows["receiver-1"]


def test_a_refusal_is_a_result_of_its_own() -> None:
    refusal = Refusal("GRUB", "shim", "Verification failed")
    whole = report(replace(seat(Role.RECEIVER, None), refusal=refusal, problem=str(refusal)))
    assert whole.verdict is Verdict.BAD
    assert 'receiver-1 was refused: shim does not start GRUB: "Verification failed"' in whole.problems
    assert next(row for row in table(whole).splitlines() if row.startswith("receiver-1")).split()[1] == "refused"
    assert json.loads(to_json(whole))["seats"][1]["refusal"]["what"] == "GRUB"


def test_no_time_is_no_rate() -> None:
    assert replace(SENT, seconds=0.0).rate is None


# --- runs in which something is meant to go wrong -------------------------------------------------------------------

KILLED = FaultReport("kill:receiver-1@30%", "receiver-1", "kill", False, 40.0)
LOST = Claim(False, "receiver-lost", "One is lost.", SIZE, 2.0, GOOD)
CUT = Claim(False, "truncated", "Cut.", 500, 2.0, OTHER)


def faulty(receiver: SeatReport, sender: SeatReport | None = None, *faults: FaultReport) -> Report:
    sender = sender or replace(seat(Role.SENDER, LOST), said=55.0)
    return replace(report(receiver, sender), faults=faults or (KILLED,))


def test_a_seat_without_power_need_not_say_anything_but_every_other_must() -> None:
    silent = seat(Role.RECEIVER, None, OTHER)
    assert faulty(silent).verdict is Verdict.GOOD
    assert "every seat told the truth" in table(faulty(silent))
    pulled = replace(KILLED, text="unplug:receiver-1@30%", kind="unplug")
    bad = faulty(silent, None, pulled)
    assert bad.verdict is Verdict.BAD
    assert bad.problems == ("receiver-1 never said what became of it: no word came.",)


def test_a_failure_that_is_told_is_good_where_a_fault_is() -> None:
    assert faulty(replace(seat(Role.RECEIVER, CUT, OTHER), said=50.0)).verdict is Verdict.GOOD
    stopped = replace(seat(Role.RECEIVER, None, OTHER), said=50.0, problem="No disk.")
    assert faulty(stopped).verdict is Verdict.GOOD


def test_a_claim_that_is_not_true_is_the_worst_result_with_faults_as_well() -> None:
    lie = replace(seat(Role.RECEIVER, EQUAL, OTHER), said=50.0)
    assert faulty(lie).verdict is Verdict.FALSE_SUCCESS


def test_a_fault_that_never_came_is_a_failure() -> None:
    silent = seat(Role.RECEIVER, None, OTHER)
    assert "never came" in faulty(silent, None, replace(KILLED, fired=None)).problems[0]
    assert faulty(silent, None, replace(KILLED, fired=None, standing=True)).verdict is Verdict.GOOD


def test_reactions_count_from_the_first_fault_or_else_from_the_cast() -> None:
    fired = faulty(replace(seat(Role.RECEIVER, CUT, OTHER), said=50.5))
    assert [reaction(fired, one) for one in fired.seats] == [15.0, 10.5]
    standing = replace(fired, faults=(replace(KILLED, standing=True, fired=None),))
    cast = replace(standing.seats[0], stages=(Stage("transfer", 30.0), Stage("cast", 45.0)))
    assert reaction(replace(standing, seats=(cast, standing.seats[1])), standing.seats[1]) == 5.5
    waits = replace(standing.seats[0], stages=(Stage("transfer", 30.0),))
    assert reaction(replace(standing, seats=(waits,)), waits) == 25.0
    own = FaultReport("unplug:receiver-1@60%", "receiver-1", "unplug", False, 45.0)
    both = replace(fired, faults=(replace(KILLED, seat="sender"), own))
    assert [reaction(both, one) for one in both.seats] == [15.0, 5.5]
    assert reaction(fired, seat(Role.RECEIVER, None)) is None


SECOND = SourceReport("/second", SIZE, OTHER, OTHER, 0)


def with_second_sender(receiver: SeatReport) -> Report:
    second = replace(seat(Role.SENDER, replace(SENT, xxh128=OTHER)), name="sender-2", source=SECOND, said=50.0)
    both = faulty(replace(receiver, said=50.0), None, replace(KILLED, kind="second-sender", standing=True, fired=None))
    return replace(both, seats=(*both.seats, second))


def test_with_two_senders_a_disk_is_that_of_the_one_or_of_the_other() -> None:
    other = seat(Role.RECEIVER, replace(EQUAL, xxh128=OTHER), OTHER)
    assert with_second_sender(other).verdict is Verdict.GOOD
    assert holds(with_second_sender(other), other) == "equal to sender-2"
    assert with_second_sender(seat(Role.RECEIVER, EQUAL)).verdict is Verdict.GOOD
    mixed = with_second_sender(seat(Role.RECEIVER, EQUAL, "c" * 64))
    assert mixed.verdict is Verdict.FALSE_SUCCESS
    digest_of_the_other = with_second_sender(seat(Role.RECEIVER, EQUAL, OTHER))
    assert digest_of_the_other.verdict is Verdict.FALSE_SUCCESS


def test_what_a_disk_holds() -> None:
    def on(**target: object) -> str:
        one = seat(Role.RECEIVER, CUT, OTHER)
        assert one.target
        return holds(report(), replace(one, target=replace(one.target, **target)))  # type: ignore[arg-type]

    assert on(xxh128=GOOD) == "equal"
    assert on(blank=True, first_difference=0, differing_blocks=1) == "blank"
    assert on(first_difference=500, differing_blocks=1) == "differs: 1 block, first byte 500"
    assert on(first_difference=0, differing_blocks=7) == "differs: 7 blocks, first byte 0"
    assert holds(report(), seat(Role.SENDER, SENT)) == "unchanged"


HOLES = replace(SOURCE, holes=600)
OF_HOLES = "c" * 64


def with_holes(target: Image, claim: Claim | None = None) -> Report:
    """A source with holes: its sender's digest is that of what is used, and the disk has another one of all."""
    equal_claim = claim or replace(EQUAL, xxh128=OF_HOLES, sent=400)
    receiver = replace(seat(Role.RECEIVER, equal_claim), target=target)
    sender = seat(Role.SENDER, replace(SENT, xxh128=OF_HOLES, sent=400))
    return replace(report(receiver, sender), source=HOLES)


def test_equal_in_every_used_block_is_equal() -> None:
    good = with_holes(Image("/target", SIZE, OTHER, 700, 1, alike=GOOD))
    assert good.problems == ()
    assert holds(good, good.seats[1]) == "equal"
    grown = with_holes(
        Image("/target", 2 * SIZE, OTHER, 700, 1, alike=GOOD, grown=True),
        replace(EQUAL, xxh128=OF_HOLES, growth="grown"),
    )
    assert grown.problems == ()
    assert holds(grown, grown.seats[1]) == "equal, grown"
    smaller = Image("/target", 800, None, 700, 1, alike=GOOD)
    assert with_holes(smaller, replace(EQUAL, xxh128=OF_HOLES, bytes=750, rewritten=800)).problems == ()


@pytest.mark.parametrize(
    ("target", "claim", "words"),
    [
        (
            Image("/t", SIZE, OTHER, 3, 1, unlike="byte 3, which is used, differs"),
            {},
            "(byte 3, which is used, differs)",
        ),
        (Image("/t", SIZE, OTHER, 3, 1, alike=GOOD), {"xxh128": "d" * 64}, "which is not the source's"),
        (Image("/t", 2 * SIZE, OTHER, alike=GOOD), {"growth": "grown"}, "says that it has grown"),
        (Image("/t", 2 * SIZE, OTHER, alike=GOOD, grown=True), {"growth": "failed"}, "has grown without a word"),
        (Image("/t", 800, None, alike=GOOD), {"rewritten": 900, "bytes": 750}, "a table written for 900 bytes"),
        (Image("/t", 800, None, alike=GOOD), {"bytes": 750}, "after 750 bytes"),
    ],
)
def test_a_claim_over_holes_that_is_not_true(target: Image, claim: dict[str, object], words: str) -> None:
    said = replace(EQUAL, **{"xxh128": OF_HOLES, **claim})  # type: ignore[arg-type]
    bad = with_holes(target, said)
    assert bad.verdict is Verdict.FALSE_SUCCESS
    assert any(words in sentence for sentence in bad.problems), bad.problems


def test_without_holes_the_senders_word_is_no_digest() -> None:
    lying = with_holes(Image("/t", SIZE, GOOD))
    assert replace(lying, source=SOURCE).verdict is Verdict.FALSE_SUCCESS

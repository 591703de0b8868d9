"""The verdict: what a seat claims is held against what its disk holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qemu.report import (
    Claim,
    Image,
    Report,
    Role,
    SeatReport,
    SourceReport,
    Stage,
    Verdict,
    equal,
    table,
    to_json,
)

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
    ("disk differs", seat(Role.RECEIVER, replace(EQUAL, kind="written", sha256=None), OTHER)),
    ("disk differs", seat(Role.RECEIVER, EQUAL, None)),  # target shorter than the source
    ("which is not the source's", seat(Role.RECEIVER, replace(EQUAL, sha256=OTHER))),
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
    assert report(sender=seat(Role.SENDER, replace(SENT, sha256=OTHER))).verdict is Verdict.FALSE_SUCCESS


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
        ("changed during the run", replace(report(), source=replace(SOURCE, sha256_after=OTHER))),
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


def test_no_time_is_no_rate() -> None:
    assert replace(SENT, seconds=0.0).rate is None

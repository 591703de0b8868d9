"""Runs held against their rows of the fault table: one that differs fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qemu.classroom.fault_table import rows, unmet
from qemu.classroom.report import Claim, FaultReport, Report, Role, SeatReport, SourceReport
from qemu.classroom.scenarios import BUT_ONE_BLOCK, UNCHANGED, Expected, Scenario
from qemu.disks.images import Image

GOOD, OTHER = "a" * 64, "b" * 64

ROW = Scenario(
    "row",
    ("flip:receiver-1@50%",),
    {"sender": Expected("sent", UNCHANGED, 10), "receiver-1": Expected("changed", BUT_ONE_BLOCK, 10, "read back")},
)
SENT = Claim(True, "sent", "Sent.", 9000, 1.0, GOOD)
CHANGED = Claim(False, "changed", "It was read back.", 9000, 1.0, GOOD)
FLIPPED = Image("/t", 9000, OTHER, 4500, 1)


def run(claim: Claim | None = CHANGED, target: Image = FLIPPED, said: float | None = 55.0) -> Report:
    sender = SeatReport("sender", Role.SENDER, "", "", SENT, "", "running", None, (), said=52.0)
    receiver = SeatReport("receiver-1", Role.RECEIVER, "", "", claim, "", "running", None, (), target, said=said)
    source = SourceReport("/s", 9000, GOOD, GOOD, 0)
    fault = FaultReport("flip:receiver-1@50%", "receiver-1", "flip", False, 50.0)
    return Report((sender, receiver), source, 60.0, "tcg", "", faults=(fault,))


def test_a_run_as_in_the_table() -> None:
    assert unmet(ROW, run()) == []


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (
            run(replace(CHANGED, kind="truncated")),
            "said truncated (It was read back.); changed was expected",
        ),
        (run(replace(CHANGED, sentence="It differs.")), '"read back" was expected in it'),
        (run(said=61.0), "after 11.0 s; at most 10 s"),
        (run(None, said=None), "receiver-1 said - (); changed was expected"),
        (run(target=replace(FLIPPED, differing_blocks=2)), "holds a part (differs: 2 blocks, first byte 4500)"),
        (run(target=Image("/t", 9000, GOOD)), "holds equal"),
        (run(replace(SENT, kind="equal")), "FALSE SUCCESS"),
        (replace(run(), faults=(replace(run().faults[0], fired=None),)), "never came"),
    ],
)
def test_a_run_that_is_not_as_in_the_table(report: Report, words: str) -> None:
    assert any(words in sentence for sentence in unmet(ROW, report)), unmet(ROW, report)


def test_what_is_sent_whole_is_said() -> None:
    whole = replace(ROW, seats={**ROW.seats, "sender": Expected("sent", UNCHANGED, 10, whole=1)})
    said = replace(run().seats[0], whole=(("sda1", "It is not clean."),))
    assert unmet(whole, replace(run(), seats=(said, run().seats[1]))) == []
    assert any("whole: none; 1 expected" in words for words in unmet(whole, run()))
    assert any(
        "whole: sda1: It is not clean.; 0" in w for w in unmet(ROW, replace(run(), seats=(said, run().seats[1])))
    )


def test_what_became_of_growing_is_said() -> None:
    changed = replace(ROW.seats["receiver-1"], growth="failed")
    row = replace(ROW, seats={**ROW.seats, "receiver-1": changed})
    assert unmet(row, run(replace(CHANGED, growth="failed"))) == []
    assert any("of growing: None; failed was" in words for words in unmet(row, run()))


def test_where_chance_decides_each_of_several_will_do() -> None:
    either = replace(ROW, seats={**ROW.seats, "receiver-1": Expected("sent or changed", f"equal or {BUT_ONE_BLOCK}")})
    assert unmet(either, run()) == []
    assert len(unmet(either, run(replace(CHANGED, kind="truncated"), replace(FLIPPED, differing_blocks=3)))) == 2


def test_a_room_has_one_image() -> None:
    one = run(replace(SENT, kind="equal"), Image("/t", 9000, GOOD))
    second = replace(one.seats[0], name="sender-2", source=SourceReport("/s2", 9000, OTHER, OTHER, 0))
    other = replace(
        one.seats[1], name="receiver-2", target=Image("/t2", 9000, OTHER), claim=replace(SENT, xxh128=OTHER)
    )
    whole = Expected("equal", "equal or equal to sender-2")
    seats = {**ROW.seats, "receiver-1": whole, "receiver-2": whole, "sender-2": Expected("sent", UNCHANGED)}
    row = replace(ROW, seats=seats)
    for second_receiver, images in ((other, 2), (replace(one.seats[1], name="receiver-2"), 1)):
        report = replace(one, seats=(*one.seats, second, second_receiver))
        assert any("two images" in sentence for sentence in unmet(row, report)) == (images == 2), unmet(row, report)
        as_expected = {name: cells[-1] for _, name, *cells in rows(row, report)}
        assert (as_expected["receiver-1"], as_expected["receiver-2"]) == (("", "") if images == 2 else ("yes", "yes"))


def test_what_was_measured_is_a_row_for_each_seat() -> None:
    assert rows(ROW, run(said=61.0)) == [
        ("row", "sender", "sent", "2.0", "unchanged", "yes"),
        ("row", "receiver-1", "changed", "11.0", "differs: 1 block, first byte 4500", ""),
    ]

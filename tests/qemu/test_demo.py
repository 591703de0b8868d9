"""The demonstration's own words: its table and its sparing progress."""

from __future__ import annotations

import dataclasses

import pytest

from qemu.classroom.report import Claim, Report, Role, SeatReport, SourceReport
from qemu.classroom.starting import Booted
from qemu.demo import HEADINGS, MORE, Sparing, not_as_wanted, table
from qemu.disks.images import Image

DIGEST, OTHER = "ab" * 32, "cd" * 32


def seat(name: str, role: Role, image: Image | None, claimed: bool = True) -> SeatReport:
    claim = Claim(True, "equal", "", 10_000_000, 4.0, DIGEST, sent=3_000_000) if claimed else None
    return SeatReport(name, role, "52:54:00:75:64:01", "", claim, "", "guest-reset", "reboot", (), image)


def report(digest: str, written: int = 0, claimed: bool = True) -> Report:
    source = SourceReport("model.img", 10_000_000, DIGEST, DIGEST, written)
    target = Image("receiver-1.img", 10_000_000, digest)
    seats = (seat("sender", Role.SENDER, None), seat("receiver-1", Role.RECEIVER, target, claimed))
    return Report(seats, source, 60.0, "tcg", "")


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_the_table_has_a_row_for_each_seat() -> None:
    heading, sender, receiver = rows(table(report(DIGEST), {"receiver-1": Booted(31.4, root=7_000_000)}))
    assert heading == list(HEADINGS)
    assert sender == ["sender", "sender", "unchanged", "10", "3", "4.0"]
    assert receiver == ["receiver-1", "receiver", "equal", "10", "3", "4.0", "yes, in 31 s", "7"]


@pytest.mark.parametrize(
    ("found", "booted", "words"),
    [
        (report(OTHER), {}, ("DIFFERS", "not tried")),
        (report(DIGEST), {"receiver-1": Booted(180.0, "Kernel panic")}, ("equal", "NO")),
        (report(DIGEST, written=512), {}, ("CHANGED", "not tried")),
        (report(OTHER, claimed=False), {}, ("not finished", "not tried")),
    ],
)
def test_the_table_says_what_is_not_good(found: Report, booted: dict[str, Booted], words: tuple[str, ...]) -> None:
    text = table(found, booted)
    assert all(word in text for word in words)
    assert "yes" not in text


@pytest.mark.parametrize(
    ("grown", "booted", "words"),
    [
        (True, Booted(9.0, root=2 * MORE, swaps=1), None),
        (False, Booted(9.0, root=2 * MORE, swaps=1), "nothing has grown"),
        (True, Booted(9.0, root=MORE // 2, swaps=1), "bytes only"),
        (True, Booted(9.0, root=2 * MORE), "0 swaps"),
        (True, Booted(9.0, "Kernel panic"), "Kernel panic"),
    ],
)
def test_a_clone_that_has_not_grown_is_a_problem(grown: bool, booted: Booted, words: str | None) -> None:
    found = report(OTHER)
    image = Image("receiver-1.img", 10_000_000 + MORE, OTHER, alike=DIGEST, grown=grown)
    seats = (found.seats[0], dataclasses.replace(found.seats[1], target=image))
    problems = not_as_wanted(dataclasses.replace(found, seats=seats), {"receiver-1": booted})
    assert len(problems) == (0 if words is None else 1)
    assert words is None or words in problems[0]


def test_byte_counts_are_thinned_out_for_each_seat() -> None:
    said: list[str] = []
    say = Sparing(said.append, every=3600)
    lines = [
        "   12.0 s  sender       1 of 9 bytes",
        "   12.1 s  receiver-1   1 of 9 bytes",
        "   13.0 s  sender       2 of 9 bytes",
        "   14.0 s  sender       outcome: complete: 9 of 9 bytes, sent",
        "comparing the disks",
    ]
    for line in lines:
        say(line)
    assert said == [lines[0], lines[1], *lines[3:]]

"""Rows of the fault table (`scenarios`) as classrooms, and runs held against their rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from .faults import parse_fault
from .report import Report, SeatReport, holds, reaction
from .scenarios import BLANK, BUT_ONE_BLOCK, EQUAL, PART, SECOND, SILENT, Expected, Scenario
from .spec import ClassroomSpec, default_append_sender

DEADLINE = 900.0
"""Seconds for each row. A good run ends by itself; on a busy host the machines alone take minutes to boot."""


def room(scenario: Scenario, pair: Path, artefacts: Path | None = None) -> ClassroomSpec:
    """The classroom of a row."""
    receivers = sum(name.startswith("receiver-") for name in scenario.seats)
    faults = tuple(map(parse_fault, scenario.faults))
    spec = ClassroomSpec(pair, receivers=scenario.waits_for or receivers, faults=faults, artefacts=artefacts)
    return dataclasses.replace(
        spec,
        receivers=receivers,
        deadline=DEADLINE,
        append_sender=f"{default_append_sender(spec)} {scenario.line}".strip(),
        append_receiver=f"umode=rcv auto=yes {scenario.line}".strip(),
    )


def unmet(scenario: Scenario, report: Report) -> list[str]:
    """Where the run was not as the table says, full sentences. False claims are in the report's own problems."""
    found = list(report.problems)
    for seat in report.seats:
        found += _unmet(scenario.seats[seat.name], report, seat)
    if has_two_images(report):
        found.append("some disks are equal to the sender's, others to sender-2's: the room has two images.")
    return found


def has_two_images(report: Report) -> bool:
    """Whether each of two senders' disks has come to a seat."""
    return {EQUAL, SECOND} <= {disk_word(report, seat) for seat in report.seats}


def _unmet(expected: Expected, report: Report, seat: SeatReport) -> list[str]:
    found = []
    kind, said = outcome(seat), seat.claim.sentence if seat.claim else seat.problem
    if kind not in expected.outcome.split(" or "):
        found.append(f"{seat.name} said {kind} ({said}); {expected.outcome} was expected.")
    elif expected.says not in said:
        found.append(f'{seat.name} said "{said}"; "{expected.says}" was expected in it.')
    if len(seat.whole) != expected.whole:
        words = "; ".join(map(": ".join, seat.whole)) or "none"
        found.append(
            f"{seat.name} said of these partitions that it sends them whole: {words}; {expected.whole} expected."
        )
    growth = seat.claim.growth if seat.claim else None
    if expected.growth is not None and growth != expected.growth:
        found.append(f"{seat.name} said of growing: {growth}; {expected.growth} was expected.")
    disk = disk_word(report, seat)
    if disk not in expected.disk.split(" or "):
        found.append(f"the disk of {seat.name} holds {disk} ({holds(report, seat)}); {expected.disk} was expected.")
    seconds = reaction(report, seat)
    if expected.within is not None and (seconds is None or seconds > expected.within):
        found.append(f"{seat.name} said {kind} after {seconds} s; at most {expected.within} s were expected.")
    return found


def outcome(seat: SeatReport) -> str:
    """The kind of what a seat said."""
    if seat.claim:
        return seat.claim.kind
    return SILENT if seat.said is None else "error"


def disk_word(report: Report, seat: SeatReport) -> str:
    """What the seat's disk holds, in a word of the table."""
    words = holds(report, seat)
    if words == "blank":
        return BLANK
    if words.startswith("differs: 1 block,"):
        return BUT_ONE_BLOCK
    return PART if words.startswith("differs") else words


MEASURED = ("scenario", "seat", "reports", "after", "its disk holds", "as expected")


def rows(scenario: Scenario, report: Report) -> list[tuple[str, ...]]:
    """What was measured: a row for each seat."""
    made: list[tuple[str, ...]] = []
    two = has_two_images(report)
    for seat in report.seats:
        seconds = reaction(report, seat)
        well = "" if two or _unmet(scenario.seats[seat.name], report, seat) else "yes"
        after = "-" if seconds is None else f"{seconds:.1f}"
        made.append((scenario.name, seat.name, outcome(seat), after, holds(report, seat), well))
    return made

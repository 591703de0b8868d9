"""What a classroom came to: plain values, the verdict on them, JSON and a table. Pure: nothing is opened here.

The verdict believes no seat. What a seat claims (its `outcome` event) is held against what its disk image holds on
the host; a claim of success over a disk that differs is the worst of all results.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import Enum, IntEnum

from ..columns import layout
from ..disks.images import Image
from ..machine.refusal import Refusal
from .faults import by_word

GROWN = "grown"
"""The launcher's word for a growth that came to its end (`launcher/model/growth.py`)."""


class Role(Enum):
    """The two roles, as the report names them."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Verdict(IntEnum):
    """The values are the exit statuses of ``python3 -m qemu classroom``."""

    GOOD = 0  # every seat succeeded (with faults: told the truth in the end), targets are equal, sources untouched
    BAD = 1
    FALSE_SUCCESS = 4  # a seat reported success, but its disk (or the source) says otherwise


@dataclass(frozen=True)
class Stage:
    """`wall`: seconds since QEMU's start on the host's clock; `kernel`: since the guest's kernel started, if it had."""

    name: str
    wall: float
    kernel: float | None = None


@dataclass(frozen=True)
class Claim:
    """The last `outcome` event of a seat. `seconds` of data flow; `xxh128` over `bytes`, with holes over what is used.

    `sent`: what was used of them; `rewritten`: the size of a smaller target for which the table was written; `growth`:
    what became of growing; each None where it is not told.
    """

    ok: bool
    kind: str
    sentence: str
    bytes: int
    seconds: float
    xxh128: str | None
    sent: int | None = None
    rewritten: int | None = None
    growth: str | None = None

    @property
    def rate(self) -> float | None:
        """MB/s, 10^6 bytes a second."""
        return self.bytes / self.seconds / 1e6 if self.seconds > 0 else None


@dataclass(frozen=True)
class SourceReport:
    """`written`: bytes that the sender's machine wrote to its disk, even if they were the same as before. `holes`: so
    many bytes no file system uses, by partclone's word."""

    path: str
    size: int
    xxh128_before: str
    xxh128_after: str
    written: int
    holes: int = 0


@dataclass(frozen=True)
class FaultReport:
    """One fault. `fired`: seconds since the run's start; None for a `standing` one, and for one that never came."""

    text: str
    seat: str
    kind: str
    standing: bool
    fired: float | None


@dataclass(frozen=True)
class SeatReport:
    """`problem` is why the seat came to no outcome, empty when it did; `exit` how its machine ended.

    `refusal`: what its firmware or a loader would not start, which is its problem then. `whole`: what a sender says of
    the partitions that it sends whole, name and why.
    `began` and `said`: seconds from the run's start to its first data, and to its outcome, or to the sentence with
    which it stopped. Receivers have a
    `target`, senders a `source`.
    """

    name: str
    role: Role
    mac: str
    append: str
    claim: Claim | None
    problem: str
    exit: str
    after: str | None
    stages: tuple[Stage, ...]
    target: Image | None = None
    artefacts: tuple[str, ...] = ()
    said: float | None = None
    began: float | None = None
    source: SourceReport | None = None
    whole: tuple[tuple[str, str], ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Report:
    """All of one run. `seconds` from the first machine's start to the last one's end; `reproduce` for a shell.

    `leases`: card and address of each one that is held in the end, where the boot server tells (`of_others`).
    """

    seats: tuple[SeatReport, ...]
    source: SourceReport
    seconds: float
    accel: str
    reproduce: str
    problem: str = ""
    faults: tuple[FaultReport, ...] = ()
    leases: tuple[tuple[str, str], ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Full sentences; empty for a good run. False successes come first."""
        return (*false_successes(self), *failures(self))

    @property
    def verdict(self) -> Verdict:
        if false_successes(self):
            return Verdict.FALSE_SUCCESS
        return Verdict.BAD if failures(self) else Verdict.GOOD


def false_successes(report: Report) -> list[str]:
    """Every claim that is not true. With two senders a receiver's disk must be one of the two, whole."""
    found = []
    for seat in report.seats:
        if seat.claim is None or not seat.claim.ok:
            continue
        said = f"{seat.name} reports success ({seat.claim.kind})"
        source = _source_of(report, seat)
        if source is None:
            why = f" ({seat.target.unlike})" if seat.target and seat.target.unlike else ""
            found.append(f"FALSE SUCCESS: {said}, but its disk differs from the source{why}.")
            source = report.source
        if seat.claim.xxh128 is not None and seat.claim.xxh128 not in _digests(report, source):
            found.append(f"FALSE SUCCESS: {said} with the digest {seat.claim.xxh128}, which is not the source's.")
        if seat.claim.bytes != source.size and seat.claim.rewritten is None:
            found.append(f"FALSE SUCCESS: {said} after {seat.claim.bytes} bytes; the source has {source.size}.")
        found += [f"FALSE SUCCESS: {said}, and {words}." for words in _false_sizes(seat)]
    return found


def _false_sizes(seat: SeatReport) -> list[str]:
    """What a receiver says of its disk's size and growth, and is not so."""
    if seat.claim is None or seat.target is None:
        return []
    found = []
    if seat.claim.rewritten not in {None, seat.target.size}:
        found.append(f"a table written for {seat.claim.rewritten} bytes; its disk has {seat.target.size}")
    if (seat.claim.growth == GROWN) != seat.target.grown:
        found.append(
            "says that it has grown, which it has not" if not seat.target.grown else "has grown without a word"
        )
    return found


def _digests(report: Report, source: SourceReport) -> set[str]:
    """The digests that may be claimed of a source: its own, and where it has holes that of what is used, which is its
    sender's word: that the disk has it is seen by comparing."""
    senders = [seat for seat in report.seats if seat.role is Role.SENDER and (seat.source or report.source) == source]
    of_holes = {seat.claim.xxh128 for seat in senders if source.holes and seat.claim and seat.claim.xxh128}
    return {source.xxh128_before, *of_holes}


def _source_of(report: Report, seat: SeatReport) -> SourceReport | None:
    """A sender's own source; the one that a receiver's disk holds, None where it holds none."""
    if seat.role is Role.SENDER:
        return seat.source or report.source
    sources = [report.source, *(other.source for other in report.seats if other.source)]
    held = {seat.target.xxh128, seat.target.alike} if seat.target else set()
    return next((one for one in sources if one.xxh128_before in held), None)


def failures(report: Report) -> list[str]:
    """Everything else that keeps a run from being good."""
    found = [report.problem] if report.problem else []
    for source in {report.source, *(seat.source for seat in report.seats if seat.source)}:
        if source.xxh128_before != source.xxh128_after:
            found.append(f"the source {source.path} changed during the run.")
        if source.written:
            found.append(f"the sender's machine wrote {source.written} bytes to its source disk {source.path}.")
    if report.faults:
        return found + _failures_with_faults(report)
    for seat in report.seats:
        if seat.refusal:
            found.append(f"{seat.name} was {seat.refusal}")
        elif seat.claim is None:
            found.append(f"{seat.name} came to no outcome: {seat.problem}")
        elif not seat.claim.ok:
            found.append(f"{seat.name} failed ({seat.claim.kind}): {seat.claim.sentence}")
    return found


def _failures_with_faults(report: Report) -> list[str]:
    """Where something is meant to go wrong, seats may fail, but each must say so, and each fault must have come."""
    found = [
        f"the fault {fault.text} never came." for fault in report.faults if not fault.standing and fault.fired is None
    ]
    silent = {fault.seat for fault in report.faults if (kind := by_word(fault.kind)) and kind.rule.silences}
    for seat in report.seats:
        if seat.said is None and seat.name not in silent:
            found.append(f"{seat.name} never said what became of it: {seat.problem}")
    return found


def reaction(report: Report, seat: SeatReport) -> float | None:
    """Seconds until the seat said what became of it; None when it never did.

    They count from its own fault or else from the first that was fired; where faults were there from the start, from
    the cast; where there was none, from the start of its own transfer.
    """
    if seat.said is None:
        return None
    own = [fault.fired for fault in report.faults if fault.seat == seat.name]
    fired = [moment for moment in own or [fault.fired for fault in report.faults] if moment is not None]
    casts = [stage.wall for one in report.seats for stage in one.stages if stage.name == "cast"]
    transfer = [stage.wall for stage in seat.stages if stage.name == "transfer"]
    return round(max(0.0, seat.said - min(fired or casts or transfer or [0.0])), 1)


def holds(report: Report, seat: SeatReport) -> str:
    """What the seat's disk holds, in a few words."""
    source, target = _source_of(report, seat), seat.target
    if target is None:
        return "unchanged" if source and _untouched(source) else "CHANGED"
    if source:
        if target.grown:
            return "equal, grown"
        return "equal" if source.xxh128_before == report.source.xxh128_before else "equal to sender-2"
    if target.blank:
        return "blank"
    if target.first_difference is None:
        return "shorter"
    many = "1 block" if target.differing_blocks == 1 else f"{target.differing_blocks} blocks"
    return f"differs: {many}, first byte {target.first_difference}"


def equal(report: Report, seat: SeatReport) -> bool | None:
    """Whether this seat's target holds a source; None for the sender."""
    return _source_of(report, seat) is not None if seat.target else None


def to_json(report: Report) -> str:
    """The report as JSON, derived facts included. Keys are those of the classes in this module."""
    seats = [
        {
            **dataclasses.asdict(seat),
            "role": seat.role.value,
            "equal": equal(report, seat),
            "holds": holds(report, seat),
            "reaction": reaction(report, seat),
            "mb_per_s": seat.claim.rate if seat.claim else None,
        }
        for seat in report.seats
    ]
    whole = {
        "verdict": report.verdict.name.lower().replace("_", "-"),
        "exit_status": int(report.verdict),
        "problems": report.problems,
        **dataclasses.asdict(report),
        "seats": seats,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


COLUMNS = ("seat", "outcome", "bytes", "seconds", "MB/s", "xxh128", "disk", "machine")


def table(report: Report) -> str:
    """The report for a person: a row for each seat, times of the stages, and the verdict."""
    rows = [COLUMNS, *(_row(report, seat) for seat in report.seats)]
    lines = [*layout(rows), *_fault_lines(report), "", "seconds from power-on to:", *layout(stage_rows(report))]
    lines += ["", *report.problems]
    good = "every seat told the truth" if report.faults else "all disks are equal"
    word = {Verdict.GOOD: good, Verdict.BAD: "FAILED"}.get(report.verdict, "FALSE SUCCESS")
    lines.append(f"{word} after {report.seconds:.0f} s")
    return "\n".join(lines) + "\n"


def _row(report: Report, seat: SeatReport) -> tuple[str, ...]:
    claim = seat.claim
    differs = "DIFFERS" if claim else "not finished"
    disk = holds(report, seat) if report.faults or equal(report, seat) is not False else differs
    if claim is None:
        return (seat.name, "refused" if seat.refusal else "none", "", "", "", "", disk, seat.exit)
    rate = f"{claim.rate:.1f}" if claim.rate is not None else ""
    digest = claim.xxh128[:12] if claim.xxh128 else ""
    return (seat.name, claim.kind, str(claim.bytes), f"{claim.seconds:.1f}", rate, digest, disk, seat.exit)


def _fault_lines(report: Report) -> list[str]:
    """When each fault came, and what each seat said how much later."""
    if not report.faults:
        return []
    lines = ["", "faults, and what each seat said so many seconds later:"]
    for fault in report.faults:
        when = "from the start" if fault.standing else "NEVER" if fault.fired is None else f"at {fault.fired:.1f} s"
        lines.append(f"  {fault.text}  {when}")
    for seat in report.seats:
        said = seat.claim.sentence if seat.claim else seat.problem
        after = reaction(report, seat)
        lines.append(f"  {seat.name}  {'-' if after is None else f'{after:.1f} s'}  {said}")
    return lines


def _untouched(source: SourceReport) -> bool:
    return source.xxh128_before == source.xxh128_after and not source.written


def stage_rows(report: Report) -> list[tuple[str, ...]]:
    """A row of host times for each seat; columns are all stages that any seat reached, in order."""
    latest: dict[str, float] = {}
    for seat in report.seats:
        for stage in seat.stages:
            latest[stage.name] = max(stage.wall, latest.get(stage.name, 0.0))
    names = sorted(latest, key=lambda name: latest[name])
    rows: list[tuple[str, ...]] = [("seat", *names)]
    for seat in report.seats:
        walls = {stage.name: f"{stage.wall:.1f}" for stage in seat.stages}
        rows.append((seat.name, *(walls.get(name, "-") for name in names)))
    return rows

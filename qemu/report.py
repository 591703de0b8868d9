"""What a classroom came to: plain values, the verdict on them, JSON and a table. Pure: nothing is opened here.

The verdict believes no seat. What a seat claims (its `outcome` event) is held against what its disk image holds on
the host; a claim of success over a disk that differs is the worst of all results.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import Enum, IntEnum


class Role(Enum):
    """The two roles, as the report names them."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Verdict(IntEnum):
    """The values are the exit statuses of ``python3 -m qemu classroom``."""

    GOOD = 0  # every seat succeeded, every target equals the source, the source is untouched
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
    """The last `outcome` event of a seat. `seconds` of data flow; `sha256` over `bytes`."""

    ok: bool
    kind: str
    sentence: str
    bytes: int
    seconds: float
    sha256: str | None

    @property
    def rate(self) -> float | None:
        """MB/s, 10^6 bytes a second."""
        return self.bytes / self.seconds / 1e6 if self.seconds > 0 else None


@dataclass(frozen=True)
class Image:
    """A target as the host sees it. `sha256` over the source's length, None when the disk is shorter than that."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class SeatReport:
    """`problem` is why the seat came to no outcome, empty when it did; `exit` how its machine ended."""

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


@dataclass(frozen=True)
class SourceReport:
    """`written`: bytes that the sender's machine wrote to its disk, even if they were the same as before."""

    path: str
    size: int
    sha256_before: str
    sha256_after: str
    written: int


@dataclass(frozen=True)
class Report:
    """All of one run. `seconds` from the first machine's start to the last one's end; `reproduce` for a shell."""

    seats: tuple[SeatReport, ...]
    source: SourceReport
    seconds: float
    accel: str
    reproduce: str
    problem: str = ""

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
    """Every claim that is not true."""
    source, found = report.source, []
    for seat in report.seats:
        if seat.claim is None or not seat.claim.ok:
            continue
        said = f"{seat.name} reports success ({seat.claim.kind})"
        if seat.role is Role.RECEIVER and (seat.target is None or seat.target.sha256 != source.sha256_before):
            found.append(f"FALSE SUCCESS: {said}, but its disk differs from the source.")
        if seat.claim.sha256 is not None and seat.claim.sha256 != source.sha256_before:
            found.append(f"FALSE SUCCESS: {said} with the digest {seat.claim.sha256}, which is not the source's.")
        if seat.claim.bytes != source.size:
            found.append(f"FALSE SUCCESS: {said} after {seat.claim.bytes} bytes; the source has {source.size}.")
    return found


def failures(report: Report) -> list[str]:
    """Everything else that keeps a run from being good."""
    source, found = report.source, []
    if report.problem:
        found.append(report.problem)
    if source.sha256_before != source.sha256_after:
        found.append(f"the source {source.path} changed during the run.")
    if source.written:
        found.append(f"the sender's machine wrote {source.written} bytes to its source disk.")
    for seat in report.seats:
        if seat.claim is None:
            found.append(f"{seat.name} came to no outcome: {seat.problem}")
        elif not seat.claim.ok:
            found.append(f"{seat.name} failed ({seat.claim.kind}): {seat.claim.sentence}")
    return found


def equal(report: Report, seat: SeatReport) -> bool | None:
    """Whether this seat's target holds the source; None for the sender."""
    return seat.target.sha256 == report.source.sha256_before if seat.target else None


def to_json(report: Report) -> str:
    """The report as JSON, derived facts included. Keys are those of the classes in this module."""
    seats = [
        {
            **dataclasses.asdict(seat),
            "role": seat.role.value,
            "equal": equal(report, seat),
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


COLUMNS = ("seat", "outcome", "bytes", "seconds", "MB/s", "sha256", "disk", "machine")


def table(report: Report) -> str:
    """The report for a person: a row for each seat, times of the stages, and the verdict."""
    rows = [COLUMNS, *(_row(report, seat) for seat in report.seats)]
    lines = [*layout(rows), "", "seconds from power-on to:", *layout(stage_rows(report))]
    lines += ["", *report.problems]
    word = {Verdict.GOOD: "all disks are equal", Verdict.BAD: "FAILED"}.get(report.verdict, "FALSE SUCCESS")
    lines.append(f"{word} after {report.seconds:.0f} s")
    return "\n".join(lines) + "\n"


def _row(report: Report, seat: SeatReport) -> tuple[str, ...]:
    same = equal(report, seat)
    disk = {True: "equal", False: "DIFFERS", None: "unchanged" if _untouched(report.source) else "CHANGED"}[same]
    claim = seat.claim
    if claim is None:
        return (seat.name, "none", "", "", "", "", disk, seat.exit)
    rate = f"{claim.rate:.1f}" if claim.rate is not None else ""
    digest = claim.sha256[:12] if claim.sha256 else ""
    return (seat.name, claim.kind, str(claim.bytes), f"{claim.seconds:.1f}", rate, digest, disk, seat.exit)


def _untouched(source: SourceReport) -> bool:
    return source.sha256_before == source.sha256_after and not source.written


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


def layout(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks apart."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

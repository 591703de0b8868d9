"""What the benchmark between namespaces came to: single runs, the medians of a case, JSON and a table. Pure."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..columns import layout
from ..disks.raw import MIB
from .cases import Case, Way, goal


class BenchError(Exception):
    """One sentence: why nothing was measured."""


@dataclass(frozen=True)
class Run:
    """One transfer. `seconds` from the first data to the last receiver's end; CPU in seconds and peak memory in
    bytes, of the sender and (mean and largest) of a receiver."""

    case: str
    way: str
    round: int
    seconds: float
    sender_cpu: float
    sender_peak: int
    receiver_cpu: float
    receiver_peak: int


@dataclass(frozen=True)
class Row:
    """A case over its rounds: medians of MB/s (10^6 bytes of source), and the ratio ours to plain of each round.

    `read` is how long one more read of the targets takes all receivers at once, `extra` what verifying took
    longer, both in seconds. CPU in seconds for 10^9 bytes of source, memory in bytes.
    """

    case: Case
    speed: dict[str, float]
    ratios: tuple[float, ...]
    extra: float | None
    read: float
    sender_cpu: dict[str, float]
    receiver_cpu: dict[str, float]
    sender_peak: dict[str, int]
    receiver_peak: dict[str, int]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


@dataclass(frozen=True)
class TransferBench:
    """The result."""

    rounds: int
    rows: tuple[Row, ...]
    runs: tuple[Run, ...]
    failures: tuple[str, ...] = ()
    host: dict[str, str] = field(default_factory=dict)


def row(case: Case, runs: Sequence[Run], read: float) -> Row:
    """The medians of one case."""
    size = case.mib * MIB
    by_way = {way: [run for run in runs if run.way == way] for way in dict.fromkeys(run.way for run in runs)}
    seconds = {way: statistics.median(run.seconds for run in found) for way, found in by_way.items()}
    pairs = zip(by_way.get("plain", ()), by_way.get("ours", ()), strict=False)
    extra = seconds["verified"] - seconds["ours"] if {"verified", "ours"} <= set(seconds) else None

    def per_way(name: str) -> dict[str, float]:
        return {way: statistics.median(getattr(run, name) for run in found) for way, found in by_way.items()}

    return Row(
        case=case,
        speed={way: size / value / 1e6 for way, value in seconds.items()},
        ratios=tuple(one.seconds / other.seconds for one, other in pairs),
        extra=extra,
        read=read,
        sender_cpu={way: value / size * 1e9 for way, value in per_way("sender_cpu").items()},
        receiver_cpu={way: value / size * 1e9 for way, value in per_way("receiver_cpu").items()},
        sender_peak={way: round(value) for way, value in per_way("sender_peak").items()},
        receiver_peak={way: round(value) for way, value in per_way("receiver_peak").items()},
    )


def to_json(bench: TransferBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2) + "\n"


def table(bench: TransferBench) -> str:
    """The result for a person: speed, then CPU and memory."""
    speed: list[tuple[str, ...]] = [
        ("case", "MB/s plain", "ours", "ratio", "of rounds", "verified", "extra s", "one read s")
    ]
    needs: list[tuple[str, ...]] = [("case", "CPU s/GB: sender plain", "ours", "receiver plain", "ours", "verified")]
    needs[0] += ("MiB: sender plain", "ours", "receiver plain", "ours", "verified")
    for one in bench.rows:
        speed.append((one.case.name, *_speed_cells(one)))
        needs.append((one.case.name, *_need_cells(one)))
    ratios = {one.case.name: one.ratio for one in bench.rows if one.ratios}
    lines = [*layout(speed), "", *layout(needs), "", goal(ratios), *(f"failed: {text}" for text in bench.failures)]
    about = ", ".join(map(": ".join, bench.host.items()))
    lines.append(f"rounds: {bench.rounds}; {about}")
    return "\n".join(lines) + "\n"


def _speed_cells(one: Row) -> tuple[str, ...]:
    ratio = f"{one.ratio:.2f}" if one.ratios else "-"
    spread = f"{min(one.ratios):.2f}-{max(one.ratios):.2f}" if one.ratios else "-"
    extra = "-" if one.extra is None else f"{one.extra:.1f}"
    plain_speed, ours_speed, verified = (_cell(one.speed, way, "{:.0f}") for way in Way)
    return plain_speed, ours_speed, ratio, spread, verified, extra, f"{one.read:.1f}"


def _need_cells(one: Row) -> tuple[str, ...]:
    cpu = [_cell(one.sender_cpu, way, "{:.1f}") for way in (Way.PLAIN, Way.OURS)]
    cpu += [_cell(one.receiver_cpu, way, "{:.1f}") for way in Way]
    peak = [_cell(one.sender_peak, way, "{:.0f}", MIB) for way in (Way.PLAIN, Way.OURS)]
    peak += [_cell(one.receiver_peak, way, "{:.0f}", MIB) for way in Way]
    return (*cpu, *peak)


def _cell(values: dict[str, float] | dict[str, int], way: Way, form: str, unit: int = 1) -> str:
    return form.format(values[way.value] / unit) if way.value in values else "-"


def line(one: Row) -> str:
    speed = ", ".join(f"{way} {value:.0f} MB/s" for way, value in one.speed.items())
    return f"{one.case.name}: {speed}" + (f", ratio {one.ratio:.2f}" if one.ratios else "")

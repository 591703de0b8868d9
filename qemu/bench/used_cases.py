"""``python3 -m qemu bench used``: its cases, its goals, its table. Pure."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ..columns import layout
from ..disks.raw import MIB
from .results import Run

USED = 0.2
"""How much of a disk holds files."""


class UsedWay(Enum):
    """How a disk is cast."""

    WHOLE = "whole"
    PARTCLONE = "partclone"
    OURS = "ours"
    VERIFIED = "verified"


class Free(Enum):
    """What is where no file is; `FULL`: there are files everywhere."""

    ZEROS = "zeros"
    NOISE = "noise"
    FULL = "full"


@dataclass(frozen=True)
class UsedCase:
    """One row: `mib` of disk, the `wire`'s speed as tc(8) writes it."""

    receivers: int
    mib: int
    wire: str
    free: Free

    @property
    def name(self) -> str:
        return f"{self.receivers} {self.free.value}"

    @property
    def ways(self) -> tuple[UsedWay, ...]:
        """A full disk is what it is to all but partclone, which is not asked."""
        return tuple(way for way in UsedWay if self.free is not Free.FULL or way is not UsedWay.PARTCLONE)


ROOMS = ((1, 9536, "1gbit"), (4, 2384, "300mbit"), (16, 476, "100mbit"))
"""Receivers, MiB (10, 2.5 and 0.5 GB), wire."""
FULL = UsedCase(1, 1024, "1gbit", Free.FULL)


def all_cases() -> tuple[UsedCase, ...]:
    rooms = (UsedCase(*room, free) for room in ROOMS for free in (Free.ZEROS, Free.NOISE))
    return (*rooms, FULL)


def quick_cases() -> tuple[UsedCase, ...]:
    """A tenth of the data, with 1 and 4 receivers; what starting costs counts ten times as much then."""
    rooms = [room for room in ROOMS if room[0] <= 4]
    return tuple(UsedCase(count, mib // 10, wire, free) for count, mib, wire in rooms for free in Free)


@dataclass(frozen=True)
class UsedRun(Run):
    """One cast. `whole`: seconds from the command's start, with the gate and whatever else comes before the data."""

    whole: float = 0.0


@dataclass(frozen=True)
class UsedRow:
    """A case over its rounds, medians by way: seconds from the first data on, and from the commands' start; CPU in
    seconds for 10^9 bytes of used data, memory in bytes, of the sender and of a receiver. `used` in bytes, by
    partclone's word; `gate` seconds that the survey of the source takes alone, None where there is none; `read`
    seconds that one read of the used bytes takes all receivers at once."""

    case: UsedCase
    used: int
    gate: float | None
    read: float
    seconds: dict[str, float]
    whole: dict[str, float]
    sender_cpu: dict[str, float]
    receiver_cpu: dict[str, float]
    sender_peak: dict[str, int]
    receiver_peak: dict[str, int]

    def ratio(self, way: UsedWay, to: UsedWay) -> float:
        """How long `way` takes beside `to`."""
        return self.seconds[way.value] / self.seconds[to.value]

    @property
    def extra(self) -> float:
        """What verifying takes longer."""
        return self.seconds["verified"] - self.seconds["ours"]


@dataclass(frozen=True)
class UsedBench:
    """The result; `maps` are seconds a TB by kind of file system."""

    rounds: int
    rows: tuple[UsedRow, ...]
    runs: tuple[UsedRun, ...]
    maps: dict[str, float]
    failures: tuple[str, ...] = ()
    host: dict[str, str] = field(default_factory=dict)


def row(case: UsedCase, used: int, gate: float | None, read: float, runs: Sequence[UsedRun]) -> UsedRow:
    """The medians of one case."""
    by_way = {way: [run for run in runs if run.way == way] for way in dict.fromkeys(run.way for run in runs)}

    def median(of: Callable[[UsedRun], float]) -> dict[str, float]:
        return {way: statistics.median(map(of, found)) for way, found in by_way.items()}

    def whole_numbers(of: Callable[[UsedRun], float]) -> dict[str, int]:
        return {way: round(value) for way, value in median(of).items()}

    return UsedRow(
        case, used, gate, read,
        seconds=median(lambda run: run.seconds),
        whole=median(lambda run: run.whole),
        sender_cpu=median(lambda run: run.sender_cpu / used * 1e9),
        receiver_cpu=median(lambda run: run.receiver_cpu / used * 1e9),
        sender_peak=whole_numbers(lambda run: run.sender_peak),
        receiver_peak=whole_numbers(lambda run: run.receiver_peak),
    )  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """A number that was wanted, and the one that was found."""

    words: str
    found: float
    most: float

    @property
    def met(self) -> bool:
        return round(self.found, 2) <= self.most

    def __str__(self) -> str:
        return f"{'met' if self.met else 'NOT MET'}: {self.words}: {self.found:.2f}, at most {self.most:g} wanted"


ONE_RECEIVER = {Free.ZEROS: 0.25, Free.NOISE: 0.20}
"""Ours beside the whole cast; what the gate costs is beside it, since our cast's clock runs from the first data on."""
BESIDE_PARTCLONE = 1.5
FULL_DISK = 0.97
MAP = 2.0
MARGIN = 0.5
"""Seconds that verifying may take longer than one read."""


def goals(bench: UsedBench) -> list[Goal]:
    """Those of the cases that were measured."""
    found = []
    for one in bench.rows:
        if one.case.free is Free.FULL:
            most = round(1 / FULL_DISK, 2)
            found.append(Goal(f"{one.case.name}: ours to whole", one.ratio(UsedWay.OURS, UsedWay.WHOLE), most))
        elif one.case.receivers == 1:
            most = ONE_RECEIVER[one.case.free]
            found.append(Goal(f"{one.case.name}: ours to whole", one.ratio(UsedWay.OURS, UsedWay.WHOLE), most))
            words = f"{one.case.name}: ours to partclone by hand"
            found.append(Goal(words, one.ratio(UsedWay.OURS, UsedWay.PARTCLONE), round(1 / BESIDE_PARTCLONE, 2)))
        found.append(Goal(f"{one.case.name}: verifying longer by s", one.extra, round(one.read + MARGIN, 1)))
    return [*found, *(Goal(f"map of {kind}: seconds a TB", seconds, MAP) for kind, seconds in bench.maps.items())]


def table(bench: UsedBench) -> str:
    """The result for a person."""
    speed: list[tuple[str, ...]] = [
        (
            "case",
            "used GB",
            "gate s",
            *(f"{way.value} s" for way in UsedWay),
            "ours/whole",
            "partclone/ours",
            "one read s",
        )
    ]
    starts: list[tuple[str, ...]] = [("case", *(f"{way.value} with its start s" for way in UsedWay))]
    for one in bench.rows:
        gate = "-" if one.gate is None else f"{one.gate:.1f}"
        slower = f"{1 / one.ratio(UsedWay.OURS, UsedWay.PARTCLONE):.2f}" if "partclone" in one.seconds else "-"
        ratios = (f"{one.ratio(UsedWay.OURS, UsedWay.WHOLE):.2f}", slower)
        seconds = _cells(one.seconds, "{:.1f}")
        speed.append((one.case.name, f"{one.used / 1e9:.2f}", gate, *seconds, *ratios, f"{one.read:.1f}"))
        starts.append((one.case.name, *_cells(one.whole, "{:.1f}")))
    lines = [*layout(speed), "", *layout(starts), "", *layout(_needs(bench)), "", *map(str, goals(bench))]
    lines += [f"failed: {text}" for text in bench.failures]
    about = ", ".join(map(": ".join, bench.host.items()))
    return "\n".join([*lines, f"rounds: {bench.rounds}; {about}"]) + "\n"


def _needs(bench: UsedBench) -> list[tuple[str, ...]]:
    """CPU and memory, of both sides."""
    rows: list[tuple[str, ...]] = [("case", "side", *(f"CPU s/GB {way.value}" for way in UsedWay))]
    rows[0] += tuple(f"MiB {way.value}" for way in UsedWay)
    for one in bench.rows:
        sides = (("sender", one.sender_cpu, one.sender_peak), ("receiver", one.receiver_cpu, one.receiver_peak))
        for side, cpu, peak in sides:
            rows.append((one.case.name, side, *_cells(cpu, "{:.1f}"), *_cells(peak, "{:.0f}", MIB)))
    return rows


def _cells(values: Mapping[str, float], form: str, unit: int = 1) -> tuple[str, ...]:
    return tuple(form.format(values[way.value] / unit) if way.value in values else "-" for way in UsedWay)


def to_json(bench: UsedBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2, default=lambda value: value.value) + "\n"

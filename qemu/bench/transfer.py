"""``python3 -m qemu bench namespaces``: plain udpcast by hand beside the launcher's transfer, same data, same network.

Without machines: each seat is a network namespace (`bench_seats`), disks are loop devices over memory (`bench_disks`).
Three ways are measured in turns, in the order plain, ours, verified, and then backwards, so that whatever else the host
does falls on all of them:

* plain: ``udp-sender --file SOURCE [--pipe COMPRESSOR]``, and on each receiver
  ``udp-receiver --nosync --file TARGET [--pipe DECOMPRESSOR]`` followed by ``sync TARGET``.
* ours: ``python3 -m launcher transfer`` on both sides with ``verify=no``.
* verified: the same with ``verify=yes``.

The programs, their options and the options of udpcast are the same in all three. The clock runs from the sender's
"Starting transfer" to the moment when the last receiver's command has ended, with its data flushed to the disk. A wire
has a speed (tc's tbf on the sender's card, as a real card holds its sender up), which the seats can keep up with; with
``--processors`` also one that they cannot, or none. ``--exit-wait`` keeps udp-receiver's lingering (half a second by
default) out of it, on all sides.
"""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from ..classroom.by_hand import PATIENCE
from ..classroom.report import layout
from ..host import sandbox
from ..host.network import NetworkError
from .disks import MIB, MemoryDisk, memory_disk
from .seats import BenchFailed, Seats, Side, Usage

ROOT = Path(__file__).resolve().parents[2]
COMPRESSIONS = ("none", "gzip", "lzop", "zstd")
DATA = ("text", "noise")
RECEIVERS = (1, 4, 16)
SIZES = {1: 1024, 4: 512, 16: 192}  # MiB of source; the targets together must fit into memory
WIRES = {1: "1gbit", 4: "300mbit", 16: "30mbit"}
"""For so many receivers, a wire that two cores can keep up with, all seats together, as each PC of a room keeps up with
its own. With one receiver each side has a core of its own."""
FASTER_WIRES: dict[int, tuple[str | None, ...]] = {1: (None,), 4: (None,), 16: ("100mbit", None)}
"""Wires that two cores cannot keep up with, or with some data only: where they cannot, processors are the limit."""
GOAL = 0.97
"""Ours to plain, without verification, where the wire is the limit."""
PORT = 9000
EXIT_WAIT = "20"  # ms
DEADLINE = 240.0  # seconds for one transfer

PACK = {"gzip": "pigz -1 -c", "lzop": "lzop -1 -c", "zstd": "zstd -q -1 -T0 -c"}
UNPACK = {"gzip": "pigz -dc", "lzop": "lzop -dc", "zstd": "zstd -q -dc"}
"""The launcher's own (`launcher/udpcast.py`)."""


class Way(Enum):
    PLAIN = "plain"
    OURS = "ours"
    VERIFIED = "verified"


@dataclass(frozen=True)
class Case:
    """One row: `mib` of source; the `wire`'s speed as tc(8) writes it, None for no limit; `pinned` to a core a side."""

    compression: str
    data: str
    receivers: int
    mib: int
    wire: str | None = None
    pinned: bool = False

    @property
    def name(self) -> str:
        words = (self.compression, self.data, str(self.receivers), self.wire, "pinned" if self.pinned else None)
        return " ".join(word for word in words if word)


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


@dataclass(frozen=True)
class Settings:
    """What is to be measured: the cases, and how often; with block devices as disks, or with files."""

    cases: tuple[Case, ...]
    rounds: int = 2
    block: bool = True
    ways: tuple[Way, ...] = (Way.PLAIN, Way.OURS, Way.VERIFIED)


def plain(case: Case, source: Path, targets: Sequence[Path]) -> list[tuple[tuple[str, ...], ...]]:
    """The commands of an experienced person, the sender's first."""
    pack = ("--pipe", PACK[case.compression]) if case.compression in PACK else ()
    unpack = ("--pipe", UNPACK[case.compression]) if case.compression in UNPACK else ()
    common = ("--interface", "eth0", "--portbase", str(PORT))
    sender = ("udp-sender", *common, *PATIENCE, *_sender_options(case), "--nokbd", "--file", str(source), *pack)
    receivers = [
        (
            ("udp-receiver", *common, "--nokbd", "--exit-wait", EXIT_WAIT, "--nosync", "--file", str(target), *unpack),
            ("sync", str(target)),
        )
        for target in targets
    ]
    return [(sender,), *receivers]


def ours(case: Case, source: Path, targets: Sequence[Path], *, verify: bool) -> list[tuple[tuple[str, ...], ...]]:
    """The launcher's commands for the same."""
    command = (sys.executable, "-m", "launcher", "transfer", "nic=eth0", f"port={PORT}")
    options = " ".join(_sender_options(case))
    sender = (*command, "umode=snd", f"disk={source}", f"compr={case.compression}", f"udpcparam={options}")
    receiver = (*command, "umode=rcv", f"verify={'yes' if verify else 'no'}", f"udpcparam=--exit-wait {EXIT_WAIT}")
    return [(sender,), *(((*receiver, f"disk={target}"),) for target in targets)]


def _sender_options(case: Case) -> tuple[str, ...]:
    return ("--min-receivers", str(case.receivers))


def sides(case: Case, way: Way, source: Path, targets: Sequence[Path]) -> list[Side]:
    """What each seat runs. Pinned, the sender has the first core, and the receivers share the second."""
    commands = plain(case, source, targets) if way is Way.PLAIN else ours(
        case, source, targets, verify=way is Way.VERIFIED
    )  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))
    places = ((cores[0],), (cores[min(1, len(cores) - 1)],)) if case.pinned else ((), ())
    return [
        Side(seat, words, places[min(seat, 1)], {"PYTHONPATH": str(ROOT)} if way is not Way.PLAIN else {})
        for seat, words in enumerate(commands)
    ]


def measure(settings: Settings, tell: Callable[[str], None]) -> TransferBench:
    """Measure all cases in one sandbox. Raises sandbox.RunFailed, sandbox.Stopped, sandbox.SandboxError."""
    expected = (BenchFailed, NetworkError, OSError)
    return sandbox.call(lambda scratch: _Bench(settings, scratch, tell).run(), expected)


class _Bench:
    """One measurement, inside the sandbox."""

    def __init__(self, settings: Settings, scratch: Path, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._ram = scratch / "ram"
        self._ram.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", str(self._ram)], check=True)
        self._failures: list[str] = []
        self._runs: list[Run] = []

    def run(self) -> TransferBench:
        settings = self._settings
        seats = Seats(1 + max(case.receivers for case in settings.cases))
        rows: list[Row] = []
        disks = "none"
        for kind, mib in sorted({(case.data, case.mib) for case in settings.cases}):
            source = MemoryDisk(write_source(self._ram / "source", kind, mib * MIB), settings.block)
            disks = "loop devices in memory" if source.is_block else "files in memory"
            for case in (case for case in settings.cases if (case.data, case.mib) == (kind, mib)):
                rows += self._case(seats, case, source)
            source.close()
        rows.sort(key=lambda row: settings.cases.index(row.case))
        about = {"disks": disks, **host()}
        return TransferBench(settings.rounds, tuple(rows), tuple(self._runs), tuple(self._failures), about)

    def _case(self, seats: Seats, case: Case, source: MemoryDisk) -> Iterable[Row]:
        names = [self._ram / f"target{number}" for number in range(case.receivers)]
        targets = [memory_disk(name, case.mib * MIB, source.is_block) for name in names]
        runs: list[Run] = []
        reads: list[float] = []
        try:
            for turn in range(self._settings.rounds):
                ways = self._settings.ways if turn % 2 == 0 else tuple(reversed(self._settings.ways))
                for way in ways:
                    runs.append(self._once(seats, case, way, turn, source, targets))
                reads.append(_read(seats, targets))
        except BenchFailed as error:
            self._failures.append(f"{case.name}: {error}")
            self._tell(f"{case.name}: {error}")
            return ()
        finally:
            for target in targets:
                target.close()
        self._runs += runs
        found = row(case, runs, statistics.median(reads))
        self._tell(_line(found))
        return (found,)

    def _once(
        self, seats: Seats, case: Case, way: Way, turn: int, source: MemoryDisk, targets: Sequence[MemoryDisk]
    ) -> Run:
        for target in targets:
            target.wipe()
        source.forget()
        seats.shape(case.wire)
        usages = seats.run(sides(case, way, source.path, [target.path for target in targets]), DEADLINE)
        for target in targets:
            if not filecmp.cmp(source.file, target.file, shallow=False):
                raise BenchFailed(f"{way.value}: {target.file.name} differs from the source.")
        return _run(case, way, turn, usages)


def _run(case: Case, way: Way, turn: int, usages: Sequence[Usage]) -> Run:
    sender, *receivers = usages
    if sender.started is None:
        raise BenchFailed(f"{way.value}: the sender did not say when it started.")
    return Run(
        case=case.name,
        way=way.value,
        round=turn,
        seconds=max(one.ended for one in receivers) - sender.started,
        sender_cpu=sender.cpu,
        sender_peak=sender.peak,
        receiver_cpu=statistics.mean(one.cpu for one in receivers),
        receiver_peak=max(one.peak for one in receivers),
    )


def _read(seats: Seats, targets: Sequence[MemoryDisk]) -> float:
    """Seconds until every receiver has read its whole target once more."""
    begin = time.monotonic()
    past_cache = ("iflag=direct",) if all(target.is_block for target in targets) else ()
    command = ("dd", "bs=1M", "of=/dev/null", "status=none", *past_cache)
    for target in targets:
        target.forget()
    found = seats.run([Side(seat, ((*command, f"if={one.path}"),)) for seat, one in enumerate(targets, 1)], DEADLINE)
    return max(one.ended for one in found) - begin


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


def write_source(path: Path, kind: str, size: int) -> Path:
    """A model disk: ``noise`` does not compress; ``text`` does, about 3 to 1 by zstd -1, and repeats only after 32 MiB,
    which no compressor's window reaches."""
    seeded = random.Random(3)
    block = seeded.randbytes(32 * MIB) if kind == "noise" else _text(seeded, 32 * MIB)
    with path.open("wb") as file:
        for _ in range(0, size, len(block)):
            file.write(block[: min(len(block), size - file.tell())])
    return path


def _text(seeded: random.Random, size: int) -> bytes:
    words = [seeded.randbytes(seeded.choice((2, 3, 4, 6, 9))).hex().encode() for _ in range(3000)]
    lines: list[bytes] = []
    length = 0
    while length < size:
        line = b" ".join(seeded.choices(words, k=12)) + b"\n"
        lines.append(line)
        length += len(line)
    return b"".join(lines)[:size]


def host() -> dict[str, str]:
    """What the numbers depend on."""
    info = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else "unknown",
        "cores": str(len(os.sched_getaffinity(0))),
        "sha_ni": "yes" if " sha_ni" in info else "no",
        "kernel": os.uname().release,
    }


def all_cases(processors: bool = False) -> tuple[Case, ...]:
    """Every compression with both kinds of data and each number of receivers, where the wire is the limit; with
    `processors` also where the processors are."""
    return tuple(
        Case(pack, data, count, SIZES[count], wire, count == 1 and wire is not None)
        for count in RECEIVERS
        for wire in (WIRES[count], *(FASTER_WIRES[count] if processors else ()))
        for pack in COMPRESSIONS
        for data in DATA
    )


def quick_cases() -> tuple[Case, ...]:
    """The default compression and none, with 1 and 4 receivers, over a wire."""
    return tuple(
        Case(pack, data, count, SIZES[count] // 2, WIRES[count], count == 1)
        for count in (1, 4)
        for pack in ("none", "zstd")
        for data in DATA
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


def goal(ratios: Mapping[str, float]) -> str:
    """Which cases reached `GOAL`, and which did not; `ratios` are ours to plain by the case's name."""
    below = [f"{name} ({ratio:.2f})" for name, ratio in ratios.items() if round(ratio, 2) < GOAL]
    reached = f"at least {GOAL} of plain: {len(ratios) - len(below)} of {len(ratios)} cases"
    return reached + (f"; below: {', '.join(below)}" if below else "")


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


def _line(one: Row) -> str:
    speed = ", ".join(f"{way} {value:.0f} MB/s" for way, value in one.speed.items())
    return f"{one.case.name}: {speed}" + (f", ratio {one.ratio:.2f}" if one.ratios else "")

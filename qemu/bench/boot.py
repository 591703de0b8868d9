"""``python3 -m qemu bench boot``: our initrd's stages beside the bare floor, on the same virtual hardware.

Both boot the same kernel directly, in turns, with the same disk, card and append line. "kernel" times are the
guest's own clock since the kernel started; "host" times run on this machine's clock from power-on, so they include
firmware and the loading of the initrd. Medians over all runs are compared; every single run is in the JSON.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..classroom.classroom import ClassroomSpec, run_classroom
from ..classroom.report import Verdict, layout
from ..classroom.single import SingleSpec, of_pair, run_machine
from ..disks import model as disks
from ..host import sandbox
from ..machine.accel import choose
from ..machine.events import Event, EventLog, kernel_start
from ..machine.spec import mac
from ..machine.vm import VM
from .floor import write_floor_initrd

FLOOR = "floor: init"
DEVICES = "disk and card known"
STAGES = ("init", "udev", "python", DEVICES, "role screen")
"""What is measured, as the table calls it. The screen does not wait for the last device."""

APPEND = "quiet ip=10.77.0.10:10.77.0.1::255.255.254.0 BOOTIF=01-" + mac(0).replace(":", "-")
"""What PXELINUX would add. ``quiet``: kernel messages on a serial line would slow the floor more than us."""

DISK_BYTES = 1 << 30


@dataclass(frozen=True)
class Time:
    """One stage of one run, in seconds."""

    run: int
    stage: str
    kernel: float
    host: float


@dataclass(frozen=True)
class Row:
    """One stage over all runs: medians in seconds, and how many times the floor's."""

    stage: str
    kernel: float
    kernel_ratio: float
    host: float
    host_ratio: float


@dataclass(frozen=True)
class BootBench:
    """The result. Sizes in bytes; `smallest_memory` in MiB, None when it was not searched (or nothing sufficed)."""

    accel: str
    runs: int
    append: str
    rows: tuple[Row, ...]
    times: tuple[Time, ...]
    sizes: dict[str, int]
    smallest_memory: int | None = None
    memory_tried: dict[int, bool] = dataclasses.field(default_factory=dict)


def bench_boot(pair: Path, runs: int = 3, memory_search: bool = False, memory: int = 384) -> BootBench:
    """Measure. Raises sandbox.RunFailed (a machine did not come so far), sandbox.Stopped, SpecError."""
    kernel, initrd = of_pair(pair)
    spec = SingleSpec(kernel, initrd, APPEND, disks=(DISK_BYTES,), memory=memory, deadline=180)
    accel = choose(kernel)
    expected = (sandbox.RunFailed, disks.DiskError, OSError)
    result = sandbox.call(lambda scratch: _alternate(spec, scratch, runs, accel), expected)
    if not memory_search:
        return result
    tried = search_memory(lambda size: _clones(pair, size))
    return dataclasses.replace(result, memory_tried=tried, smallest_memory=smallest(tried))


def _alternate(ours: SingleSpec, scratch: Path, runs: int, accel: str) -> BootBench:
    """Floor and ours in turns, so that whatever else this host does falls on both. Each boots in its own sandbox."""
    floor = dataclasses.replace(ours, initrd=write_floor_initrd(scratch / "floor-initrd", scratch))
    times: list[Time] = []
    for run in range(1, runs + 1):
        times += _boot(floor, run, {"init": FLOOR})
        times += _boot(ours, run, {stage: stage for stage in STAGES})
        line = ", ".join(f"{time.stage} {time.kernel:.2f} s" for time in times if time.run == run)
        print(f"run {run} of {runs}: {line}", file=sys.stderr, flush=True)
    files = {"kernel": ours.kernel, "initrd": ours.initrd, "floor initrd": floor.initrd}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    return BootBench(accel, runs, ours.append, rows(times), tuple(times), sizes)


def _boot(spec: SingleSpec, run: int, stages: dict[str, str]) -> list[Time]:
    """One boot, up to the last of `stages` (our stage's name: the table's)."""

    def measure(vm: VM) -> list[Time]:
        reached = {name: partial(stage_event, vm.events, name) for name in stages}
        for name, event in reached.items():
            vm.wait(lambda event=event: event() is not None, vm.deadline, name)  # type: ignore[misc]
        zero = kernel_start(vm.events.events) or 0.0
        found = {name: event() for name, event in reached.items()}
        return [
            Time(run, stages[name], event.t, round(zero + event.t - vm.started, 3))
            for name, event in found.items()
            if event
        ]

    return run_machine(spec, measure)


def stage_event(log: EventLog, stage: str) -> Event | None:
    """The event with which a stage of `STAGES` was reached, or None."""
    if stage == "role screen":
        return log.first("screen", name="umode")
    if stage == DEVICES:
        found = (event for event in log.events if event.fields.get("disks") and event.fields.get("nics"))
        return next(found, None)
    return log.first(stage)


def rows(times: Iterable[Time]) -> tuple[Row, ...]:
    """Medians of each stage beside the floor's, in the order of their times. Needs a floor among the times."""
    kernel: dict[str, list[float]] = {}
    host: dict[str, list[float]] = {}
    for time in times:
        kernel.setdefault(time.stage, []).append(time.kernel)
        host.setdefault(time.stage, []).append(time.host)
    medians = {stage: (statistics.median(kernel[stage]), statistics.median(host[stage])) for stage in kernel}
    floor = medians[FLOOR]
    found = (
        Row(stage, round(k, 3), round(k / floor[0], 2), round(h, 3), round(h / floor[1], 2))
        for stage, (k, h) in medians.items()
    )
    return tuple(sorted(found, key=lambda row: row.kernel))


def _clones(pair: Path, memory: int) -> bool:
    """Whether a classroom with one receiver clones with so much memory in each machine."""
    with tempfile.TemporaryDirectory(prefix="udpcast-bench-") as kept:
        spec = ClassroomSpec(pair, receivers=1, memory=memory, deadline=400, artefacts=Path(kept))
        good = run_classroom(spec, lambda line: None).verdict is Verdict.GOOD
    print(f"a clone with {memory} MiB: {'completes' if good else 'fails'}", file=sys.stderr, flush=True)
    return good


def search_memory(works: Callable[[int], bool], low: int = 96, high: int = 512, step: int = 16) -> dict[int, bool]:
    """Bisect between `low` and `high` MiB; every size that was tried, and whether it sufficed."""
    tried = {high: works(high)}
    if not tried[high]:
        return tried
    while high - low > step:
        middle = (low + high) // 2 // step * step
        tried[middle] = works(middle)
        low, high = (low, middle) if tried[middle] else (middle, high)
    return tried


def smallest(tried: dict[int, bool]) -> int | None:
    """The smallest size that sufficed, or None."""
    return min((size for size, good in tried.items() if good), default=None)


def to_json(bench: BootBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2) + "\n"


def table(bench: BootBench) -> str:
    """The result for a person."""
    cells: list[tuple[str, ...]] = [("stage", "kernel s", "x floor", "host s", "x floor")]
    for row in bench.rows:
        ratios = (f"{row.kernel_ratio:.2f}", f"{row.host_ratio:.2f}")
        cells.append((row.stage, f"{row.kernel:.2f}", ratios[0], f"{row.host:.2f}", ratios[1]))
    pair = bench.sizes["kernel"] + bench.sizes["initrd"]
    lines = [*layout(cells), ""]
    lines.append(f"medians of {bench.runs} runs with {bench.accel.upper()}; append {bench.append}")
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in bench.sizes.items())
    lines.append(f"{sizes}; the pair {pair / 1e6:.1f} MB")
    if bench.memory_tried:
        lines.append(f"smallest memory in which a clone completes: {bench.smallest_memory or 'none tried'} MiB")
    return "\n".join(lines) + "\n"

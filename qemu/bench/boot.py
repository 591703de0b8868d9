"""``python3 -m qemu bench boot``: our initrd's stages beside the bare floor, on the same virtual hardware.

Both boot the same kernel directly, in turns, with the same disk, card and append line. Medians over all runs are
compared with the floor's; every single run is in the JSON. There are two clocks:

* Instructions (by default): the guest's own clock since the kernel started, and a nanosecond of it is an instruction.
  Whatever else the host does changes nothing, so that the runs have to agree within 1 %; the table says how far they
  do. Such a machine is always TCG's, for KVM cannot count.
* Wall time: the guest's clock follows the host's. "kernel" seconds count from the kernel's start, "host" seconds from
  power-on, so that they include firmware and the loading of the initrd. Without KVM that clock punishes what runs only
  once, for each block of code is translated first: it shows a boot several times longer than it is.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..classroom.single import SingleSpec, of_pair, run_machine
from ..columns import layout
from ..disks.tools import DiskError
from ..host import sandbox
from ..machine.accel import choose
from ..machine.events import Event, EventLog, kernel_start
from ..machine.spec import mac
from ..machine.vm import VM
from . import memory_search
from .floor import write_floor_initrd

FLOOR = "floor: init"
DEVICES = "disk and card known"
STAGES = ("init", "stage2", "python", DEVICES, "role screen")
"""What is measured, as the table calls it. The screen does not wait for the last device."""

APPEND = "quiet ip=10.77.0.10:10.77.0.1::255.255.254.0 BOOTIF=01-" + mac(0).replace(":", "-")
"""What PXELINUX would add. ``quiet``: kernel messages on a serial line would slow the floor more than us."""

DISK_BYTES = 1 << 30
AGREE = 0.01
"""Counted runs agree when a stage's largest time exceeds its smallest by no more than this part of their median."""


@dataclass(frozen=True)
class Time:
    """One stage of one run, in seconds; `host` is None where instructions were counted."""

    run: int
    stage: str
    kernel: float
    host: float | None


@dataclass(frozen=True)
class Row:
    """One stage over all runs: medians in seconds, how many times the floor's, and the kernel seconds' spread.

    `spread`: (largest - smallest) / median.
    """

    stage: str
    kernel: float
    kernel_ratio: float
    host: float | None
    host_ratio: float | None
    spread: float


@dataclass(frozen=True)
class BootBench:
    """The result. Sizes in bytes; `smallest_memory` in MiB, None when it was not searched (or nothing sufficed).

    `counted`: the times are instructions in nanoseconds.
    """

    accel: str
    runs: int
    append: str
    rows: tuple[Row, ...]
    times: tuple[Time, ...]
    sizes: dict[str, int]
    smallest_memory: int | None = None
    memory_tried: dict[int, bool] = dataclasses.field(default_factory=dict)
    counted: bool = False


def bench_boot(
    pair: Path, runs: int = 3, search: bool = False, memory: int = 384, counted: bool = True, words: str = ""
) -> BootBench:
    """Measure, with further `words` on the line. Raises sandbox.RunFailed (a machine did not come so far),
    sandbox.Stopped, SpecError."""
    spec = machine(pair, memory, counted)
    spec = dataclasses.replace(spec, append=f"{spec.append} {words}".rstrip())
    if counted:
        print("accelerator: TCG (instructions are counted, which KVM cannot do)", file=sys.stderr, flush=True)
    accel = "tcg" if counted else choose(spec.kernel)
    expected = (sandbox.RunFailed, DiskError, OSError)
    result = sandbox.call(lambda scratch: _alternate(spec, scratch, runs, accel), expected)
    if not search:
        return result
    tried = memory_search.measure(pair)
    return dataclasses.replace(result, memory_tried=tried, smallest_memory=memory_search.smallest(tried))


def machine(pair: Path, memory: int = 384, counted: bool = True) -> SingleSpec:
    """What boots. Nobody answers on its network, for it has its address, and answers would come by the host's clock."""
    kernel, initrd = of_pair(pair)
    return SingleSpec(
        kernel,
        initrd,
        APPEND,
        disks=(DISK_BYTES,),
        memory=memory,
        dhcp=False,
        counted=counted,
        deadline=300 if counted else 180,
    )


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
    return BootBench(accel, runs, ours.append, rows(times), tuple(times), sizes, counted=ours.counted)


def _boot(spec: SingleSpec, run: int, stages: dict[str, str]) -> list[Time]:
    """One boot, up to the last of `stages` (our stage's name: the table's)."""

    def measure(vm: VM) -> list[Time]:
        reached = {name: partial(stage_event, vm.events, name) for name in stages}
        for name, event in reached.items():
            vm.wait(lambda event=event: event() is not None, vm.deadline, name)  # type: ignore[misc]
        zero = kernel_start(vm.events.events) or 0.0
        found = {name: event() for name, event in reached.items()}
        return [
            Time(run, stages[name], event.t, None if spec.counted else round(zero + event.t - vm.started, 3))
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
        if time.host is not None:
            host.setdefault(time.stage, []).append(time.host)
    kernel_floor = statistics.median(kernel[FLOOR])
    host_floor = statistics.median(host[FLOOR]) if host else None
    return tuple(
        sorted(
            (_row(stage, found, kernel_floor, host.get(stage), host_floor) for stage, found in kernel.items()),
            key=lambda row: row.kernel,
        )
    )


def _row(
    stage: str, kernel: list[float], kernel_floor: float, host: list[float] | None, host_floor: float | None
) -> Row:
    k = statistics.median(kernel)
    h = statistics.median(host) if host else None
    return Row(
        stage,
        kernel=round(k, 3),
        kernel_ratio=round(k / kernel_floor, 2),
        host=None if h is None else round(h, 3),
        host_ratio=None if h is None or host_floor is None else round(h / host_floor, 2),
        spread=round((max(kernel) - min(kernel)) / k, 4),
    )


def to_json(bench: BootBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2) + "\n"


def table(bench: BootBench) -> str:
    """The result for a person."""
    pair = bench.sizes["kernel"] + bench.sizes["initrd"]
    lines = [*layout(_counted_cells(bench.rows) if bench.counted else _wall_cells(bench.rows)), ""]
    clock = ", by their own clock, which counts instructions" if bench.counted else ", wall time"
    lines.append(f"medians of {bench.runs} runs with {bench.accel.upper()}{clock}; append {bench.append}")
    if bench.runs > 1:
        lines.append(agreement(bench.rows))
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in bench.sizes.items())
    lines.append(f"{sizes}; the pair {pair / 1e6:.1f} MB")
    if bench.memory_tried:
        lines.append(f"smallest memory in which a clone completes: {bench.smallest_memory or 'none tried'} MiB")
    return "\n".join(lines) + "\n"


def _counted_cells(rows: tuple[Row, ...]) -> list[tuple[str, ...]]:
    heading = ("stage", "seconds", "x floor", "spread")
    return [
        heading,
        *((row.stage, f"{row.kernel:.2f}", f"{row.kernel_ratio:.2f}", f"{row.spread:.1%}") for row in rows),
    ]


def _wall_cells(rows: tuple[Row, ...]) -> list[tuple[str, ...]]:
    cells: list[tuple[str, ...]] = [("stage", "kernel s", "x floor", "host s", "x floor")]
    for row in rows:
        ratios = (f"{row.kernel_ratio:.2f}", f"{row.host_ratio:.2f}")
        cells.append((row.stage, f"{row.kernel:.2f}", ratios[0], f"{row.host:.2f}", ratios[1]))
    return cells


def agree(rows: tuple[Row, ...]) -> bool:
    """Whether counted runs agree within `AGREE`."""
    return not _apart(rows)


def _apart(rows: tuple[Row, ...]) -> list[Row]:
    return [row for row in rows if row.spread > AGREE]


def agreement(rows: tuple[Row, ...]) -> str:
    """Whether the runs agree, in words."""
    apart = [f"{row.stage} ({row.spread:.1%})" for row in _apart(rows)]
    if apart:
        return f"THE RUNS DO NOT AGREE within {AGREE:.0%}: {', '.join(apart)}"
    return f"the runs agree within {AGREE:.0%}"

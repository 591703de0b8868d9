"""``python3 -m qemu bench paths``: from power-on to the role screen by each way to boot, stage by stage.

Beside them Debian's netboot installer, in the same run: its kernel and initrd (of Debian's package
``debian-installer-…-netboot-amd64``), booted by PXE and TFTP from the same boot server, to its first question, on a
BIOS, by UEFI, and by UEFI with Secure Boot. It needs 1,024 MiB, ours have what `hardware` gives them. A ratio is to the
installer of the same kind of firmware: the goal is 0.5 at most. And the kernel alone, with an initrd of 1 MB whose
/init only prints: what no launcher can be sooner than by this way.

Each stage is told in seconds since power-on, when it was over, by a clock on the wall: so nothing else may run on this
machine. Medians over all runs.

* firmware: the machine sends its first packet, or reads its medium for the first time;
* loader: nothing is left to load but kernel and initrd (by their sizes: headers on the wire make that a little late);
* loaded: 99.5 % of all that is loaded before the kernel starts has come;
* kernel: its clock starts, when it has unpacked itself; /init and role screen: as the machine itself says.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from kernel_cmdline import showable

from ..classroom.single import SingleSpec, of_pair, run_machine
from ..columns import layout
from ..host import sandbox
from ..machine import available
from ..machine.accel import choose
from ..machine.events import kernel_start
from ..machine.firmware import MEDIA, Boot, Firmware
from ..machine.vm import VM
from . import installer
from .floor import printed, write_floor_initrd
from .hardware import MEMORY
from .hardware_lines import PATHS
from .wire import Meter, loading

GOAL = 0.5
DISK_BYTES = 1 << 30
DEADLINE = 600.0
"""Seconds."""


class System(Enum):
    """What is booted; the values are the table's words."""

    OURS = ""
    INSTALLER = "installer: "
    KERNEL = "kernel alone: "


Files = Mapping[System, tuple[Path, Path]]
"""Kernel and initrd of each."""


@dataclass(frozen=True)
class Way:
    """One row of the table. `loader`: what is loaded first, where it is not the usual file."""

    firmware: Firmware
    path: Boot
    loader: str = ""
    system: System = System.OURS

    @property
    def name(self) -> str:
        return f"{self.system.value}{self.firmware.value} {self.path.value} {self.loader}".rstrip()

    @property
    def peer(self) -> Way:
        """The installer that it is held against."""
        return Way(self.firmware, Boot.PXE, system=System.INSTALLER)

    @property
    def floor(self) -> tuple[Way, ...]:
        """The kernel alone by this way; none from a medium, where there is hardly anything to load."""
        return () if self.path in MEDIA else (Way(self.firmware, self.path, system=System.KERNEL),)


WAYS = (
    *(Way(*one) for one in PATHS if one[1] is not Boot.USB),
    Way(Firmware.BIOS, Boot.PXE, "undionly.kpxe"),
    Way(Firmware.UEFI, Boot.PXE, "snponly.efi"),
)
"""Each way with its usual loader, and iPXE. A stick is read as a disc is."""


@dataclass(frozen=True)
class Boots:
    """One boot: seconds since power-on, and the bytes that were loaded before the kernel started, over the wire
    (`came`) and from a medium (`read`). The kernel's start and its ``/init`` are not known of the installer; of the
    kernel alone, `screen` is its ``/init``."""

    way: Way
    firmware: float
    loader: float
    loaded: float
    screen: float
    came: int
    read: int = 0
    kernel: float | None = None
    init: float | None = None


@dataclass(frozen=True)
class PathsBench:
    """All boots, and what did not come so far with the reason; sizes of kernel and initrd in bytes."""

    boots: tuple[Boots, ...]
    failures: tuple[tuple[str, str], ...]
    sizes: dict[str, int]
    runs: int
    accel: str
    qemu: str


def bench_paths(pair: Path, ways: Sequence[Way], runs: int, tell: Callable[[str], None]) -> PathsBench:
    """Boot each of `ways`, and what stands `beside` them, in turns. Raises sandbox.Stopped, BenchError."""
    kernel, _ = ours = of_pair(pair)
    accel = choose(kernel)
    with tempfile.TemporaryDirectory() as scratch:
        floor = write_floor_initrd(Path(scratch, "floor"), Path(scratch))
        files = {System.OURS: ours, System.INSTALLER: installer.files(), System.KERNEL: (kernel, floor)}
        boots, failures = _boots(files, ways, runs, tell)
    sizes = {"ours": _size(ours), "installer": _size(files[System.INSTALLER])}
    return PathsBench(tuple(boots), tuple(failures), sizes, runs, accel, available.version())


def beside(ways: Sequence[Way]) -> tuple[Way, ...]:
    """The installers that `ways` are held against, and the kernel alone, each once."""
    return tuple(dict.fromkeys((*(way.peer for way in ways), *(one for way in ways for one in way.floor))))


def _boots(
    files: Files, ways: Sequence[Way], runs: int, tell: Callable[[str], None]
) -> tuple[list[Boots], list[tuple[str, str]]]:
    boots: list[Boots] = []
    failures: list[tuple[str, str]] = []
    for run in range(runs):
        for way in (*beside(ways), *ways):
            try:
                boots.append(_boot(way, files))
            except (sandbox.RunFailed, AssertionError) as error:
                failures.append((way.name, showable(str(error).splitlines()[0])))
                tell(f"run {run + 1}, {way.name}: NO: {failures[-1][1]}")
            else:
                last = boots[-1]
                tell(f"run {run + 1}, {way.name}: {last.screen} s, {(last.came + last.read) / 1e6:.1f} MB")
    return boots, failures


def _size(files: tuple[Path, Path]) -> int:
    return sum(file.stat().st_size for file in files)


def spec(way: Way, files: Files) -> SingleSpec:
    """The machine that boots this way."""
    kernel, initrd = files[way.system]
    memory = installer.MEMORY if way.system is System.INSTALLER else MEMORY[way.firmware]
    disks = (DISK_BYTES,)
    return SingleSpec(
        kernel,
        initrd,
        "quiet",
        way.path,
        way.firmware,
        disks=disks,
        memory=memory,
        loader=way.loader,
        deadline=DEADLINE,
    )


def _boot(way: Way, files: Files) -> Boots:
    follow = {System.OURS: _follow, System.INSTALLER: _follow_installer, System.KERNEL: _follow_kernel}[way.system]
    return run_machine(spec(way, files), partial(follow, way, _size(files[way.system])))


def _follow(way: Way, payload: int, vm: VM) -> Boots:
    meter = Meter(vm, "medium" if way.path in MEDIA else None)
    meter.until(lambda: vm.events.first("screen", name="umode") is not None, "the role screen")
    screen, init = vm.events.first("screen", name="umode"), vm.events.first("init")
    zero = kernel_start(vm.events.events)
    assert screen and init and zero is not None
    started = zero - vm.started
    parts = loading(meter.looks, started, payload)
    times = (parts.firmware, parts.loader, parts.loaded, round(started + screen.t, 1))
    return Boots(way, *times, parts.came, parts.read, round(started, 1), round(started + init.t, 1))


def _follow_installer(way: Way, payload: int, vm: VM) -> Boots:
    meter = Meter(vm)
    meter.until(lambda: installer.QUESTION in vm.console.screen.text, "the installer's first question")
    asked = round(meter.looks[-1].t, 1)
    parts = loading(meter.looks, asked, payload)
    return Boots(way, parts.firmware, parts.loader, parts.loaded, asked, parts.came)


def _follow_kernel(way: Way, payload: int, vm: VM) -> Boots:
    """It speaks on the console only: it has no driver of the port for events that machines with UEFI have."""
    meter = Meter(vm)
    meter.until(lambda: printed(vm.console.screen.text) is not None, "the kernel's /init")
    began, seen = printed(vm.console.screen.text), meter.looks[-1].t
    assert began is not None
    started, init = seen - began, round(seen, 1)
    parts = loading(meter.looks, started, payload)
    times = (parts.firmware, parts.loader, parts.loaded, init)
    return Boots(way, *times, parts.came, kernel=round(started, 1), init=init)


@dataclass(frozen=True)
class Row:
    """Medians of one way. `ratio`: to its installer's; None where that did not come so far."""

    median: Boots
    ratio: float | None


def rows(bench: PathsBench) -> tuple[Row, ...]:
    """Each way that came there, in the order of the runs."""
    by_way: dict[Way, list[Boots]] = {}
    for one in bench.boots:
        by_way.setdefault(one.way, []).append(one)
    medians = {way: _median(boots) for way, boots in by_way.items()}
    return tuple(Row(one, _ratio(one, medians.get(way.peer))) for way, one in medians.items())


def _ratio(one: Boots, peer: Boots | None) -> float | None:
    return round(one.screen / peer.screen, 2) if peer else None


def _median(boots: Sequence[Boots]) -> Boots:
    def of(name: str) -> float | None:
        values = [value for one in boots if (value := getattr(one, name)) is not None]
        return round(statistics.median(values), 1) if values else None

    times = {name: of(name) for name in ("firmware", "loader", "loaded", "screen", "kernel", "init")}
    sizes = {name: round(statistics.median(getattr(one, name) for one in boots)) for name in ("came", "read")}
    return Boots(way=boots[0].way, **sizes, **times)  # type: ignore[arg-type]


def met(bench: PathsBench) -> bool:
    """Whether every way came there, within the goal."""
    ratios = [row.ratio for row in rows(bench) if row.median.way.system is System.OURS]
    return not bench.failures and all(ratio is not None and ratio <= GOAL for ratio in ratios)


_STAGES = ("firmware", "loader", "loaded", "kernel", "/init", "role screen")
HEADING = ("way", *_STAGES, "x installer", "MB on the wire", "MB read")


def cells(bench: PathsBench) -> list[tuple[str, ...]]:
    """The table, with its heading."""
    found: list[tuple[str, ...]] = [HEADING]
    for row in rows(bench):
        one = row.median
        times = (one.firmware, one.loader, one.loaded, one.kernel, one.init, one.screen)
        shown = ("-" if time is None else f"{time:.1f}" for time in times)
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        found.append((one.way.name, *shown, ratio, f"{one.came / 1e6:.1f}", f"{one.read / 1e6:.1f}"))
    return found


def summary(bench: PathsBench) -> list[str]:
    """What else there is to say."""
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in bench.sizes.items())
    goal = "met" if met(bench) else "NOT MET"
    lines = [f"not reached: {name}: {why}" for name, why in bench.failures]
    lines.append(f"goal: at most {GOAL} of the installer by every way: {goal}")
    about = f"{bench.runs} run(s), {bench.accel.upper()}, QEMU {bench.qemu}"
    return [*lines, f"seconds since power-on, medians of {about}; kernel and initrd: {sizes}"]


def table(bench: PathsBench) -> str:
    """The result for a person."""
    return "\n".join([*layout(cells(bench)), "", *summary(bench)]) + "\n"


def markdown(bench: PathsBench) -> str:
    """The result for a document."""
    heading, *below = (f"| {' | '.join(row)} |" for row in cells(bench))
    rule = f"| {' | '.join(['---'] * len(HEADING))} |"
    return "\n".join([heading, rule, *below, "", *(f"- {line}" for line in summary(bench))]) + "\n"


def to_json(bench: PathsBench) -> str:
    """The whole result, from which `from_json` makes it again."""
    record = dataclasses.asdict(bench)
    for one in record["boots"]:
        one["way"] = {name: value.value if isinstance(value, Enum) else value for name, value in one["way"].items()}
    return json.dumps(record, indent=1) + "\n"


def from_json(text: str) -> PathsBench:
    """What `to_json` wrote."""
    record = json.loads(text)
    boots = []
    for one in record["boots"]:
        way = one["way"]
        kinds = {"firmware": Firmware(way["firmware"]), "path": Boot(way["path"]), "system": System(way["system"])}
        boots.append(Boots(**{**one, "way": Way(**{**way, **kinds})}))
    failures = tuple((name, why) for name, why in record["failures"])
    return PathsBench(**{**record, "boots": tuple(boots), "failures": failures})

"""``python3 -m qemu bench hardware``: does every kind of PC come to the role choice, and when?

Which machines are started, and by which rule, stands in `hardware_lines`. A machine has come there when its role
screen is drawn, and the launcher has seen its disk and all of its cards. What else may happen to it is in `situations`.

Seconds are those of a clock on the wall, from power-on to the role screen. "x floor" is about the kernel alone: from
its start to the role screen, beside the same kernel with a bare initrd (`floor`), which QEMU loads by itself.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from kernel_cmdline import showable

from ..classroom.single import SingleSpec, of_pair, run_machine
from ..columns import layout
from ..disks.tools import DiskError
from ..host import sandbox
from ..machine import available
from ..machine.accel import choose
from ..machine.firmware import Boot, Firmware
from ..machine.storage import Bus
from ..machine.vm import VM
from .floor import write_floor_initrd
from .hardware_lines import Line, Situation, impossible
from .situations import PLAYS, Seen, cards_of, come_there

DISK_BYTES = 1 << 30
DEADLINE = 300.0
"""Seconds."""
MEMORY = {Firmware.BIOS: 384, Firmware.UEFI: 512, Firmware.SECURE_BOOT: 512}
"""MiB. What is the least is measured elsewhere."""


@dataclass(frozen=True)
class Row:
    """What became of a line. `seconds` from power-on to the role screen, `kernel` from the kernel's start, `devices`
    from power-on until disk and cards were seen; None where it did not come there, for the reason `why`. `could`: this
    QEMU can make such a machine."""

    line: Line
    could: bool = True
    seconds: float | None = None
    kernel: float | None = None
    devices: float | None = None
    why: str = ""

    @property
    def yes(self) -> bool:
        return self.seconds is not None


@dataclass(frozen=True)
class HardwareBench:
    """The result. `floor`: seconds from the kernel's start to a bare ``/init``."""

    rows: tuple[Row, ...]
    floor: float
    accel: str
    qemu: str

    @property
    def good(self) -> bool:
        """Whether every machine that can be made came to the role choice."""
        return all(row.yes for row in self.rows if row.could)


def bench_hardware(
    pair: Path, lines: Sequence[Line], tell: Callable[[str], None], artefacts: Path | None = None
) -> HardwareBench:
    """Start one after the other. What is not reached is told, and stops nothing. Raises sandbox.Stopped, SpecError."""
    accel = choose(of_pair(pair)[0])
    rows = []
    for line in lines:
        row = measure(pair, line, artefacts and artefacts / line.name.replace(" ", "_"))
        tell(f"{line.name}: {_outcome(row)}")
        rows.append(row)
    return HardwareBench(tuple(rows), _floor(pair), accel, available.version())


def measure(pair: Path, line: Line, artefacts: Path | None = None) -> Row:
    """Start the machine of one line."""
    why = impossible(line, available.devices(), available.version())
    if why:
        return Row(line, could=False, why=why)
    try:
        seen = run_machine(machine(pair, line), partial(_see, line), artefacts)
    except (sandbox.RunFailed, AssertionError) as error:
        return Row(line, why=showable(str(error).splitlines()[0]))
    return Row(line, seconds=seen.screen, kernel=seen.kernel, devices=seen.devices)


def machine(pair: Path, line: Line) -> SingleSpec:
    """The machine of a line."""
    kernel, initrd = of_pair(pair)
    cards = cards_of(line)
    return SingleSpec(
        kernel,
        initrd,
        "quiet",
        boot=line.path,
        firmware=line.firmware,
        disks=(DISK_BYTES,),
        memory=MEMORY[line.firmware],
        nic=cards[0] if cards else None,
        more_nics=cards[1:],
        cable=line.situation is not Situation.SECOND_WIRED,
        bus=line.bus,
        sector=line.sector,
        deadline=DEADLINE,
    )


def _see(line: Line, vm: VM) -> Seen:
    PLAYS[line.situation](vm)
    return come_there(vm, line)


def _floor(pair: Path) -> float:
    """Seconds from the kernel's start to ``/init`` of a bare initrd, which QEMU loads. Raises sandbox.RunFailed."""
    return sandbox.call(lambda scratch: _boot_floor(pair, scratch), (sandbox.RunFailed, DiskError, OSError))


def _boot_floor(pair: Path, scratch: Path) -> float:
    initrd = write_floor_initrd(scratch / "floor-initrd", scratch)
    spec = SingleSpec(of_pair(pair)[0], initrd, "quiet", disks=(DISK_BYTES,), dhcp=False)
    return run_machine(spec, _init)


def _init(vm: VM) -> float:
    vm.wait(lambda: vm.events.first("init") is not None, vm.deadline, "the bare initrd")
    event = vm.events.first("init")
    assert event
    return event.t


def _outcome(row: Row) -> str:
    if not row.yes:
        return f"NO: {row.why}" if row.could else f"not to be had: {row.why}"
    return f"role screen after {row.seconds} s, disk and cards after {row.devices} s"


def to_json(bench: HardwareBench) -> str:
    """The whole result, from which `from_json` makes it again."""
    return json.dumps(_plain(dataclasses.asdict(bench)), indent=1) + "\n"


def _plain(value: object) -> object:
    """Enums by the words of the options."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def from_json(text: str) -> HardwareBench:
    """What `to_json` wrote."""
    record = json.loads(text)
    rows = [Row(**{**row, "line": _line(row["line"])}) for row in record["rows"]]
    return HardwareBench(**{**record, "rows": tuple(rows)})


def _line(record: dict[str, Any]) -> Line:
    kinds = {"firmware": Firmware, "path": Boot, "bus": Bus, "situation": Situation}
    return Line(**{**record, **{key: kind(record[key]) for key, kind in kinds.items()}})


HEADING = ("firmware", "path", "card", "disk", "to the role choice", "s", "x floor", "disk and cards s", "remark")


def cells(bench: HardwareBench) -> list[tuple[str, ...]]:
    """The table, with its heading."""
    return [HEADING, *(_cells(row, bench.floor) for row in bench.rows)]


def _cells(row: Row, floor: float) -> tuple[str, ...]:
    line = row.line
    disk = line.bus.value + (" 4Kn" if line.sector != 512 else "")
    remarks = [line.situation.value, row.why]
    if line.situation is Situation.USUAL and line.starter != line.card:
        remarks.insert(0, f"booted by {line.starter}")
    numbers = ("-", "-", "-")
    if row.seconds is not None and row.kernel is not None and row.devices is not None:
        numbers = (f"{row.seconds:.1f}", f"{row.kernel / floor:.2f}", f"{row.devices:.1f}")
    answer = "yes" if row.yes else "NO" if row.could else "not to be had"
    path = (line.firmware.value, line.path.value)
    return (*path, line.card, disk, answer, *numbers, "; ".join(filter(None, remarks)))


def summary(bench: HardwareBench) -> str:
    """How many came there, in words."""
    could = [row for row in bench.rows if row.could]
    there = sum(row.yes for row in could)
    return (
        f"{there} of {len(could)} machines came to the role choice; {len(bench.rows) - len(could)} cannot be made; "
        f"{bench.accel.upper()}, QEMU {bench.qemu}; the floor's /init {bench.floor:.2f} s behind its kernel's start"
    )


def table(bench: HardwareBench) -> str:
    """The result for a person."""
    return "\n".join([*layout(cells(bench)), "", summary(bench)]) + "\n"


def markdown(bench: HardwareBench) -> str:
    """The result for a document."""
    heading, *rows = (f"| {' | '.join(row)} |" for row in cells(bench))
    below = f"| {' | '.join(['---'] * len(HEADING))} |"
    return "\n".join([heading, below, *rows, "", f"{summary(bench)}."]) + "\n"

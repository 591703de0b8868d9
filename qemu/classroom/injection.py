"""Carries faults out in a running classroom: the hardware that has them, and what happens at its moment.

`Injection` is asked each turn of the room. A fault that happens later is *fired* at a known moment of the host's clock;
the report counts from there. Nothing is fired twice, and a fault that never fired is a failure of the run.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel_cmdline import Parameter, format_line, parse
from pxe.boot_entry import INITRD

from ..disks.images import BLOCK
from ..disks.tools import DiskError
from ..host.pump import Deadline
from ..machine.spec import Bus, MachineSpec
from . import faults, second_initrd
from .faults import IN_A_PROGRAM, Fault, Kind
from .seat import Seat, SeatSpec

POLL_SECONDS = 0.2  # between two looks at whether a fault is due


def line(spec: SeatSpec, given: tuple[Fault, ...]) -> SeatSpec:
    """The seat with the append line that its faults want."""
    fault = faults.of(given, spec.name, Kind.COMPRESSION)
    if fault is None:
        return spec
    return dataclasses.replace(spec, append=format_line([*parse(spec.append), Parameter("compr", str(fault.value))]))


def target_size(seat: str, size: int, given: tuple[Fault, ...]) -> int:
    """How large the disk of a receiver is, in whole sectors."""
    return (size - faults.number(faults.of(given, seat, Kind.SMALLER), 0)) // 512 * 512


def machine(spec: MachineSpec, size: int, given: tuple[Fault, ...]) -> MachineSpec:
    """The machine with the hardware that its faults want; `size` is the source's."""
    mine = [fault for fault in given if fault.seat == spec.name]

    def sectors(kind: Kind) -> tuple[int, ...]:
        return tuple(fault.position.offset(size) for fault in mine if fault.kind is kind and fault.position)

    (drive,) = spec.drives
    drive = dataclasses.replace(drive, read_errors=sectors(Kind.READ_ERROR), write_errors=sectors(Kind.WRITE_ERROR))
    if faults.of(mine, spec.name, Kind.SECTORS_4K):
        drive = dataclasses.replace(drive, sector=4096, bus=Bus.SCSI if drive.bus is Bus.AHCI else drive.bus)
    memory = faults.number(faults.of(mine, spec.name, Kind.MEMORY), spec.memory)
    return dataclasses.replace(spec, drives=(drive,), memory=memory)


# --- what happens within a program ----------------------------------------------------------------------------------

_STEP = 1 << 16
_WRAPPER = """\
#!/bin/sh
# Reads so much, says so on the event port, and then something happens.
{{
    busybox dd bs={step} count={count} iflag=fullblock 2> /dev/null
    read -r up rest < /proc/uptime
    echo "{{\\"event\\": \\"fault\\", \\"t\\": $up, \\"program\\": \\"{name}\\"}}" > /dev/ttyS1
{deed}
}} | /usr/lib/udpcast-fault/{name} "$@"
"""
_DEEDS = {
    Kind.KILL_PROGRAM: """\
    # It dies with everything in its session.
    kill -9 0""",
    Kind.EXHAUST: """\
    # Files that can go nowhere fill the memory, written by one whom the kernel may not end. When one of the pipeline's
    # programs is gone, so are they.
    pids=$(busybox pidof zstd pigz lzop udp-sender udp-receiver)
    (
        echo -1000 > /proc/self/oom_score_adj
        busybox mkdir /hog
        busybox mount -t ramfs hog /hog
        while kill -0 $pids; do busybox dd bs=1M count=4 if=/dev/zero of=/hog/$((number += 1)); done
        busybox umount /hog
    ) < /dev/null > /dev/null 2>&1 &
    exec busybox cat""",
}


def add_programs(tree: Path, seat: SeatSpec, size: int, given: tuple[Fault, ...], scratch: Path) -> None:
    """Give a seat a second initrd in the TFTP `tree`, unpacked over the first, in whose programs something happens.

    Raises DiskError.
    """
    inside = [fault for fault in given if fault.kind in IN_A_PROGRAM and fault.seat == seat.name]
    if not inside:
        return
    root = scratch / f"{seat.name}-programs"
    original, wrappers = root / "usr/lib/udpcast-fault", root / "usr/bin"
    original.mkdir(parents=True)
    wrappers.mkdir(parents=True)
    for fault in inside:
        name, count = str(fault.value), fault.position.offset(size) // _STEP if fault.position else 0
        _extract(tree / INITRD, f"usr/bin/{name}", root)
        (wrappers / name).rename(original / name)
        script = _WRAPPER.format(name=name, step=_STEP, count=max(1, count), deed=_DEEDS[fault.kind])
        (wrappers / name).write_text(script)
        (wrappers / name).chmod(0o755)
    second_initrd.add(tree, seat, root, "programs")


def _extract(initrd: Path, name: str, root: Path) -> None:
    """Unpack one file of an initrd."""
    with subprocess.Popen(["zstd", "-dcq", initrd], stdout=subprocess.PIPE) as unpacked:
        command = ["cpio", "-i", "--quiet", "-D", str(root), name]
        subprocess.run(command, stdin=unpacked.stdout, check=False, capture_output=True)
    if not (root / name).is_file():
        raise DiskError(f"{name} is not in the initrd {initrd}: no fault can kill it.")


# --- what happens at its moment -------------------------------------------------------------------------------------


@dataclass
class Injection:
    """The faults of one run. `source` is the image they count in; `disks` are the images by seat."""

    given: tuple[Fault, ...]
    source: Path
    disks: Mapping[str, Path]
    switch_on: Callable[[str], None]
    say: Callable[[str, str], None]
    fired: dict[Fault, float] = field(default_factory=dict)
    _plug_in: list[tuple[float, Seat]] = field(default_factory=list)

    @property
    def pending(self) -> list[Fault]:
        """What can still happen."""
        return [fault for fault in self.given if not fault.standing and fault not in self.fired]

    def powered(self, seat: str) -> bool:
        """Whether a seat is switched on at the start."""
        return not any(faults.of(self.given, seat, kind) for kind in (Kind.ABSENT, Kind.LATE))

    def named(self, seat: str) -> bool:
        """Whether a seat has a fault of its own, so that its failure is no reason to give the run up."""
        return any(fault.seat == seat for fault in self.given)

    def turn(self, seats: Mapping[str, Seat], deadline: Deadline) -> None:
        """Fire what is due."""
        for when, seat in list(self._plug_in):
            if time.monotonic() >= when:
                self._plug_in.remove((when, seat))
                self._link(seat, True, deadline)
        for fault in self.pending:
            watched = seats.get("sender" if fault.kind is Kind.LATE else fault.seat)
            if watched and (moment := self._due(fault, watched)):
                self.fired[fault] = moment
                self.say(fault.seat, f"FAULT {fault}")
                self._fire(fault, seats.get(fault.seat), deadline)

    def _due(self, fault: Fault, seat: Seat) -> float | None:
        """When the moment of a fault came, or None."""
        events, now = seat.vm.events, time.monotonic()
        position = fault.position
        assert position is not None
        offset = position.offset(self.source.stat().st_size)
        match fault.kind:
            case Kind.READ_ERROR | Kind.WRITE_ERROR:
                failed = any(event["event"] == "BLOCK_IO_ERROR" for event in seat.vm.qmp.events)
                return now if failed else None
            case Kind.KILL_PROGRAM | Kind.EXHAUST:
                event = events.first("fault", program=fault.value)
            case Kind.FLIP:
                return now if self._arrived(fault, offset) else None
            case _ if position.moment in {"flushing", "verifying"}:
                event = events.first("phase", phase=position.moment)
            case _ if position.moment:
                event = events.first(position.moment)
            case _:
                reached = (
                    event for event in events.events if event.name == "progress" and _bytes(event.fields) >= offset
                )
                event = next(reached, None)
        return now if event and fault.kind not in IN_A_PROGRAM else event.arrived if event else None

    def _arrived(self, fault: Fault, offset: int) -> bool:
        """Whether the source's block around `offset` is on the disk: it will not be written again."""
        start = offset // BLOCK * BLOCK
        with self.source.open("rb") as source, self.disks[fault.seat].open("rb") as target:
            wanted = os.pread(source.fileno(), BLOCK, start)
            return any(wanted) and wanted == os.pread(target.fileno(), BLOCK, start)

    def _fire(self, fault: Fault, seat: Seat | None, deadline: Deadline) -> None:
        match fault.kind:
            case Kind.LATE:
                self.switch_on(fault.seat)
            case Kind.KILL if seat:
                seat.problem = "its power was cut."
                seat.vm.stop()
            case Kind.RESTART if seat:
                seat.restart(deadline)
            case Kind.UNPLUG if seat:
                self._link(seat, False, deadline)
                if isinstance(fault.value, float):
                    self._plug_in.append((time.monotonic() + fault.value, seat))
            case Kind.FLIP:
                assert fault.position
                _flip(self.disks[fault.seat], fault.position.offset(self.source.stat().st_size))

    def _link(self, seat: Seat, up: bool, deadline: Deadline) -> None:
        if seat.vm.running:
            seat.vm.qmp.execute("set_link", deadline=deadline.sooner(10), name="nic0", up=up)
            self.say(seat.spec.name, f"its cable is plugged {'in' if up else 'out'}")


def _bytes(fields: Mapping[str, object]) -> int:
    value = fields.get("bytes")
    return value if isinstance(value, int) else 0


def _flip(image: Path, offset: int) -> None:
    """Flip the lowest bit of a byte. QEMU keeps no cache of its own: the guest's next read of the disk sees it."""
    with image.open("r+b", buffering=0) as file:
        byte = os.pread(file.fileno(), 1, offset)[0]
        os.pwrite(file.fileno(), bytes([byte ^ 1]), offset)

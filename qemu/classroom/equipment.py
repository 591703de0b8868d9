"""What faults make of a seat before it is switched on: its append line, its disk's size, its hardware, its programs.

`LINE`, `SOURCE`, `TARGET`, `HARDWARE`, `PROGRAMS` and `FILTERED` have a row for each kind of fault that is carried out
here.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from initrd.contents import unpack
from initrd.tree import Tree
from kernel_cmdline import Parameter, format_line, parse
from pxe.entries.boot_entry import INITRD

from ..disks import holes, signatures
from ..disks.parts import parts
from ..disks.tools import DiskError
from ..machine.firmware import event_device
from ..machine.spec import MachineSpec
from ..machine.storage import Bus
from . import faults, second_initrd
from .faults import IN_A_PROGRAM, UNPACKER, Fault, Kind
from .seat_spec import SeatSpec

LINE: Mapping[Kind, Callable[[Fault], Parameter]] = {
    Kind.COMPRESSION: lambda fault: Parameter("compr", str(fault.value)),
}
"""What is added to the seat's append line."""


def line(spec: SeatSpec, given: tuple[Fault, ...]) -> SeatSpec:
    """The seat with the append line that its faults want."""
    added = [LINE[fault.kind](fault) for fault in given if fault.seat == spec.name and fault.kind in LINE]
    return dataclasses.replace(spec, append=format_line([*parse(spec.append), *added])) if added else spec


def target_size(seat: str, size: int, given: tuple[Fault, ...]) -> int:
    """How large the disk of a receiver is, in whole sectors."""
    less, more = (faults.number(faults.of(given, seat, kind), 0) for kind in (Kind.SMALLER, Kind.LARGER))
    return (size - less + more) // 512 * 512


def prepare_source(path: Path, seat: str, given: tuple[Fault, ...]) -> tuple[int, ...]:
    """Do to a sender's disk what its faults want; the numbers of the partitions that must be sent whole then."""
    asked = [one for kind, one in SOURCE.items() if faults.of(given, seat, kind)]
    for _, spoil in asked:
        spoil(path)
    return tuple(number for number, _ in asked)


SOURCE: Mapping[Kind, tuple[int, Callable[[Path], None]]] = {
    Kind.DIRTY: (1, holes.make_dirty),
    Kind.HIBERNATED: (2, holes.suspend),
}
"""What is done to a source, and the partition that it befalls."""


def prepare_target(path: Path, source: Path, seat: str, given: tuple[Fault, ...]) -> None:
    """Do to a receiver's disk what its faults want: it had the same partitions, with other things in them."""
    places = [(0, path.stat().st_size), *((part.start, part.size) for part in parts(source))]
    for kind, spoil in TARGET.items():
        if faults.of(given, seat, kind):
            spoil(path, places)


TARGET: Mapping[Kind, Callable[[Path, list[tuple[int, int]]], None]] = {Kind.SIGNATURES: signatures.write}
"""What is done to a target, at these places of it (offset, size)."""


def _read_error(spec: MachineSpec, fault: Fault, size: int) -> MachineSpec:
    return _drive(spec, read_errors=(*spec.drives[0].read_errors, _byte(fault, size)))


def _write_error(spec: MachineSpec, fault: Fault, size: int) -> MachineSpec:
    return _drive(spec, write_errors=(*spec.drives[0].write_errors, _byte(fault, size)))


def _sectors_4k(spec: MachineSpec, fault: Fault, size: int) -> MachineSpec:
    bus = spec.drives[0].bus
    return _drive(spec, sector=4096, bus=Bus.SCSI if bus is Bus.AHCI else bus)


def _memory(spec: MachineSpec, fault: Fault, size: int) -> MachineSpec:
    return dataclasses.replace(spec, memory=faults.number(fault, spec.memory))


def _drive(spec: MachineSpec, **changes: Any) -> MachineSpec:
    (drive,) = spec.drives
    return dataclasses.replace(spec, drives=(dataclasses.replace(drive, **changes),))


def _byte(fault: Fault, size: int) -> int:
    assert fault.position
    return fault.position.offset(size)


HARDWARE: Mapping[Kind, Callable[[MachineSpec, Fault, int], MachineSpec]] = {
    Kind.READ_ERROR: _read_error,
    Kind.WRITE_ERROR: _write_error,
    Kind.SECTORS_4K: _sectors_4k,
    Kind.MEMORY: _memory,
}
"""What becomes of the seat's machine, which has one disk; the number is the source's size."""


def machine(spec: MachineSpec, size: int, given: tuple[Fault, ...]) -> MachineSpec:
    """The machine with the hardware that its faults want; `size` is the source's."""
    for fault in given:
        if fault.seat == spec.name and fault.kind in HARDWARE:
            spec = HARDWARE[fault.kind](spec, fault, size)
    return spec


_STEP = 1 << 16
_INIT = """\
#!/bin/busybox sh
# Does what the programs below ask for, which have no rights themselves; and is then what it was.
busybox mknod /dev/null c 1 3   # a job in the background opens it, and no devices are mounted yet
busybox mkfifo -m 666 /fault
while :; do busybox sh < /fault; done &
exec busybox sh /init.first
"""
_WRAPPER = """\
#!/bin/sh
# Reads so much; then this is said on the event port, and something happens.
{{
    busybox dd bs={step} count={count} iflag=fullblock 2> /dev/null
    read -r up rest < /proc/uptime
    busybox cat > /fault << END
echo '{{"event": "fault", "t": $up, "program": "{name}"}}' > {events}
{deed}
END
    exec busybox cat
}} | /usr/lib/udpcast-fault/{name} "$@"
"""
PROGRAMS = {
    Kind.KILL_PROGRAM: """\
# It dies with everything in its session.
kill -9 -$$""",
    Kind.EXHAUST: """\
# Files that can go nowhere fill the memory, written by one whom the kernel may not end. When one of the pipeline's
# programs is gone, so are they.
pids="\\$(busybox pidof zstd pigz lzop udp-sender udp-receiver)"
(
    echo -1000 > /proc/self/oom_score_adj
    busybox mkdir /hog
    busybox mount -t ramfs hog /hog
    while kill -0 \\$pids; do busybox dd bs=1M count=4 if=/dev/zero of=/hog/\\$((number += 1)); done
    busybox umount /hog
) < /dev/null > /dev/null 2>&1 &""",
}
"""What happens to a program when it has read so much: lines of a shell script that /init runs, as it stands in a here
document of the program's own."""


_TELL = """\
read -r up rest < /proc/uptime
echo '{"event": "fault", "t": '$up', "program": "unpack"}' > EVENTS
pids=
for process in /proc/[0-9]*; do
    ! busybox grep -q 'launcher[.]datapath[.]unpack' $process/cmdline || pids="$pids ${process#/proc/}"
done
"""
UNPACKER_DEEDS = {
    Kind.KILL_PROGRAM: "kill -9 $pids\n",
    Kind.EXHAUST: """\
(
    echo -1000 > /proc/self/oom_score_adj
    busybox mkdir /hog
    busybox mount -t ramfs hog /hog
    while kill -0 $pids; do busybox dd bs=1M count=16 if=/dev/zero of=/hog/$((number += 1)); done
    busybox umount /hog
) < /dev/null > /dev/null 2>&1 &
""",
}
"""The same to our own program, which is no file that a script could stand for: what udp-receiver brings is counted."""


FILTERED = (Kind.SPOIL, Kind.CUT)
"""What befalls the stream behind udp-receiver (`stream_filter`)."""


def _filter(fault: Fault, size: int) -> tuple[str, int]:
    """What `stream_filter` is given: WHAT and BYTE."""
    if fault.kind is Kind.SPOIL:
        return str(fault.value), size // 8
    return ("deed", fault.position.offset(size)) if fault.position else ("cut", 0)


def add_programs(tree: Path, seat: SeatSpec, size: int, given: tuple[Fault, ...], scratch: Path) -> None:
    """Give a seat a second initrd in the TFTP `tree`, unpacked over the first, in whose programs something happens.

    Raises DiskError.
    """
    mine = [fault for fault in given if fault.seat == seat.name]
    filtered = [fault for fault in mine if fault.kind in FILTERED or fault.value == UNPACKER]
    inside = [fault for fault in mine if fault.kind in IN_A_PROGRAM and fault not in filtered]
    if not inside and not filtered:
        return
    root = scratch / f"{seat.name}-programs"
    original, wrappers = root / "usr/lib/udpcast-fault", root / "usr/bin"
    original.mkdir(parents=True)
    wrappers.mkdir(parents=True)
    whole = scratch / f"{seat.name}-initrd"
    whole.mkdir()
    initrd = unpack(tree / INITRD, whole)
    events = event_device(seat.firmware)
    for fault in inside:
        name, count = str(fault.value), fault.position.offset(size) // _STEP if fault.position else 0
        script = _WRAPPER.format(name=name, step=_STEP, count=max(1, count), deed=PROGRAMS[fault.kind], events=events)
        _replace(initrd, root, name, script)
    for fault in filtered:
        what, byte = _filter(fault, size)
        script = f'#!/bin/sh\nexec python3 -sSP {_FILTER} {what} {byte} /usr/lib/udpcast-fault/udp-receiver "$@"\n'
        _replace(initrd, root, "udp-receiver", script)
        shutil.copy(Path(__file__).with_name("stream_filter.py"), original)
        (original / "deed").write_text(_TELL.replace("EVENTS", events) + UNPACKER_DEEDS.get(fault.kind, ""))
    _copy(initrd, "init", root / "init.first")
    shutil.rmtree(whole)
    (root / "init").write_text(_INIT)
    (root / "init").chmod(0o755)
    second_initrd.add(tree, seat, root, "programs")


_FILTER = "/usr/lib/udpcast-fault/stream_filter.py"


def _replace(initrd: Tree, root: Path, name: str, script: str) -> None:
    """Let `script` stand in the place of a program, which is beside it."""
    _copy(initrd, f"usr/bin/{name}", root / "usr/lib/udpcast-fault" / name)
    program = root / "usr/bin" / name
    program.write_text(script)
    program.chmod(0o755)


def _copy(initrd: Tree, name: str, target: Path) -> None:
    """Copy one file of the initrd."""
    found = initrd.file(name)
    if found is None:
        raise DiskError(f"{name} is not in the initrd: no fault can kill it.")
    shutil.copy(initrd.root / found, target)

"""``python3 -m qemu bench transfer``: plain udpcast by hand beside the launcher's transfer, in virtual classrooms.

Each run is a whole classroom (`classroom`): the same machines boot the same pair, and cast the same model disk over the
same virtual network. QEMU gives them kernel and initrd, which changes nothing about a cast: sixteen emulated machines
that load an initrd by TFTP from one server do nothing else for ten minutes. Three ways in turns, then backwards:

* plain: what an experienced person types (`by_hand`), ``udp-sender`` and ``udp-receiver`` with the launcher's
  compressor and options, and ``sync`` behind it.
* ours: the launcher's transfer, with ``verify=no``.
* verified: the same, with ``verify=yes``.

The clock is the host's, from the sender's `cast` event to the last receiver's `outcome`. Every disk is compared with
the source afterwards, those of the plain runs as well. Without KVM the guests' processors are emulated, and many times
slower than a PC's: the ratio then says what the processor's part of the work is, not what a room of PCs would see.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..classroom import by_hand
from ..classroom.classroom import run_classroom
from ..classroom.report import Report, Role
from ..classroom.spec import DISK_NAMES, ClassroomSpec
from ..columns import layout
from ..disks.raw import MIB
from ..host.sandbox import RunFailed
from .cases import COMPRESSIONS, DATA, PACK, UNPACK, Way, goal, write_source

NIC = "e1000e"
"""Not the classroom's e1000: QEMU's is deaf for a second whenever its receive filter is set. With one receiver that is
in mid-cast, when udp-receiver leaves its multicast group, unless a child of it (``--pipe``) still has the socket."""

DEADLINE = 3600.0
"""Seconds for one classroom; sixteen emulated machines need long."""


@dataclass(frozen=True)
class RoomCase:
    """One row: compression, data (`cases.write_source`), and how many receivers."""

    compression: str
    data: str
    receivers: int

    @property
    def name(self) -> str:
        return f"{self.compression} {self.data} {self.receivers}"


def cases(receivers: Sequence[int]) -> tuple[RoomCase, ...]:
    """Every compression with both kinds of data, for each number of receivers."""
    return tuple(RoomCase(pack, data, count) for count in receivers for pack in COMPRESSIONS for data in DATA)


@dataclass(frozen=True)
class RoomSettings:
    """What is measured. `mib` of model disk; `memory` of each machine in MiB; `bitrate` as udp-sender takes it;
    `disk_rate` in MB/s (10^6 bytes), of each disk, None for no limit."""

    pair: Path
    cases: tuple[RoomCase, ...]
    mib: int = 128
    rounds: int = 2
    memory: int = 384
    bitrate: str | None = None
    disk_rate: int | None = None

    @property
    def one_read(self) -> float | None:
        """Seconds in which a disk is read once; None where it has no rate of its own."""
        return self.mib * MIB / (self.disk_rate * 1e6) if self.disk_rate else None

    def sender_options(self, case: RoomCase) -> str:
        """udp-sender's options, for all ways."""
        return f"--min-receivers {case.receivers}" + (f" --max-bitrate {self.bitrate}" if self.bitrate else "")


@dataclass(frozen=True)
class RoomRun:
    """One classroom. `seconds` of the cast, up to the last receiver's outcome; `outcomes` of the receivers."""

    case: str
    way: str
    seconds: float
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class RoomBench:
    """The result. `accel`: kvm or tcg."""

    settings: RoomSettings
    accel: str
    runs: tuple[RoomRun, ...]


def spec(settings: RoomSettings, case: RoomCase, way: Way, model: Path) -> ClassroomSpec:
    """The classroom of one run."""
    disk, options = DISK_NAMES[ClassroomSpec.bus], settings.sender_options(case)
    verify = "yes" if way is Way.VERIFIED else "no"
    room = ClassroomSpec(
        settings.pair,
        receivers=case.receivers,
        model=model,
        memory=settings.memory,
        nic=NIC,
        direct=True,
        deadline=DEADLINE,
        disk_rate=settings.disk_rate and settings.disk_rate * 10**6,
        append_sender=f'umode=snd auto=yes disk={disk} blank=yes compr={case.compression} udpcparam="{options}"',
        append_receiver=f"umode=rcv auto=yes verify={verify}",
    )
    if way is not Way.PLAIN:
        return room
    pack, unpack = PACK.get(case.compression, ""), UNPACK.get(case.compression, "")
    typed = {role: by_hand.command(role, disk, pack, unpack, options) for role in Role}
    return dataclasses.replace(room, by_hand=typed)


def measure(settings: RoomSettings, tell: Callable[[str], None]) -> RoomBench:
    """Run all classrooms. Raises sandbox.RunFailed where one comes to no good end, sandbox.Stopped."""
    runs: list[RoomRun] = []
    accel = ""
    with tempfile.TemporaryDirectory(prefix="udpcast-bench-") as scratch:
        for case in settings.cases:
            model = write_source(Path(scratch) / "model.img", case.data, settings.mib * MIB)
            for number in range(settings.rounds):
                for way in tuple(Way) if number % 2 == 0 else tuple(reversed(Way)):
                    report = run_classroom(spec(settings, case, way, model), lambda _: None)
                    run = RoomRun(case.name, way.value, *result(report))
                    tell(f"{case.name}, {way.value}: {run.seconds:.1f} s")
                    runs.append(run)
                    accel = report.accel
    return RoomBench(settings, accel, tuple(runs))


def result(report: Report) -> tuple[float, tuple[str, ...]]:
    """The seconds of a run and its receivers' outcomes. Raises RunFailed when the run was not a good one."""
    if report.problems:
        raise RunFailed(" ".join(report.problems))
    began = next(seat.began for seat in report.seats if seat.role is Role.SENDER)
    receivers = [seat for seat in report.seats if seat.role is Role.RECEIVER]
    ends = [seat.said for seat in receivers if seat.said is not None]
    if began is None or len(ends) < len(receivers):
        raise RunFailed("a run was good, but a seat did not say when its cast began or ended.")
    return max(ends) - began, tuple(seat.claim.kind if seat.claim else "-" for seat in receivers)


HEADINGS = ("case", "MB/s plain", "ours", "ratio", "verified", "extra s", "one read s")


def table(bench: RoomBench) -> str:
    """Medians for a person: MB/s (10^6 bytes of the source), ours to plain, and what reading back takes longer, beside
    what one read of the disk takes where that is known."""
    size, one_read = bench.settings.mib * MIB, bench.settings.one_read
    read = "-" if one_read is None else f"{one_read:.1f}"
    rows: list[tuple[str, ...]] = [HEADINGS]
    ratios: dict[str, float] = {}
    for case in bench.settings.cases:
        seconds = {
            way: statistics.median(run.seconds for run in bench.runs if (run.case, run.way) == (case.name, way.value))
            for way in Way
        }
        speed = {way: f"{size / value / 1e6:.1f}" for way, value in seconds.items()}
        ratio = seconds[Way.PLAIN] / seconds[Way.OURS]
        extra = seconds[Way.VERIFIED] - seconds[Way.OURS]
        row = (case.name, speed[Way.PLAIN], speed[Way.OURS], f"{ratio:.2f}", speed[Way.VERIFIED], f"{extra:.1f}", read)
        rows.append(row)
        ratios[case.name] = ratio
    settings = bench.settings
    limit = f"at most {settings.bitrate} bit/s" if settings.bitrate else "no limit of the bit rate"
    if settings.disk_rate:
        limit += f", disks of {settings.disk_rate} MB/s"
    about = f"{settings.mib} MiB, {limit}, rounds: {settings.rounds}, {bench.accel}"
    return "\n".join((*layout(rows), goal(ratios), about)) + "\n"


def to_json(bench: RoomBench) -> str:
    """The whole result; keys are those of the classes in this module."""
    return json.dumps(dataclasses.asdict(bench), indent=2, default=str) + "\n"

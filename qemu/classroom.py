"""A virtual classroom: one sender and N receivers that PXE-boot through their cards' ROMs, and the verdict.

`run_classroom` is the whole: network, boot server, machines, operators, comparison. It is a library function for the
demo and the tests as much as the command's body. A run has one deadline, and no seat is believed (`report.py`).

Faults belong between `_machine` (a seat's hardware: sectors, sizes, error layers on its drives) and
`_Room.turn`, which sees every event of every seat, each turn, with the machines' QMP at hand.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kernel_cmdline import CommandLineError, Parameter, format_line, parse
from pxe.tree import TreeError, write_tree

from . import disks, images, sandbox
from .accel import choose
from .network import Network, NetworkError, parse_server_line, tap
from .pump import Deadline, DeadlinePassed, Pump
from .qmp import QmpError
from .report import Report, Role, SeatReport, SourceReport, Verdict
from .seat import Seat, SeatSpec
from .spec import Bus, Drive, MachineSpec, Nic, SpecError, uuid
from .vm import VM, LostMachine

HARNESS_ERRORS = (
    *(SpecError, NetworkError, TreeError, disks.DiskError, QmpError, LostMachine, DeadlinePassed),
    *(CommandLineError, OSError),
)
"""What can keep a run from a result; each is one sentence."""

CONSOLE = (Parameter("console", "ttyS0,115200"), Parameter("events", "ttyS1"))
"""What the harness adds to every append line: a console it can drive, and the event port."""

DISK_NAMES = {
    Bus.AHCI: "/dev/sda",
    Bus.NVME: "/dev/nvme0n1",
    Bus.VIRTIO: "/dev/vda",
    Bus.SCSI: "/dev/sda",
    Bus.USB: "/dev/sda",
}


@dataclass(frozen=True)
class ClassroomSpec:
    """What to run. Sizes in bytes, memory in MiB, deadline in seconds; None: the default described in --help."""

    pair: Path
    receivers: int = 2
    append_sender: str | None = None
    append_receiver: str | None = None
    model: Path | None = None
    target_size: int | None = None
    memory: int = 384
    nic: str = "e1000"
    bus: Bus = Bus.AHCI
    deadline: float = 900.0
    keep: bool = False
    artefacts: Path | None = None


def seats(spec: ClassroomSpec) -> tuple[SeatSpec, ...]:
    """The sender, then the receivers, each with its whole append line. Raises SpecError, CommandLineError."""
    if not 1 <= spec.receivers <= 254:
        raise SpecError(f"{spec.receivers} receivers: 1 to 254 were expected.")
    sender, receiver = spec.append_sender, spec.append_receiver
    if sender is None:
        sender = default_append_sender(spec)
    if receiver is None:
        receiver = "umode=rcv auto=yes"
    lines = [(Role.SENDER, sender), *[(Role.RECEIVER, receiver)] * spec.receivers]
    return tuple(SeatSpec(n, role, with_console(line)) for n, (role, line) in enumerate(lines))


def default_append_sender(spec: ClassroomSpec) -> str:
    """Unattended; starts when every receiver is there."""
    options = f"--min-receivers {spec.receivers}"
    return f'umode=snd auto=yes disk={DISK_NAMES[spec.bus]} udpcparam="{options}"'


def with_console(append: str) -> str:
    """The line with the harness's console and event port, in the kernel's quoting. Raises CommandLineError."""
    return format_line([*parse(append), *CONSOLE])


def command(spec: ClassroomSpec) -> str:
    """The shell command that repeats this run."""
    words = [
        "python3",
        "-m",
        "qemu",
        "classroom",
        "--receivers",
        str(spec.receivers),
        "--pair",
        str(spec.pair),
    ]
    options = {
        "--append-sender": spec.append_sender,
        "--append-receiver": spec.append_receiver,
        "--model-disk": spec.model,
        "--target-size": spec.target_size,
    }
    for name, value in options.items():
        if value is not None:
            words += [name, str(value)]
    words += ["--memory", str(spec.memory), "--nic", spec.nic, "--bus", spec.bus.value]
    return shlex.join([*words, "--deadline", f"{spec.deadline:g}"])


def run_classroom(spec: ClassroomSpec, report: Callable[[str], None] | None = None) -> Report:
    """Run it in a sandbox of its own; `report` gets a line for each stage of each seat (default: standard error).

    The verdict is in the report. Raises sandbox.RunFailed when there is no result at all, sandbox.Stopped.
    """
    say = report or _say
    try:
        seats(spec)
        accel = choose(spec.pair / "udpcast-linux")
    except HARNESS_ERRORS as error:
        raise sandbox.RunFailed(str(error)) from error
    place = spec.artefacts or Path(tempfile.gettempdir(), time.strftime("udpcast-classroom-%Y%m%d-%H%M%S"))
    return sandbox.call(lambda scratch: _Room(spec, accel, scratch, say, place.absolute()).run(), HARNESS_ERRORS)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class _Room:
    """One run, inside the sandbox."""

    spec: ClassroomSpec
    accel: str
    scratch: Path
    say: Callable[[str], None]
    artefacts: Path
    started: float = 0.0
    seats: list[Seat] = field(default_factory=list)
    problem: str = ""

    def run(self) -> Report:
        deadline = Deadline(self.spec.deadline)
        model, size = self._model()
        self.say(f"hashing the model disk {model} ({size / 1e6:.0f} MB)")
        before = disks.sha256(model)
        source = images.overlay(model, self.scratch / "source.qcow2")
        targets = self._targets(size)
        plan = seats(self.spec)
        pump = Pump()
        tree = self._tree(plan)
        self.started = time.monotonic()
        with contextlib.ExitStack() as stack:
            network = stack.enter_context(Network(self.scratch, tree, len(plan), pump, self._server_line))
            try:
                for seat, disk in zip(plan, [source, *targets], strict=True):
                    self._power_on(seat, disk, stack, pump, deadline)
                self._watch(pump, network, deadline)
            except HARNESS_ERRORS:
                self._keep(self._collect(network))
                raise
            collected = self._collect(network)
            reports = [_seat_report(seat) for seat in self.seats]
        seconds = round(time.monotonic() - self.started, 1)
        self.say("comparing the disks")
        written = SourceReport(str(model), size, before, disks.sha256(model), images.written(source))
        found = [None, *(images.target(path, size) for path in targets)]
        whole = tuple(dataclasses.replace(seat, target=image) for seat, image in zip(reports, found, strict=True))
        return self._finish(Report(whole, written, seconds, self.accel, command(self.spec), self.problem), collected)

    def _model(self) -> tuple[Path, int]:
        """The model disk and its size; without one a small disk that boots is made for this run."""
        path = self.spec.model
        if path is None:
            path = disks.small_model(self.scratch / "model.img", self.spec.pair / "udpcast-linux").path
        return path, images.require_raw(path)

    def _targets(self, size: int) -> list[Path]:
        place = self.artefacts if self.spec.keep else self.scratch
        place.mkdir(parents=True, exist_ok=True)
        length = self.spec.target_size or size
        return [disks.create(place / f"receiver-{n + 1}.img", length) for n in range(self.spec.receivers)]

    def _tree(self, plan: tuple[SeatSpec, ...]) -> Path:
        """The TFTP tree. Wrong append lines are let through: what the launcher says to them is what one may want."""
        tree = self.scratch / "tftp"
        tree.mkdir()
        machines = {seat.mac: seat.append for seat in plan}
        write_tree(tree, self.spec.pair, "", machines, check=lambda _: ([], []))
        return tree

    def _power_on(
        self, seat: SeatSpec, disk: Path, stack: contextlib.ExitStack, pump: Pump, deadline: Deadline
    ) -> None:
        directory = self.scratch / seat.name
        directory.mkdir()
        vm = VM(_machine(self.spec, seat, disk, self.accel), directory, pump, deadline)
        self.seats.append(Seat(seat, vm, self.spec.receivers, self._stage))
        stack.enter_context(vm)

    def _watch(self, pump: Pump, network: Network, deadline: Deadline) -> None:
        """Until every seat is finished, or nobody can get any further, or the deadline."""
        while not all(seat.finished for seat in self.seats):
            if deadline.passed:
                self.problem = f"the deadline of {self.spec.deadline:.0f} s passed."
            elif network.ended:
                self.problem = "the boot server (dnsmasq) died."
            elif self._hopeless():
                names = ", ".join(seat.spec.name for seat in self.seats if seat.failed)
                self.problem = f"the run was given up: {names} failed before the cast."
            if self.problem:
                return
            self.turn(pump, deadline)

    def turn(self, pump: Pump, deadline: Deadline) -> None:
        """Handle what has arrived, then let every operator look at his screen. Waits for at most a second."""
        pump.turn(min(1.0, deadline.left))
        for seat in self.seats:
            seat.turn()

    def _hopeless(self) -> bool:
        cast = any(seat.vm.events.first("cast") for seat in self.seats)
        return not cast and any(seat.failed for seat in self.seats)

    def _stage(self, seat: str, what: str) -> None:
        self.say(f"{time.monotonic() - self.started:7.1f} s  {seat:12} {what}")

    def _server_line(self, line: str) -> None:
        served = parse_server_line(line)
        if served is None:
            return
        for seat in self.seats:
            if served.mac == seat.spec.mac:
                seat.address = served.address
            if seat.address == served.address and served.mac in {None, seat.spec.mac}:
                seat.served(served)

    def _collect(self, network: Network) -> Path:
        """Take what would explain a failure while the machines still live."""
        directory = self.scratch / "artefacts"
        directory.mkdir()
        (directory / "dnsmasq.log").write_bytes(network.log)
        for seat in self.seats:
            seat.vm.artefacts(directory / seat.spec.name)
        return directory

    def _keep(self, collected: Path) -> Path:
        """Copy the artefacts to where they stay, with the command that repeats the run."""
        place = self.artefacts
        shutil.copytree(collected, place, dirs_exist_ok=True)
        (place / "reproduce.sh").write_text(f"#!/bin/sh\n{command(self.spec)}\n")
        self.say(f"transcripts, screens and events of every seat: {place}")
        return place

    def _finish(self, report: Report, collected: Path) -> Report:
        """The report as it is given out: with the artefacts of a bad run, and the kept images."""
        if report.verdict is Verdict.GOOD:
            return report
        place = self._keep(collected)
        paths = {seat.name: sorted(map(str, (place / seat.name).iterdir())) for seat in report.seats}
        named = tuple(dataclasses.replace(seat, artefacts=tuple(paths[seat.name])) for seat in report.seats)
        return dataclasses.replace(report, seats=named)


def _machine(spec: ClassroomSpec, seat: SeatSpec, disk: Path, accel: str) -> MachineSpec:
    """One seat's hardware: it boots from its card, never from its disk."""
    kind = "qcow2" if seat.role is Role.SENDER else "raw"
    drive = Drive(disk, spec.bus, kind, serial=f"{seat.role.value.upper()}{seat.number}")
    nic = Nic(seat.mac, spec.nic, tap=tap(seat.number), bootindex=1)
    return MachineSpec(seat.name, spec.memory, uuid(seat.number), accel, (drive,), (nic,))


def _seat_report(seat: Seat) -> SeatReport:
    vm, claim, problem = seat.vm, seat.claim, seat.why()
    reason = vm.qmp.shutdown_reason or ("gone" if not vm.running else "running")
    return SeatReport(
        seat.spec.name,
        seat.spec.role,
        seat.spec.mac,
        seat.spec.append,
        claim,
        problem,
        reason,
        seat.after,
        seat.stages(),
    )

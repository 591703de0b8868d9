"""A virtual classroom: one sender and N receivers that PXE-boot through their cards' ROMs, and the verdict.

`run_classroom` is the whole: network, boot server, machines, operators, comparison. It is a library function for the
demo and the tests as much as the command's body. A run has one deadline, and no seat is believed (`report`).
Faults (`faults`) are prepared by `equipment` and carried out by `injection`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kernel_cmdline import showable_lines
from pxe.entries.boot_entry import KERNEL
from pxe.entries.room import Machine, Room
from pxe.tree.tree import write_tree

from ..disks import images
from ..disks.holes import disk_with_holes
from ..disks.likeness import Source, look
from ..disks.model import small_model
from ..disks.raw import MIB, create, xxh128
from ..host import sandbox
from ..host.event_loop import Deadline, EventLoop
from ..host.network import Network, parse_server_line, tap
from ..machine.accel import choose
from ..machine.cards import card_for
from ..machine.firmware import MEDIA
from ..machine.spec import DirectBoot, Drive, MachineSpec, Nic, uuid
from ..machine.vm import VM
from . import by_hand, equipment, faults, second_initrd
from .errors import HARNESS_ERRORS
from .faults import Fault
from .injection import POLL_SECONDS, Injection
from .loading import Loading, loading
from .media import write_medium
from .report import FaultReport, Report, Role, SeatReport, SourceReport, Verdict
from .seat import Seat
from .seat_spec import SeatSpec
from .spec import ClassroomSpec, command, seats


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
    print(showable_lines(line), file=sys.stderr, flush=True)


def fault_model(path: Path, seed: int = 1) -> Path:
    """The model disk of a run with faults: noise, which no compressor makes smaller, up to three fifths of it; then a
    hole full of stale noise, a swap, and room behind the last partition."""
    return disk_with_holes(path, 160 * MIB, 90 * MIB, seed, behind=8 * MIB)


@dataclass
class _Room:
    """One run, inside the sandbox."""

    spec: ClassroomSpec
    accel: str
    scratch: Path
    say: Callable[[str], None]
    artefacts: Path
    started: float = 0.0
    seats: dict[str, Seat] = field(default_factory=dict)  # those that are, or were, switched on
    problem: str = ""

    def run(self) -> Report:
        deadline = Deadline(self.spec.deadline)
        plan = seats(self.spec)
        sources = self._sources(plan)
        size = sources["sender"].size
        targets = self._targets(size, sources["sender"].path)
        disk_of = {**{name: source.overlay for name, source in sources.items()}, **targets}
        loop = EventLoop()
        tree = self._tree(plan, size)
        self.started = time.monotonic()
        loads = _loading(self.spec)
        with contextlib.ExitStack() as stack:
            network = Network(
                self.scratch,
                tree,
                len(plan),
                loop,
                self._server_line,
                of_others=self.spec.of_others,
                chosen=loads.chosen,
                http=loads.http,
            )
            stack.enter_context(network)

            def switch_on(name: str) -> None:
                seat = next(seat for seat in plan if seat.name == name)
                boot = _direct(tree, seat) if self.spec.direct else None
                machine = _machine(self.spec, seat, disk_of[name], self.accel, boot)
                if self.spec.boot in MEDIA:
                    machine = dataclasses.replace(machine, medium=self._medium(seat))
                self._power_on(seat, equipment.machine(machine, size, self.spec.faults), stack, loop, deadline)

            injected = Injection(self.spec.faults, sources["sender"].path, targets, switch_on, self._stage)
            try:
                for seat in filter(injected.powered, [seat.name for seat in plan]):
                    switch_on(seat)
                self._watch(loop, network, injected, deadline)
            except HARNESS_ERRORS:
                self._keep(self._collect(network))
                raise
            collected, leases = self._collect(network), network.leases
            reports = [self._seat_report(seat) for seat in plan]
        seconds = round(time.monotonic() - self.started, 1)
        self.say("comparing the disks")
        written = {name: source.report() for name, source in sources.items()}
        model = sources["sender"]
        looked = {source.xxh128: source.looked for source in sources.values() if source.looked.parts}
        found = {name: images.target(path, model.path, model.xxh128, looked) for name, path in targets.items()}
        return self._finish(
            Report(
                tuple(
                    dataclasses.replace(seat, target=found.get(seat.name), source=written.get(seat.name))
                    for seat in reports
                ),
                written["sender"],
                seconds,
                self.accel,
                command(self.spec),
                self.problem,
                self._fault_reports(injected),
                tuple((lease.mac, lease.address) for lease in leases),
            ),
            collected,
        )

    def _sources(self, plan: tuple[SeatSpec, ...]) -> dict[str, _Source]:
        """The model disk for each sender; without a given one, a small disk that boots, or noise where faults are."""
        path = self.spec.model
        if path is None and self.spec.faults:
            path = fault_model(self.scratch / "model.img")
        elif path is None:
            path = small_model(self.scratch / "model.img", self.spec.pair / "udpcast-linux").path
        size = images.require_raw(path)
        self.say(f"hashing the model disk {path} ({size / 1e6:.0f} MB)")
        models = {seat.name: path for seat in plan if seat.role is Role.SENDER}
        if faults.SECOND_SENDER in models:
            models[faults.SECOND_SENDER] = fault_model(self.scratch / "second.img", seed=2)
        return {name: self._source(name, path, size) for name, path in models.items()}

    def _source(self, name: str, path: Path, size: int) -> _Source:
        whole = equipment.prepare_source(path, name, self.spec.faults)
        overlay = images.overlay(path, self.scratch / f"{name}.qcow2")
        return _Source(path, size, xxh128(path), overlay, look(path, whole))

    def _targets(self, size: int, source: Path) -> dict[str, Path]:
        place = self.artefacts if self.spec.keep else self.scratch
        place.mkdir(parents=True, exist_ok=True)
        names = [f"receiver-{n + 1}" for n in range(self.spec.receivers)]
        length = self.spec.target_size or size
        made = {}
        for name in names:
            made[name] = create(place / f"{name}.img", equipment.target_size(name, length, self.spec.faults))
            equipment.prepare_target(made[name], source, name, self.spec.faults)
        return made

    def _tree(self, plan: tuple[SeatSpec, ...], size: int) -> Path:
        """The TFTP tree. Wrong append lines are let through: what the launcher says to them is what one may want."""
        tree = self.scratch / "tftp"
        tree.mkdir()
        room = Room("", tuple(Machine(seat.mac, seat.append) for seat in plan))
        if self.spec.boot in MEDIA:
            return tree
        write_tree(tree, self.spec.pair, room, loaders=_loading(self.spec).loaders, check=lambda _: ([], []))
        for seat in plan:
            equipment.add_programs(tree, seat, size, self.spec.faults, self.scratch)
            if words := self.spec.by_hand.get(seat.role):
                by_hand.add(tree, seat, words, size)
        return tree

    def _medium(self, seat: SeatSpec) -> Path:
        return write_medium(self.scratch / f"{seat.name}.iso", self.spec.pair, seat.append)

    def _power_on(
        self, seat: SeatSpec, machine: MachineSpec, stack: contextlib.ExitStack, loop: EventLoop, deadline: Deadline
    ) -> None:
        directory = self.scratch / seat.name
        directory.mkdir()
        vm = VM(machine, directory, loop, deadline)
        self.seats[seat.name] = Seat(seat, vm, self.spec.receivers, self._stage)
        stack.enter_context(vm)

    def _watch(self, loop: EventLoop, network: Network, injected: Injection, deadline: Deadline) -> None:
        """Until every seat is finished, or nobody can get any further, or the deadline."""
        while not all(seat.finished for seat in self.seats.values()):
            if deadline.passed:
                self.problem = f"the deadline of {self.spec.deadline:.0f} s passed."
            elif network.ended:
                self.problem = "the boot server died."
            elif failed := self._hopeless(injected):
                names = ", ".join(failed)
                self.problem = f"the run was given up: {names} failed before the cast."
            if self.problem:
                return
            self.turn(loop, deadline)
            injected.turn(self.seats, deadline)

    def turn(self, loop: EventLoop, deadline: Deadline) -> None:
        """Handle what has arrived, then let every operator look at his screen. Waits for at most a second."""
        loop.turn(min(POLL_SECONDS if self.spec.faults else 1.0, deadline.left))
        for seat in self.seats.values():
            seat.turn()

    def _hopeless(self, injected: Injection) -> list[str]:
        """Seats without whom there will be no cast, although nothing was done to them."""
        if any(seat.vm.events.first("cast") for seat in self.seats.values()):
            return []
        return [name for name, seat in self.seats.items() if seat.failed and not injected.named(name)]

    def _stage(self, seat: str, what: str) -> None:
        self.say(f"{time.monotonic() - self.started:7.1f} s  {seat:12} {what}")

    def _server_line(self, line: str) -> None:
        served = parse_server_line(line)
        if served is None:
            return
        for seat in self.seats.values():
            if served.mac == seat.spec.mac:
                seat.address = served.address
            if seat.address == served.address and served.mac in {None, seat.spec.mac}:
                seat.served(served)

    def _collect(self, network: Network) -> Path:
        """Take what would explain a failure while the machines still live."""
        directory = self.scratch / "artefacts"
        directory.mkdir()
        (directory / "boot-server.log").write_bytes(network.log)
        for seat in self.seats.values():
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
        """The report with the artefacts: of a bad run, and of every run with faults that was given a place for them."""
        if report.verdict is Verdict.GOOD and not (self.spec.faults and self.spec.artefacts):
            return report
        place = self._keep(collected)
        paths = {name: tuple(sorted(map(str, (place / name).iterdir()))) for name in self.seats}
        named = tuple(dataclasses.replace(seat, artefacts=paths.get(seat.name, ())) for seat in report.seats)
        return dataclasses.replace(report, seats=named)

    def _seat_report(self, spec: SeatSpec) -> SeatReport:
        seat = self.seats.get(spec.name)
        if seat is None:
            why = "it was never switched on."
            return SeatReport(spec.name, spec.role, spec.mac, spec.append, None, why, "off", None, ())
        vm = seat.vm
        began = vm.events.first("cast")
        return SeatReport(
            spec.name,
            spec.role,
            spec.mac,
            spec.append,
            seat.claim,
            seat.why(),
            vm.qmp.shutdown_reason or ("gone" if not vm.running else "running"),
            seat.after,
            seat.stages(),
            said=None if seat.said is None else round(seat.said - self.started, 1),
            began=None if began is None else round(began.arrived - self.started, 1),
            whole=seat.whole(),
            refusal=seat.vm.console.refusal,
        )

    def _fault_reports(self, injected: Injection) -> tuple[FaultReport, ...]:
        def since_start(fault: Fault) -> float | None:
            fired = injected.fired.get(fault)
            return None if fired is None else round(fired - self.started, 1)

        return tuple(
            FaultReport(str(fault), fault.seat, fault.kind.word, fault.standing, since_start(fault))
            for fault in self.spec.faults
        )


@dataclass(frozen=True)
class _Source:
    """A sender's disk: the raw image, its digest before the run, the overlay that the machine has, and what is used of
    it."""

    path: Path
    size: int
    xxh128: str
    overlay: Path
    looked: Source

    def report(self) -> SourceReport:
        """What became of it."""
        after = xxh128(self.path)
        written = images.written(self.overlay)
        return SourceReport(str(self.path), self.size, self.xxh128, after, written, self.looked.holes)


def _loading(spec: ClassroomSpec) -> Loading:
    return loading(spec.firmware, spec.boot, spec.loader)


def _direct(tree: Path, seat: SeatSpec) -> DirectBoot:
    """What `seat` would load from the TFTP `tree`; nobody adds what PXELINUX's ipappend does."""
    return DirectBoot(tree / KERNEL, second_initrd.joined(tree, seat), seat.append)


def _machine(spec: ClassroomSpec, seat: SeatSpec, disk: Path, accel: str, boot: DirectBoot | None) -> MachineSpec:
    """One seat's hardware: it boots from its card (or what it is given), never from its disk."""
    kind = "qcow2" if seat.role is Role.SENDER else "raw"
    serial = f"{seat.role.value.upper()}{seat.number}"
    drive = Drive(disk, spec.bus, kind, serial=serial, rate=spec.disk_rate)
    model = card_for(spec.nic, spec.firmware)
    nic = Nic(seat.mac, model, tap=tap(seat.number), bootindex=None if boot else 1)
    return MachineSpec(
        seat.name,
        spec.memory,
        uuid(seat.number),
        accel,
        (drive,),
        (nic,),
        boot,
        firmware=spec.firmware,
        path=spec.boot,
    )

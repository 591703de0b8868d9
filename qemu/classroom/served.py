"""A room as an administrator runs it, unattended: our own boot server, PCs that boot from the network first, and nobody
who takes the line away. They are cloned, restart by themselves, and are restarted once more.

What is to be seen is that they are cloned once: from the second boot on they start their disks.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..disks.marker import marker_disk
from ..disks.model import ModelDisk
from ..disks.raw import MIB, create, xxh128
from ..host import sandbox
from ..host.event_loop import Deadline, EventLoop
from ..host.network import BRIDGE, SERVER, Network, tap
from ..machine.accel import choose
from ..machine.events import Event
from ..machine.spec import Drive, MachineSpec, Nic, mac, uuid
from ..machine.vm import VM
from .errors import HARNESS_ERRORS
from .spec import with_console

ROOT = Path(__file__).resolve().parents[2]
SEATS = ("sender", "receiver")
LINES = {
    "sender": 'auto=yes umode=snd disk=/dev/sda blank=yes udpcparam="--min-receivers 1" after=reboot',
    "receiver": "auto=yes umode=rcv disk=/dev/sda after=reboot",
}
RESTARTS = 2
"""How often each PC starts its disk: by itself behind the clone, then by its reset button."""


@dataclass(frozen=True)
class ServedSpec:
    """`power_loss`: the receiver is reset between its clone and its report. Sizes in bytes, deadline in seconds."""

    pair: Path
    power_loss: bool = False
    size: int = 4 * MIB
    deadline: float = 300.0


@dataclass(frozen=True)
class Served:
    """What came of it: per seat the outcomes of its casts, and how often it loaded the initrd; what the server said."""

    outcomes: dict[str, tuple[str, ...]]
    loaded: dict[str, int]
    said: tuple[str, ...]
    are_equal: bool
    seconds: float


def run_served(spec: ServedSpec, artefacts: Path | None = None) -> Served:
    """Run the room in a sandbox. Raises sandbox.RunFailed, sandbox.Stopped."""
    accel = choose(spec.pair / "udpcast-linux")
    return sandbox.call(lambda scratch: _Room(spec, accel, scratch, artefacts).run(), HARNESS_ERRORS)


def _table(seat: tuple[int, str]) -> str:
    """One machine of the room's file."""
    number, name = seat
    return f"[machines.{name}]\nmac = \"{mac(number)}\"\nappend = '{with_console(LINES[name])}'\n"


@dataclass
class _Room:
    spec: ServedSpec
    accel: str
    scratch: Path
    artefacts: Path | None
    lines: list[str] = field(default_factory=list)
    outcomes: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in SEATS})
    machines: dict[str, VM] = field(default_factory=dict)

    def run(self) -> Served:
        began = time.monotonic()
        deadline, loop = Deadline(self.spec.deadline), EventLoop()
        self.scratch.chmod(0o755)  # dnsmasq gives up root
        model = marker_disk(self.scratch / "sender.img", self.spec.size)
        disks = {"sender": model.path, "receiver": create(self.scratch / "receiver.img", self.spec.size)}
        wanted = xxh128(model.path)
        with contextlib.ExitStack() as stack:
            network = Network(self.scratch, self.scratch, 2, loop, self.lines.append, serving=self._command())
            stack.enter_context(network)
            try:
                for name in SEATS:
                    self.machines[name] = stack.enter_context(self._machine(name, disks[name], loop, deadline))
                self._clone(model, loop, deadline)
            except HARNESS_ERRORS:
                self._keep(network)
                raise
        equal = {xxh128(path) for path in disks.values()} == {wanted}
        loaded = {name: self._loaded(name) for name in SEATS}
        outcomes = {name: tuple(kinds) for name, kinds in self.outcomes.items()}
        return Served(outcomes, loaded, tuple(self.lines), equal, round(time.monotonic() - began, 1))

    def _command(self) -> tuple[str, ...]:
        last = SERVER.network[-2]
        options = ("--interface", BRIDGE, "--range", f"{SERVER.network[16]},{last}", "--pair", str(self.spec.pair))
        self._room.write_text("".join(map(_table, enumerate(SEATS))))
        return (*self._pxe("serve"), *options, "--room", str(self._room))

    @property
    def _room(self) -> Path:
        return self.scratch / "room.toml"

    def _pxe(self, command: str) -> tuple[str, ...]:
        return ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pxe", command)

    def _machine(self, name: str, disk: Path, loop: EventLoop, deadline: Deadline) -> VM:
        number = SEATS.index(name)
        drive = Drive(disk, serial=name.upper(), bootindex=2)
        nic = Nic(mac(number), tap=tap(number), bootindex=1)
        directory = self.scratch / name
        directory.mkdir()
        spec = MachineSpec(name, uuid=uuid(number), accel=self.accel, drives=(drive,), nics=(nic,), reboot=True)
        vm = VM(spec, directory, loop, deadline)
        vm.events.listeners.append(self._listener(name))
        return vm

    def _listener(self, name: str) -> Callable[[Event], None]:
        def hear(event: Event) -> None:
            if event.name == "outcome":
                self.outcomes[name].append(event.text("kind"))

        return hear

    def _clone(self, model: ModelDisk, loop: EventLoop, deadline: Deadline) -> None:
        """Up to the second start of each disk."""
        if self.spec.power_loss:
            self._lose_power(deadline)
        for restart in range(RESTARTS):
            for vm in self.machines.values():
                vm.console.expect(f"{model.boot_line}\r", deadline=deadline)
            for vm in self.machines.values():
                if restart < RESTARTS - 1:
                    vm.console.transcript.clear()
                    vm.reset(deadline)

    def _lose_power(self, deadline: Deadline) -> None:
        """The receiver's disk is written, and it has not said so; its sender, which is done, is sent for once more."""
        sender, receiver = self.machines.values()
        receiver.wait(
            lambda: receiver.events.first("phase", phase="verifying") is not None, deadline, "the clone's end"
        )
        receiver.reset(deadline)
        receiver.wait(lambda: receiver.events.first("transfer") is not None, deadline, "the launcher's second start")
        sender.wait(lambda: bool(self.outcomes["sender"]), deadline, "the sender's outcome")
        arm = [*self._pxe("arm"), "--room", str(self._room), "sender"]
        self.lines.append(subprocess.run(arm, check=True, capture_output=True, text=True).stdout.strip())
        sender.reset(deadline)

    def _loaded(self, name: str) -> int:
        card = mac(SEATS.index(name))
        return sum("loaded udpcast-initrd" in line and card in line for line in self.lines)

    def _keep(self, network: Network) -> None:
        if self.artefacts:
            self.artefacts.mkdir(parents=True, exist_ok=True)
            (self.artefacts / "boot-server.log").write_bytes(network.log)
            for name, vm in self.machines.items():
                vm.artefacts(self.artefacts / name)

"""One PC that has its address from one server and is booted by another one, up to the role screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import Parameter, format_line
from pxe.entries.grub import GRUBS

from ..host import sandbox
from ..host.beside import OTHER, Beside, settings
from ..host.event_loop import Deadline, EventLoop
from ..host.network import BRIDGE, tap
from ..machine.accel import choose
from ..machine.cards import ANY_NIC, card_for
from ..machine.firmware import Boot, Firmware, events_at
from ..machine.refusal import Refused
from ..machine.spec import MachineSpec, Nic, mac, uuid
from ..machine.vm import VM
from .errors import HARNESS_ERRORS
from .single import BadEnd, wait_event
from .spec import NO_TIMER_CHECK

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class BesideSpec:
    """`next_server` is what the other server names (siaddr); `lines` are in its configuration, too. Without a `tree`
    ours is `serve --proxy` with `options`; else tftpd-hpa serves that tree. `grub` is a folder that lies over that of
    Debian's signed GRUBs. Memory in MiB, deadline in seconds."""

    pair: Path
    firmware: Firmware = Firmware.BIOS
    boot: Boot = Boot.PXE
    next_server: str = OTHER
    lines: str = ""
    options: tuple[str, ...] = ()
    tree: Path | None = None
    grub: Path | None = None
    memory: int = 640
    deadline: float = 300.0


@dataclass(frozen=True)
class Booted:
    """`line` is the kernel's command line; `said` is what both servers said; `refused` what the firmware did not start
    on its way; `seconds` from power-on to the role screen."""

    line: str
    said: tuple[str, ...]
    refused: tuple[str, ...]
    seconds: float


def append_line(firmware: Firmware) -> str:
    """What the PC's append line needs, so that it can be followed."""
    return format_line([Parameter("console", "ttyS0,115200"), Parameter("events", events_at(firmware)), NO_TIMER_CHECK])


def run_beside(spec: BesideSpec, artefacts: Path | None = None) -> Booted:
    """Boot the PC in a sandbox. Raises sandbox.RunFailed, sandbox.Stopped."""
    accel = choose(spec.pair / "udpcast-linux")
    return sandbox.call(lambda scratch: _run(spec, accel, scratch, artefacts), (*HARNESS_ERRORS, BadEnd))


def _run(spec: BesideSpec, accel: str, scratch: Path, artefacts: Path | None) -> Booted:
    deadline, loop, said = Deadline(spec.deadline), EventLoop(), list[str]()
    scratch.chmod(0o755)  # dnsmasq gives up root
    if spec.grub:
        subprocess.run(["mount", "--bind", str(spec.grub), str(GRUBS)], check=True)
    serving = () if spec.tree else _serve(spec)
    elsewhere = settings(spec.next_server, spec.lines)
    directory = scratch / "machine"
    directory.mkdir()
    card = Nic(mac(0), card_for(ANY_NIC, spec.firmware), tap(0), bootindex=1)
    machine = MachineSpec(
        "machine", spec.memory, uuid(0), accel, nics=(card,), firmware=spec.firmware, path=spec.boot, reboot=True
    )
    with Beside(scratch, spec.tree or scratch, loop, said.append, elsewhere, serving) as network:
        began = time.monotonic()
        with VM(machine, directory, loop, deadline) as vm:
            try:
                refused = tuple(_refused(vm))
            except Exception:
                if artefacts:
                    vm.artefacts(artefacts)
                    (artefacts / "servers.log").write_bytes(network.log)
                raise
            event = vm.events.first("cmdline")
            assert event
            return Booted(event.text("text"), tuple(said), refused, round(time.monotonic() - began, 1))


def _refused(vm: VM) -> Iterator[str]:
    """Wait for the role screen. What is refused before is no end: the firmware has more in its boot order."""
    while True:
        try:
            wait_event(vm, ("screen:umode",))
        except Refused as error:
            yield str(error)
            vm.console.forget_refusal()
        else:
            return


def _serve(spec: BesideSpec) -> tuple[str, ...]:
    command = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pxe", "serve", "--proxy", "--interface", BRIDGE)
    return (*command, "--pair", str(spec.pair), "--append", append_line(spec.firmware), *spec.options)

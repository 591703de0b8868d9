"""What a classroom is, as plain values: its seats with their append lines, and the command that repeats a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel_cmdline import Parameter, format_line, parse

from ..machine.cards import ANY_NIC
from ..machine.firmware import MEDIA, Boot, Firmware, events_at
from ..machine.spec import SpecError
from ..machine.storage import Bus
from . import equipment, faults
from .faults import Fault, Kind
from .report import Role
from .seat_spec import SeatSpec

FAULT_RATE = "60m"
"""A run with faults sends at so many bit/s, so that the middle of its cast lasts for several seconds."""

NO_TIMER_CHECK = Parameter("no_timer_check")
"""The kernel panics where its test of the timer runs while a busy host has no time for an emulated machine."""

CONSOLE = Parameter("console", "ttyS0,115200")

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
    nic: str = ANY_NIC
    bus: Bus = Bus.AHCI
    firmware: Firmware = Firmware.BIOS
    boot: Boot = Boot.PXE
    loader: str = ""
    """What the machines load first, if not the usual file."""
    deadline: float = 900.0
    of_others: bool = False
    """The boot server is not ours, but ISC dhcpd with tftpd-hpa."""
    keep: bool = False
    artefacts: Path | None = None
    faults: tuple[Fault, ...] = ()
    by_hand: Mapping[Role, str] = field(default_factory=dict)
    """Commands that a person types in place of the launcher (`by_hand`); a benchmark's, and no option."""
    disk_rate: int | None = None
    """Bytes a second of each disk (`spec.Drive`); a benchmark's as well."""
    direct: bool = False
    """The machines get kernel and initrd from QEMU and not over the network; a benchmark's as well."""


def seats(spec: ClassroomSpec) -> tuple[SeatSpec, ...]:
    """The sender, the receivers, a second sender, each with its whole append line.

    Raises SpecError, CommandLineError, FaultError.
    """
    if not 1 <= spec.receivers <= 254:
        raise SpecError(f"{spec.receivers} receivers: 1 to 254 were expected.")
    faults.check(spec.faults, spec.receivers)
    _check_archives(spec)
    sender, receiver = spec.append_sender, spec.append_receiver
    if sender is None:
        sender = default_append_sender(spec)
    if receiver is None:
        receiver = "umode=rcv auto=yes"
    lines = [(Role.SENDER, sender), *[(Role.RECEIVER, receiver)] * spec.receivers]
    if faults.of(spec.faults, faults.SECOND_SENDER, Kind.SECOND_SENDER):
        lines.append((Role.SENDER, sender))
    made = (SeatSpec(n, role, with_console(line, spec.firmware), spec.firmware) for n, (role, line) in enumerate(lines))
    return tuple(equipment.line(seat, spec.faults) for seat in made)


def _check_archives(spec: ClassroomSpec) -> None:
    """Some seats get a second archive from the tree: not those that load the pair from somewhere else."""
    inside = [str(fault) for fault in spec.faults if fault.kind in {*faults.IN_A_PROGRAM, *equipment.FILTERED}]
    if not inside and not spec.by_hand:
        return
    if spec.boot in MEDIA or (spec.boot is Boot.HTTP and spec.firmware is not Firmware.BIOS):
        what = ", ".join(inside) or "a command that is typed by hand"
        raise SpecError(f"{what}: that goes with `--boot pxe` only, where initrds are single files.")


def default_append_sender(spec: ClassroomSpec) -> str:
    """Unattended; starts when every receiver is there."""
    options = f"--min-receivers {spec.receivers}"
    if spec.faults:
        options += f" --max-bitrate {FAULT_RATE}"
    return f'umode=snd auto=yes disk={DISK_NAMES[spec.bus]} udpcparam="{options}"'


def with_console(append: str, firmware: Firmware = Firmware.BIOS) -> str:
    """The line with what the harness adds to each, in the kernel's quoting: a console that it can drive, the event
    port, and `NO_TIMER_CHECK`. Raises CommandLineError."""
    return format_line([*parse(append), CONSOLE, Parameter("events", events_at(firmware)), NO_TIMER_CHECK])


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
    words += ["--firmware", spec.firmware.value, "--boot", spec.boot.value]
    words += ["--loader", spec.loader] if spec.loader else []
    words += ["--server-of-others"] if spec.of_others else []
    words += [word for fault in spec.faults for word in ("--fault", str(fault))]
    return shlex.join([*words, "--deadline", f"{spec.deadline:g}"])

"""Clones that are started from their own disks, without a network: whether they boot, and how large their root is.

Of a Debian as `disks.debian` installs it. What the clones write goes to overlays, so that they stay as they were
compared.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..disks import images
from ..disks.debian_system import PASSWORD
from ..host import sandbox
from ..host.event_loop import Deadline, DeadlinePassed, EventLoop
from ..machine.console import Unexpected
from ..machine.firmware import Firmware
from ..machine.refusal import Refused
from ..machine.spec import Drive, MachineSpec, uuid
from ..machine.vm import VM, LostMachine
from .errors import HARNESS_ERRORS

BOOT_SECONDS = 240.0
NO_BOOT = (
    "Kernel panic",
    r"\(initramfs\)",
    "emergency mode",
    "No bootable device",
    "No bootable option",
    "grub rescue>",
)
"""What a disk says that boots, but not to its end."""
_ASK = 'echo "ROOT $(df -B1 --output=size / | tail -1 | tr -d " ") SWAPS $(swapon --noheadings | wc -l) END"'
_ANSWER = r"ROOT (\d+) SWAPS (\d+) END"


@dataclass(frozen=True)
class Booted:
    """How a clone's own start went: `seconds` from power-on to the login prompt, or the `problem`. `root`: bytes of its
    root file system, as it says itself; `swaps`: how many swaps it uses."""

    seconds: float
    problem: str = ""
    root: int = 0
    swaps: int = 0


def boot_clones(
    clones: tuple[Path, ...],
    boot_line: str,
    accel: str,
    say: Callable[[str], None],
    *,
    ask: bool = True,
    firmware: Firmware = Firmware.BIOS,
) -> tuple[Booted, ...]:
    """Start all at once, up to `boot_line`, a Debian's login prompt, and `ask` each. With UEFI each PC has variables
    that know nothing of the disk. Raises sandbox.RunFailed.
    """

    def start(scratch: Path) -> tuple[Booted, ...]:
        return boot_all(clones, boot_line, accel, scratch, say, ask=ask, firmware=firmware)

    return sandbox.call(start, HARNESS_ERRORS)


def boot_all(
    clones: tuple[Path, ...],
    boot_line: str,
    accel: str,
    scratch: Path,
    say: Callable[[str], None],
    *,
    ask: bool = True,
    firmware: Firmware = Firmware.BIOS,
) -> tuple[Booted, ...]:
    """The same inside a sandbox."""
    loop, deadline = EventLoop(), Deadline(BOOT_SECONDS)
    with contextlib.ExitStack() as stack:
        machines = []
        for number, clone in enumerate(clones):
            directory = scratch / clone.stem
            directory.mkdir(exist_ok=True)
            drive = Drive(images.overlay(clone, directory / "started.qcow2"), format="qcow2", bootindex=1)
            spec = MachineSpec(clone.stem, uuid=uuid(number + 1), accel=accel, drives=(drive,), firmware=firmware)
            machines.append(stack.enter_context(VM(spec, directory, loop, deadline)))
        # They run all the time; the second one's prompt may long be there when it is looked for.
        return tuple([_start(vm, boot_line, deadline, say, ask) for vm in machines])


def _start(vm: VM, boot_line: str, deadline: Deadline, say: Callable[[str], None], ask: bool) -> Booted:
    seconds = 0.0
    root = swaps = 0
    try:
        vm.console.expect(boot_line, NO_BOOT, deadline=deadline)
        seconds = time.monotonic() - vm.started
        say(f'{vm.spec.name}: booted from its own disk to "{boot_line}"')
        if ask:
            root, swaps = _ask(vm, deadline)
            say(f"{vm.spec.name}: its root has {root / 1e6:.0f} MB")
    except (Unexpected, LostMachine, Refused, DeadlinePassed) as error:
        say(f"{vm.spec.name}: {error}")
        return Booted(seconds or time.monotonic() - vm.started, str(error).splitlines()[0])
    return Booted(seconds, root=root, swaps=swaps)


def _ask(vm: VM, deadline: Deadline) -> tuple[int, int]:
    """Log in, and ask for the size of the root file system and the number of swaps."""
    for wanted, typed in (("", "root"), ("Password:", PASSWORD), ("root@.*#", _ASK)):
        if wanted:
            vm.console.expect(wanted, NO_BOOT, deadline=deadline)
        vm.console.send(f"{typed}\r".encode())
    answer = re.search(_ANSWER, vm.console.expect(_ANSWER, NO_BOOT, deadline=deadline))
    assert answer
    return int(answer[1]), int(answer[2])

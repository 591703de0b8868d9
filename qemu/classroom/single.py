"""One machine: booted directly or over the network, driven by a function, or by a person at this terminal.

`run_machine` is for tests and pictures: it calls a function with the running `VM`, inside a sandbox. `interactive`
is such a function.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kernel_cmdline import Parameter, format_line, parse
from pxe.entries.boot_entry import INITRD, KERNEL
from pxe.entries.menu import Menu
from pxe.entries.room import Machine, Room
from pxe.tree.tree import write_tree

from ..disks import images, raw
from ..host import sandbox
from ..host.event_loop import Deadline, EventLoop
from ..host.network import Network, make_bridge, tap
from ..machine.accel import choose
from ..machine.cards import ANY_NIC, card_for
from ..machine.console import Unexpected
from ..machine.firmware import MEDIA, Boot, Firmware, events_at
from ..machine.spec import DirectBoot, Drive, MachineSpec, Nic, SpecError, mac, uuid
from ..machine.storage import ATTACHMENTS, Bus
from ..machine.vm import VM
from .errors import HARNESS_ERRORS
from .loading import Loading, loading
from .media import write_medium
from .spec import NO_TIMER_CHECK

T = TypeVar("T")

FAILED_EVENTS = ("crash", "screen:error")
"""Events after which a wanted screen will not come by itself."""

_QUIT = b"\x1d"  # Ctrl-]

SETTLE_SECONDS = 2.0
"""A card's link comes up behind the last device."""


class BadEnd(Exception):
    """One sentence: the machine did something else than was waited for."""


@dataclass(frozen=True)
class SingleSpec:
    """One machine. `disks` are image files (an overlay takes the writes) or sizes in bytes of blank disks.

    `files`: (name, file) that stand in the tree, perhaps in the place of its own. `loader`: what the machine loads
    first, if not the usual file. `menu`: what it shows before it boots. `variables`: UEFI's, of which it gets a copy,
    if not a new PC's. `udpcfg`: that of the medium, where it is not made from the line.
    `serial`: the operator's console is ttyS0, else the VGA screen. `nic` None: no card; `cable` False: it is not
    plugged in; `more_nics`: further cards, which are; `dhcp` False: nobody answers on the network. `boot` None: kernel
    and initrd are loaded by QEMU.
    `rate` in bytes a second, of each disk; the limits of disk N are those of QEMU's object ``rateN``. `counted`: the
    guest's clock counts instructions, the accelerator is TCG, and blank disks forget what is written to them.
    """

    kernel: Path
    initrd: Path
    append: str = ""
    boot: Boot | None = None
    firmware: Firmware = Firmware.BIOS
    disks: tuple[Path | int, ...] = ()
    memory: int = 384
    nic: str | None = ANY_NIC
    more_nics: tuple[str, ...] = ()
    bus: Bus = Bus.AHCI
    sector: int = 512
    rate: int | None = None
    cable: bool = True
    dhcp: bool = True
    serial: bool = True
    window: bool = False
    counted: bool = False
    files: tuple[tuple[str, Path], ...] = ()
    loader: str = ""
    menu: Menu | None = None
    variables: Path | None = None
    udpcfg: bytes | None = None
    deadline: float = 300.0


def of_pair(pair: Path) -> tuple[Path, Path]:
    """Kernel and initrd of the directory `pair`. Raises SpecError when one is not there."""
    for name in (KERNEL, INITRD):
        if not (pair / name).is_file():
            raise SpecError(f"{pair / name} does not exist: `python3 -m initrd build -o {pair}` makes it.")
    return pair / KERNEL, pair / INITRD


def append_line(spec: SingleSpec) -> str:
    """The machine's whole append line: what was given, then the harness's console and event port.

    A machine whose clock counts instructions always has time for its kernel's test of the timer.
    """
    console = [Parameter("console", "ttyS0,115200")] if spec.serial else []
    check = [] if spec.counted else [NO_TIMER_CHECK]
    return format_line([*parse(spec.append), *console, Parameter("events", events_at(spec.firmware)), *check])


def run_machine(spec: SingleSpec, function: Callable[[VM], T], artefacts: Path | None = None) -> T:
    """Start the machine in a sandbox, call `function` with it, and return what that returns (it must be picklable).

    When anything is raised in there, transcript, screens and events are kept in `artefacts`, if given. Raises
    sandbox.RunFailed (the machine was lost, the deadline passed, …), AssertionError from `function`, sandbox.Stopped.
    """
    try:
        accel = "tcg" if spec.counted else choose(spec.kernel)
    except SpecError as error:
        raise sandbox.RunFailed(str(error)) from error
    expected = (*HARNESS_ERRORS, Unexpected, BadEnd)
    return sandbox.call(lambda scratch: _run(spec, accel, scratch, function, artefacts), expected)


def _run(spec: SingleSpec, accel: str, scratch: Path, function: Callable[[VM], T], artefacts: Path | None) -> T:
    deadline = Deadline(spec.deadline)
    loop = EventLoop()
    drives = _drives(spec, scratch)
    nics: tuple[Nic, ...] = ()
    boot = None if spec.boot else DirectBoot(spec.kernel, spec.initrd, append_line(spec))
    with contextlib.ExitStack() as stack:
        if spec.nic:
            first = card_for(spec.nic, spec.firmware)
            nics = (Nic(mac(0), first, tap(0), bootindex=None if boot else 1, link=spec.cable),)
        nics += tuple(
            Nic(mac(number), model, tap(number), bootindex=None if boot else 1 + number)
            for number, model in enumerate(spec.more_nics, 1)
        )
        seats = 1 + len(spec.more_nics)
        if spec.dhcp:
            loads = loading(spec.firmware, spec.boot or Boot.PXE, spec.loader)
            stack.enter_context(
                Network(scratch, _tree(spec, scratch, loads), seats, loop, chosen=loads.chosen, http=loads.http)
            )
        else:
            make_bridge(seats)
        machine = MachineSpec(
            "machine",
            spec.memory,
            uuid(0),
            accel,
            drives,
            nics,
            boot,
            window=spec.window,
            counted=spec.counted,
            firmware=spec.firmware,
            path=spec.boot or Boot.PXE,
            variables=_variables(spec, scratch),
            medium=_medium(spec, scratch),
        )
        directory = scratch / "machine"
        directory.mkdir()
        vm = stack.enter_context(VM(machine, directory, loop, deadline))
        try:
            return function(vm)
        except Exception:
            if artefacts:
                vm.artefacts(artefacts)
            raise


def _drives(spec: SingleSpec, scratch: Path) -> tuple[Drive, ...]:
    drives = []
    for number, disk in enumerate(spec.disks):
        image, kind = _image(disk, scratch / f"disk{number}", spec.counted)
        order = _FIRST_DISK + number if _may_boot(spec, disk) else None
        drives.append(
            Drive(
                image,
                spec.bus,
                kind,
                serial=f"DISK{number}",
                sector=spec.sector,
                rate=spec.rate,
                bootindex=order,
            )
        )
    return tuple(drives)


_FIRST_DISK = 100
"""In the boot order, behind all cards."""


def _may_boot(spec: SingleSpec, disk: Path | int) -> bool:
    """Whether a disk with something on it stands in the order of a machine that boots from the network, as in a PC: of
    what does not, UEFI shows GRUB nothing here (OVMF's PlatformBdsConnectSequence)."""
    by_network = spec.boot is not None and spec.boot not in MEDIA and spec.firmware is not Firmware.BIOS
    return by_network and isinstance(disk, Path) and not ATTACHMENTS[spec.bus].memory_card


def _image(disk: Path | int, path: Path, counted: bool) -> tuple[Path | int, str]:
    """What QEMU opens for one of `SingleSpec.disks`, made at `path`, and its format."""
    if isinstance(disk, Path):
        images.require_raw(disk)
        return images.overlay(disk, path), "qcow2"
    # A file answers by the host's clock, which the guest's would have run away from by a different time in each run.
    return disk if counted else raw.create(path, disk), "raw"


def _pair(spec: SingleSpec, scratch: Path) -> Path:
    pair = scratch / "pair"
    pair.mkdir()
    (pair / KERNEL).symlink_to(spec.kernel.absolute())
    (pair / INITRD).symlink_to(spec.initrd.absolute())
    return pair


def _medium(spec: SingleSpec, scratch: Path) -> Path | None:
    if spec.boot not in MEDIA:
        return None
    return write_medium(scratch / "medium.iso", _pair(spec, scratch), append_line(spec), spec.udpcfg, spec.menu)


def _variables(spec: SingleSpec, scratch: Path) -> Path | None:
    """Those that the machine writes: a copy."""
    return Path(shutil.copyfile(spec.variables, scratch / "variables.fd")) if spec.variables else None


def _tree(spec: SingleSpec, scratch: Path, loads: Loading) -> Path:
    """The tree: empty, unless the machine boots from it. The launcher's opinion of the line is not asked."""
    tree = scratch / "tftp"
    tree.mkdir()
    if spec.boot and spec.boot not in MEDIA:
        cards = range(1 + len(spec.more_nics))  # whichever of them it boots from
        room = Room("", tuple(Machine(mac(number), append_line(spec), menu=spec.menu) for number in cards))
        write_tree(tree, _pair(spec, scratch), room, loaders=loads.loaders, check=lambda _: ([], []))
        for name, file in spec.files:
            (tree / name).unlink(missing_ok=True)
            shutil.copyfile(file, tree / name)
    return tree


def parse_disk(text: str) -> Path | int:
    """``2G`` (also K, M, T; powers of 1024): a blank disk of that size; anything else: an image file."""
    match = re.fullmatch(r"(\d+)([KMGT])", text)
    return int(match[1]) * 1024 ** (" KMGT".index(match[2])) if match else Path(text)


def wait_event(vm: VM, names: tuple[str, ...]) -> str:
    """Wait for one of the events (``outcome``, ``screen:umode``, …). Raises BadEnd, LostMachine, DeadlinePassed."""
    wanted = set(names)
    vm.wait(lambda: _reached(vm, wanted | set(FAILED_EVENTS)) is not None, vm.deadline, " or ".join(names))
    reached = _reached(vm, wanted | set(FAILED_EVENTS)) or ""
    if reached not in wanted:
        last = vm.events.last("error") or vm.events.last("crash")
        said = f": {last.text('sentence')} {last.text('hint')}".rstrip() if last else ""
        raise BadEnd(f"{reached} came while waiting for {' or '.join(names)}{said}")
    return reached


def _reached(vm: VM, names: set[str]) -> str | None:
    for event in vm.events.events:
        for name in (event.name, f"{event.name}:{event.text('name')}"):
            if name in names:
                return name
    return None


def screenshot(vm: VM, until: str, presses: dict[str, tuple[str, ...]], path: Path) -> None:
    """Wait for the screen `until`, pressing keys on the screens before it, and write the VGA screen to `path`.

    Screens come before all devices are known, and show them then: so the picture is of the time when they are, and
    nothing new came for a while. Raises BadEnd, LostMachine, DeadlinePassed.
    """
    for screen, keys in presses.items():
        wait_event(vm, (f"screen:{screen}",))
        vm.press(*keys, vga=True)
    wait_event(vm, (f"screen:{until}",))
    wait_event(vm, ("devices",))
    vm.settle(SETTLE_SECONDS)
    if not vm.screendump(path):
        raise BadEnd(f"the screen could not be written to {path}")


def interactive(vm: VM, until: tuple[str, ...] = ()) -> None:
    """Join the machine's serial console to this terminal, until it ends, an event comes, or Ctrl-] is pressed.

    When standard input is no terminal, it is left alone and the console is only printed.
    """
    quit_asked: list[bool] = []

    def typed() -> None:
        data = os.read(0, 1024)
        if not data or _QUIT in data:
            quit_asked.append(True)
        else:
            vm.console.send(data)

    def shown(data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def over() -> bool:
        return bool(quit_asked) or not vm.running or bool(until and _reached(vm, set(until)))

    shown(bytes(vm.console.transcript))
    vm.console.on_data = shown
    with _raw_terminal() as is_terminal:
        if is_terminal:
            vm.loop.add(0, typed)
        try:
            vm.loop.until(over, vm.deadline, " or ".join(until) or "the end of the machine")
            vm.settle()
        finally:
            vm.loop.remove(0)


@contextlib.contextmanager
def _raw_terminal() -> Iterator[bool]:
    """Every key goes to the machine, Ctrl-C too; True when there is a terminal."""
    if not sys.stdin.isatty():
        yield False
        return
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield True
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)

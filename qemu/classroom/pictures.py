"""The pictures of the documents: what an operator sees at the PCs of a room, taken there, in one language.

A room of three PCs with disks of usual sizes boots over the network and is walked through by keys: the sender, a
receiver whose clone becomes equal, and one whose disk is too small. What is done there is a real cast. Only what has
been asked for is walked to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import Parameter, format_line, parse
from pxe.entries.menu import Choice, Menu
from pxe.entries.room import Machine, Room
from pxe.tree.tree import write_tree

from ..disks import images, school
from ..host import sandbox
from ..host.event_loop import Deadline, EventLoop
from ..host.network import Network, tap
from ..machine import png
from ..machine.accel import choose
from ..machine.cards import ANY_NIC, card_for
from ..machine.firmware import Boot, Firmware, events_at
from ..machine.spec import Drive, MachineSpec, Nic, SpecError, mac, uuid
from ..machine.vm import VM
from .errors import HARNESS_ERRORS
from .loading import loading
from .single import BadEnd, wait_event
from .spec import NO_TIMER_CHECK

SENDER, RECEIVER, SMALL = range(3)
"""The PCs, by their numbers."""

DEADLINE = 1200.0
QUIET = 0.7
"""A picture is taken when a screen has not changed for so many seconds."""

LINE = "load_ramdisk=1 root=01:00"
MENU = Menu((Choice.ASK, Choice.RECEIVE, Choice.SEND, Choice.DISK), Choice.DISK, 60)
"""That of the first PC."""

SIZE, SMALL_SIZE, USED = 256_060_514_304, 128_035_676_160, 3 << 29


@dataclass(frozen=True)
class Disk:
    """Of one PC, as it is named on the screens."""

    model: str
    serial: str
    size: int


DISKS = (
    Disk("Samsung SSD 850 PRO 256GB", "S251NXAG512345", SIZE),
    Disk("Samsung SSD 850 PRO 256GB", "S251NXAG512377", SIZE),
    Disk("Samsung SSD 850 PRO 128GB", "S24ZNWAG201186", SMALL_SIZE),
)


@dataclass(frozen=True)
class Spec:
    """`lang` as the parameter of this name; "": no such parameter. `pictures`: names of `PICTURES`; they are written to
    `directory`. `memory` of each PC in MiB.
    `artefacts`: where transcripts, screens and events go when it fails."""

    pair: Path
    lang: str
    pictures: tuple[str, ...]
    directory: Path
    memory: int = 384
    deadline: float = DEADLINE
    artefacts: Path | None = None


PICTURES: dict[str, str] = {
    "menu": "the boot menu of a PC",
    "role": "the role screen of a PC with one disk and one card",
    "language": "the languages, behind F2",
    "confirm": "what a receiver asks before it overwrites its disk",
    "sender": "the sender that waits, with all receivers",
    "cast": "a receiver while data comes",
    "failed": "a receiver whose disk is too small",
    "done": "a receiver whose disk equals the sender's",
    "end": "the sender at the end, with whom it has lost",
}
"""What each shows; in the order in which they are taken, each behind all those before it."""


def take(spec: Spec, tell: Callable[[str], None]) -> tuple[Path, ...]:
    """Walk to all pictures that are wanted, and write them; returns their files. Raises sandbox.RunFailed, SpecError,
    sandbox.Stopped."""
    wanted = [name for name in PICTURES if name in spec.pictures]
    if not wanted or len(wanted) != len(set(spec.pictures)):
        raise SpecError(f"pictures are {', '.join(PICTURES)}: {', '.join(spec.pictures) or 'none'} was asked for.")
    accel = choose(spec.pair / "udpcast-linux")
    taken = sandbox.call(lambda scratch: dict(_taken(spec, accel, scratch, tell)), (*HARNESS_ERRORS, BadEnd))
    spec.directory.mkdir(parents=True, exist_ok=True)
    paths = {name: spec.directory / f"{name}.png" for name in wanted}
    for name, path in paths.items():
        path.write_bytes(taken[name])
    return tuple(paths.values())


def _taken(spec: Spec, accel: str, scratch: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, bytes]]:
    """The wanted pictures by their names."""
    left = set(spec.pictures)
    with _switched_on(spec, accel, scratch) as switch_on:
        for name, picture in _walk(switch_on):
            if name in left:
                tell(f"{name}: {PICTURES[name]}")
                yield name, picture()
            left.discard(name)
            if not left:
                return


SwitchOn = Callable[[int], VM]


@contextlib.contextmanager
def _switched_on(spec: Spec, accel: str, scratch: Path) -> Iterator[SwitchOn]:
    """The room with its boot server; its PCs are switched on one by one, and off at the end."""
    loop, deadline = EventLoop(), Deadline(spec.deadline)
    machines: list[VM] = []
    tree = scratch / "tftp"
    tree.mkdir()
    loads = loading(Firmware.BIOS, Boot.PXE)
    write_tree(tree, spec.pair, _room(spec), loaders=loads.loaders, check=lambda _: ([], []))
    with contextlib.ExitStack() as stack:
        stack.enter_context(Network(scratch, tree, len(DISKS), loop, chosen=loads.chosen))

        def switch_on(number: int) -> VM:
            directory = scratch / f"pc{number}"
            directory.mkdir()
            disk = DISKS[number]
            image = images.overlay(_disk(number, scratch / f"disk{number}.img"), scratch / f"disk{number}.qcow2")
            drive = Drive(image, format="qcow2", serial=disk.serial, model=disk.model)
            nic = Nic(mac(number), card_for(ANY_NIC, Firmware.BIOS), tap(number), bootindex=1)
            machine = MachineSpec(f"pc{number}", spec.memory, uuid(number), accel, (drive,), (nic,))
            machines.append(stack.enter_context(VM(machine, directory, loop, deadline)))
            return machines[-1]

        try:
            yield switch_on
        except Exception:
            if spec.artefacts:
                for vm in machines:
                    vm.artefacts(spec.artefacts / vm.spec.name)
            raise


def _room(spec: Spec) -> Room:
    lang = [Parameter("lang", spec.lang)] if spec.lang else []
    line = format_line([*parse(LINE), *lang, Parameter("events", events_at(Firmware.BIOS)), NO_TIMER_CHECK])
    return Room("", tuple(Machine(mac(one), line, menu=None if one else MENU) for one in range(len(DISKS))))


def _disk(number: int, path: Path) -> Path:
    """What is on a PC's disk at the begin."""
    size = DISKS[number].size
    return school.installed(path, size, USED) if number == SENDER else school.used_up(path, size)


Walk = Iterable[tuple[str, Callable[[], bytes]]]
"""Names of `PICTURES`, each with how it is taken at that moment."""


def _walk(switch_on: SwitchOn) -> Walk:
    """Through all pictures, with the keys of an operator who errs nowhere."""
    sender = switch_on(SENDER)
    sender.console.expect_screen("4. ", deadline=sender.deadline)
    yield "menu", lambda: _shot(sender)
    sender.press("1", "enter", vga=True)
    _reach(sender, "umode")
    yield "role", lambda: _shot(sender)
    _press(sender, "lang", "f2")
    yield "language", lambda: _shot(sender)
    _press(sender, "umode", "esc")
    _press(sender, "transfer", "s")
    receivers = [switch_on(number) for number in (RECEIVER, SMALL)]
    for receiver in receivers:
        _reach(receiver, "umode")
        _press(receiver, "confirm", "r")
    yield "confirm", lambda: _shot(receivers[0])
    for receiver in receivers:
        _press(receiver, "transfer", "down", "enter")
    known = sender.events
    sender.wait(lambda: _count(sender, "connected") == len(receivers), sender.deadline, "all receivers")
    sender.wait(lambda: known.first("used") is not None, sender.deadline, "what is used")
    yield "sender", lambda: _shot(sender)
    sender.press("enter", vga=True)
    receiver, small = receivers
    receiver.wait(lambda: _part(receiver) >= SHOWN_PART, receiver.deadline, "a part of the disk")
    yield "cast", lambda: _shot(receiver)
    wait_event(small, ("screen:result",))
    yield "failed", lambda: _shot(small)
    wait_event(receiver, ("screen:result",))
    yield "done", lambda: _shot(receiver)
    wait_event(sender, ("screen:result",))
    yield "end", lambda: _shot(sender)


SHOWN_PART = 0.3
"""So much of the data has come when a cast is shown."""


def _reach(vm: VM, screen: str) -> None:
    """The screen is there, and all devices are known."""
    wait_event(vm, (f"screen:{screen}",))
    wait_event(vm, ("devices",))


def _press(vm: VM, screen: str, *keys: str) -> None:
    """Press keys on a screen that is at rest, and wait for the next one."""
    _shot(vm)
    before = _screens(vm, screen)
    vm.press(*keys, vga=True)
    vm.wait(lambda: _screens(vm, screen) > before, vm.deadline, f"screen {screen}")


def _screens(vm: VM, name: str) -> int:
    return sum(event.name == "screen" and event.text("name") == name for event in vm.events.events)


def _count(vm: VM, name: str) -> int:
    return sum(event.name == name for event in vm.events.events)


def _part(vm: VM) -> float:
    """How much of what is to come has come."""
    event = vm.events.last("progress")
    sent, used = (event.fields.get(name) for name in ("sent", "used")) if event else (None, None)
    return float(sent) / float(used) if sent and used else 0.0


def _shot(vm: VM) -> bytes:
    """The screen once it is at rest: what follows an event is drawn behind it. Raises BadEnd."""
    path = vm.directory / "screen.png"
    before = b""
    while True:
        if not vm.screendump(path):
            raise BadEnd(f"the screen of {vm.spec.name} could not be read")
        now = path.read_bytes()
        if now == before:
            return png.indexed(png.read(now))
        before = now
        rest = vm.deadline.sooner(QUIET)
        while not rest.passed:
            vm.loop.turn(rest.left)
        if vm.deadline.passed:
            raise BadEnd(f"the screen of {vm.spec.name} never came to rest")

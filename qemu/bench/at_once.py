"""``python3 -m qemu bench at-once``: what PCs that are switched on together do to the boot server.

The server is the real ``serve`` command, new for each row, in namespaces of its own:

* clients: so many ``curl`` at once, each from an address of its own on another machine (a network namespace). Each
  loads kernel and initrd, by TFTP and then by HTTP. A PC's firmware is not seen, and no real cable.
* machines: one alone, several at once, and one alone again, so that both meet what else the host does. It goes from
  power-on until the server says that the initrd is loaded. Their firmware and their loaders are real. Each is switched
  off when it has its initrd. They share the host's processors, so the ratio is that of host and server together.

Processor time is the server's own, whatever else the host does; seconds are not. What the kernel does for the clients'
side of the bridge is counted for the server as well: it sends, and in its time the packet arrives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from kernel_cmdline import showable

from ..classroom.errors import HARNESS_ERRORS
from ..classroom.single import of_pair
from ..host import sandbox
from ..host.beside import other_machine
from ..host.event_loop import Deadline, EventLoop, watch_process
from ..host.network import BRIDGE, SERVER, Network, tap
from ..machine.accel import choose
from ..machine.cards import ANY_NIC, card_for
from ..machine.firmware import Firmware
from ..machine.spec import MachineSpec, Nic, mac, uuid
from ..machine.vm import VM
from .at_once_results import BLOCK, AtOnce, Cost, Loads, Starts, Way
from .hardware import MEMORY
from .namespaces import host
from .results import BenchError

ROOT = Path(__file__).resolve().parents[2]
MOST = 200
"""Clients, and machines; so many addresses each side has."""
FIRST_CLIENT, FIRST_MACHINE = 16, 256
"""Addresses, by their place in the network."""
SMALL = 256
"""MiB of a machine with BIOS, which only loads."""
DEADLINE = 900.0
"""Seconds for one row."""
READY = b"Ready."
DNSMASQ, FILES = "dnsmasq", "udpcast-http"


@dataclass(frozen=True)
class Settings:
    """What is to be measured."""

    pair: Path
    clients: int = 30
    machines: int = 3
    firmware: Firmware = Firmware.BIOS


def measure(settings: Settings, tell: Callable[[str], None]) -> AtOnce:
    """Each row in a sandbox of its own. Raises sandbox.Stopped, BenchError."""
    _check(settings)
    accel = choose(of_pair(settings.pair)[0])
    loads: list[Loads] = []
    starts: list[Starts] = []
    failures: list[tuple[str, str]] = []
    about = {**host(), "load before": f"{os.getloadavg()[0]:.1f}", "accelerator": accel}
    for way in Way:
        with _failing(f"{way.value.upper()} clients", failures, tell):
            loads.append(sandbox.call(_loading(settings, way), (*HARNESS_ERRORS, BenchError)))
            tell(f"{loads[-1].name}, {settings.clients} at once: {max(loads[-1].seconds):.1f} s")
    for count in (1, settings.machines, 1) if settings.machines > 1 else (1,):
        with _failing(f"{count} {settings.firmware.value} machines", failures, tell):
            starts.append(sandbox.call(_starting(settings, accel, count), (*HARNESS_ERRORS, BenchError)))
            tell(f"{starts[-1].name}, {count} at once: {max(starts[-1].seconds):.1f} s")
    return AtOnce(_size(settings.pair), tuple(loads), tuple(starts), tuple(failures), about)


def _check(settings: Settings) -> None:
    if max(settings.clients, settings.machines) > MOST:
        raise BenchError(f"there is room for {MOST} clients and machines at most.")
    if shutil.which("curl") is None:
        raise BenchError("curl, which plays the clients, is missing: apt-get install curl")


@contextlib.contextmanager
def _failing(name: str, failures: list[tuple[str, str]], tell: Callable[[str], None]) -> Iterator[None]:
    """What becomes of a row that comes to nothing: the others are measured all the same."""
    try:
        yield
    except (sandbox.RunFailed, AssertionError) as error:
        failures.append((name, showable(str(error).splitlines()[0])))
        tell(f"{name}: NO: {failures[-1][1]}")


def _size(pair: Path) -> int:
    return sum(file.stat().st_size for file in of_pair(pair))


def _loading(settings: Settings, way: Way) -> Callable[[Path], Loads]:
    return lambda scratch: _Row(settings, scratch).loads(way)


def _starting(settings: Settings, accel: str, count: int) -> Callable[[Path], Starts]:
    return lambda scratch: _Row(settings, scratch).starts(accel, count)


@dataclass
class _Row:
    """One row, inside its sandbox."""

    settings: Settings
    scratch: Path
    loop: EventLoop = field(default_factory=EventLoop)
    deadline: Deadline = field(default_factory=lambda: Deadline(DEADLINE))
    loaded: dict[str, float] = field(default_factory=dict)

    def loads(self, way: Way) -> Loads:
        with ExitStack() as stack:
            self._serve(stack, 0)
            addresses = [str(SERVER.network[FIRST_CLIENT + number]) for number in range(self.settings.clients)]
            inside = other_machine(stack, "pcs", addresses)
            before = _costs()
            ends = self._clients(stack, [(*inside, *curl(way, address)) for address in addresses])
            dnsmasq, files = _since(before)
            return Loads(way, ends, self.settings.clients * _size(self.settings.pair), dnsmasq, files)

    def _clients(self, stack: ExitStack, commands: list[tuple[str, ...]]) -> tuple[float, ...]:
        """Run all at once; when each ended, in seconds. Raises BenchError for one that has not the whole pair."""
        ends: dict[int, float] = {}
        processes: list[subprocess.Popen[str]] = []
        began = time.monotonic()
        for number, command in enumerate(commands):
            words = ("setpriv", "--pdeathsig", "KILL", *command)
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            stack.callback(process.kill)
            processes.append(process)
            stack.callback(os.close, watch_process(self.loop, process.pid, _noting(ends, number, began)))
        self.loop.until(lambda: len(ends) == len(commands), self.deadline, "the last client's file")
        wanted = [str(file.stat().st_size) for file in of_pair(self.settings.pair)]
        for process in processes:
            said, complaint = process.communicate()
            if process.returncode or said.split() != wanted:
                words = tuple(complaint.strip().splitlines()) or (f"sizes {said.split()}, not {wanted}",)
                raise BenchError(f"a client did not load the pair: {words[0]}")
        return tuple(ends[number] for number in range(len(commands)))

    def starts(self, accel: str, count: int) -> Starts:
        with ExitStack() as stack:
            self._serve(stack, count)
            before = _costs()
            machines = {mac(number): stack.enter_context(self._machine(accel, number)) for number in range(count)}
            began = {card: vm.started for card, vm in machines.items()}
            while machines:
                self.loop.until(lambda: self._over(machines), self.deadline, "the last machine's initrd")
                for card in self._over(machines):
                    machines.pop(card).stop()
            dnsmasq, files = _since(before)
            seconds = tuple(self.loaded[card] - began[card] for card in began)
            return Starts(self.settings.firmware.value, seconds, dnsmasq, files)

    def _over(self, machines: dict[str, VM]) -> tuple[str, ...]:
        """Those that have their initrd. Raises LostMachine for one that ended before."""
        for card, vm in machines.items():
            if not vm.running and card not in self.loaded:
                raise vm.lost()
        return tuple(card for card in machines if card in self.loaded)

    def _machine(self, accel: str, number: int) -> VM:
        firmware = self.settings.firmware
        card = Nic(mac(number), card_for(ANY_NIC, firmware), tap(number), bootindex=1)
        memory = SMALL if firmware is Firmware.BIOS else MEMORY[firmware]
        spec = MachineSpec(f"pc{number}", memory, uuid(number), accel, nics=(card,), firmware=firmware)
        directory = self.scratch / spec.name
        directory.mkdir()
        return VM(spec, directory, self.loop, self.deadline)

    def _serve(self, stack: ExitStack, seats: int) -> None:
        self.scratch.chmod(0o755)  # dnsmasq gives up root
        span = f"{SERVER.network[FIRST_MACHINE]},{SERVER.network[-2]}"
        options = ("--interface", BRIDGE, "--range", span, "--pair", str(self.settings.pair))
        state = ("--state", str(self.scratch / "state.json"))
        command = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pxe", "serve", *options, *state)
        network = Network(self.scratch, self.scratch, seats, self.loop, self._hear, serving=command)
        stack.enter_context(network)
        self.loop.until(lambda: READY in network.log, self.deadline.sooner(30), "the boot server's promise")

    def _hear(self, line: str) -> None:
        now = time.monotonic()
        if "loaded udpcast-initrd" in line:
            for number in range(self.settings.machines):
                if mac(number) in line:
                    self.loaded.setdefault(mac(number), now)


def curl(way: Way, address: str) -> tuple[str, ...]:
    """A client that loads the pair from that address, and says how many bytes each file had."""
    urls = [f"{way.value}://{SERVER.ip}/{name}" for name in ("udpcast-linux", "udpcast-initrd")]
    options = ("--silent", "--show-error", "--fail", "--interface", address, "--tftp-blksize", str(BLOCK))
    nowhere = ("--output", os.devnull) * len(urls)
    return ("curl", *options, *nowhere, "--write-out", "%{size_download}\\n", *urls)


def _noting(ends: dict[int, float], number: int, began: float) -> Callable[[], None]:
    def ended() -> None:
        ends[number] = time.monotonic() - began

    return ended


def _costs() -> dict[str, tuple[Path, Cost]]:
    """Both servers' processes, and what they needed up to now. Raises BenchError."""
    return {name: (place, _cost(place)) for name, place in ((name, _process(name)) for name in (DNSMASQ, FILES))}


def _since(before: dict[str, tuple[Path, Cost]]) -> tuple[Cost, Cost]:
    """What dnsmasq and the server of files needed since then."""

    def since(name: str) -> Cost:
        place, then = before[name]
        now = _cost(place)
        return Cost(round(now.cpu - then.cpu, 2), now.peak)

    return since(DNSMASQ), since(FILES)


def _process(name: str) -> Path:
    """The one process of the boot server with that name, in /proc. The room's router is a dnsmasq, too."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (place / "comm").read_text().strip() == name and b"router.conf" not in (place / "cmdline").read_bytes():
                found.append(place)
    if len(found) != 1:
        raise BenchError(f"there are {len(found)} processes {name} in /proc; one was expected.")
    return found[0]


def _cost(place: Path) -> Cost:
    try:
        return cost((place / "stat").read_text(), (place / "status").read_text())
    except FileNotFoundError:
        raise BenchError("a server ended while it was measured.") from None


def cost(stat: str, status: str) -> Cost:
    """From what proc(5) says of a process: user and system time, and the largest memory that was resident."""
    user, system = stat.rpartition(") ")[2].split()[11:13]
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return Cost((int(user) + int(system)) / os.sysconf("SC_CLK_TCK"), int(peak) * 1024)

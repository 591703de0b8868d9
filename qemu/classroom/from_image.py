"""A stored image: a server takes a PC's disk as a file, and casts that file to another PC later.

The server is this host, on the classroom's bridge: `launcher transfer` with a new file whose name ends in ``.zst``, and
later with that file as its source. The PCs are machines, one after the other: the first one sends, the second one has a
disk of its own size and receives. Between the two the image may be spoilt.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pxe.entries.boot_entry import INITRD, KERNEL

from ..disks import images
from ..disks.likeness import Likeness, likeness, look
from ..disks.model import ModelDisk
from ..disks.raw import create
from ..host import sandbox
from ..host.event_loop import Deadline, DeadlinePassed, EventLoop
from ..host.network import BRIDGE, Network, tap
from ..machine.accel import choose
from ..machine.spec import DirectBoot, Drive, MachineSpec, Nic, mac, uuid
from ..machine.vm import VM
from .errors import HARNESS_ERRORS
from .report import Claim
from .seat import claim
from .spec import with_console
from .starting import Booted, boot_all

ROOT = Path(__file__).resolve().parents[2]
SENDER = 'umode=snd auto=yes disk=/dev/sda udpcparam="--min-receivers 1"'
RECEIVER = "umode=rcv auto=yes {line}"


class Spoilt(Enum):
    """What becomes of the image between storing and casting."""

    NOT = "nothing"
    CUT = "its last quarter is gone"
    CHANGED = "a bit in its middle is another one"


@dataclass(frozen=True)
class FromImageSpec:
    """`target_size` in bytes; `line` is put on the receiver's append line."""

    pair: Path
    model: ModelDisk
    target_size: int
    line: str = ""
    spoilt: Spoilt = Spoilt.NOT
    deadline: float = 600.0


@dataclass(frozen=True)
class FromImage:
    """What came of it. `stored` and `cast`: the server's outcomes, None where it came to none, with what it said then
    in `said`; `received`: the receiver's; `image`: bytes of the file; `disk`: what the target has, `why` not more."""

    stored: dict[str, object] | None
    image: int
    cast: dict[str, object] | None
    said: str
    received: Claim | None
    disk: Likeness
    why: str
    blank: bool
    booted: Booted | None


def run_from_image(spec: FromImageSpec, artefacts: Path | None = None) -> FromImage:
    """Run it in a sandbox. Raises sandbox.RunFailed, sandbox.Stopped."""
    accel = choose(spec.pair / KERNEL)
    return sandbox.call(lambda scratch: _Run(spec, accel, scratch, artefacts).run(), HARNESS_ERRORS)


class _Server:
    """`launcher transfer` on this host."""

    def __init__(self, loop: EventLoop, log: Path, *words: str) -> None:
        self._loop, self._log = loop, log
        command = (sys.executable, "-m", "launcher", "transfer", f"nic={BRIDGE}", *words)
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self, deadline: Deadline) -> None:
        """Until it has ended, while the machines are looked after."""
        while not self.ended:
            if deadline.passed:
                raise DeadlinePassed(f"the server's transfer did not end: {self.said[-300:]}")
            self._loop.turn(0.5)

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def outcome(self) -> dict[str, object] | None:
        """Its last event of that name."""
        found = [json.loads(line) for line in self.said.splitlines() if line.startswith('{"')]
        return next((event for event in reversed(found) if event.get("event") == "outcome"), None)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _cut(image: Path) -> None:
    os.truncate(image, image.stat().st_size * 3 // 4)


def _change(image: Path) -> None:
    with image.open("r+b") as file:
        place = image.stat().st_size // 2
        byte = os.pread(file.fileno(), 1, place)[0]
        os.pwrite(file.fileno(), bytes([byte ^ 1]), place)


SPOIL: Mapping[Spoilt, Callable[[Path], None]] = {Spoilt.CUT: _cut, Spoilt.CHANGED: _change}


class _Run:
    def __init__(self, spec: FromImageSpec, accel: str, scratch: Path, artefacts: Path | None) -> None:
        self._spec, self._accel, self._scratch, self._artefacts = spec, accel, scratch, artefacts
        self._loop, self._deadline = EventLoop(), Deadline(spec.deadline)
        self._image = scratch / "room.img.zst"

    def run(self) -> FromImage:
        spec, scratch = self._spec, self._scratch
        scratch.chmod(0o755)  # dnsmasq gives up root
        tree = scratch / "tftp"
        tree.mkdir()
        source, target = look(spec.model.path), create(scratch / "receiver.img", spec.target_size)
        with contextlib.ExitStack() as stack:
            stack.enter_context(Network(scratch, tree, 2, self._loop))
            stored = self._store(stack, images.overlay(spec.model.path, scratch / "sender.qcow2"))
            if spec.spoilt in SPOIL:
                SPOIL[spec.spoilt](self._image)
            server, received = self._cast(stack, target)
        disk, why = likeness(target, source)
        booted = None
        if disk is not Likeness.NONE:
            (booted,) = boot_all((target,), spec.model.boot_line, self._accel, scratch, print, ask=False)
        size = self._image.stat().st_size
        return FromImage(
            stored, size, server.outcome, server.said, received, disk, why, images.blank(target), booted
        )  # fmt: skip

    def _store(self, stack: contextlib.ExitStack, overlay: Path) -> dict[str, object] | None:
        server = self._server(stack, "store", "umode=rcv", f"disk={self._image}")
        sender = stack.enter_context(self._machine("sender", Drive(overlay, format="qcow2"), SENDER))
        server.wait(self._deadline)
        self._keep(sender)
        sender.stop()
        return server.outcome

    def _cast(self, stack: contextlib.ExitStack, target: Path) -> tuple[_Server, Claim | None]:
        """Where the server refuses at once, nobody is switched on."""
        words = ("umode=snd", f"disk={self._image}", "udpcparam=--min-receivers 1")
        server = self._server(stack, "cast", *words)
        with contextlib.suppress(DeadlinePassed):
            server.wait(self._deadline.sooner(REFUSED_WITHIN))
        if server.ended:
            return server, None
        line = RECEIVER.format(line=self._spec.line)
        receiver = stack.enter_context(self._machine("receiver", Drive(target), line))
        event = receiver.events.wait(self._loop, ("outcome",), ("crash", "error"), self._deadline)
        self._keep(receiver)
        server.wait(self._deadline)
        return server, claim(event)

    def _server(self, stack: contextlib.ExitStack, name: str, *words: str) -> _Server:
        server = _Server(self._loop, self._scratch / f"{name}.log", *words)
        stack.callback(server.close)
        return server

    def _machine(self, name: str, drive: Drive, append: str) -> VM:
        number = ("sender", "receiver").index(name)
        boot = DirectBoot(self._spec.pair / KERNEL, self._spec.pair / INITRD, with_console(append))
        nic = Nic(mac(number), tap=tap(number))
        directory = self._scratch / name
        directory.mkdir()
        spec = MachineSpec(name, uuid=uuid(number), accel=self._accel, drives=(drive,), nics=(nic,), boot=boot)
        return VM(spec, directory, self._loop, self._deadline)

    def _keep(self, vm: VM) -> None:
        if self._artefacts:
            vm.artefacts(self._artefacts / vm.spec.name)


REFUSED_WITHIN = 15.0
"""Seconds in which a server looks at an image."""

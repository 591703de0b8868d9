"""One virtual machine, from its start to its end, whatever happens in between.

    with VM(spec, directory, loop, deadline) as vm:
        vm.console.expect("login:", "Kernel panic", deadline=deadline)

QEMU dies with the thread that started it (``setpriv --pdeathsig KILL``), and inside the harness's own PID namespace
(`host.sandbox`) with the harness as a whole. A machine that vanished raises `LostMachine`, which is not the same as
a test that said no.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from ..host.event_loop import Deadline, DeadlinePassed, EventLoop, Stream, watch_process
from . import keys
from .console import Console
from .events import EventLog
from .firmware import FILES
from .qmp import Qmp, QmpError
from .refusal import Refused
from .spec import MachineSpec, Ports, SpecError, argv

START_SECONDS = 20.0
"""QEMU connects its ports and greets within this time, or is lost."""


class LostMachine(Exception):
    """QEMU ended although nobody wanted it to; the sentence has its exit status and its last words."""


class VM:
    """A context manager; `directory` must exist and is for this machine alone (short: it holds unix sockets)."""

    def __init__(self, spec: MachineSpec, directory: Path, loop: EventLoop, deadline: Deadline) -> None:
        self.spec, self.directory, self.loop, self.deadline = spec, directory, loop, deadline
        self.console = Console(self._send_console, loop)
        self.events = EventLog()
        self.qmp = Qmp(loop)
        self.started = 0.0  # power-on, on the monotonic clock
        self.ended: float | None = None
        self.on_end: Callable[[], None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd: int | None = None
        self._streams: dict[str, Stream] = {}
        self.ports = Ports(*(directory / name for name in ("console.sock", "events.sock", "qmp.sock", "console.log")))

    @property
    def command(self) -> str:
        """The QEMU command as it runs, in a form one can paste into a shell."""
        return shlex.join(argv(self.spec, self.ports))

    def __enter__(self) -> VM:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start QEMU, connect its three ports, switch the machine on. Raises LostMachine, DeadlinePassed, SpecError."""
        self._prepare_firmware()
        command = ["setpriv", "--pdeathsig", "KILL", *argv(self.spec, self.ports)]
        with self._listening() as listeners, (self.directory / "qemu.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._pidfd = watch_process(self.loop, self._process.pid, self._process_ended)
            deadline = self.deadline.sooner(START_SECONDS)
            self._until(lambda: len(self._streams) == len(listeners), deadline, f"{self.spec.name}: QEMU's start")
        self.qmp.start(self._streams["qmp"], deadline)
        for number, nic in enumerate(self.spec.nics):
            if not nic.link:
                self.qmp.execute("set_link", deadline=deadline, name=f"nic{number}", up=False)
        self.qmp.execute("cont", deadline=deadline)
        self.started = time.monotonic()

    def _prepare_firmware(self) -> None:
        """Give a machine with UEFI variables of its own."""
        files = FILES.get(self.spec.firmware)
        if files is None:
            return
        for path in (files.code, files.variables):
            if not path.exists():
                raise SpecError(f"{path} does not exist: it is in the package ovmf.")
        if self.spec.variables is None:
            copy = Path(shutil.copyfile(files.variables, self.directory / "variables.fd"))
            self.spec = dataclasses.replace(self.spec, variables=copy)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[list[socket.socket]]:
        """Listen on the three sockets; QEMU connects, so that nothing has to be tried twice and no byte is lost."""
        sinks = {"console": self.console.feed, "events": self.events.feed, "qmp": self.qmp.feed}
        listeners: list[socket.socket] = []
        try:
            for name, sink in sinks.items():
                listener = socket.socket(socket.AF_UNIX)
                listeners.append(listener)
                listener.bind(str(getattr(self.ports, name)))
                listener.listen(1)
                self.loop.add(listener, self._acceptor(name, listener, sink))
            yield listeners
        finally:
            for listener in listeners:
                self.loop.remove(listener)
                listener.close()

    def _acceptor(self, name: str, listener: socket.socket, sink: Callable[[bytes], None]) -> Callable[[], None]:
        def accept() -> None:
            connection, _ = listener.accept()
            self.loop.remove(listener)
            self._streams[name] = Stream(self.loop, connection, sink)

        return accept

    def _process_ended(self) -> None:
        self.ended = time.monotonic()
        for stream in self._streams.values():
            stream.drain()
        if self.on_end:
            self.on_end()

    def _until(self, condition: Callable[[], bool], deadline: Deadline, what: str) -> None:
        self.loop.until(lambda: condition() or self.ended is not None or self.console.refusal, deadline, what)
        if self.console.refusal and not condition():
            raise Refused(f"machine {self.spec.name}: {self.console.refusal}")
        if self.ended is not None and not condition():
            raise self.lost()

    def _send_console(self, data: bytes) -> None:
        if stream := self._streams.get("console"):
            stream.send(data, self.deadline.sooner(10))

    @property
    def running(self) -> bool:
        return self._process is not None and self.ended is None

    def lost(self) -> LostMachine:
        """The sentence for a machine that is no more."""
        status = self._process.wait() if self._process else None
        reason = self.qmp.shutdown_reason
        words = (self.directory / "qemu.log").read_text(errors="replace").strip().splitlines()
        said = f"; QEMU said: {words[-1]}" if words else ""
        why = f"the guest ended it ({reason})" if reason else f"QEMU ended with status {status}"
        return LostMachine(f"machine {self.spec.name} is gone: {why}{said}")

    def reset(self, deadline: Deadline) -> None:
        """Press the reset button; the event log begins anew. From now on a guest that restarts by itself does not end
        QEMU either: SeaBIOS does so once more behind a reset. Raises QmpError, DeadlinePassed."""
        self.qmp.execute("set-action", deadline=deadline.sooner(10), reboot="reset")
        self.qmp.execute("system_reset", deadline=deadline.sooner(10))
        self.events.forget()
        self.console.forget_refusal()

    def wait(self, condition: Callable[[], bool], deadline: Deadline, what: str) -> None:
        """Wait for a condition. Raises LostMachine when the machine ends before, Refused when nothing more
        will come, DeadlinePassed."""
        self._until(condition, deadline, f"{self.spec.name}: {what}")

    def wait_end(self, deadline: Deadline) -> None:
        """Wait until the machine ended by itself. Raises DeadlinePassed."""
        self.loop.until(lambda: self.ended is not None, deadline, f"{self.spec.name}: the end of the machine")

    def settle(self, seconds: float = 0.3) -> None:
        """Read on until nothing came for so long, 3 s at most: the rest of a screen whose event came first."""
        deadline = self.deadline.sooner(3)
        while not deadline.passed and self.loop.turn(min(seconds, deadline.left)):
            pass

    def press(self, *names: str, vga: bool = False) -> None:
        """Press keys on the serial console or on the keyboard beside the VGA screen."""
        if not vga:
            self.console.press(*names)
            return
        for codes in [keys.qcodes(name) for name in names]:
            chord = [{"type": "qcode", "data": code} for code in codes]
            self.qmp.execute("send-key", deadline=self.deadline.sooner(10), keys=chord)

    def screendump(self, path: Path) -> bool:
        """The VGA screen as PNG; False when the machine is gone."""
        try:
            self.qmp.screendump(path.absolute(), Deadline(10))
        except (QmpError, DeadlinePassed, OSError):
            return False
        return True

    def artefacts(self, directory: Path) -> list[Path]:
        """Keep what explains a failure: transcript, screens (text, and PNG while it lives), events, command."""
        directory.mkdir(parents=True, exist_ok=True)
        made = {
            "transcript.txt": bytes(self.console.transcript),
            "screen.txt": self.console.screen.text.encode() + b"\n",
            "events.jsonl": bytes(self.events.raw),
            "qemu-command.sh": f"#!/bin/sh\n# As it ran, inside the harness's network.\n{self.command}\n".encode(),
        }
        for name, content in made.items():
            (directory / name).write_bytes(content)
        paths = [directory / name for name in made]
        if self.running and self.screendump(directory / "screen.png"):
            paths.append(directory / "screen.png")
        if (self.directory / "qemu.log").exists():
            paths.append(Path(shutil.copy(self.directory / "qemu.log", directory)))
        return paths

    def stop(self) -> None:
        """End the machine, gently if it answers, and leave nothing behind. May be called twice."""
        process = self._process
        if process and self.ended is None:
            with contextlib.suppress(QmpError, DeadlinePassed):
                self.qmp.execute("quit", deadline=Deadline(3))
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
            self.ended = time.monotonic()
        if process:
            process.wait()
        for name, stream in self._streams.items():
            if name != "qmp":  # what a machine said before its end may still lie in its ports
                stream.drain()
            stream.close()
        if self._pidfd is not None:
            self.loop.remove(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        for port in (self.ports.console, self.ports.events, self.ports.qmp):
            port.unlink(missing_ok=True)

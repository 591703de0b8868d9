"""A small client of QEMU's monitor protocol (docs/interop/qmp-spec): commands, their answers, and events.

Our own, because PyPI's ``qemu.qmp`` puts its modules into a package named ``qemu``, as this folder is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..host.event_loop import Deadline, EventLoop, Stream


class QmpError(Exception):
    """QEMU refused a command; the message is QEMU's own."""


class Qmp:
    """Give it everything the monitor's socket delivers (`feed`), and ask with `execute`."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._stream: Stream | None = None
        self._rest = b""
        self._answers: list[dict[str, Any]] = []
        self._ready = False
        self.events: list[dict[str, Any]] = []

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message: dict[str, Any] = json.loads(line)
            if "QMP" in message:
                self._ready = True
            elif "event" in message:
                self.events.append(message)
            else:
                self._answers.append(message)

    def start(self, stream: Stream, deadline: Deadline) -> None:
        """Wait for the greeting and leave the negotiation mode. Raises DeadlinePassed."""
        self._stream = stream
        self._loop.until(lambda: self._ready, deadline, "QEMU's monitor")
        self.execute("qmp_capabilities", deadline=deadline)

    def execute(self, command: str, *, deadline: Deadline, **arguments: object) -> Any:
        """Run one command and return what it returns. Raises QmpError, DeadlinePassed."""
        if self._stream is None or self._stream.closed:
            raise QmpError(f"{command}: QEMU's monitor is closed")
        self._answers.clear()
        message: dict[str, object] = {"execute": command}
        if arguments:
            message["arguments"] = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._stream.send(json.dumps(message).encode() + b"\n", deadline)
        stream = self._stream
        self._loop.until(lambda: bool(self._answers) or stream.closed, deadline, f"an answer to QMP {command}")
        if not self._answers:
            raise QmpError(f"{command}: QEMU closed its monitor")
        answer = self._answers.pop(0)
        if "error" in answer:
            raise QmpError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def screendump(self, path: Path, deadline: Deadline) -> None:
        """Write the VGA screen to `path` as PNG (QEMU 7.1 and later do it). Raises QmpError, DeadlinePassed."""
        self.execute("screendump", deadline=deadline, filename=str(path), format="png")

    @property
    def shutdown_reason(self) -> str | None:
        """Why the guest ended (``guest-reset``, ``guest-shutdown``, ``guest-panic``, …), once it did."""
        for event in self.events:
            if event["event"] == "SHUTDOWN":
                return str(event["data"].get("reason", "unknown"))
        return None

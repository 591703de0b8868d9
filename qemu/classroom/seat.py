"""One seat of the classroom while it runs: what it has reached, whether it is finished, and its operator's hands.

The operator presses keys only on a screen that the launcher says is up (`screen` event) and that can be seen on
the console: what a person at that PC would do where the append line leaves a question open.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from kernel_cmdline import parse
from pxe.boot_entry import INITRD, KERNEL
from pxe.dnsmasq import BOOT_FILE

from ..host.network import Served
from ..host.pump import Deadline
from ..machine.events import Event, kernel_start
from ..machine.spec import mac
from ..machine.vm import VM
from .report import Claim, Role, Stage

LINGER_SECONDS = 20.0
"""After its outcome (or an error) a seat may say for so long what it does next."""

STAGES = ("init", "udev", "python", "devices", "plan", "network", "transfer", "connected", "cast", "outcome")
"""Events that are stages of the report; screens are added as ``screen NAME``."""

_SERVED = {"dhcp": "dhcp", BOOT_FILE: "pxelinux", KERNEL: "kernel sent", INITRD: "initrd sent"}
"""What the boot server did, as stages; times are those of the last packet."""

_FATAL = {
    rb"Kernel panic[^\r\n]*[\r\n]": "the kernel panicked",
    rb"No bootable device[^\r\n]*[\r\n]": "the firmware found nothing to boot",
    rb"PXE-E[0-9A-F]+[^\r\n]*[\r\n]": "the card's boot ROM failed",
    rb"Could not find kernel image[^\r\n]*[\r\n]": "PXELINUX did not find the kernel",
    rb"Failed to load ldlinux[^\r\n]*[\r\n]": "PXELINUX did not load",
    rb"Not enough memory to load[^\r\n]*[\r\n]": "PXELINUX had too little memory",
    rb"The launcher stopped with status[^\r\n]*[\r\n]": "the launcher was ended from outside",
}
"""What the console shows when no event can come any more."""

_START_CONDITIONS = ("min-receivers", "min-wait", "max-wait", "autostart")
_PRESELECTED = {"disk", "nic", "dhcp", "compr", "port"}
"""Questions on whose screens the preselected answer is right for a classroom."""


@dataclass(frozen=True)
class SeatSpec:
    """Seat `number` (0 is the sender) and its whole append line."""

    number: int
    role: Role
    append: str

    @property
    def name(self) -> str:
        """Seat 0 is the sender; a second one comes after all receivers."""
        if self.role is Role.RECEIVER:
            return f"receiver-{self.number}"
        return "sender-2" if self.number else "sender"

    @property
    def mac(self) -> str:
        return mac(self.number)


@dataclass(frozen=True)
class Operator:
    """The person at one PC, as far as the append line needs him. `receivers` is how many the sender waits for."""

    role: Role
    receivers: int
    attended: bool = True  # False: auto=yes, nobody is there
    starts_alone: bool = False  # udpcparam has a start condition

    def keys(self, screen: str, connected: int) -> tuple[str, ...]:
        """What he presses on a screen while `connected` receivers are there; empty: nothing (yet)."""
        if not self.attended:
            return ()
        if screen == "umode":
            return ("s",) if self.role is Role.SENDER else ("r",)
        if screen == "confirm":
            return ("down", "enter")  # the safe choice has the focus
        if screen == "transfer":
            starts = self.role is Role.SENDER and not self.starts_alone and connected >= self.receivers
            return ("enter",) if starts else ()
        return ("enter",) if screen in _PRESELECTED else ()


def operator(spec: SeatSpec, receivers: int) -> Operator:
    """Who sits before a seat with this append line."""
    line = parse(spec.append)
    auto, options = line.last("auto"), line.last("udpcparam")
    unattended = auto is not None and (auto.value or "").lower() == "yes"
    given = options.value or "" if options else ""
    return Operator(spec.role, receivers, not unattended, any(word in given for word in _START_CONDITIONS))


def restarts(append: str) -> bool:
    """True when the line asks for something to be done after the transfer, which the seat is then watched doing."""
    line = parse(append)
    asked = [line.last(name) for name in ("auto_reboot", "after")]
    return any(word and (word.value or "").lower() not in {"", "never", "menu"} for word in asked)


class Seat:
    """Follows one machine's events. `report` is called with a line for each new stage."""

    def __init__(self, spec: SeatSpec, vm: VM, receivers: int, report: Callable[[str, str], None]) -> None:
        self.spec, self.vm = spec, vm
        self.claim: Claim | None = None
        self.problem = ""
        self.said: float | None = None  # when it came to an outcome or stopped with a sentence, on the monotonic clock
        self.after: str | None = None
        self.address: str | None = None
        self._report = report
        self._operator = operator(spec, receivers)
        self._restarts = restarts(spec.append)
        self._screen: str | None = None  # up, and nothing pressed on it yet
        self._presses: dict[str, int] = {}
        self._served: list[Stage] = []
        self._linger: float | None = None
        self._fatal = False
        self._scanned = 0
        self._tenth = 0  # of the transfer, as last reported
        vm.events.listeners.append(self._event)

    def served(self, served: Served) -> None:
        """The boot server did something for this seat's address."""
        name = _SERVED.get(served.what)
        if name and all(stage.name != name for stage in self._served):
            self._served.append(Stage(name, round(time.monotonic() - self.vm.started, 2)))
            self._report(self.spec.name, name)

    def restart(self, deadline: Deadline) -> None:
        """Press the reset button. What the seat has told until now is another boot's."""
        self.vm.reset(deadline)
        self.claim = self.said = self._linger = self._screen = None
        self.problem = ""
        self._served.clear()

    def _event(self, event: Event) -> None:
        handler = getattr(self, f"_on_{event.name}", None)
        if handler:
            handler(event)
        elif event.name in STAGES:
            self._report(self.spec.name, event.name)

    def _on_screen(self, event: Event) -> None:
        self._screen = event.text("name")
        self._report(self.spec.name, f"screen {self._screen}")
        if self._screen in {"result", "error"} and self._linger is not None and not self._restarts:
            self._linger = time.monotonic() + 1

    def _on_transfer(self, event: Event) -> None:
        """Also the next one of a receiver that tries again (``retry``): then its last word is not said."""
        self._linger, self._tenth = None, 0
        self._report(self.spec.name, event.name)

    def _on_progress(self, event: Event) -> None:
        done, total = float(event.fields.get("bytes") or 0), float(event.fields.get("total") or 0)
        tenth = int(10 * done / total) if total else int(done / 1e8)
        if tenth > self._tenth:
            self._tenth = tenth
            self._report(self.spec.name, f"{done / 1e6:.0f}{f' of {total / 1e6:.0f}' if total else ''} MB")

    def _on_outcome(self, event: Event) -> None:
        self.claim = claim(event)
        self.said = event.arrived
        self._end(f"outcome: {self.claim.kind}: {self.claim.sentence}")

    def _on_error(self, event: Event) -> None:
        self.problem = " ".join(filter(None, (event.text("sentence"), event.text("hint"))))
        self.said = event.arrived
        self._end(f"error: {self.problem}")

    def _on_crash(self, event: Event) -> None:
        self.problem = f"the launcher crashed: {event.text('sentence')}"
        self._end(self.problem)
        self._linger = time.monotonic() + 2  # its screen is plain text, and no event follows

    def _on_after(self, event: Event) -> None:
        self.after = event.text("action")
        self._linger = time.monotonic() + LINGER_SECONDS
        self._report(self.spec.name, f"after: {self.after}")

    def _end(self, line: str) -> None:
        self._linger = time.monotonic() + LINGER_SECONDS
        self._report(self.spec.name, line)

    def turn(self) -> None:
        """Look at the console for what no event can tell, and press the keys that are due."""
        self._scan()
        if self._screen is None or not self.vm.running or not self._operator.attended:
            return
        connected = sum(event.name == "connected" for event in self.vm.events.events)
        keys = self._operator.keys(self._screen, connected)
        if not keys or self.vm.console.screen.blank:
            return
        screen, self._screen = self._screen, None
        self._presses[screen] = self._presses.get(screen, 0) + 1
        if self._presses[screen] > 3:
            self.problem = f"screen {screen} came back after {', '.join(keys)} had been pressed three times"
            self._fatal = True
            return
        self._report(self.spec.name, f"presses {' '.join(keys)} on screen {screen}")
        self.vm.press(*keys)

    def _scan(self) -> None:
        transcript = self.vm.console.transcript
        if len(transcript) == self._scanned or self._fatal:
            return
        start = max(0, self._scanned - 200)
        self._scanned = len(transcript)
        for pattern, meaning in _FATAL.items():
            if match := re.search(pattern, transcript[start:]):
                self.problem = f"{meaning}: {match[0].decode(errors='replace').strip()}"
                self._fatal = True
                self._report(self.spec.name, self.problem)

    @property
    def finished(self) -> bool:
        """Nothing more is expected of this seat."""
        if self._fatal or not self.vm.running:
            return True
        if self._linger is None:
            return False
        # A machine that restarts or powers off is awaited: that it does is part of the result.
        stays = self.after is not None and self.after not in {"reboot", "poweroff"}
        return stays or time.monotonic() > self._linger

    @property
    def failed(self) -> bool:
        """Finished without any outcome: it will take no part in a cast."""
        return self.finished and self.claim is None

    def why(self) -> str:
        """Why there is no outcome, as a sentence; empty when there is one."""
        if self.claim:
            return ""
        if self.problem:
            return self.problem
        if not self.vm.running:
            return str(self.vm.lost())
        reached = [stage.name for stage in self.stages()]
        return f"the run ended before; last stage reached: {reached[-1] if reached else 'power-on'}."

    def stages(self) -> tuple[Stage, ...]:
        """Everything this seat reached, in the order of time."""
        events = self.vm.events.events
        zero = kernel_start(events)
        if zero is None:
            return tuple(self._served)
        found = [*self._served, Stage("kernel", round(zero - self.vm.started, 2), 0.0)]
        seen: set[str] = set()
        for event in events:
            name = f"screen {event.text('name')}" if event.name == "screen" else event.name
            if name not in seen and (event.name in STAGES or event.name == "screen"):
                seen.add(name)
                found.append(Stage(name, round(zero + event.t - self.vm.started, 2), event.t))
        return tuple(sorted(found, key=lambda stage: stage.wall))


def claim(event: Event) -> Claim:
    """An `outcome` event as a value; missing fields count as the weakest claim."""
    fields = event.fields
    return Claim(
        ok=fields.get("ok") is True,
        kind=event.text("kind"),
        sentence=event.text("sentence"),
        bytes=int(fields.get("bytes") or 0),
        seconds=float(fields.get("seconds") or 0.0),
        xxh128=str(fields["xxh128"]) if fields.get("xxh128") else None,
    )

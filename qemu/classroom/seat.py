"""One seat of the classroom while it runs: what it has reached and claimed, and whether it is finished."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from kernel_cmdline import parse
from pxe.entries.architectures import HTTP_IMAGE, LPXELINUX
from pxe.entries.boot_entry import INITRD, KERNEL
from pxe.entries.loaders import GRUB, IPXE, PXELINUX

from ..host.event_loop import Deadline
from ..host.network import Served
from ..machine.events import Event, kernel_start
from ..machine.firmware import Firmware
from ..machine.vm import VM
from .console_watch import ConsoleWatch
from .operator import Hands, operator
from .report import Claim, Stage
from .seat_spec import SeatSpec

LINGER_SECONDS = 20.0
"""After its outcome (or an error) a seat may say for so long what it does next."""

STAGES = ("init", "stage2", "python", "devices", "plan", "network", "transfer", "connected", "cast", "outcome")
"""Events that are stages of the report; screens are added as ``screen NAME``."""

_SERVED = {
    "dhcp": "dhcp",
    PXELINUX.files[0]: "pxelinux",
    **{name: f"{name} sent" for name in (LPXELINUX, *GRUB.files, *IPXE.files, HTTP_IMAGE)},
    KERNEL: "kernel sent",
    INITRD: "initrd sent",
}
"""What the boot server did, as stages; times are those of the last packet."""

_UEFI_STARTS = re.compile(rb">>Start [A-Z][A-Za-z ]+ over IPv|BdsDxe: loading Boot")
"""What UEFI says when it is through with itself and begins to boot."""


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
        self._hands = Hands(operator(spec, receivers), vm, lambda what: report(spec.name, what))
        self._console = ConsoleWatch()
        self._restarts = restarts(spec.append)
        self._served: list[Stage] = []
        self._linger: float | None = None
        self._fatal = False
        self._tenth = 0  # of the transfer, as last reported
        vm.events.listeners.append(self._event)

    def served(self, served: Served) -> None:
        """The boot server did something for this seat's address."""
        name = _SERVED.get(served.what)
        if name:
            self._reached(name)

    def _reached(self, name: str) -> None:
        """A stage of which the guest tells nothing itself."""
        if all(stage.name != name for stage in self._served):
            self._served.append(Stage(name, round(time.monotonic() - self.vm.started, 2)))
            self._report(self.spec.name, name)

    def restart(self, deadline: Deadline) -> None:
        """Press the reset button. What the seat has told until now is another boot's."""
        self.vm.reset(deadline)
        self.claim = self.said = self._linger = None
        self._hands.sees(None)
        self.problem = ""
        self._served.clear()

    def _event(self, event: Event) -> None:
        handler = getattr(self, f"_on_{event.name}", None)
        if handler:
            handler(event)
        elif event.name in STAGES:
            self._report(self.spec.name, event.name)

    def _on_screen(self, event: Event) -> None:
        screen = event.text("name")
        self._hands.sees(screen)
        self._report(self.spec.name, f"screen {screen}")
        if screen in {"result", "error"} and self._linger is not None and not self._restarts:
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
        if not self._fatal:
            self._firmware()
            for problem in self._console.look(self.vm.console.transcript):
                self._give_up(problem)
                self._report(self.spec.name, problem)
        if problem := self._hands.turn():
            self._give_up(problem)

    def _firmware(self) -> None:
        """What there is of firmware and loaders: they tell on the console alone."""
        console = self.vm.console
        if not self._served and self.spec.firmware is not Firmware.BIOS and _UEFI_STARTS.search(console.transcript):
            self._reached("firmware")
        if refusal := console.refusal:
            self._give_up(str(refusal))
            self._report(self.spec.name, str(refusal))

    def _give_up(self, problem: str) -> None:
        self.problem = problem
        self._fatal = True

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

    def whole(self) -> tuple[tuple[str, str], ...]:
        """The partitions that a sender says it sends whole, with its reasons."""
        survey = self.vm.events.last("used")
        parts = survey.fields.get("parts") if survey else None
        found = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        return tuple((str(part.get("name")), str(part["whole"])) for part in found if part.get("whole"))

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
        sent=_number(fields.get("sent")),
        rewritten=_number(fields.get("table_rewritten")),
        growth=str(growth.get("kind")) if isinstance(growth := fields.get("growth"), dict) else None,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None

"""The person at one PC of the classroom: which keys he presses, and when.

He presses keys only on a screen that the launcher says is up (`screen` event) and that can be seen on the console:
what a person at that PC would do where the append line leaves a question open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kernel_cmdline import parse

from ..machine.vm import VM
from .report import Role
from .seat_spec import SeatSpec

_START_CONDITIONS = ("min-receivers", "min-wait", "max-wait", "autostart")
_PRESELECTED = {"disk", "nic", "dhcp", "compr", "port"}
"""Questions on whose screens the preselected answer is right for a classroom."""


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


class Hands:
    """The operator's hands on a machine that runs. `report` is called with a line for what they do."""

    def __init__(self, who: Operator, vm: VM, report: Callable[[str], None]) -> None:
        self._who, self._vm, self._report = who, vm, report
        self._screen: str | None = None  # up, and nothing pressed on it yet
        self._presses: dict[str, int] = {}

    def sees(self, screen: str | None) -> None:
        """A screen is up; None: there is none any more."""
        self._screen = screen

    def turn(self) -> str:
        """Press the keys that are due. Returns why it makes no sense to go on, as a sentence; empty when it does."""
        if self._screen is None or not self._vm.running or not self._who.attended:
            return ""
        connected = sum(event.name == "connected" for event in self._vm.events.events)
        keys = self._who.keys(self._screen, connected)
        if not keys or self._vm.console.screen.blank:
            return ""
        screen, self._screen = self._screen, None
        self._presses[screen] = self._presses.get(screen, 0) + 1
        if self._presses[screen] > 3:
            return f"screen {screen} came back after {', '.join(keys)} had been pressed three times"
        self._report(f"presses {' '.join(keys)} on screen {screen}")
        self._vm.press(*keys)
        return ""

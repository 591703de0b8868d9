"""What a machine of `bench hardware` meets on its way to the role choice, and how it is seen to be there.

* `Situation.SECOND_WIRED`: the first card's cable is not plugged in.
* `Situation.LATE_CARD`: there is no card until the role screen has stood for `LATE`; then one of USB is plugged in.
* `Situation.LATE_FORWARDING`: the bridge is a switch with spanning tree (IEEE 802.1D), whose port listens and learns
  for `BLOCKED` before it forwards. It begins with that where the kernel's driver resets the card, so that the port
  was down. (Before that it is the firmware's affair: the boot ROMs of ipxe-qemu give up sooner.)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..host.event_loop import DeadlinePassed
from ..host.network import BRIDGE, ip, tap
from ..machine.events import Event, EventLog
from ..machine.firmware import Boot
from ..machine.spec import mac
from ..machine.storage import ATTACHMENTS
from ..machine.vm import VM
from .hardware_lines import Line, Situation

LATE = 20.0
BLOCKED = 35.0
"""Seconds."""

_SETTLES = 60.0
"""Seconds in which disk and cards must be seen behind the role screen."""


@dataclass(frozen=True)
class Seen:
    """Seconds from power-on to the role `screen`, and until disk and cards were known (`devices`); `kernel`: from the
    kernel's start to the role screen."""

    screen: float
    kernel: float
    devices: float


def cards_of(line: Line) -> tuple[str, ...]:
    """The models of the cards that the machine has from power-on, in the order in which it is booted from them."""
    if line.situation is Situation.LATE_CARD:
        return ()
    if line.situation is Situation.SECOND_WIRED:
        return ("e1000", line.card)
    return tuple(dict.fromkeys((line.starter, line.card)))


def cards_in_the_end(line: Line) -> int:
    """How many cards the launcher must see."""
    return len(cards_of(line)) or 1


def disks_in_the_end(line: Line) -> int:
    """How many disks with names such as this one's it must see: a stick that was booted from is one, too."""
    return 2 if line.path is Boot.USB and ATTACHMENTS[line.bus].node.startswith("sd") else 1


def role_screen(vm: VM) -> Event:
    """Wait for it."""
    vm.wait(lambda: vm.events.first("screen", name="umode") is not None, vm.deadline, "the role screen")
    event = vm.events.first("screen", name="umode")
    assert event
    return event


def come_there(vm: VM, line: Line) -> Seen:
    """Wait for the role screen, and until the disk and all cards are seen. Raises DeadlinePassed, LostMachine."""
    screen = role_screen(vm)
    what = f"the disk and {cards_in_the_end(line)} card(s) in the launcher"
    vm.wait(lambda: known(vm.events, line) is not None, vm.deadline.sooner(_SETTLES), what)
    devices = known(vm.events, line)
    assert devices
    return Seen(round(screen.arrived - vm.started, 1), screen.t, round(devices.arrived - vm.started, 1))


def known(log: EventLog, line: Line) -> Event | None:
    """With which event the launcher had seen the line's disk and all of its cards, or None."""
    node = re.compile(f"/dev/{ATTACHMENTS[line.bus].node}")
    for event in log.events:
        if event.name == "machine":
            disks = [disk for disk in event.fields.get("disks", ()) if node.fullmatch(disk)]
            if len(disks) >= disks_in_the_end(line) and len(event.fields.get("nics", ())) >= cards_in_the_end(line):
                return event
    return None


def let_pass(vm: VM, seconds: float) -> None:
    """Let time pass for the machine: here it is what is looked at. Raises LostMachine."""
    try:
        vm.wait(lambda: False, vm.deadline.sooner(seconds), "time")
    except DeadlinePassed:
        if vm.deadline.passed:
            raise


def plug_in_card(vm: VM, number: int = 0) -> None:
    """Plug a USB card with a cable into the machine's USB controller. Raises QmpError."""
    deadline = vm.deadline.sooner(10)
    name = f"late{number}"
    words = {"type": "tap", "ifname": tap(number), "script": "no", "downscript": "no"}
    vm.qmp.execute("netdev_add", deadline=deadline, id=name, **words)
    vm.qmp.execute(
        "device_add", deadline=deadline, driver="usb-net", id=f"card-{name}", netdev=name, mac=mac(number), bus=USB_BUS
    )


USB_BUS = "xhci0.0"
"""Of the machine's first disk."""


def block(number: int = 0) -> None:
    """The switch takes its port anew: it listens and learns for `BLOCKED` from now on."""
    ip("link", "set", BRIDGE, "type", "bridge", "stp_state", "1", "forward_delay", str(round(BLOCKED / 2 * 100)))
    for state in ("down", "up"):
        ip("link", "set", tap(number), state)


def _late_card(vm: VM) -> None:
    role_screen(vm)
    let_pass(vm, max(0.0, vm.started + LATE - time.monotonic()))
    plug_in_card(vm)


def _late_forwarding(vm: VM) -> None:
    vm.wait(lambda: vm.events.first("init") is not None, vm.deadline, "the kernel")
    block()


PLAYS: dict[Situation, Callable[[VM], None]] = {
    Situation.USUAL: lambda vm: None,
    Situation.SECOND_WIRED: lambda vm: None,
    Situation.LATE_CARD: _late_card,
    Situation.LATE_FORWARDING: _late_forwarding,
}
"""What the harness does in each of them, from power-on."""

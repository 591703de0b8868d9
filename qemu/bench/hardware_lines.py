"""Which machines `bench hardware` starts: the rule, and a line for each. Pure.

* Every firmware is started in every way to boot (`PATHS`), every network card and every disk (`DISKS`) is in a machine
  at least once, and so is every `Situation`. A BIOS boots by PXE from each card for which there is a boot ROM.
* Each machine takes the card, of those that can be booted from in this way, and the disk that were not taken for
  longest.
* What this QEMU does not have is in no machine, but in a line that says so.
* A card from which no firmware boots is taken where one boots from a disc or a stick. With `--all` it is the second
  card of its machine elsewhere, and another one is booted from.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from ..machine.cards import ANY_NIC, CARDS, card_for
from ..machine.firmware import MEDIA, Boot, Firmware
from ..machine.storage import ATTACHMENTS, Bus

T = TypeVar("T")

PATHS: tuple[tuple[Firmware, Boot], ...] = tuple(itertools.product(Firmware, Boot))

_BIOS_PXE = PATHS[0]

DISKS: tuple[tuple[Bus, int], ...] = tuple(
    (bus, sector) for sector in (512, 4096) for bus, attachment in ATTACHMENTS.items() if sector in attachment.sectors
)
"""Every bus, and every one again that has sectors of 4096 bytes."""


class Situation(Enum):
    """What is not as usual with the network of a machine; the values are the table's words."""

    USUAL = ""
    SECOND_WIRED = "two cards, only the second one wired"
    LATE_CARD = "the card comes after 20 s"
    LATE_FORWARDING = "the switch forwards after 35 s"


@dataclass(frozen=True)
class Line:
    """One machine. `card` is the one that is to be seen; `sector` in bytes."""

    firmware: Firmware
    path: Boot
    card: str
    bus: Bus
    sector: int = 512
    situation: Situation = Situation.USUAL

    @property
    def starter(self) -> str:
        """The card from which the machine boots: its own, unless the firmware cannot."""
        alone = self.path in MEDIA or CARDS[self.card].boots(self.firmware)
        return self.card if alone else card_for(ANY_NIC, self.firmware)

    @property
    def name(self) -> str:
        """What tells it from the others; a test and ``--only`` name it so."""
        disk = self.bus.value if self.sector == 512 else f"{self.bus.value}-4Kn"
        words = (self.firmware.value, self.path.value, self.card, disk, self.situation.name.lower().replace("_", "-"))
        return " ".join(words[: 4 if self.situation is Situation.USUAL else 5])


SITUATIONS = (
    Line(Firmware.BIOS, Boot.PXE, "e1000e", Bus.AHCI, situation=Situation.SECOND_WIRED),
    Line(Firmware.BIOS, Boot.USB, "usb-net", Bus.USB, situation=Situation.LATE_CARD),
    Line(Firmware.BIOS, Boot.PXE, "e1000", Bus.AHCI, situation=Situation.LATE_FORWARDING),
)


def economical(devices: Collection[str] | None = None) -> tuple[Line, ...]:
    """The machines of the rule above. What is not among QEMU's `devices` is in none of them, but in one at the end."""
    cards = deque(name for name, row in CARDS.items() if devices is None or row.device in devices)
    disks = deque(disk for disk in DISKS if devices is None or ATTACHMENTS[disk[0]].device in devices)
    roms = sum(row.boots(Firmware.BIOS) for row in CARDS.values())
    ways = [_BIOS_PXE] * (roms - 1) + list(PATHS)
    lines: list[Line] = []
    while ways or not set(disks) <= {(line.bus, line.sector) for line in lines}:
        firmware, path = ways.pop(0) if ways else _BIOS_PXE
        able = (model for model in cards if path in MEDIA or CARDS[model].boots(firmware))
        lines.append(Line(firmware, path, _taken(cards, next(able)), *_taken(disks, disks[0])))
    without = [Line(*_BIOS_PXE, name, Bus.AHCI) for name in CARDS if name not in cards]
    without += [Line(*_BIOS_PXE, card_for(ANY_NIC, Firmware.BIOS), *disk) for disk in DISKS if disk not in disks]
    return (*lines, *SITUATIONS, *without)


def _taken(waiting: deque[T], one: T) -> T:
    """`one` of those that wait, which goes to their end."""
    waiting.remove(one)
    waiting.append(one)
    return one


def every() -> tuple[Line, ...]:
    """Each firmware, way to boot, card and disk with each other."""
    product = itertools.product(PATHS, CARDS, DISKS)
    return (*(Line(*path, model, *disk) for path, model, disk in product), *SITUATIONS)


def impossible(line: Line, devices: Collection[str], version: str) -> str:
    """Why this QEMU cannot make the machine; an empty text when it can. `devices`: all of its devices."""
    wanted = (CARDS[line.card].device, ATTACHMENTS[line.bus].device)
    missing = [device for device in wanted if device not in devices]
    return f"QEMU {version} has no {' and no '.join(missing)}" if missing else ""

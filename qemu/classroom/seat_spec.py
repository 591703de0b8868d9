"""One seat of a classroom before it is switched on: its number, its role, its append line."""

from __future__ import annotations

from dataclasses import dataclass

from ..machine.firmware import Firmware
from ..machine.spec import mac
from .report import Role


@dataclass(frozen=True)
class SeatSpec:
    """Seat `number` (0 is the sender) and its whole append line."""

    number: int
    role: Role
    append: str
    firmware: Firmware = Firmware.BIOS

    @property
    def name(self) -> str:
        """Seat 0 is the sender; a second one comes after all receivers."""
        if self.role is Role.RECEIVER:
            return f"receiver-{self.number}"
        return "sender-2" if self.number else "sender"

    @property
    def mac(self) -> str:
        return mac(self.number)

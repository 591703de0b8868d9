"""What the person at a PC presses, where the append line needs him."""

from __future__ import annotations

import pytest

from qemu.classroom.operator import operator
from qemu.classroom.report import Role
from qemu.classroom.seat_spec import SeatSpec


@pytest.mark.parametrize(
    ("append", "role", "screen", "connected", "keys"),
    [
        ("", Role.SENDER, "umode", 0, ("s",)),
        ("", Role.RECEIVER, "umode", 0, ("r",)),
        ("", Role.RECEIVER, "confirm", 0, ("down", "enter")),
        ("", Role.SENDER, "disk", 0, ("enter",)),
        ("", Role.SENDER, "transfer", 1, ()),
        ("", Role.SENDER, "transfer", 2, ("enter",)),
        ("", Role.RECEIVER, "transfer", 2, ()),
        ('udpcparam="--min-receivers 2"', Role.SENDER, "transfer", 2, ()),
        ("", Role.SENDER, "waiting", 0, ()),
        ("", Role.SENDER, "result", 2, ()),
        ("", Role.SENDER, "error", 2, ()),
        ("auto=yes", Role.SENDER, "umode", 0, ()),
        ("auto=YES", Role.RECEIVER, "confirm", 0, ()),
        ("auto", Role.RECEIVER, "confirm", 0, ("down", "enter")),  # PXELINUX's bare auto means nothing
        ("auto=yes auto=no", Role.RECEIVER, "confirm", 0, ("down", "enter")),
    ],
)
def test_what_the_operator_presses(append: str, role: Role, screen: str, connected: int, keys: tuple[str, ...]) -> None:
    assert operator(SeatSpec(1, role, append), receivers=2).keys(screen, connected) == keys

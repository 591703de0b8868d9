"""A room as plain values: what every PC boots, and what single ones boot instead. The contract:

- Pure and frozen: `room_file` reads them from a file, options of the command line are shorthand for them, and `tree`
  writes them down.
- A `Room` that exists has each machine once, whatever the spelling of its MAC address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from kernel_cmdline import CommandLineError, showable
from kernel_cmdline.network import parse_mac

from .boot_entry import LABEL
from .menu import LONGEST_TIMEOUT, Menu

__all__ = ["DEFAULT_APPEND", "LONGEST_TIMEOUT", "Boot", "Machine", "Room", "RoomError", "mac_of", "machines_of"]

DEFAULT_APPEND = "load_ramdisk=1 root=01:00"
"""The parameters of UDPCast's documentation; both belong to older kernels and are accepted in silence."""


class RoomError(Exception):
    """One sentence (a line each for several mistakes): what in the room is wrong, and what was expected."""


class Boot(Enum):
    """What a PC boots that comes from the network."""

    LAUNCHER = "launcher"
    DISK = "disk"


@dataclass(frozen=True)
class Machine:
    """One PC. `mac` as aa:bb:cc:dd:ee:ff; `append` replaces the parameters of the same name in the room's.

    One that is not `armed` boots its local disk, and shows no `menu`.
    """

    mac: str
    append: str = ""
    name: str = ""
    group: str = ""
    armed: bool = True
    menu: Menu | None = None

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"{self.name} ({self.mac})" if self.name else self.mac


@dataclass(frozen=True)
class Room:
    """`append` is for every machine, also for those that are not named here; these boot what `default` says.

    With a `timeout` (seconds) the loader shows its prompt and waits so long for another label. `menu` is that of the
    machines that are not named, where they boot the launcher. Raises RoomError for a machine that is there twice.
    """

    append: str = DEFAULT_APPEND
    machines: tuple[Machine, ...] = ()
    label: str = LABEL
    timeout: float = 0
    default: Boot = Boot.LAUNCHER
    menu: Menu | None = None

    @property
    def common_is_booted(self) -> bool:
        """Whether `append` alone is a line that a PC may boot."""
        return self.default is Boot.LAUNCHER or self.timeout > 0

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for machine in self.machines:
            if machine.mac in seen:
                raise RoomError(
                    f"the machine {showable(machine.title)} is given twice: one line for each was expected."
                )
            seen.add(machine.mac)


def mac_of(text: str) -> str:
    """The address of one card, in its usual spelling. Raises RoomError."""
    try:
        mac = parse_mac(text)
    except CommandLineError as error:
        raise RoomError(str(error)) from error
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise RoomError(f"{mac} is the address of no card; that of one PC was expected.")
    return mac


def machines_of(texts: Iterable[tuple[str, str]], menu: Menu | None = None) -> tuple[Machine, ...]:
    """The machines of (MAC address in any spelling, append text), with this menu. Raises RoomError."""
    return tuple(Machine(mac_of(mac), append, menu=menu) for mac, append in texts)

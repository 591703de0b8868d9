"""The PC's devices as they come: what is there by now, and whether more is to be waited for before anything is decided.

Rules that stand here and nowhere else:

- An answer that another device could change waits for every device that was present at boot (`Pc.complete`).
- An unattended receiver whose disk is not named waits until none has come for `QUIET` seconds.
- A disk is chosen when udev has looked at it, or has not for `DEADLINE` seconds.
- A device that is named and missing is waited for `DEADLINE` seconds.
- Nothing is waited for where no driver can be loaded, because kernel and initrd do not belong together. That is looked
  at only when boot's devices are known and a disk or card is missing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..answers.interview import Interview
from ..errors import LauncherError
from ..events import EventLog
from ..model.machine import Disk, Machine
from ..model.times import TIMES

if TYPE_CHECKING:
    from .pc import Pc

DEADLINE, QUIET = TIMES.device, TIMES.no_device


class Devices:
    """What is there, and since when. `machine` is what was last detected, `complete` whether that was all of boot's."""

    def __init__(self, pc: Pc, log: EventLog) -> None:
        self.machine = Machine()
        self.complete = False
        self._pc = pc
        self._log = log
        self._since = self._changed = time.monotonic()
        self._unsettled: dict[str, float] = {}  # since when disks are there that udev has yet to look at

    def look(self) -> None:
        """Detect again."""
        now = time.monotonic()
        if self.completed:
            self.complete = True
            self._changed = now
            self._log.emit("devices")
        known = {disk.path for disk in self.machine.eligible_disks}
        self.machine = self._pc.detect()
        disks = [disk.path for disk in self.machine.disks]
        self._log.emit("machine", disks=disks, nics=[nic.name for nic in self.machine.nics])
        if known != {disk.path for disk in self.machine.eligible_disks}:
            self._changed = now
        unsettled = [disk.path for disk in self.machine.disks if not disk.settled]
        self._unsettled = {path: self._unsettled.get(path, now) for path in unsettled}

    @property
    def completed(self) -> bool:
        """Whether all of boot's devices have become known since the last look."""
        return not self.complete and self._pc.complete()

    @property
    def unready(self) -> bool:
        """Whether a card is there whose driver is not: nothing else tells when it is."""
        return any(not nic.ready for nic in self.machine.nics)

    def wait_anew(self) -> None:
        """Begin the deadline for what is missing again."""
        self._since = time.monotonic()

    @property
    def left(self) -> float:
        """The seconds for which a missing device is still waited for; not positive when it is late."""
        return self._since + DEADLINE - time.monotonic()

    def mixed(self, missing: bool = False) -> LauncherError | None:
        """Why no device will come any more, where kernel and initrd do not belong together. `missing`: one is, besides
        there being no disk at all, or no card."""
        there = self.machine.eligible_disks and self.machine.nics
        return None if not self.complete or (there and not missing) else self._pc.mixed()

    def may_change(self, interview: Interview) -> bool:
        """Whether a device that is still to come could change an answer."""
        if interview.unattended and interview.overwrites and not interview.names("disk"):
            return not self.complete or time.monotonic() - self._changed < QUIET
        return not self.complete and not interview.certain

    def unlooked_at(self, *disks: Disk) -> bool:
        """Whether udev has yet to look at one of `disks`, which would be taken for another one when it has. Not for
        ever: a bad disk may keep it busy, and is then judged by what is known of it."""
        late = time.monotonic() - DEADLINE
        return any(not disk.settled and self._unsettled.get(disk.path, late) > late for disk in disks)

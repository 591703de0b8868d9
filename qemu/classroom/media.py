"""The disc or stick that a machine is started from, with the machine's own line on it."""

from __future__ import annotations

from pathlib import Path

from pxe.commands.iso import IsoError, write
from pxe.entries.boot_entry import BootEntryError
from pxe.entries.room import Room
from pxe.medium.programs import MediumError
from pxe.tree.pair import PairError

from ..machine.spec import SpecError


def write_medium(out: Path, pair: Path, append: str) -> Path:
    """Write it to `out`. Raises SpecError for a line that a medium cannot have."""
    try:
        write(out, pair, Room(append), None, False, "python3 -m initrd build")
    except (IsoError, MediumError, BootEntryError, PairError) as error:
        raise SpecError(str(error)) from error
    return out

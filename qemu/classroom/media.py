"""The disc or stick that a machine is started from, with the machine's own line on it."""

from __future__ import annotations

from pathlib import Path

from pxe.entries.boot_entry import BootEntryError
from pxe.entries.menu import Menu
from pxe.entries.room import Room
from pxe.medium.iso import make_iso
from pxe.medium.programs import MediumError

from ..machine.spec import SpecError


def write_medium(out: Path, pair: Path, append: str, udpcfg: bytes | None = None, menu: Menu | None = None) -> Path:
    """Write it to `out`; `udpcfg` is that file on it, if it is not made from the line. `menu`: what it shows.

    Raises SpecError for a line that a medium cannot have.
    """
    try:
        make_iso(pair, {}, Room(append, menu=menu), out, udpcfg=udpcfg)
    except (MediumError, BootEntryError) as error:
        raise SpecError(str(error)) from error
    return out

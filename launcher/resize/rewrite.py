"""Write the table of a clone for a smaller disk, once all before the end of the last partition is on it.

The table comes with the manifest, which no digest covers: so it must be the one that the clone's own first sectors say,
which came with the data. What is going to be written is known to the byte (see `sectors`), and is read from the disk
again; then sfdisk reads the table, and every field must be the sender's: identifiers, numbers, starts, sizes, types,
names, attributes, and nothing that it complains of. So of the bytes that no digest covers, each is accounted for.
"""

from __future__ import annotations

from ..asking import run
from ..errors import ErrorKind, LauncherError
from ..sentence import say
from .disk import opened, read_dump
from .fit import Fit
from .sectors import known, sectors
from .table import same


def rewrite(path: str, found: Fit, seconds: float) -> None:
    """Write it, where it is to be written, on the disk or file at `path`, which holds the clone as far as
    `found.end`; each program may take so many seconds. Raises LauncherError, OSError."""
    if not found.rewritten:
        return
    with opened(path) as disk:
        disk.forget()
        head = disk.read(0, found.table.head)
        if not known(found.table, found.length, head, seconds):
            sentence = say("The partition table of the sender's disk is not the one that the sender told.")
            raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence)
        written = sectors(found.table, found.size, head, found.end, seconds)
        for step in written.steps:
            disk.write(step)
        if not disk.has(written.pieces):
            raise _not_there()
    table = read_dump(path, seconds)
    checked = run(("sfdisk", "--verify", path), seconds)
    if table is None or not same(table, found.table):
        raise _not_there()
    if checked.status or checked.errors or "No errors detected" not in checked.out:
        sentence = say("The partition table is not right: {failure}.", failure=checked.failure)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence)


def _not_there() -> LauncherError:
    sentence = say("The partition table that was written is not the one that is read.")
    return LauncherError(ErrorKind.PROGRAM_FAILED, sentence)

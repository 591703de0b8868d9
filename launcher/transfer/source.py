"""The disk to send, opened: unless nothing is recognised on it, and nobody has said that this is meant.

Where udev has looked at the disk, the interview knows what is on it. Elsewhere (``transfer``, or a disk that udev has
yet to look at) the same library is asked here, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from ..datapath.block_device import SourceDisk
from ..errors import ErrorKind, LauncherError, TransferFailed
from ..hardware.signatures import empty_table
from ..model.plan import Plan
from ..model.times import Times
from ..model.wording import blank_line
from ..sentence import say
from .stored_cast import is_stored, stored_source

MEANT = say("Check that it is the right disk. blank=yes sends it all the same.")


def opening(plan: Plan) -> Callable[[str, Times], SourceDisk]:
    """What opens the source of `plan`. It raises TransferFailed."""

    def open_source(path: str, times: Times) -> SourceDisk:
        source = SourceDisk(path, times)
        try:
            if is_stored(source):
                return stored_source(plan, source, times)
            _refuse_blank(plan, path, times)
        except TransferFailed:
            source.close()
            raise
        return source

    return open_source


def _refuse_blank(plan: Plan, path: str, times: Times) -> None:
    if plan.blank or plan.target.recognised:
        return
    try:
        table = empty_table(path, times.patience)
        if table is None:
            return
        why = blank_line(plan.target, table)
    except LauncherError as error:
        why = error.sentence
    raise TransferFailed(ErrorKind.SOURCE_BLANK, say("{disk} was not sent. {why}", disk=path, why=why), MEANT)

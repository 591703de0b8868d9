"""The builder's own directory: its three files are replaced together, whichever way a build ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from initrd.pair.lock import LockError, locked
from initrd.pair.switch import Change, SourceError, recover, switch
from kernel_cmdline import showable

from .errors import BuildError

LOG = logging.getLogger("initrd")


def mend(out: Path) -> None:
    """Finish or undo what a build left in the middle that was killed while it replaced the files, and say so."""
    _alone(out, ())


def put(out: Path, new: Path, names: Sequence[str]) -> None:
    """Replace the files of these names in `out` by those in `new`, all or none. Raises BuildError, OSError."""
    _alone(out, [Change(name, new / name) for name in names])


def _alone(out: Path, changes: Sequence[Change]) -> None:
    try:
        with locked(out):
            for told in recover(out):
                LOG.warning("initrd: %s", showable(told))
            if changes:
                switch(out, changes)
    except (LockError, SourceError) as error:
        raise BuildError(str(error).removesuffix(".")) from error

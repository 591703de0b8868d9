"""What becomes of what the sender's disk does not use, on a target whose used blocks are all written.

Rules, in one place:

* Only the holes that the stream named are touched, by their very bounds. It is done when all data is there, so that no
  cast waits for it, and before the disk is read back, so that a disk that loses a neighbour by it is found out.
* To discard is an offer to the disk: where it cannot, or does not want to, what was there stays, and that is said. What
  is read there afterwards is the disk's choice; it is neither used nor read back.
* To zero is a promise: whatever way it goes, zeros are there, or it is a failure. They are not read back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model.plan import Holes
from ..sentence import Sentence
from .block_device import DiskError, TargetDisk
from .moved import Moved


@dataclass(frozen=True)
class Cleared:
    """`count` bytes in holes were treated as `how` says. `kept`: why the others stay as they were."""

    how: Holes
    count: int = 0
    kept: Sentence | None = None


def clear(
    target: TargetDisk,
    written: Moved,
    how: Holes,
    stopped: Callable[[], bool],
    progress: Callable[[int], None] = lambda count: None,
) -> Cleared:
    """Treat the holes in what was `written`, until there are no more, or somebody says that it is to be `stopped`.
    `progress` is told how many bytes that were. Raises DiskError where zeros cannot be written."""
    count = 0
    for offset, length, hole in written.runs():
        if not hole or stopped():
            continue
        if how is Holes.ZERO:
            target.zero(offset, length)
        else:
            try:
                target.discard(offset, length)
            except DiskError as error:
                return Cleared(how, count, error.words)
        count += length
        progress(count)
    return Cleared(how, count)

"""A larger target behind the source's end, and the kernel's view of the target, once it is written.

Rules, in one place:

* A larger disk keeps the end of its old life: a member of a RAID has its mark there, a GPT its backup. Whoever looks at
  the whole disk then takes the clone for that. So what is recognised there is cleared, by its mark alone.
* Only what lies wholly behind the last byte that was sent is touched. The clone itself stays as it is, byte for byte.
* The kernel still has the partitions of before, until it is told to read the table anew. Where one of them is open
  (udev may look at it), that is tried again for a while.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, replace

from ..errors import LauncherError
from ..hardware.signatures import Signature, signatures
from ..model.times import TIMES, Times
from ..sentence import Sentence, joined
from .block_device import DiskError, TargetDisk

ROUNDS = 8  # what is cleared may have hidden another one, hardly ever two
AGAIN = 0.2  # seconds between two trials


@dataclass(frozen=True)
class Behind:
    """What was found `larger` bytes behind the clone: `cleared`, or `left` for the reason `error`. Where `error` says
    why nothing is known, `left` is empty. `stale`: why the kernel still has the partitions of before."""

    larger: int = 0
    cleared: tuple[Signature, ...] = ()
    left: tuple[Signature, ...] = ()
    error: Sentence | None = None
    stale: Sentence | None = None

    def record(self) -> dict[str, object]:
        """As plain JSON values: what the event ``behind`` tells."""
        return {
            "larger": self.larger,
            "cleared": [one.record() for one in self.cleared],
            "left": [one.record() for one in self.left],
            "error": self.error and str(self.error),
            "stale": self.stale and str(self.stale),
        }


def tidy(target: TargetDisk, end: int | None, times: Times = TIMES) -> Behind:
    """Clear what is recognised from byte `end` on (None: nothing is), and let the kernel read the partitions anew. A
    worker's; takes `times.patience` for each look at most."""
    behind = Behind() if end is None else _cleared(target, end, times)
    return replace(behind, stale=renewed(target, times))


def _cleared(target: TargetDisk, end: int, times: Times) -> Behind:
    larger, cleared, found = 0, list[Signature](), tuple[Signature, ...]()
    try:
        larger = target.end() - end
        for _ in range(ROUNDS if larger > 0 else 0):
            found = tuple(one for one in signatures(target.path, times.patience) if one.offset >= end)
            if not found:
                break
            for one in found:
                target.write(memoryview(bytes(one.length)), one.offset)
            target.flush()
            cleared += (one for one in found if one not in cleared)
    except LauncherError as error:
        return Behind(larger, tuple(cleared), error=error.sentence)
    except DiskError as error:
        words = error.words if found else joined("", error.words, ".")
        return Behind(max(0, larger), tuple(cleared), found, words)
    return Behind(max(0, larger), tuple(one for one in cleared if one not in found), found)


def renewed(target: TargetDisk, times: Times) -> Sentence | None:
    """Why the kernel did not read the partition table anew, or None."""
    end = time.monotonic() + times.partitions
    while True:
        try:
            target.renew_partitions()
            return None
        except DiskError as error:
            cause = error.__cause__
            if not (isinstance(cause, OSError) and cause.errno == errno.EBUSY) or time.monotonic() > end:
                return error.words
        time.sleep(AGAIN)

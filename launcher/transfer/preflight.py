"""What speaks against writing a stream, seen from its beginning: decided before the first byte is written.

Pure, but for the question which disk is meant (`block_device.whereabouts`).
"""

from __future__ import annotations

from ..datapath.block_device import overlap, whereabouts
from ..datapath.framing import Manifest, foreign, recognise
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression, Plan, Require
from ..sentence import say, say_many
from .verdict import LARGER_TARGET


def check(plan: Plan, size: int, head: bytes, manifest: Manifest | None) -> Outcome | None:
    """What speaks against writing the stream that begins with `head` to a target of `size` bytes, or None."""
    path = plan.target.path
    stream, other = recognise(head), foreign(head)
    if other and plan.compression is not Compression.NONE:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            say(
                "The sender's compression seems to be {compression}, which cannot be undone here; nothing was written.",
                compression=other,
            ),
            say("Let the sender use zstd, lzop, gzip or none; compr=none writes such a stream as it is."),
        )
    if plan.compression is not None and plan.compression is not stream:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            say(
                "The sender's compression is {compression}, but compr={given} is given; nothing was written.",
                compression=stream.value,
                given=plan.compression.value,
            ),
            say("Leave compr out on the receivers: they recognise the stream by themselves."),
        )
    if manifest is None:
        return _not_compared(path) if plan.require is Require.EQUAL else None
    if manifest.length > size:
        return Outcome(
            OutcomeKind.TOO_SMALL,
            say_many(
                "{path} has {count:,} byte, the sender's disk has {length:,}; nothing was written.",
                "{path} has {count:,} bytes, the sender's disk has {length:,}; nothing was written.",
                size,
                path=path,
                length=manifest.length,
            ),
            LARGER_TARGET,
            total=manifest.length,
        )
    if manifest.source and overlap(manifest.source, whereabouts(plan.target)):
        return Outcome(
            OutcomeKind.SAME_DISK,
            say("{path} is the disk that is being sent, by this same machine; nothing was written.", path=path),
            say("Choose another target."),
            total=manifest.length,
        )
    own = plan.target.disk.sector_size
    if own and manifest.sector_size and manifest.sector_size != own:  # an image file has no sectors
        return Outcome(
            OutcomeKind.SECTOR_SIZE,
            say_many(
                "{path} has sectors of {count} byte, the sender's disk of {theirs}; nothing was written.",
                "{path} has sectors of {count} bytes, the sender's disk of {theirs}; nothing was written.",
                own,
                path=path,
                theirs=manifest.sector_size,
            ),
            say("A disk's partition table only holds for its own sector size; use a disk of the same kind."),
            total=manifest.length,
        )
    return None


def _not_compared(path: str) -> Outcome:
    return Outcome(
        OutcomeKind.NOT_COMPARED,
        say(
            "This stream brings no digest to compare {path} with, and require=equal is given; nothing was written.",
            path=path,
        ),
        say("Send with zstd and the launcher, or leave require away."),
    )

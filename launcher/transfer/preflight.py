"""What speaks against writing a stream, seen from its beginning: decided before the first byte is written.

Pure, but for the question which disk is meant (`block_device.whereabouts`).
"""

from __future__ import annotations

from ..datapath.block_device import overlap, whereabouts
from ..datapath.framing import Manifest, foreign, recognise
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression, Plan


def check(plan: Plan, size: int, head: bytes, manifest: Manifest | None) -> Outcome | None:
    """What speaks against writing the stream that begins with `head` to a target of `size` bytes, or None."""
    path, untouched = plan.target.path, "nothing was written"
    stream, other = recognise(head), foreign(head)
    if other and plan.compression is not Compression.NONE:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            f"The sender's compression seems to be {other}, which cannot be undone here; {untouched}.",
            "Let the sender use zstd, lzop, gzip or none; compr=none writes such a stream as it is.",
        )
    if plan.compression is not None and plan.compression is not stream:
        return Outcome(
            OutcomeKind.WRONG_STREAM,
            f"The sender's compression is {stream.value}, but compr={plan.compression.value} is given; {untouched}.",
            "Leave compr out on the receivers: they recognise the stream by themselves.",
        )
    if manifest is None:
        return None
    if manifest.length > size:
        return Outcome(
            OutcomeKind.TOO_SMALL,
            f"{path} has {size:,} bytes, the sender's disk has {manifest.length:,}; {untouched}.",
            "Use a target at least as large as the sender's disk.",
            total=manifest.length,
        )
    if manifest.source and overlap(manifest.source, whereabouts(plan.target)):
        return Outcome(
            OutcomeKind.SAME_DISK,
            f"{path} is the disk that is being sent, by this same machine; {untouched}.",
            "Choose another target.",
            total=manifest.length,
        )
    own = plan.target.disk.sector_size
    if own and manifest.sector_size and manifest.sector_size != own:  # an image file has no sectors
        return Outcome(
            OutcomeKind.SECTOR_SIZE,
            f"{path} has sectors of {own} bytes, the sender's disk of {manifest.sector_size}; {untouched}.",
            "A disk's partition table only holds for its own sector size; use a disk of the same kind.",
            total=manifest.length,
        )
    return None

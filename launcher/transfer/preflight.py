"""What speaks against writing a stream, seen from its beginning: decided before the first byte is written.

Pure, but for the question which disk is meant (`block_device.whereabouts`).
"""

from __future__ import annotations

from ..datapath.block_device import overlap, whereabouts
from ..datapath.framing import SECTOR, Manifest, disk_label, foreign, recognise
from ..model.outcome import Outcome, OutcomeKind
from ..model.plan import Compression, Plan, Require
from ..model.wording import size as in_words
from ..resize.fit import Misfit, fit
from ..sentence import Sentence, say, say_many

NO_IDENTIFIERS = frozenset({"00000000", "00000000-0000-0000-0000-000000000000"})
"""What stands there on many disks that have none."""


def check(plan: Plan, size: int, head: bytes, manifest: Manifest | None) -> Outcome | None:
    """What speaks against writing the stream that begins with `head` to a target of `size` bytes, or None."""
    return wrong_stream(plan, head) or _wrong_disk(plan, size, manifest)


def wrong_stream(plan: Plan, head: bytes) -> Outcome | None:
    """What speaks against taking the stream that begins with `head`, or None."""
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
    return None


def _wrong_disk(plan: Plan, size: int, manifest: Manifest | None) -> Outcome | None:
    path = plan.target.path
    if manifest is None:
        return _not_compared(path) if plan.require is Require.EQUAL else None
    smaller = fit(manifest, size, plan.target.disk.sector_size) if manifest.length > size else None
    if isinstance(smaller, Misfit):
        return Outcome(
            OutcomeKind.TOO_SMALL,
            say("{path} is too small: {numbers}. Nothing was written.", path=path, numbers=smaller.sentence),
            say_many(
                "Use a target of at least {count:,} byte.", "Use a target of at least {count:,} bytes.", smaller.needed
            ),
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


def same_identifier(head: bytes, manifest: Manifest) -> bool:
    """Whether the target that began with `head` has the disk identifier of the source already: one is a clone of the
    other, or both are of a third one."""
    known = manifest.disk_id is not None and manifest.disk_id not in NO_IDENTIFIERS
    return known and disk_label(head, manifest.sector_size or SECTOR) == (manifest.table, manifest.disk_id)


def notes(path: str, size: int, head: bytes, manifest: Manifest) -> tuple[Sentence, ...]:
    """What the operator is to know of a target of `size` bytes that began with `head`, which is overwritten all the
    same."""
    found = []
    if same_identifier(head, manifest):
        found.append(
            say(
                "{path} already has the disk identifier of the sender's disk ({disk_id}), as a clone of it has. It is "
                "overwritten all the same.",
                path=path,
                disk_id=manifest.disk_id,
            )
        )
    if size < manifest.length:
        found.append(
            say(
                "{path} is {size} smaller than the sender's disk. What is before the end of the last partition is "
                "written, with a partition table that fits.",
                path=path,
                size=in_words(manifest.length - size),
            )
        )
    if size > manifest.length:
        found.append(
            say(
                "{path} is {size} larger than the sender's disk. What is behind the clone stays as it is, unless a "
                "partition grows; but old signatures there are cleared.",
                path=path,
                size=in_words(size - manifest.length),
            )
        )
    return tuple(found)


def _not_compared(path: str) -> Outcome:
    return Outcome(
        OutcomeKind.NOT_COMPARED,
        say(
            "This stream brings no digest to compare {path} with, and require=equal is given; nothing was written.",
            path=path,
        ),
        say("Send with zstd and the launcher, or leave require away."),
    )

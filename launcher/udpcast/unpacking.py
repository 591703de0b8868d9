"""What a decompressor that failed says of its stream. Pure.

zstd and gzip are unpacked by a program of ours, whose status tells. The rest is from the messages of zstd 1.5.4 (which
unpacks gzip as well), gzip and pigz (a peer's words may hold theirs) and lzop 1.04, over streams that were cut, changed
and continued at random places.
"""

from __future__ import annotations

import re
from enum import Enum


class Complaint(Enum):
    """What was wrong."""

    CUT = "cut"  # it ended in its middle
    BEHIND = "behind"  # something follows that is no part of it; or its next part does not begin as one
    DAMAGED = "damaged"
    OTHER = "other"  # nothing that the stream is to blame for, as memory


STATUSES = {Complaint.OTHER: 1, Complaint.CUT: 31, Complaint.BEHIND: 32, Complaint.DAMAGED: 33}
"""With which status our own worker ends that unpacks (`datapath.unpack`); no other program has the last three."""

_PATTERNS = (
    (Complaint.CUT, re.compile(r"premature|unexpected end|incomplete|unknown header|not a lzop file|Inappropriate")),
    (
        Complaint.BEHIND,
        re.compile(r"trailing garbage|multipart|unsupported format|not in gzip format|unrecognized format"),
    ),
    (
        Complaint.DAMAGED,
        re.compile(r"checksum|crc|corrupt|Decoding error|inflate error|violat|newer version of lzop", re.IGNORECASE),
    ),
)


def complaint(said: str, status: int = 1) -> Complaint | None:
    """What a program that ended with `status` complains of, with these last words; None where that is something else,
    as memory."""
    ours = next((what for what, number in STATUSES.items() if number == status and what is not Complaint.OTHER), None)
    if ours:
        return ours
    if "memory" in said:  # which zstd calls an error of decoding as well
        return None
    return next((what for what, pattern in _PATTERNS if pattern.search(said)), None)

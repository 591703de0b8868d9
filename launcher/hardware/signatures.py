"""What the system's own tool recognises on a disk, a partition or an image file, and at which bytes: wipefs(8).

wipefs asks libblkid, as udev does and whoever mounts, for partition tables, file systems, and members of RAID, LVM and
the like. It lists every one, those as well that a newer one hides: a backup partition table at the end, say. It only
reads here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..asking import answer
from ..errors import ErrorKind, LauncherError, TransferFailed
from ..model.machine import EMPTY
from ..sentence import Sentence, say

PROGRAM = "wipefs"
ASKED = ("--json", "--output", "OFFSET,LENGTH,TYPE,USAGE")
PARTITIONS = ("partx", "--show", "--noheadings", "--output", "NR")
TABLE = "partition-table"
"""The usage of a partition table; the others are filesystem, raid, crypto and other."""
PROTECTIVE = "PMBR"
"""What stands before a GPT for those that do not know it."""


@dataclass(frozen=True)
class Signature:
    """Some bytes by which something is recognised: `kind` as blkid names it, `offset` and `length` in bytes."""

    kind: str
    offset: int
    length: int
    usage: str = ""

    @property
    def words(self) -> Sentence:
        """What it is, and where."""
        return say("{kind} at byte {offset:,}", kind=self.kind, offset=self.offset)

    def record(self) -> dict[str, object]:
        """As plain JSON values, for the event log."""
        return {"kind": self.kind, "offset": self.offset}


def signatures(path: str, seconds: float) -> tuple[Signature, ...]:
    """All that is recognised at `path`. Raises LauncherError when that is not known within so many seconds."""
    return parse(answer((PROGRAM, *ASKED, path), seconds))


def empty_table(path: str, seconds: float) -> str | None:
    """Where nothing is recognised at `path`: the kind of its partition table, which has no partitions, or "". None
    where something is. Raises LauncherError when that is not known within so many seconds."""
    found = signatures(path, seconds)
    tables = [one.kind for one in found if one.usage == TABLE and one.kind != PROTECTIVE]
    if any(one.usage != TABLE for one in found) or set(tables) - EMPTY or _divided(path, seconds, tables):
        return None
    return tables[0] if tables else ""


def _divided(path: str, seconds: float, tables: list[str]) -> bool:
    """Whether one of these partition tables has partitions: by the kernel, or, as of an image file, by partx(8). The
    latter is not in the initrd, where the kernel knows."""
    if not tables:
        return False
    if Path(path).is_block_device():
        number = Path(path).stat().st_rdev
        place = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
        if (place / "partition").exists() or any(place.glob("*/partition")):
            return True
    try:
        return bool(answer((*PARTITIONS, path), seconds).strip())
    except TransferFailed:
        return not Path(path).is_block_device()


def parse(text: bytes) -> tuple[Signature, ...]:
    """What wipefs's JSON says; an empty text says that there is nothing. Raises LauncherError."""
    if not text.strip():
        return ()
    try:
        found = json.loads(text)["signatures"]
        return tuple(
            Signature(str(one["type"]), int(str(one["offset"]), 0), int(str(one["length"]), 0), str(one["usage"] or ""))
            for one in found
        )
    except (ValueError, KeyError, TypeError) as error:
        sentence = say("{program} gave an answer that is none.", program=PROGRAM)
        raise LauncherError(ErrorKind.PROGRAM_FAILED, sentence) from error

"""Whether the sender's disk goes on a target that is smaller, and how. Pure.

Rules, in one place:

* Only a stream whose manifest brings the source's partition table (format 3) can: the table says where the last
  partition ends, and nothing that is known may lie behind that end (the manifest's `behind`).
* What is behind the end of the last partition is not written. A GPT is written for the target's size, from the
  manifest's text: libfdisk takes one that is cut off for a DOS table, so it cannot be read from the disk. Its backup
  needs room behind the last partition. A DOS table says nothing of the disk's size: it stays as it is.
* Sectors are equal. A file has none, so it takes whatever the table has.
* Nothing is ever shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..datapath.framing import Manifest
from ..sentence import Sentence, joined, say, say_many
from ..used.table import GPT
from .table import Table, read_table


@dataclass(frozen=True)
class Fit:
    """How a disk of `length` bytes goes on `size`: those before `end` are written, then the table where it is
    `rewritten`. The first `table.head` bytes are the table's, and are not part of the second digest."""

    length: int
    size: int
    end: int
    table: Table

    @property
    def rewritten(self) -> bool:
        """Whether the table is written for the target's size."""
        return self.table.label == GPT


@dataclass(frozen=True)
class Misfit:
    """Why it does not, as a part of a sentence with the numbers; `needed` bytes at least."""

    sentence: Sentence
    needed: int


def fit(manifest: Manifest, size: int, sector: int) -> Fit | Misfit:
    """What becomes of the source on a smaller target of `size` bytes with sectors of `sector` bytes (0: a file)."""
    table = read_table(manifest.table_text)
    if table is None or manifest.table_end is None or table.end != manifest.table_end or table.end > manifest.length:
        why = say("it is not known where the last partition of the sender's disk ends")
        return _misfit(manifest.length, size, why)
    if manifest.behind:
        why = say("something is behind the last partition of the sender's disk: {kinds}", kinds=manifest.behind)
        return _misfit(manifest.length, size, why)
    if table.sector != (manifest.sector_size or table.sector) or (sector and table.sector != sector):
        return _misfit(manifest.length, size, say("the sectors have other sizes"))
    if table.label == GPT and (table.first or 0) * table.sector < table.head:
        return _misfit(manifest.length, size, say("the partition table of the sender's disk is not an ordinary one"))
    needed = table.end + table.tail
    return Fit(manifest.length, size, table.end, table) if needed <= size else _misfit(needed, size)


def _misfit(needed: int, there: int, why: Sentence | None = None) -> Misfit:
    numbers = say_many(
        "{needed:,} bytes are needed, {there:,} are there, {count:,} byte too few",
        "{needed:,} bytes are needed, {there:,} are there, {count:,} bytes too few",
        needed - there,
        needed=needed,
        there=there,
    )
    return Misfit(joined("; ", numbers, why), needed)

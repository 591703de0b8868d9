"""What was found on a disk before it is sent, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from ..sentence import Sentence
from .used_map import UsedMap


@dataclass(frozen=True)
class DiskPart:
    """A partition, or a disk without any. `name` as the kernel has it (``sda3``), `number` in its table (0: the whole),
    `offset` and `size` in bytes, `kind` as blkid names it ("": nothing recognised), `used` bytes by the file system's
    own word, None where it was not asked."""

    name: str
    number: int
    offset: int
    size: int
    kind: str = ""
    used: int | None = None


@dataclass(frozen=True)
class Part(DiskPart):
    """One that was looked at. `whole`: why all of it is sent, or None. `hibernated`: a system is, on this one."""

    whole: Sentence | None = None
    hibernated: bool = False


@dataclass(frozen=True)
class Survey:
    """`used`: the map. `table` is the partition table as ``sfdisk --dump`` prints it, None where there is none that is
    understood; `table_end` the byte behind the last partition, None likewise. `behind`: what blkid knows behind that,
    apart from a GPT's backup; it keeps smaller targets away. `warnings`: what else the operator has to know."""

    used: UsedMap
    parts: tuple[Part, ...] = ()
    table: str | None = None
    table_end: int | None = None
    behind: tuple[str, ...] = ()
    warnings: tuple[Sentence, ...] = ()

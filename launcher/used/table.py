"""The partitions of a disk, by sfdisk(8), and what wipefs(8) recognises beside them.

Only tables that everybody reads alike are understood: GPT, and MBR with or without logical partitions. Where something
else is recognised on the disk as well, the table is hybrid or broken, or partitions overlap or end behind the disk, it
is in doubt which of them is right. Each doubt has its own sentence. A table that came over the wire as text, and is
written anew from its values: `resize.table`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ..hardware.signatures import PROTECTIVE, TABLE, Signature
from ..sentence import say, verbatim
from .doubt import Doubt, Tools, failed, unknown

PROGRAM = "sfdisk"
GPT, MBR = "gpt", "dos"
EXTENDED = frozenset({"5", "f", "85"})
"""Types of MBR partitions that hold the logical ones."""
OF_GPT = "ee"
"""The type of the one MBR partition that stands before a GPT."""
DYNAMIC = frozenset({"42", "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "af9b60a0-1431-4f62-bc68-3311714a69ad"})
"""Types of MBR and GPT partitions in which Windows keeps volumes by a database of its own (Logical Disk Manager): one
that begins where the partition begins may go on behind another."""
FIRST_LOGICAL = 5
HARMLESS = re.compile(
    r"GPT PMBR size mismatch \(\d+ != \d+\) will be corrected by write\."
    r"|The backup GPT table is not on the end of the device\.( This problem will be corrected by write\.)?"
    r"|The size of this disk is \S+ \S+ \(\d+ bytes\)\. DOS partition table format cannot be used on drives for "
    r"volumes larger than \d+ bytes for \d+-byte sectors\. Use GUID partition table format \(GPT\)\."
)
"""What sfdisk says of a disk that was cloned from a smaller one, whose partitions are told by its primary table; and of
an MBR on a large disk, in which a partition ends before its sectors have no number any more."""


@dataclass(frozen=True)
class Entry:
    """A partition: `offset` and `size` in bytes, `type` as sfdisk has it."""

    number: int
    offset: int
    size: int
    type: str = ""

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.offset + self.size


@dataclass(frozen=True)
class Table:
    """`entries` in the order of the disk, without an extended partition; `end` counts that as well. `text` is sfdisk's
    dump."""

    label: str
    sector: int
    entries: tuple[Entry, ...]
    end: int
    text: str


def read(path: str, name: str, length: int, tools: Tools) -> Table:
    """The table of the disk of `length` bytes at `path`, which is called `name` (its path) in the dump. Raises Doubt
    and LauncherError."""
    label, sector, entries = parse(_said(path, tools))
    if label == GPT:
        nested, _, protective = parse(_said(path, tools, "--label-nested", MBR))
        if nested != MBR or [one.type for one in protective] != [OF_GPT]:
            raise Doubt(say("it has two partition tables (a hybrid MBR)"))
    partitions = check(label, entries, length)
    text, ended = tools.both(PROGRAM, "--dump", path)
    if ended.status:
        raise failed(PROGRAM, ended)
    end = max((one.end for one in entries), default=0)
    return Table(label, sector, partitions, end, _renamed(text, path, name))


def is_divided(path: str, tools: Tools) -> bool:
    """Whether sfdisk finds partitions there. Raises Doubt and LauncherError."""
    return bool(parse(_said(path, tools))[2])


def parse(text: str) -> tuple[str, int, tuple[Entry, ...]]:
    """The kind of table, bytes of a sector, and all partitions, by sfdisk's JSON. Raises Doubt."""
    try:
        table = json.loads(text)["partitiontable"]
        if table["unit"] != "sectors":
            raise ValueError
        label, sector, device = str(table["label"]), int(table.get("sectorsize", 512)), str(table["device"])
        entries = tuple(_entry(one, device, sector) for one in table.get("partitions", ()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise unknown(PROGRAM) from error
    if sector < 512:
        raise unknown(PROGRAM)
    return label, sector, tuple(sorted(entries, key=lambda one: (one.offset, -one.size)))


def _entry(one: dict[str, object], device: str, sector: int) -> Entry:
    node = str(one["node"])
    start, size = one["start"], one["size"]
    number = re.fullmatch(r"p?(\d+)", node.removeprefix(device))
    if not number or not isinstance(start, int) or not isinstance(size, int) or start < 0 or size <= 0:
        raise ValueError
    return Entry(int(number[1]), start * sector, size * sector, str(one["type"]).lower())


def check(label: str, entries: Iterable[Entry], length: int) -> tuple[Entry, ...]:
    """The partitions without the extended one, where everybody reads the table alike. Raises Doubt."""
    entries = tuple(entries)
    if label not in {GPT, MBR}:
        raise Doubt(say("its partition table ({kind}) is not understood", kind=label))
    if len({one.number for one in entries}) < len(entries):
        raise unknown(PROGRAM)
    if any(one.type in DYNAMIC for one in entries):
        raise Doubt(say("it is a dynamic disk of Windows"))
    if any(one.end > length for one in entries):
        raise Doubt(say("its partition table speaks of more than is there"))
    extended = [one for one in entries if label == MBR and one.type in EXTENDED]
    logical = [one for one in entries if label == MBR and one.number >= FIRST_LOGICAL]
    if label == MBR and any(one.type == OF_GPT for one in entries):
        raise Doubt(say("its GPT is broken"))
    if len(extended) > 1 or any(one in extended for one in logical):
        raise Doubt(say("its partition table has more than one extended partition"))
    if any(not (extended and extended[0].offset < one.offset and one.end <= extended[0].end) for one in logical):
        raise Doubt(say("its partitions overlap"))
    primary = [one for one in entries if one not in logical]
    for among in (primary, logical):
        if any(first.end > second.offset for first, second in pairwise(among)):
            raise Doubt(say("its partitions overlap"))
    return tuple(one for one in entries if one not in extended)


def tables(found: Iterable[Signature]) -> set[str]:
    """The kinds of partition tables among these."""
    return {one.kind for one in found if one.usage == TABLE and one.kind != PROTECTIVE}


def others(found: Iterable[Signature]) -> tuple[str, ...]:
    """The kinds of all else, each once."""
    return tuple(dict.fromkeys(one.kind for one in found if one.usage != TABLE))


def _said(path: str, tools: Tools, *options: str) -> str:
    text, ended = tools.both(PROGRAM, "--json", *options, path)
    if ended.status:
        raise failed(PROGRAM, ended)
    for line in filter(None, map(str.strip, ended.errors.split("\n"))):
        if not HARMLESS.fullmatch(line):
            raise Doubt(say("{program} says of its partition table: {words}", program=PROGRAM, words=verbatim(line)))
    return text


def _renamed(text: str, path: str, name: str) -> str:
    """The dump with the disk's own name in the place of the window's."""
    text = re.sub(rf"^device: {re.escape(path)}$", lambda found: f"device: {name}", text, flags=re.MULTILINE)
    parts = rf"^{re.escape(path)}p?(\d+)(?= *:)"
    return re.sub(parts, lambda found: part_name(name, int(found[1])), text, flags=re.MULTILINE)


def part_name(disk: str, number: int) -> str:
    """Of the partition of that number, as the kernel names it."""
    return f"{disk}{'p' if disk[-1:].isdigit() else ''}{number}"

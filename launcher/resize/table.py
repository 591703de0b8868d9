"""A partition table as text: what ``sfdisk --dump`` prints, to values and back. Pure.

This text is a table that somebody else read, and what sfdisk will write. Which partitions a disk has that lies here,
and whether everybody reads its table alike, is asked of sfdisk in JSON (`used.table`), with a reason for each doubt.

Rules, in one place:

* The text may have come over the wire, and what `script` gives is read by sfdisk, which knows commands as well. So
  every line must be one of the few that a dump has, and is written anew from its values; else there is no table.
* Only numbers are ever changed: a partition's start and size. Type, GUID, name, attributes and the boot flag are kept
  as the text has them (`Entry.rest`).
* Starts and sizes are in the table's sectors, everything else here in bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from ..used.table import EXTENDED, GPT, MBR

SECTORS = (512, 1024, 2048, 4096)
ENTRIES = 128
"""How many a GPT has, unless it says otherwise."""
MOST_LINES = 300

DOS = MBR
_HEADER = re.compile(r"(label|label-id|device|unit|first-lba|last-lba|grain|table-length|sector-size): ([^\n]{0,4096})")
_ENTRY = re.compile(r"[^\n]{0,4096}?([0-9]{1,3}) : start= *([0-9]{1,19}), size= *([0-9]{1,19})((?:, [^\n]+)?)")
_REST = re.compile(
    r"(?:, type=[0-9A-Fa-f-]{1,36}|, uuid=[0-9A-Fa-f-]{36}|, bootable"
    r'|, name="[^"\x00-\x1f\x7f\ud800-\udfff]{0,512}"|, attrs="[A-Za-z0-9:, ]{0,512}")*'
)
_IDENTIFIER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9A-Fa-f-]{36}")
_TYPE = re.compile(r", type=([0-9A-Fa-f-]+)")
_NUMBER = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True)
class Entry:
    """A partition: its number in the table, first sector, sectors, and the other fields as the text has them."""

    number: int
    start: int
    size: int
    rest: str

    @property
    def end(self) -> int:
        """The sector behind it."""
        return self.start + self.size

    @property
    def kind(self) -> str:
        """Its type: a GUID in capitals, or a DOS table's byte in hexadecimal."""
        found = _TYPE.match(self.rest)
        return found[1].upper() if found and "-" in found[1] else found[1].lower() if found else ""

    @property
    def bootable(self) -> bool:
        """Whether it has a DOS table's boot flag."""
        return ", bootable" in self.rest


@dataclass(frozen=True)
class Table:
    """A whole table. `sector` in bytes; `first` is the first sector that partitions may have, `length` how many
    entries there is room for; both are a GPT's, None where the text does not say so."""

    label: str
    identifier: str
    sector: int
    entries: tuple[Entry, ...]
    first: int | None = None
    length: int | None = None

    @property
    def end(self) -> int:
        """The byte behind the last partition."""
        return max((entry.end for entry in self.entries), default=0) * self.sector

    @property
    def head(self) -> int:
        """How many bytes at the disk's beginning are the primary table, in whole sectors."""
        if self.label != GPT:
            return self.sector
        return 2 * self.sector + self._entries_bytes

    @property
    def tail(self) -> int:
        """How many bytes at the disk's end are the backup table."""
        return self.sector + self._entries_bytes if self.label == GPT else 0

    @property
    def _entries_bytes(self) -> int:
        return -(-(self.length or ENTRIES) * 128 // self.sector) * self.sector  # UEFI 2.10, 5.3.3

    @property
    def extended(self) -> Entry | None:
        """The partition that holds the logical ones."""
        return next((one for one in self.entries if self.label == DOS and one.kind in EXTENDED), None)

    def logical(self, entry: Entry) -> bool:
        """Whether it lies in the extended partition."""
        return self.label == DOS and entry.number > 4

    def script(self) -> str:
        """For sfdisk: the table for a disk of any size; a GPT's last sector is left to it."""
        lines = [f"label: {self.label}", f"label-id: {self.identifier}", "unit: sectors"]
        lines += [f"first-lba: {self.first}"] if self.first is not None else []
        lines += [f"table-length: {self.length}"] if self.length is not None else []
        lines += [f"sector-size: {self.sector}", ""]
        lines += [f"/dev/disk-p{one.number} : start={one.start}, size={one.size}{one.rest}" for one in self.entries]
        return "\n".join(lines) + "\n"


def read_table(text: str | None) -> Table | None:
    """The table that `text` is, or None where it is none that is understood: GPT or DOS, with partitions that do not
    overlap, logical ones within an extended one."""
    header: dict[str, str] = {}
    entries: list[Entry] = []
    lines = (text or "").splitlines()
    for line in lines if len(lines) <= MOST_LINES else ():
        if not line:
            continue
        if found := _HEADER.fullmatch(line):
            header[found[1]] = found[2]
        elif (found := _ENTRY.fullmatch(line)) and _REST.fullmatch(found[4]):
            entries.append(Entry(int(found[1]), int(found[2]), int(found[3]), found[4]))
        else:
            return None
    numbers = {key: header.get(key) for key in ("first-lba", "table-length")}
    sector = header.get("sector-size", "512")
    if header.get("label") not in (GPT, DOS) or header.get("unit") != "sectors" or not entries:
        return None
    if not _IDENTIFIER.fullmatch(header.get("label-id", "")) or sector not in map(str, SECTORS):
        return None
    if any(value is not None and not _NUMBER.fullmatch(value) for value in numbers.values()):
        return None
    first, length = (None if value is None else int(value) for value in numbers.values())
    table = Table(header["label"], header["label-id"], int(sector), tuple(entries), first, length)
    return table if _sound(table) else None


def same(one: Table, other: Table) -> bool:
    """Whether they are the same but for the disk's size."""
    return _comparable(one) == _comparable(other)


def _comparable(table: Table) -> Table:
    entries = sorted(table.entries, key=lambda entry: entry.number)
    return replace(
        table,
        identifier=table.identifier.upper(),
        entries=tuple(replace(one, rest=_fields(one.rest)) for one in entries),
        length=table.length or ENTRIES,
    )


def _fields(rest: str) -> str:
    """Numbers and GUIDs in capitals; names as they are."""
    return re.sub(r"(type|uuid)=[0-9A-Fa-f-]+", lambda found: found[0].upper(), rest)


def _sound(table: Table) -> bool:
    numbers = {entry.number for entry in table.entries}
    if len(numbers) != len(table.entries) or any(
        not one.size or not one.number or not one.start for one in table.entries
    ):
        return False
    if table.label == GPT and (table.length or ENTRIES) > ENTRIES:
        return False
    if sum(one.kind in EXTENDED for one in table.entries) > (table.label == DOS):
        return False
    outer, inner = table.extended, [one for one in table.entries if table.logical(one)]
    primaries = [one for one in table.entries if not table.logical(one)]
    if inner and (outer is None or any(one.start <= outer.start or one.end > outer.end for one in inner)):
        return False
    return not _overlap(primaries) and not _overlap(inner)


def _overlap(entries: list[Entry]) -> bool:
    ordered = sorted(entries, key=lambda entry: entry.start)
    return any(after.start < before.end for before, after in pairwise(ordered))

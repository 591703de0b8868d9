"""What an earlier run wrote in a tree: one JSON file in it, from each path to the SHA-256 of what was written there.

So a file of ours is told from somebody else's, and from one of ours that was edited by hand. Who reads it in order to
write holds the tree's lock from before the reading until after the writing:

    with locked(directory):
        record = read_record(directory)
        ...
        write_record(directory, record)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from initrd.pair.digest import digest
from initrd.pair.lock import LockError, locked
from initrd.pair.switch import is_below
from initrd.pair.whole import write_whole

__all__ = ["RECORD", "LockError", "Record", "digest", "locked", "read_record", "write_record"]

RECORD = ".udpcast-launcher.json"
FORMAT = 1


@dataclass(frozen=True)
class Record:
    """`files` maps paths below the tree, with `/` between their parts, to SHA-256.

    `is_missing`: there is none, so that nothing of ours can be told by its digest: a new tree, one of a version that
    kept no record, or a record that was damaged.
    """

    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_missing: bool = False

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, "files": dict(self.files)}, indent=1, sort_keys=True) + "\n"


def read_record(directory: Path) -> Record:
    """The record of the tree in `directory`. Raises OSError when it is there and cannot be read."""
    try:
        return _record(json.loads((directory / RECORD).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Record(is_missing=True)


def _record(value: object) -> Record:
    match value:
        case {"format": 1, "files": dict() as files}:
            return Record(MappingProxyType({name: str(found) for name, found in files.items() if is_below(name)}))
    raise ValueError("no record")


def write_record(directory: Path, record: Record) -> None:
    """Replace the record, whole or not at all. Raises OSError."""
    write_whole(directory / RECORD, record.to_json().encode("utf-8", "surrogateescape"))

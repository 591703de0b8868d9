"""SBAT: the generation of each component of a loader, and the least ones that a shim lets start. Pure.

A loader of an older generation has a known hole, and is refused whatever its signature. Source: SBAT.md of shim;
`.sbatlevel` of shim.h: a version of 0, then the offsets of two texts, counted from behind that version: what is
demanded at least, and what is demanded of those who want the latest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LEVELS = struct.Struct("<III")
_VERSION = 4
_DIGITS = 9
"""Of a generation; Python refuses a number of some thousands."""


@dataclass(frozen=True)
class Old:
    """A component that is older than what is demanded."""

    component: str
    generation: int
    demanded: int


def generations(section: bytes) -> dict[str, int]:
    """Of the text of a section `.sbat`, or of a level: by component. What cannot be read is left out."""
    found = {}
    for line in section.partition(b"\0")[0].decode("latin-1").splitlines():
        name, _, rest = line.partition(",")
        number = rest.partition(",")[0].strip()
        if name and number.isdecimal():
            found[name.strip()] = int(number[:_DIGITS])
    return found


def demanded(section: bytes) -> dict[str, int]:
    """What a shim with this `.sbatlevel` demands at least; nothing where it has none, or one of another kind."""
    if len(section) < _LEVELS.size:
        return {}
    version, least, _ = _LEVELS.unpack_from(section)
    return generations(section[_VERSION + least :]) if version == 0 else {}


def too_old(there: Mapping[str, int], level: Mapping[str, int]) -> Iterator[Old]:
    """What of `there` is refused at this level."""
    for name, least in level.items():
        if name != "sbat" and name in there and there[name] < least:
            yield Old(name, there[name], least)

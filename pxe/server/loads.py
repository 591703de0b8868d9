"""What each client has really loaded by HTTP. Pure: it is told what the server of files says (`web.files`).

Every byte that counts was acknowledged. A file may come in parts (firmware, GRUB): it is loaded when none is missing.
"""

from __future__ import annotations

from enum import Enum

MOST = 4096
"""Files that are being loaded in parts, the last ones: whoever asks without end fills no memory."""


class Got(Enum):
    """What came of a question for a file, or for a part of it."""

    WHOLE = "the whole file is there"
    PART = "a part of it came"
    STOPPED = "the client ended it on the way"


class Loads:
    """The parts that clients have."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str, int], list[range]] = {}

    def took(self, address: str, name: str, part: range, wanted: range, size: int) -> Got:
        """A client has taken `part` of a file of `size` bytes, and had asked for `wanted`."""
        key = address, name, size
        parts = _joined([*self._parts.pop(key, []), part])
        if parts == [range(size)]:
            return Got.WHOLE
        if part != wanted:
            return Got.STOPPED
        self._parts[key] = parts
        if len(self._parts) > MOST:
            del self._parts[next(iter(self._parts))]
        return Got.PART


def _joined(parts: list[range]) -> list[range]:
    """The same bytes, in as few parts as can be."""
    found: list[range] = []
    for part in sorted(parts, key=lambda one: one.start):
        if found and part.start <= found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, part.stop))
        else:
            found.append(range(part.start, part.stop))
    return found

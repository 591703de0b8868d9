"""What firmware and loaders say on the console when they will not start what comes next.

It is the end of such a boot, and no case for a deadline: nobody at that PC could go on either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ESCAPES = re.compile(rb"\x1b\[[0-9;=?]*[A-Za-z]")
_OVERLAP = 1024
"""Bytes that are looked at again: a sentence may come in pieces, with the terminal's codes between."""


@dataclass(frozen=True)
class Refusal:
    """`by` would not start `what`, and `said` so, in one line."""

    what: str
    by: str
    said: str

    def __str__(self) -> str:
        return f'refused: {self.by} does not start {self.what}: "{self.said}"'


class Refused(Exception):
    """The machine's name, and its refusal."""


@dataclass(frozen=True)
class _Row:
    pattern: bytes
    what: str
    by: str


_STATUS = rb"(?:Access Denied|Security Violation)"

_ROWS = (
    # What the firmware loads first; its shell, which it tries when nothing else was there, is no answer to anything.
    _Row(
        rb'failed to (?:load|start) \w+ "(?!EFI Internal Shell)[^"]*" [^\r\n]*: (' + _STATUS + rb")",
        "the first loader",
        "the firmware",
    ),
    _Row(
        rb"(SBAT self-check failed: " + _STATUS + rb")",
        "itself, which is older than this PC has seen",
        "shim",
    ),
    _Row(rb"(Verification failed: \(0x[0-9A-F]+\) " + _STATUS + rb")", "GRUB", "shim"),
    _Row(rb"(Malformed binary)", "GRUB", "shim"),
    _Row(rb"(bad shim signature)", "the kernel", "GRUB"),
)
"""In the order of a boot: of several that are found, the one that comes first in the text counts."""


def find(text: bytes) -> Refusal | None:
    """The first refusal in what a console showed."""
    plain = _ESCAPES.sub(b"", text)
    found = [(match.start(1), row, match) for row in _ROWS if (match := re.search(row.pattern, plain))]
    if not found:
        return None
    start, row, match = min(found, key=lambda one: one[0])
    loaded = re.findall(rb"NBP filename is (\S+)", plain[:start]) if row is _ROWS[0] else ()
    file = f" ({loaded[-1].decode(errors='replace')})" if loaded else ""
    return Refusal(row.what + file, row.by, match[1].decode(errors="replace"))


class Watch:
    """Looks through a transcript that grows."""

    def __init__(self, start: int = 0) -> None:
        self.found: Refusal | None = None
        self._start = self._scanned = start

    def look(self, transcript: bytearray) -> Refusal | None:
        """The first refusal in all of it."""
        if self.found is None and len(transcript) != self._scanned:
            self.found = find(bytes(transcript[max(self._start, self._scanned - _OVERLAP) :]))
            self._scanned = len(transcript)
        return self.found

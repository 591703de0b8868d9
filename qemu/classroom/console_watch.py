"""What only the console shows: texts after which no event can come any more."""

from __future__ import annotations

import re

_FATAL = {
    rb"Kernel panic[^\r\n]*[\r\n]": "the kernel panicked",
    rb"No bootable device[^\r\n]*[\r\n]": "the firmware found nothing to boot",
    rb"PXE-E[0-9A-F]+[^\r\n]*[\r\n]": "the card's boot ROM failed",
    rb"Could not find kernel image[^\r\n]*[\r\n]": "PXELINUX did not find the kernel",
    rb"Failed to load ldlinux[^\r\n]*[\r\n]": "PXELINUX did not load",
    rb"Not enough memory to load[^\r\n]*[\r\n]": "PXELINUX had too little memory",
    rb"BdsDxe: No bootable option[^\r\n]*[\r\n]": "the firmware found nothing to boot",
    rb"kernel and initrd could not be loaded[^\r\n]*[\r\n]": "GRUB did not load kernel and initrd",
    rb"The launcher stopped with status[^\r\n]*[\r\n]": "the launcher was ended from outside",
}
"""Each text as a regular expression, up to the end of its line, and what it means."""

_OVERLAP = 200
"""Bytes that are looked at again: a text may come in pieces."""


class ConsoleWatch:
    """Looks through a transcript that grows."""

    def __init__(self) -> None:
        self._scanned = 0

    def look(self, transcript: bytearray) -> list[str]:
        """Sentences for the fatal texts in what has come since the last look."""
        if len(transcript) == self._scanned:
            return []
        new = transcript[max(0, self._scanned - _OVERLAP) :]
        self._scanned = len(transcript)
        found = ((re.search(pattern, new), meaning) for pattern, meaning in _FATAL.items())
        return [f"{meaning}: {match[0].decode(errors='replace').strip()}" for match, meaning in found if match]

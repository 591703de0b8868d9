"""Which PCs with UEFI were given iPXE and did not start it: their firmware refuses what is not signed. Pure.

A PC that starts it asks anew, as iPXE; one that refuses it may ask by HTTP. One that does neither is named once.
"""

from __future__ import annotations

from ..entries.architectures import ARCHITECTURES, BY_HTTP, BY_PXE
from ..wire.known import MOST
from ..wire.message import Kind, Message, Option
from .http import architecture
from .loaders import SHIM

UEFI = next(one.numbers for one in ARCHITECTURES if one.file == SHIM)
PATIENCE = 60.0
"""Seconds from the last question by UEFI. Firmware repeats its question for some seconds, and loads for some more."""


class Started:
    """Times are those of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}
        self._said: dict[str, None] = {}

    def hear(self, said: Message, now: float) -> None:
        """Any message on the wire."""
        if said.is_reply or said.kind is not Kind.DISCOVER:
            return
        if b"iPXE" in said.option(Option.USER_CLASS) or said.vendor.startswith(BY_HTTP):
            self._asked.pop(said.mac, None)
            self._said.pop(said.mac, None)
        elif said.vendor.startswith(BY_PXE) and architecture(said) in UEFI and said.mac not in self._said:
            self._asked[said.mac] = now
            if len(self._asked) > MOST:
                del self._asked[next(iter(self._asked))]

    def look(self, now: float) -> list[str]:
        """The MAC addresses of PCs that did nothing since."""
        late = [mac for mac, asked in self._asked.items() if now - asked >= PATIENCE]
        for mac in late:
            del self._asked[mac]
            self._said[mac] = None
            if len(self._said) > MOST:
                del self._said[next(iter(self._said))]
        return late

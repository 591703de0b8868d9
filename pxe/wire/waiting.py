"""The PCs that ask to boot, and that no server gives an address. Pure.

A PC without an address repeats its question to everybody, and so does one that has chosen an offer. So it is heard here
whether an address came of a question, also where the offer itself is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from .known import MOST
from .message import Kind, Message

TRIES = 3
LEAST = 10.0
"""Seconds from the first try: some servers look for the address on the wire before they offer it."""
AGAIN = 600.0
"""Seconds before the same is said again of a PC."""


@dataclass
class _Tries:
    first: float
    number: int = 0
    said: float = -AGAIN


class Waiting:
    """Times are those of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._tries: dict[str, _Tries] = {}

    def hear(self, said: Message, now: float) -> bool:
        """Whether it is to be said now that this PC gets no address."""
        if said.kind is Kind.REQUEST or (said.is_reply and int(said.given)):
            self._tries.pop(said.mac, None)
        if said.is_reply or said.kind is not Kind.DISCOVER or not said.boots:
            return False
        tries = self._tries.setdefault(said.mac, _Tries(now))
        tries.number += 1
        if len(self._tries) > MOST:
            del self._tries[next(iter(self._tries))]
        if tries.number < TRIES or now - tries.first < LEAST or now - tries.said < AGAIN:
            return False
        tries.said = now
        return True

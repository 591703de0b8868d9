"""The PCs that were seen to boot from the network, by their MAC addresses. Pure.

A PC boots in steps, and each has a DHCP client of its own: firmware, a loader, our launcher, in the end the system on
its disk. Only the first ones say that they boot. So a MAC address stays known for a while behind them.
"""

from __future__ import annotations

SECONDS = 1800.0
"""From the last step that says so: a clone, its restart, and the installed system's first question."""

MOST = 4096
"""PCs, the last ones that were seen: whoever invents addresses fills no memory."""


class Known:
    """Times are those of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}  # in the order of the times

    def add(self, mac: str, now: float) -> None:
        """This PC boots."""
        self._seen.pop(mac, None)
        self._seen[mac] = now
        if len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]

    def knows(self, mac: str, now: float) -> bool:
        """Whether it was seen to boot within `SECONDS`."""
        seen = self._seen.get(mac)
        return seen is not None and now - seen <= SECONDS

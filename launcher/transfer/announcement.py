"""What a sender says to other senders before its cast: that it waits for receivers on a port, and for how long already.

udp-sender's own greeting cannot tell which of two was there first, and a port of a switch that waits for its spanning
tree lets neither hear the other at the beginning. So a launcher's sender says it again and again until its cast begins.
It does so by broadcast to the port of the discard protocol (RFC 863), and not to a port of udpcast's: a packet to the
port base ends a udp-receiver that waits, one to the next port puts off the greetings of a udp-sender (measured).

An announcement is `MAGIC`, then a JSON object with `port` (the port base), `token` (by which a sender knows its own
ones; the cast's session, which an end notice needs, is another) and `waited` (seconds since this sender began: ages are
compared, no clocks). What is not well-formed is none.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
from dataclasses import asdict, dataclass

from .heartbeat import read_fields

MAGIC = b"ULan"
DISCARD = 9
LONGEST = 256  # bytes of an announcement


@dataclass(frozen=True)
class Announcement:
    """That a sender has waited for receivers on the port base `port` for `waited` seconds."""

    port: int
    token: str
    waited: float


def write_announcement(one: Announcement) -> bytes:
    """`one` as a datagram."""
    return MAGIC + json.dumps({**asdict(one), "waited": round(one.waited, 3)}).encode("ascii")


def read_announcement(data: bytes) -> Announcement | None:
    """The announcement in a datagram, or None where it is none."""
    fields = read_fields(data, MAGIC) if len(data) <= LONGEST else {}
    port, token, waited = fields.get("port"), fields.get("token"), fields.get("waited")
    if type(port) is not int or not isinstance(token, str) or not token:
        return None
    if isinstance(waited, bool) or not isinstance(waited, int | float) or not 0 <= waited < math.inf:
        return None
    return Announcement(port, token, float(waited))


def announce(one: Announcement, nic: str) -> None:
    """Say `one` to all on the card `nic`, once. Never waits, never fails: it is said again soon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, contextlib.suppress(OSError):
        out.setblocking(False)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, nic.encode())
        out.sendto(write_announcement(one), ("255.255.255.255", DISCARD))

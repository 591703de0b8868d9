"""What a sender says to its receivers beside udpcast: that it is still there, and an end notice to those that its cast
leaves without an end, so that they need not wait for silence.

udpcast has no message that says "broken off", and says nothing at all while it waits for its input, as it does for a
minute where an empty disk is read slowly and compressed. These words go beside it: a datagram to the port behind the
port base, on which no udp-receiver listens (an unknown packet to the port base itself ends those that wait for a
sender: measured). A receiver of ours hears it with a packet socket (`monitor`), a plain one's PC drops it. Who does not
hear it goes by the silence, and whatever it says, nobody takes it for a success.

A sign of life is `ALIVE`, which is only counted. An end notice is `MAGIC`, then a JSON object with `session` (the token
of the cast's manifest) and `kind` (the sender's outcome).
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..model.times import TIMES, Times

MAGIC = b"ULfw"  # no message of udpcast's begins so: its first byte is a small number (0 and 5 were seen)
ALIVE = b"ULhi"


@dataclass(frozen=True)
class Notice:
    """That the cast `session` is over, with the sender's outcome `kind` (a value of OutcomeKind)."""

    session: str
    kind: str


def write_notice(notice: Notice) -> bytes:
    """`notice` as a datagram."""
    return MAGIC + json.dumps(asdict(notice)).encode("ascii")


def read_notice(data: bytes) -> Notice | None:
    """The end notice in a datagram, or None where it is none."""
    if not data.startswith(MAGIC):
        return None
    try:
        fields = json.loads(data[len(MAGIC) :].decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    session, kind = fields.get("session"), fields.get("kind")
    return Notice(session, kind) if isinstance(session, str) and isinstance(kind, str) else None


def notice_port(port: int) -> int:
    """Where the end notice of a cast on port base `port` goes to."""
    return port + 1


def send_heartbeat(addresses: Iterable[str], nic: str, port: int) -> None:
    """Send a sign of life to each of `addresses`. Never waits, never fails."""
    _send(ALIVE, tuple(addresses), nic, port, 1, 0)


def send_notice(notice: Notice, addresses: Iterable[str], nic: str, port: int, times: Times = TIMES) -> None:
    """Send `notice` to each of `addresses` through the card `nic`, more than once, which takes a moment. Never fails:
    whom it does not reach waits for the silence."""
    _send(write_notice(notice), tuple(addresses), nic, port, times.end_notice_times, times.end_notice_apart)


def _send(data: bytes, receivers: tuple[str, ...], nic: str, port: int, times: int, apart: float) -> None:
    if not receivers:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        with contextlib.suppress(OSError):
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, nic.encode())
        for turn in range(times):
            if turn:
                time.sleep(apart)
            for address in receivers:
                with contextlib.suppress(OSError):
                    out.sendto(data, (address, notice_port(port)))

"""What a sender says to its receivers beside udpcast: that it is still there, and an end notice to those that its cast
leaves without an end, so that they need not wait for silence.

udpcast has no message that says "broken off", and says nothing at all while it waits for its input, as it does for a
minute where an empty disk is read slowly and compressed. These words go beside it: a datagram to the port behind the
port base, on which no udp-receiver listens (an unknown packet to the port base itself ends those that wait for a
sender: measured). A receiver of ours hears it with a packet socket (`monitor`), a plain one's PC drops it. Who does not
hear it goes by the silence, and whatever it says, nobody takes it for a success.

A sign of life is `ALIVE`, then a JSON object with `session`, the token of the cast. An end notice is `MAGIC`, then one
with `session` and `kind` (the sender's outcome).

A receiver says something beside udp-receiver as well, before the cast, in udpcast's own words, from the port that
udp-receiver uses: to udp-sender it is the same receiver. It asks a udp-sender whether it waits for receivers, and takes
its leave of one that it does not mean. The answer goes to udp-receiver, which does not mind it (measured).
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..model.times import TIMES, Times

MAGIC = b"ULfw"  # no message of udpcast's begins so: its first byte is a small number (0 and 5 were seen)
ALIVE = b"ULhi"
CONNECT_REQUEST = struct.pack("!HHII", 0x0003, 0, 0x00000009, 65536)  # as udp-receiver sends it, with its buffer's size
DISCONNECT = struct.pack("!HH", 0x0004, 0)


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
    fields = read_fields(data, MAGIC)
    session, kind = fields.get("session"), fields.get("kind")
    return Notice(session, kind) if isinstance(session, str) and isinstance(kind, str) else None


def write_alive(session: str) -> bytes:
    """A sign of life of the cast `session` as a datagram."""
    return ALIVE + json.dumps({"session": session}).encode("ascii")


def read_alive(data: bytes) -> str | None:
    """The session in a sign of life, or None where there is none."""
    session = read_fields(data, ALIVE).get("session")
    return session if isinstance(session, str) else None


def read_fields(data: bytes, magic: bytes) -> dict[str, object]:
    """The JSON object behind `magic`; nothing where there is none."""
    if not data.startswith(magic):
        return {}
    try:
        fields = json.loads(data[len(magic) :].decode("ascii"))
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def notice_port(port: int) -> int:
    """Where the end notice of a cast on port base `port` goes to."""
    return port + 1


def send_heartbeat(addresses: Iterable[str], nic: str, port: int, session: str) -> None:
    """Send a sign of life of the cast `session` to each of `addresses`. Never waits, never fails."""
    _send(write_alive(session), tuple(addresses), nic, port, 1, 0)


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


def ask(address: str, nic: str, port: int) -> None:
    """Ask the udp-sender at `address` whether it waits for receivers. Never waits, never fails."""
    _say_as_receiver(CONNECT_REQUEST, (address,), nic, port)


def take_leave(addresses: Iterable[str], nic: str, port: int) -> None:
    """Tell these udp-senders that this PC is no receiver of theirs. Never waits, never fails."""
    _say_as_receiver(DISCONNECT, addresses, nic, port)


def _say_as_receiver(data: bytes, addresses: Iterable[str], nic: str, port: int) -> None:
    """From udp-receiver's port, which it may have open: so as a raw packet, whose header the kernel completes (raw(7)).
    Without the right to that nothing is said."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        out.setblocking(False)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, nic.encode())
        for address in addresses:
            udp = struct.pack("!HHHH", port, port + 1, 8 + len(data), 0) + data  # without a checksum (RFC 768)
            to = socket.inet_aton(address)
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0, bytes(4), to)
            with contextlib.suppress(OSError):
                out.sendto(header + udp, (address, 0))

"""What udp-sender and udp-receiver say on standard error, as values. Pure.

Source: the messages of udpcast 20120424 (Debian's 20120424-2), read from the programs themselves and measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class MessageKind(Enum):
    """What a line on udpcast's standard error means."""

    WAITING = "waiting"  # receiver: it looks for a sender
    CONNECTED = "connected"  # sender: a receiver is there; receiver: the sender is there
    DROPPING = "dropping"  # sender: gives a silent receiver up
    DISCONNECTED = "disconnected"  # sender: a receiver left, was dropped, or the cast is over
    STARTING = "starting"  # sender: the cast begins
    NOBODY = "nobody"  # sender: it was told to begin, and there is no receiver; it ends, with status 0
    COMPLETE = "complete"  # sender: every byte was acknowledged, or nobody is left
    DROPPED = "dropped"  # receiver: the sender gave us up
    UNREADY = "unready"  # sender: some have not acknowledged what was sent; the cast waits for them
    PROGRESS = "progress"
    FAILED = "failed"  # a message that comes before the program ends without success


@dataclass(frozen=True)
class Message:
    """One line. `number` is udpcast's number of the receiver, `numbers` those of several, `bytes` the count of a
    progress line (compressed)."""

    kind: MessageKind
    text: str
    number: int | None = None
    address: str | None = None
    bytes: int | None = None
    numbers: tuple[int, ...] = ()


_PATTERNS = (
    (MessageKind.WAITING, re.compile(r"^UDP receiver for .* at ")),
    (MessageKind.CONNECTED, re.compile(r"New connection from (?P<address>\S+)\s+\(#(?P<number>\d+)\)")),
    (MessageKind.CONNECTED, re.compile(r"Connected as #(?P<number>-?\d+) to (?P<address>\S+)")),
    (MessageKind.DROPPING, re.compile(r"Dropping client #(?P<number>\d+) because of timeout")),
    (MessageKind.DISCONNECTED, re.compile(r"Disconnecting #(?P<number>\d+) \((?P<address>[^)]*)\)")),
    (MessageKind.STARTING, re.compile(r"Starting transfer: ")),
    (MessageKind.NOBODY, re.compile(r"No participants\.\.\. exiting")),
    (MessageKind.COMPLETE, re.compile(r"Transfer complete\.")),
    (MessageKind.DROPPED, re.compile(r"Dropped by server|We have been dropped by sender")),
    (MessageKind.UNREADY, re.compile(r"Timeout notAnswered=\[[\d,]*\] notReady=\[(?P<numbers>[\d,]+)\]")),
    (MessageKind.PROGRESS, re.compile(r"bytes=\s*(?P<bytes>[\d ]*\d)(?P<unit>[KMGT]?)")),
    (
        MessageKind.FAILED,
        re.compile(
            r"No suitable network interface found|bind socket to |Too many clients already connected"
            r"|Bad server reply|recvfrom to locate server|Error getting |Bad address |Unknown host |Receiver error"
            r"|unrecognized option|Receiver timeout|Could not open file|Cancelled by user|Peer with incompatible"
            r"|and \d+ participants instead|Async mode chosen but no rate governor|Library load error"
        ),
    ),
)
_REPORTS = re.compile(
    r"Udp-(sender|receiver) \d|UDP (sender|receiver) for |Using |Broadcasting control |Listening to multicast "
    r"|received message|(Ready\. )?Press (any|return) |Connected as #|New connection from |Starting transfer: "
    r"|Disconnecting #|Transfer complete\.|bytes="
)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def explains(line: str) -> bool:
    """Whether `line` may say why a program has ended: not where it only reports how far a cast is."""
    return _REPORTS.match(line.replace("\a", "").strip()) is None


def parse_message(line: str) -> Message | None:
    """What `line` (of standard error, without its line end) says; None for lines that decide nothing.

    Progress ends in a carriage return, so a reader must split at ``\\r`` as well as at ``\\n``. Progress is coarse
    (``K`` and ``M`` from some size on): it says that data moves, not how much.
    """
    text = line.replace("\a", "").strip()
    for kind, pattern in _PATTERNS:
        match = pattern.search(text)
        if match:
            found = match.groupdict()
            size, numbers = found.get("bytes"), found.get("numbers") or ""
            return Message(
                kind,
                text,
                number=int(found["number"]) if found.get("number") else None,
                address=found.get("address"),
                bytes=int(size.replace(" ", "")) * _UNITS[found["unit"]] if size else None,
                numbers=tuple(int(one) for one in numbers.split(",") if one),
            )
    return None

"""What PCs that load at once came to: the table, what is reckoned for a room over a real cable, and JSON. Pure."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from ..columns import layout
from ..disks.raw import MIB

ROOM = 30
"""PCs for which it is reckoned."""
WIRE = 125_000_000
"""Bytes a second of 1 Gbit/s."""


class Way(Enum):
    """How the pair is loaded."""

    TFTP = "tftp"
    HTTP = "http"


BLOCK = 1408
"""Bytes in a packet of TFTP, as PXELINUX and iPXE ask for them."""
PAYLOAD = {Way.TFTP: BLOCK / (BLOCK + 4 + 8 + 20 + 38), Way.HTTP: 1448 / 1538}
"""The part of a cable's bytes that is the file's: the rest are headers (TFTP and UDP, or TCP with timestamps; IP), and
what Ethernet has around a packet."""


@dataclass(frozen=True)
class Cost:
    """What a server needed: processor seconds, and the most memory that it had so far, in bytes."""

    cpu: float
    peak: int


@dataclass(frozen=True)
class Loads:
    """Clients that loaded the whole pair at once. `seconds`: of each, from the start of the first."""

    way: Way
    seconds: tuple[float, ...]
    size: int
    dnsmasq: Cost
    files: Cost

    @property
    def name(self) -> str:
        return f"{self.way.value.upper()} clients"


@dataclass(frozen=True)
class Starts:
    """Machines that were switched on at once. `seconds`: of each, from its power-on until the server says that it has
    loaded the initrd."""

    firmware: str
    seconds: tuple[float, ...]
    dnsmasq: Cost
    files: Cost

    @property
    def name(self) -> str:
        return f"{self.firmware} machines"


@dataclass(frozen=True)
class AtOnce:
    """The result; `pair` is what each loads, in bytes."""

    pair: int
    loads: tuple[Loads, ...] = ()
    starts: tuple[Starts, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    host: dict[str, str] = field(default_factory=dict)


def speed(one: Loads) -> float:
    """MB/s (10^6 bytes) of all together, until the last has all."""
    return one.size / max(one.seconds) / 1e6


def ratio(starts: Sequence[Starts]) -> float | None:
    """How much longer the last of many takes than one alone (the mean); None where not both were measured."""
    alone = [one.seconds[0] for one in starts if len(one.seconds) == 1]
    many = [max(one.seconds) for one in starts if len(one.seconds) > 1]
    return statistics.mean(many) / statistics.mean(alone) if alone and many else None


@dataclass(frozen=True)
class Reckoned:
    """For `ROOM` PCs over 1 Gbit/s: seconds of the cable, and of one processor for the server."""

    way: Way
    wire: float
    cpu: float

    @property
    def seconds(self) -> float:
        """The longer of the two: all PCs together are not served faster."""
        return max(self.wire, self.cpu)


def reckon(pair: int, one: Loads) -> Reckoned:
    """From the bytes, and from the processor time of what was measured: both grow with the number of PCs."""
    server = one.dnsmasq if one.way is Way.TFTP else one.files
    wire = ROOM * pair / (WIRE * PAYLOAD[one.way])
    return Reckoned(one.way, wire, server.cpu * ROOM / len(one.seconds))


HEADING = (
    *("what", "at once", "s: first", "median", "last", "MB/s"),
    *("dnsmasq: CPU s", "peak MiB", "file server: CPU s", "peak MiB"),
)


def cells(bench: AtOnce) -> list[tuple[str, ...]]:
    """The table, with its heading."""
    rows: list[tuple[str, ...]] = [HEADING]
    rows += [_cells(one, f"{speed(one):.1f}") for one in bench.loads]
    rows += [_cells(one, "-") for one in bench.starts]
    return rows


def _cells(one: Loads | Starts, rate: str) -> tuple[str, ...]:
    times = (min(one.seconds), statistics.median(one.seconds), max(one.seconds))
    costs = (text for cost in (one.dnsmasq, one.files) for text in (f"{cost.cpu:.2f}", f"{cost.peak / MIB:.1f}"))
    return (one.name, str(len(one.seconds)), *(f"{time:.1f}" for time in times), rate, *costs)


def summary(bench: AtOnce) -> list[str]:
    """What else there is to say."""
    lines = [f"failed: {name}: {why}" for name, why in bench.failures]
    if longer := ratio(bench.starts):
        count = max(len(one.seconds) for one in bench.starts)
        lines.append(f"the last of {count} machines: {longer:.2f} times one alone")
    for one in (reckon(bench.pair, each) for each in bench.loads):
        lines.append(
            f"reckoned, not measured: {ROOM} PCs over 1 Gbit/s by {one.way.value.upper()}: about {one.seconds:.1f} s"
            f" (the cable {one.wire:.1f} s, one processor of the server's {one.cpu:.1f} s)"
        )
    about = ", ".join(map(": ".join, bench.host.items()))
    return [*lines, f"kernel and initrd: {bench.pair / 1e6:.1f} MB; {about}"]


def table(bench: AtOnce) -> str:
    """The result for a person."""
    return "\n".join([*layout(cells(bench)), "", *summary(bench)]) + "\n"


def to_json(bench: AtOnce) -> str:
    """The whole result; keys are those of the classes in this module."""
    record = dataclasses.asdict(bench)
    for one in record["loads"]:
        one["way"] = one["way"].value
    return json.dumps(record, indent=1) + "\n"

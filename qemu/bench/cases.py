"""What the transfer benchmarks compare: three ways, each compression, two kinds of data, some numbers of receivers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..disks.raw import MIB

COMPRESSIONS = ("none", "gzip", "lzop", "zstd")
DATA = ("text", "noise")
RECEIVERS = (1, 4, 16)
SIZES = {1: 1024, 4: 512, 16: 192}  # MiB of source; the targets together must fit into memory
WIRES = {1: "1gbit", 4: "300mbit", 16: "30mbit"}
"""For so many receivers, a wire that two cores can keep up with, all seats together, as each PC of a room keeps up with
its own. With one receiver each side has a core of its own."""
FASTER_WIRES: dict[int, tuple[str | None, ...]] = {1: (None,), 4: (None,), 16: ("100mbit", None)}
"""Wires that two cores cannot keep up with, or with some data only: where they cannot, processors are the limit."""
GOAL = 0.97
"""Ours to plain, without verification, where the wire is the limit."""

PACK = {"gzip": "pigz -1 -c", "lzop": "lzop -1 -c", "zstd": "zstd -q -1 -T0 -c"}
UNPACK = {"gzip": "zstd -q -dc", "lzop": "lzop -dc", "zstd": "zstd -q -dc"}
"""The launcher's own (`launcher/udpcast/command.py`), which unpacks gzip and zstd by itself; a test holds them
together."""


class Way(Enum):
    PLAIN = "plain"
    OURS = "ours"
    VERIFIED = "verified"


@dataclass(frozen=True)
class Case:
    """One row: `mib` of source; the `wire`'s speed as tc(8) writes it, None for no limit; `pinned` to a core a side."""

    compression: str
    data: str
    receivers: int
    mib: int
    wire: str | None = None
    pinned: bool = False

    @property
    def name(self) -> str:
        words = (self.compression, self.data, str(self.receivers), self.wire, "pinned" if self.pinned else None)
        return " ".join(word for word in words if word)


def write_source(path: Path, kind: str, size: int) -> Path:
    """A model disk: ``noise`` does not compress; ``text`` does, about 3 to 1 by zstd -1, and repeats only after 32 MiB,
    which no compressor's window reaches."""
    seeded = random.Random(3)
    block = seeded.randbytes(32 * MIB) if kind == "noise" else _text(seeded, 32 * MIB)
    with path.open("wb") as file:
        for _ in range(0, size, len(block)):
            file.write(block[: min(len(block), size - file.tell())])
    return path


def _text(seeded: random.Random, size: int) -> bytes:
    words = [seeded.randbytes(seeded.choice((2, 3, 4, 6, 9))).hex().encode() for _ in range(3000)]
    lines: list[bytes] = []
    length = 0
    while length < size:
        line = b" ".join(seeded.choices(words, k=12)) + b"\n"
        lines.append(line)
        length += len(line)
    return b"".join(lines)[:size]


def all_cases(processors: bool = False) -> tuple[Case, ...]:
    """Every compression with both kinds of data and each number of receivers, where the wire is the limit; with
    `processors` also where the processors are."""
    return tuple(
        Case(pack, data, count, SIZES[count], wire, count == 1 and wire is not None)
        for count in RECEIVERS
        for wire in (WIRES[count], *(FASTER_WIRES[count] if processors else ()))
        for pack in COMPRESSIONS
        for data in DATA
    )


def quick_cases() -> tuple[Case, ...]:
    """The default compression and none, with 1 and 4 receivers, over a wire."""
    return tuple(
        Case(pack, data, count, SIZES[count] // 2, WIRES[count], count == 1)
        for count in (1, 4)
        for pack in ("none", "zstd")
        for data in DATA
    )


def goal(ratios: Mapping[str, float]) -> str:
    """Which cases reached `GOAL`, and which did not; `ratios` are ours to plain by the case's name."""
    below = [f"{name} ({ratio:.2f})" for name, ratio in ratios.items() if round(ratio, 2) < GOAL]
    reached = f"at least {GOAL} of plain: {len(ratios) - len(below)} of {len(ratios)} cases"
    return reached + (f"; below: {', '.join(below)}" if below else "")

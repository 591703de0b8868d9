"""The fault table: what goes wrong, and what each seat then says, within how long, over what disk. Pure data.

docs/faults.md shows this table (``python3 docs/renew.py`` puts it there), `tests/vm/test_faults.py` runs it
(``tests/run faults``), and ``python3 -m qemu faults`` runs rows of it by hand. `fault_table` makes a classroom of a
row, and holds the run against it. Where a run differs from its row, the row or the launcher is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

EQUAL, PART, BLANK, BUT_ONE_BLOCK, UNCHANGED = "equal", "a part", "nothing", "all but one block", "unchanged"
SECOND, GROWN = "equal to sender-2", "equal, grown"
"""What a disk may hold. `EQUAL`: every used block and every file of the source; `GROWN`: the same on a larger disk,
where the file system has grown; `PART` is neither equal nor blank; `UNCHANGED` is for a sender's."""

IN_EVERY_RUN = "three-fates"
"""The row that the lane ``vm`` runs as well."""

SILENT = "-"
"""What a seat without power says."""


@dataclass(frozen=True)
class Expected:
    """Of one seat: its outcome's kind, what its disk holds, and the seconds within which it said so.

    `within` is held against `report.reaction`. `says` must be found in its sentence. ``error`` as a kind: it stopped
    with a sentence before the transfer. Where chance decides, kind and disk are several, with " or " between them.
    `whole`: so many partitions a sender says it sends whole, and why; `growth`: what it says became of growing.
    """

    outcome: str
    disk: str
    within: int | None = None
    says: str = ""
    whole: int = 0
    growth: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One classroom of the table. `line` is put behind every append line; `waits_for`: the sender's --min-receivers."""

    name: str
    faults: tuple[str, ...]
    seats: dict[str, Expected]
    line: str = ""
    waits_for: int | None = None


SENT = Expected("sent", UNCHANGED, 60)
WHOLE = Expected("equal", EQUAL, 60)
DEAD = Expected(SILENT, PART)
GONE = Expected("sender-vanished", PART, 75)


def told(why: str) -> Expected:
    """Of a receiver whose sender stops with an end notice."""
    return Expected("truncated", PART, 20, why)


ONE_OF_TWO = Expected("sent or other-sender or no-receivers", UNCHANGED, 75)

SCENARIOS = (
    Scenario(
        IN_EVERY_RUN,
        ("kill:receiver-1@30%", "unplug:receiver-2@30%"),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 75, "Lost: 10.77."),
            "receiver-1": DEAD,
            "receiver-2": Expected("sender-vanished", PART, 55, "for 40 seconds"),
            "receiver-3": Expected("equal", EQUAL, 75),
        },
        line="silence=20",
    ),
    Scenario(
        "kill-receiver",
        ("kill:receiver-1@30%",),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 75, "Lost: 10.77."),
            "receiver-1": DEAD,
            "receiver-2": Expected("equal", EQUAL, 75),
        },
    ),
    Scenario(
        "kill-sender",
        ("kill:sender@30%",),
        {"sender": Expected(SILENT, UNCHANGED), "receiver-1": GONE, "receiver-2": GONE},
    ),
    Scenario(
        "kill-sender-before-the-cast",
        ("kill:sender@connected",),
        {
            "sender": Expected(SILENT, UNCHANGED),
            "receiver-1": Expected("no-sender", BLANK, 75),
            "receiver-2": Expected("no-sender", BLANK, 75),
        },
        line="start_timeout=60",
    ),
    Scenario(
        "kill-sender-at-the-end",
        ("kill:sender@99%",),
        {"sender": Expected(SILENT, UNCHANGED), "receiver-1": GONE, "receiver-2": GONE},
    ),
    Scenario(
        "restart-sender",
        ("restart:sender@30%",),
        {
            "sender": Expected("sent", UNCHANGED, 120),
            "receiver-1": Expected("equal", EQUAL, 120),
            "receiver-2": Expected("equal", EQUAL, 120),
        },
        line="retry=1 start_timeout=150",
    ),
    Scenario(
        "restart-sender-before-the-cast",
        ("restart:sender@connected",),
        {
            "sender": Expected("sent", UNCHANGED, 120),
            "receiver-1": Expected("equal", EQUAL, 120),
            "receiver-2": Expected("equal", EQUAL, 120),
        },
        line="start_timeout=150",
    ),
    Scenario(
        "unplug-receiver-5s",
        ("unplug:receiver-1:5s@30%",),
        {"sender": SENT, "receiver-1": WHOLE, "receiver-2": WHOLE},
    ),
    Scenario(
        "unplug-receiver",
        ("unplug:receiver-1@30%",),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 75, "Lost: 10.77."),
            "receiver-1": GONE,
            "receiver-2": Expected("equal", EQUAL, 75),
        },
    ),
    Scenario(
        "unplug-sender-5s",
        ("unplug:sender:5s@30%",),
        {"sender": SENT, "receiver-1": WHOLE, "receiver-2": WHOLE},
    ),
    Scenario(
        "unplug-sender",
        ("unplug:sender@30%",),
        # Two receivers at different places of the stream are dropped one after the other: 79 s were seen.
        {"sender": Expected("receiver-lost", UNCHANGED, 95), "receiver-1": GONE, "receiver-2": GONE},
    ),
    Scenario(
        "broken-disks",
        ("write-error:receiver-1@40%", "read-error:receiver-2@40%", "flip:receiver-3@40%"),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 60, "Lost: 10.77."),
            "receiver-1": Expected("write-error", PART, 20, "behind byte 67,108,864"),
            "receiver-2": Expected("read-back-error", EQUAL, 60, "behind byte 67,108,864"),
            "receiver-3": Expected("changed", BUT_ONE_BLOCK, 60, "from byte 67,108,864"),
        },
    ),
    Scenario(
        "broken-disk-at-the-end",
        ("write-error:receiver-1@99.5%",),
        {
            "sender": Expected("sent or receiver-lost", UNCHANGED, 60),
            "receiver-1": Expected("write-error", PART, 20),
            "receiver-2": WHOLE,
        },
    ),
    Scenario(
        "broken-source",
        ("read-error:sender@40%",),
        {
            "sender": Expected("read-error", UNCHANGED, 20),
            "receiver-1": told("its disk could not be read"),
            "receiver-2": told("its disk could not be read"),
        },
    ),
    Scenario(
        "refusals",
        ("smaller:receiver-1:16M", "4kn:receiver-2", "compr:receiver-3:gzip"),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 60),
            "receiver-1": Expected("too-small", BLANK, 15),
            "receiver-2": Expected("sector-size", BLANK, 15),
            "receiver-3": Expected("wrong-stream", BLANK, 15),
            "receiver-4": WHOLE,
        },
    ),
    Scenario(
        "other-sizes",
        ("smaller:receiver-1:4M", "smaller:receiver-2:16M", "larger:receiver-3:64M"),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 60),
            "receiver-1": WHOLE,
            "receiver-2": Expected("too-small", BLANK, 15),
            "receiver-3": Expected("equal", GROWN, 75, growth="grown"),
        },
        line="grow=yes",
    ),
    Scenario(
        "growth-fails",
        ("larger:receiver-1:64M", "write-error:receiver-1@215M"),
        {"sender": SENT, "receiver-1": Expected("equal", EQUAL, 75, growth="failed")},
        line="grow=yes",
    ),
    Scenario(
        "not-clean",
        ("dirty:sender",),
        {"sender": Expected("sent", UNCHANGED, 60, whole=1), "receiver-1": WHOLE},
    ),
    Scenario(
        "hibernated",
        ("hibernated:sender",),
        {"sender": Expected("sent", UNCHANGED, 60, whole=2), "receiver-1": WHOLE},
    ),
    Scenario(
        "old-signatures",
        ("signatures:receiver-1", "signatures:receiver-2", "larger:receiver-2:64M"),
        {"sender": SENT, "receiver-1": WHOLE, "receiver-2": WHOLE},
    ),
    Scenario(
        "spoilt-on-the-way",
        ("spoil:receiver-1:hole", "spoil:receiver-2:zeros", "spoil:receiver-3:data", "cut:receiver-4"),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 90),
            "receiver-1": Expected("different", PART, 90, "a hole of "),
            "receiver-2": Expected("different", PART, 90, "a hole that holds something"),
            "receiver-3": Expected("different", PART, 60, "damaged on the way"),
            "receiver-4": Expected("truncated", EQUAL, 90),
            "receiver-5": Expected("equal", EQUAL, 90),
        },
    ),
    Scenario(
        "two-senders",
        ("second-sender",),
        {
            "sender": ONE_OF_TWO,
            "receiver-1": Expected("equal", f"{EQUAL} or {SECOND}", 75),
            "receiver-2": Expected("equal", f"{EQUAL} or {SECOND}", 75),
            "sender-2": ONE_OF_TWO,
        },
        line="start_timeout=60",
    ),
    Scenario(
        "two-senders-wait",
        ("second-sender", "late:receiver-1@transfer", "late:receiver-2@transfer"),
        {
            "sender": Expected("sent or other-sender", UNCHANGED, 150),
            "receiver-1": Expected("equal", f"{EQUAL} or {SECOND}", 150),
            "receiver-2": Expected("equal", f"{EQUAL} or {SECOND}", 150),
            "sender-2": Expected("sent or other-sender", UNCHANGED, 150),
        },
        line="start_timeout=120",
    ),
    Scenario(
        "second-sender-during-the-cast",
        ("second-sender", "late:sender-2@30%"),
        {
            "sender": SENT,
            "receiver-1": WHOLE,
            "receiver-2": WHOLE,
            "sender-2": Expected("no-receivers", UNCHANGED, 150),
        },
        line="start_timeout=60",
    ),
    Scenario(
        "next-cast",
        ("second-sender", "late:sender-2@30%", "kill:sender@30%"),
        {
            "sender": Expected(SILENT, UNCHANGED),
            "receiver-1": Expected("equal", SECOND, 200),
            "receiver-2": Expected("equal", SECOND, 200),
            "sender-2": Expected("sent", UNCHANGED, 200),
        },
        line="retry=1 start_timeout=150",
    ),
    Scenario(
        "no-receiver",
        ("absent:receiver-1",),
        {"sender": Expected("no-receivers", UNCHANGED, 75), "receiver-1": Expected(SILENT, BLANK)},
        line="start_timeout=60",
    ),
    Scenario(
        "no-sender",
        ("absent:sender",),
        {"sender": Expected(SILENT, UNCHANGED), "receiver-1": Expected("no-sender", BLANK, 75)},
        line="start_timeout=60",
    ),
    Scenario(
        "late-receiver",
        ("late:receiver-2@30%",),
        {"sender": SENT, "receiver-1": WHOLE, "receiver-2": Expected("no-sender", BLANK, 150)},
        line="start_timeout=60",
        waits_for=1,
    ),
    Scenario(
        "compressor-dies",
        ("kill-program:sender:pigz@30%",),
        {
            "sender": Expected("stage-failed", UNCHANGED, 15, "pigz was killed by SIGKILL", whole=1),
            "receiver-1": told("a program failed there"),
        },
        line="compr=gzip",
    ),
    Scenario(
        "decompressor-dies",
        ("kill-program:receiver-1:unpack@30%",),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 60),
            "receiver-1": Expected("stage-failed", PART, 15, "was killed by SIGKILL"),
            "receiver-2": WHOLE,
        },
    ),
    Scenario(
        "udp-sender-dies",
        ("kill-program:sender:udp-sender@30%",),
        {"sender": Expected("stage-failed", UNCHANGED, 15), "receiver-1": told("a program failed there")},
    ),
    Scenario(
        "out-of-memory",
        ("exhaust:receiver-1:unpack@10%",),
        {
            "sender": Expected("receiver-lost", UNCHANGED, 60),
            "receiver-1": Expected("stage-failed", PART, 30, "was killed by SIGKILL"),
            "receiver-2": WHOLE,
        },
    ),
    Scenario(
        "small-memory",
        ("memory:receiver-1:128", "memory:receiver-2:144", "memory:receiver-3:160"),
        {
            "sender": SENT,
            "receiver-1": Expected(SILENT, BLANK, says="Kernel panic"),
            "receiver-2": Expected(SILENT, BLANK, says="Kernel panic"),
            "receiver-3": WHOLE,
        },
        waits_for=1,
    ),
)


def by_name(name: str) -> Scenario | None:
    """The row of this name."""
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)


HEADINGS = ("scenario", "fault", "seat", "reports", "within", "its disk holds")


def markdown() -> str:
    """The table as docs/faults.md shows it."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "| --- " * len(HEADINGS) + "|"]
    for scenario in SCENARIOS:
        what = "<br>".join(f"`{fault}`" for fault in scenario.faults) + (
            f"<br>{scenario.line}" if scenario.line else ""
        )
        first = (scenario.name, what)
        for name, seat in scenario.seats.items():
            within = "" if seat.within is None else f"{seat.within} s"
            lines.append("| " + " | ".join((*first, name, seat.outcome, within, seat.disk)) + " |")
            first = ("", "")
    return "\n".join(lines) + "\n"

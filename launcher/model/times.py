"""All times of a transfer in one table: how long somebody is waited for, how often something is said or looked at.

What the administrator sets is no row here: `Plan.silence`, `Plan.start_timeout`, and udpcast's own options. The
relations that must hold between the rows are tests (tests/launcher/model/test_times.py).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field


def _row(value: float, meaning: str, why: str, unit: str = "s") -> float:
    row: float = field(default=value, metadata={"meaning": meaning, "why": why, "unit": unit})
    return row


def _count(value: int, meaning: str, why: str, unit: str) -> int:
    row: int = field(default=value, metadata={"meaning": meaning, "why": why, "unit": unit})
    return row


@dataclass(frozen=True)
class Times:
    """One row a field; a test makes its own with `dataclasses.replace`."""

    # A sender, before its cast
    listen: float = _row(
        3.5,
        "a sender listens for another one before it starts udp-sender",
        "udp-sender greets once a second, and receivers note a pause in the greetings (`pause`)",
    )
    tie: float = _row(
        3.0,
        "then it still gives way to one that began at the same time",
        "both greet at once, and then once a second; the lower MAC address stays",
    )
    listen_tick: float = _row(0.1, "between two looks at what was heard, while it listens", "nothing else is done then")

    # A sender, during its cast and behind it
    alive_every: float = _row(
        5.0,
        "between two signs of life while the disk is read",
        "udp-sender says nothing while it waits for its input; several may get lost before a receiver's patience ends",
    )
    farewell_times: int = _count(3, "the last word is sent so often", "a datagram may get lost", "times")
    farewell_apart: float = _row(
        0.2, "between two of them", "the last one is out before the same PC's next cast begins (`listen`)"
    )

    # A receiver, before the cast
    pause: float = _row(
        3.0,
        "without a greeting, behind which a greeting is another sender's",
        "a udp-sender greets once a second before its cast, and two greetings may get lost; one that begins anew "
        "listens for longer first (`listen`). A plain sender may greet less often: twice its last interval counts then",
    )
    more_patient: float = _row(
        20.0,
        "a receiver waits longer for its sender than that one for another receiver",
        "udp-sender drops the other one first, `silence` behind its last sign (measured: 33.6 to 34.1 s for 34)",
    )
    late: float = _row(
        2.0,
        "udp-receiver has for ending by itself when no cast began in time",
        "to its own clock every packet of whatever sender is a new beginning (measured), so that it is ended then",
    )

    # A receiver, during the cast
    look_out: float = _row(
        1.0,
        "without a byte after which one looks for signs of the sender, and between two looks",
        "a udp-sender that waits for a receiver repeats its question once a second (measured)",
    )
    exit_wait: float = _row(
        0.5, "udp-receiver lingers when it has everything, unless --exit-wait says otherwise", "its manual page: 500 ms"
    )
    exit_late: float = _row(
        1.0,
        "more than it lingers, behind a greeting, and nothing more comes of the old cast",
        "a plain sender in a loop greets for its next cast while udp-receiver still lingers (measured)",
    )
    at_once: float = _row(
        0.1, "behind a greeting within which the last of the old cast may still come", "it is in the pipe already"
    )
    in_flight: int = _count(
        16 << 20,
        "may be on their way from the wire to the disk when a greeting is heard",
        "udpcast's buffer, a pipe of 1 MiB, and our eight chunks of 1 MiB",
        "bytes",
    )

    # Processes
    tick: float = _row(
        0.5, "between two looks at the clock, where nothing else happens", "the shortest time limit is 1 s"
    )
    grace: float = _row(
        2.0, "between the first signal to a process and SIGKILL", "udp-receiver takes its leave of the sender in it"
    )
    linger: float = _row(
        15.0, "a process has for going by itself when its work is done", "udp-receiver lingers for its --exit-wait"
    )

    # Disks
    patience: float = _row(
        300.0,
        "for one request to a disk",
        "the kernel's own retries and resets of a bad disk take a minute or two",
    )
    impatience: float = _row(5.0, "for it once nobody wants the answer any more", "a disk that is well answers at once")

    # What is seen
    rate_window: float = _row(5.0, "over which the recent rate is taken", "steady enough to read")
    report: float = _row(1.0, "between two events `progress`", "a slow serial line must not be filled with them")


TIMES = Times()


def reference() -> str:
    """The table in Markdown."""
    rows = []
    for one in dataclasses.fields(Times):
        unit = one.metadata["unit"]
        value: float = getattr(TIMES, one.name)
        shown = f"{value / (1 << 20):g} MiB" if unit == "bytes" else f"{value:g} {unit}"
        rows.append(f"| `{one.name}` | {shown} | {one.metadata['meaning']} | {one.metadata['why']} |")
    return "\n".join(["| time | value | meaning | why |", "| --- | --- | --- | --- |", *rows]) + "\n"

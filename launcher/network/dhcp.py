"""busybox udhcpc's language: how it is called and what it tells. Pure; `address.py` runs it.

What was agreed with the server comes through a file that udhcpc-script writes, what udhcpc is doing through its
standard error (busybox 1.35, networking/udhcp/dhcpc.c).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PID_FILE = "udhcpc.pid"
ASKS = ("udhcpc: broadcasting discover", "udhcpc: sending discover")
"""Lines that say that a request for any lease went out (the second in older versions)."""
REPORTS = "udhcpc-script: "
"""How a line of our own script begins; its file is in place by then."""


@dataclass(frozen=True)
class Lease:
    """One report of udhcpc-script; `seconds` of the lease."""

    event: str
    address: str = ""
    prefix: int = 24
    gateway: str | None = None
    server: str = ""
    seconds: int = 0
    message: str = ""


def read_lease(text: str) -> Lease:
    """The values that udhcpc-script wrote, `NAME=VALUE` a line; what is missing or no number has its default."""
    values = dict(line.partition("=")[::2] for line in text.splitlines())
    return Lease(
        event=values.get("event", ""),
        address=values.get("address", ""),
        prefix=_number(values.get("prefix"), 24),
        gateway=values.get("gateway", "").split(" ")[0] or None,
        server=values.get("server", ""),
        seconds=_number(values.get("lease"), 0),
        message=" ".join(values.get("message", "").split()),
    )


def client_argv(name: str, run: Path, script: Path, keep: str | None) -> tuple[str, ...]:
    """udhcpc in the foreground: three requests 2 s apart, again and again, then renewals.

    `keep` is the address in use, whose lease is asked for; once a minute, for nothing depends on it.
    """
    settings = [f"UDPCAST_RUN={run}", *([f"UDPCAST_KEEP={keep}"] if keep else [])]
    options = ["-f", "-C", "-i", name, "-s", str(script), "-p", str(run / PID_FILE), "-t", "3", "-T", "2"]
    options += ["-A", "60", "-r", keep] if keep else ["-A", "2"]
    return ("env", *settings, "busybox", "udhcpc", *options)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\d+", text) else default

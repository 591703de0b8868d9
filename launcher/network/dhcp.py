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
VENDOR = "udpcast-launcher"
"""The vendor class (option 60): by it our boot server (`pxe/wire/message.py`) knows a PC that booted the launcher."""
REPORTS = "udhcpc-script: "
"""How a line of our own script begins; its file is in place by then."""


@dataclass(frozen=True)
class Lease:
    """One report of udhcpc-script; `seconds` of the lease; `boot_server`: the next server, as BOOTP calls it."""

    event: str
    address: str = ""
    netmask: str = ""
    gateway: str | None = None
    server: str = ""
    seconds: int = 0
    message: str = ""
    boot_server: str | None = None


def read_lease(text: str) -> Lease:
    """The values that udhcpc-script wrote, `NAME=VALUE` a line; what is missing or no number has its default."""
    values = dict(line.partition("=")[::2] for line in text.splitlines())
    return Lease(
        event=values.get("event", ""),
        address=values.get("address", ""),
        netmask=values.get("netmask", ""),
        gateway=values.get("gateway", "").split(" ")[0] or None,
        server=values.get("server", ""),
        seconds=_number(values.get("lease"), 0),
        message=" ".join(values.get("message", "").split()),
        boot_server=server if (server := values.get("siaddr", "")) not in ("", "0.0.0.0") else None,
    )


def client_argv(name: str, run: Path, script: Path, identifier: str | None, keep: str | None) -> tuple[str, ...]:
    """udhcpc in the foreground: three requests 2 s apart, and renewals once there is a lease.

    `identifier` as `identifiers` writes it, None: it sends none. `keep` is the address in use, whose lease is asked
    for: then it ends where nobody answers, else it asks again and again.
    """
    options = ["-f", "-i", name, "-s", str(script), "-p", str(run / PID_FILE), "-t", "3", "-T", "2", "-V", VENDOR]
    options += ["-x", f"0x3d:{identifier}"] if identifier else ["-C"]
    options += ["-n", "-r", keep] if keep else ["-A", "2"]
    return ("env", f"UDPCAST_RUN={run}", "busybox", "udhcpc", *options)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\d+", text) else default

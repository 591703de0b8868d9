"""Who else on this machine has a boot server's interface or its ports.

An interface is claimed by the name of an abstract socket (unix(7)): such names belong to a network namespace, and the
kernel gives them up with the last process that holds them. So two boot servers on one interface never are, also when
both are just starting, where dnsmasq itself would share port 67 with the other one (SO_REUSEPORT).
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ..web.connections import listen

PATIENCE = 5.0
"""Seconds that a new boot server waits for one that was killed a moment ago, and is being cleared away."""

_STEP = 0.05
_ASKING = 4096  # nobody accepts: so many may ask who has it


class PortError(Exception):
    """One sentence: what is in use, by whom, and what to do."""


@dataclass(frozen=True)
class Port:
    """A port of a boot server. `everywhere`: bound on all addresses, as dnsmasq does it for DHCP."""

    number: int
    what: str
    everywhere: bool = True


HTTP, OTHER_HTTP = 80, 8068
"""Where the tree is by HTTP, and where it is when somebody else has that port."""

DHCP, TFTP, PXE = Port(67, "DHCP"), Port(69, "TFTP", everywhere=False), Port(4011, "proxy DHCP")


def claim(interface: str, patience: float = PATIENCE) -> socket.socket:
    """Claim the interface until the socket is closed by all who have it. Raises PortError."""
    name = f"\0udpcast-launcher boot server on {interface}"
    end = time.monotonic() + patience
    holder: int | None = None
    while True:
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mine.bind(name)
            mine.listen(_ASKING)
            return mine
        except OSError as error:
            mine.close()
            if error.errno != errno.EADDRINUSE:
                raise PortError(f"{interface} cannot be claimed: {error.strerror}.") from error
        holder = _holder(name) if holder is None else holder
        if not holder or Path(f"/proc/{holder}").exists() or time.monotonic() >= end:
            who, how = (f" (process {holder})", f" (Ctrl-C there, or `kill {holder}`)") if holder else ("", "")
            raise PortError(f"another boot server{who} already serves on {interface}: end it first{how}.")
        time.sleep(_STEP)


def _holder(name: str) -> int:
    """The process that listens there; 0 when it cannot be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(name)
            credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return 0
        return int(struct.unpack("3i", credentials)[0])


def check(interface: str, address: IPv4Address, ports: tuple[Port, ...]) -> None:
    """Raises PortError when somebody on this machine has one of the ports there."""
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            try:
                probe.bind(("" if port.everywhere else str(address), port.number))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise PortError(f"port {port.number} ({port.what}) cannot be used: {error.strerror}.") from error
                raise PortError(
                    f"port {port.number} ({port.what}) on {interface} is in use by another server on this machine: "
                    f"stop it first; `ss -lunp sport = :{port.number}` names it."
                ) from error


def web(interface: str, address: IPv4Address, port: int | None) -> tuple[socket.socket, str]:
    """A listener for HTTP, and a sentence where it is not at the usual port. `port`: there or nowhere.

    Raises PortError.
    """
    try:
        listener = listen(address, interface, (port,) if port else (HTTP, OTHER_HTTP, 0))
    except OSError as error:
        number = port or HTTP
        if error.errno != errno.EADDRINUSE:
            raise PortError(f"port {number} (HTTP) of {interface} cannot be used: {error.strerror}.") from error
        raise PortError(
            f"port {number} (HTTP) of {interface} is in use by another program on this machine: take another one by "
            f"--http-port; `ss -ltnp sport = :{number}` names that program."
        ) from error
    there = int(listener.getsockname()[1])
    if port or there == HTTP:
        return listener, ""
    return listener, (
        f"Port {HTTP} of {interface} is in use by another program on this machine: the tree is at port {there} by HTTP "
        "(--http-port takes another one)."
    )

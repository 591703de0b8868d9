"""The boot server of somebody else: ISC dhcpd and tftpd-hpa, as rooms have had them before our own.

`tests/run` unpacks both in .cache/servers: installed, they would run on this machine. What dhcpd writes of its leases
is read here, too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / ".cache/servers"

LEASES = "dhcpd.leases"
DHCPD_IS_THERE = b"Server starting service"

_ROOM = """authoritative;
default-lease-time 600;
max-lease-time 600;
subnet {network.network_address} netmask {network.netmask} {{
  range {first} {last};
  option routers {server.ip};
  next-server {server.ip};
  filename "pxelinux.0";
}}
"""

_LEASE = re.compile(r"^lease (\S+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def program(name: str) -> tuple[str, ...]:
    """The words that start `name` with the libraries it was unpacked with, or as it is installed.

    Raises FileNotFoundError when it is not there.
    """
    path = ROOT / "usr/sbin" / name
    if path.exists():
        libraries = ":".join(str(place) for place in sorted((ROOT / "usr/lib").glob("*-linux-gnu")))
        return ("env", f"LD_LIBRARY_PATH={libraries}", str(path))
    installed = shutil.which(name, path="/usr/sbin:/usr/bin")
    if not installed:
        raise FileNotFoundError(f"{name} is neither installed nor in {ROOT}: tests/run unpacks it")
    return (installed,)


def room(server: IPv4Interface, first: IPv4Address, last: IPv4Address) -> str:
    """dhcpd.conf(5) for a room whose PCs boot PXELINUX from `server`."""
    return _ROOM.format(network=server.network, first=first, last=last, server=server)


def dhcpd(directory: Path, card: str, settings: str) -> tuple[str, ...]:
    """ISC dhcpd, which stays in the foreground; its files are in `directory`, its leases in `LEASES`."""
    configuration, leases = directory / "dhcpd.conf", directory / LEASES
    configuration.write_text(settings)
    leases.touch()
    files = ("-cf", str(configuration), "-lf", str(leases), "-pf", str(directory / "dhcpd.pid"))
    return (*program("dhcpd"), "-4", "-f", "-d", *files, card)


def tftpd(tree: Path, server: IPv4Interface) -> tuple[str, ...]:
    """tftpd-hpa, which stays in the foreground and tells nobody what it sends."""
    return (
        *program("in.tftpd"),
        "--foreground",
        "--user",
        "root",
        "--address",
        f"{server.ip}:69",
        "--secure",
        str(tree),
    )


@dataclass(frozen=True)
class Held:
    """A lease that somebody holds."""

    address: str
    mac: str


def held(leases: str) -> tuple[Held, ...]:
    """The leases that are held, by dhcpd.leases(5): of several entries for one address the last one counts."""
    last = dict(_LEASE.findall(leases))
    active = {address: body for address, body in last.items() if "\n  binding state active;" in f"\n{body}"}
    return tuple(Held(address, _mac(body)) for address, body in active.items())


def _mac(body: str) -> str:
    found = re.search(r"hardware ethernet ([0-9a-f:]+);", body)
    return found[1] if found else ""


def twice(leases: Iterable[Held]) -> tuple[str, ...]:
    """The cards that hold more than one lease."""
    macs = [lease.mac for lease in leases]
    return tuple(dict.fromkeys(mac for mac in macs if macs.count(mac) > 1))

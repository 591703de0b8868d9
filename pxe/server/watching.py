"""What keeps PCs from booting while the server runs, and that nobody would see: said once, and again when it is over.

Each rule is a small pure machine that is asked every second; the facts come from the kernel (`facts`).

- A PC's question that arrives at the card (`hearing`), and that dnsmasq neither reads nor logs, was dropped in between.
- What lies unread at port 69 means that dnsmasq has as many transfers as it may.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from itertools import chain, count
from pathlib import Path

from .hearing import Ask, Knock

EVERY = 1.0
"""Seconds between two looks."""

DEAF_AFTER = 5.0
"""Seconds after which dnsmasq has logged a question that it has read. It logs before it does anything else."""

AGAIN_AFTER = 600.0
"""Seconds before the same is said again of another PC."""

STUCK_AFTER = 60.0
"""Seconds in which a loader asks for its first file by HTTP: iPXE waits 13 s for an IPv6 router, a switch for 35."""

SILENT_AFTER = (60.0, 300.0, 1800.0, 7200.0)
"""Seconds since the start after which it is said that nobody has asked; then every so many as the last."""

MOST = 4096
"""Connections that are waited for, the last ones: whoever knocks without end fills no memory."""

_SIOCGIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8913, 0x1, 0x40  # netdevice(7)
_NUMBERED = re.compile(r"dnsmasq-dhcp\[\d+\]: (?:(?P<id>\d+) )?")


@dataclass(frozen=True)
class Facts:
    """`there`: the interface is. `unread`: the ports at which something lies unread."""

    there: bool = True
    up: bool = True
    link: bool = True
    address: bool = True
    unread: frozenset[int] = frozenset()


def facts(interface: str, server: IPv4Interface) -> Facts:
    """What can be seen now, in this network namespace: /sys may show another one's interfaces."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, _SIOCGIFFLAGS, struct.pack("16sH22x", interface.encode(), 0))
        except OSError:
            return Facts(there=False, up=False, link=False)
    (flags,) = struct.unpack("16xH22x", answer)
    try:
        lines = Path("/proc/net/udp").read_text().splitlines()
    except OSError:
        lines = []
    up, running = bool(flags & _IFF_UP), bool(flags & _IFF_RUNNING)
    return Facts(True, up, running, _has(server), frozenset(unread(lines, server)))


def unread(lines: list[str], server: IPv4Interface) -> set[int]:
    """The ports of a boot server at which datagrams lie, from the lines of /proc/net/udp."""
    return {port for port, queue in _sockets(lines, server) if queue}


def listens(server: IPv4Interface, port: int) -> bool:
    """True when somebody has the port at the server's address, or at all; also where that cannot be seen."""
    try:
        lines = Path("/proc/net/udp").read_text().splitlines()
    except OSError:
        return True
    return port in {number for number, _ in _sockets(lines, server)}


def _sockets(lines: list[str], server: IPv4Interface) -> Iterator[tuple[int, int]]:
    """Port, and bytes that lie unread, of the sockets at the server's address or at all."""
    addresses = {"00000000", f"{struct.unpack('=I', server.ip.packed)[0]:08X}"}
    for row in (line.split() for line in lines[1:]):
        address, _, port = row[1].partition(":")
        if address in addresses:
            yield int(port, 16), int(row[4].rpartition(":")[2], 16)


def _has(server: IPv4Interface) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(server.ip), 0))
        except OSError:
            return False
    return True


class Link:
    """The interface: up, connected, with its address."""

    def __init__(self, interface: str, server: IPv4Interface) -> None:
        self._interface, self._server = interface, server
        self._said = ""

    def look(self, seen: Facts) -> str:
        """A sentence, or "" when nothing has changed."""
        now = self._wrong(seen)
        if now == self._said:
            return ""
        self._said = now
        return now or f"{self._interface} is as it should be again: PCs are served."

    def _wrong(self, seen: Facts) -> str:
        name, server = self._interface, self._server
        if not seen.up:
            return f"warning: {name} is down, no PC reaches this server: `ip link set {name} up`."
        if not seen.link:
            return f"warning: {name} has no link, no PC reaches this server: look at the cable and the switch."
        if not seen.address:
            return (
                f"warning: {name} has lost its address, no PC is served: `ip addr add {server} broadcast + dev {name}`."
            )
        return ""


class Silence:
    """Nobody asks."""

    def __init__(self, interface: str, started: float) -> None:
        self._interface, self._started = interface, started
        self._dues = chain(SILENT_AFTER, count(2 * SILENT_AFTER[-1], SILENT_AFTER[-1]))
        self._due = next(self._dues)
        self._asked = False

    def asked(self) -> None:
        self._asked = True

    def look(self, now: float) -> str:
        """A sentence when it is time for one, else ""."""
        since = now - self._started
        if self._asked or since < self._due:
            return ""
        self._due = next(self._dues)
        return (
            f"Nobody has asked to boot for {_long(since)}. Are PCs on, do they boot from the network first, and does a "
            f"cable lead from {self._interface} to their network (switch, VLAN)?"
        )


class Deaf:
    """Questions that arrive at the card, and that dnsmasq does not hear. `relay` is the port of the loopback at which
    it is asked by DHCP, if it is not asked on the wire."""

    def __init__(self, interface: str, relay: int | None = None) -> None:
        self._interface, self._relay = interface, relay
        self._asked: dict[int, tuple[Ask, float]] = {}
        self._knocks: dict[Knock, tuple[int, float]] = {}  # how often, and since when
        self._said: dict[int, float] = {}  # by port

    def asked(self, ask: Ask, now: float) -> None:
        self._asked.setdefault(ask.number, (ask, now))

    def logged(self, line: str) -> None:
        """A line of dnsmasq's log."""
        if match := _NUMBERED.match(line):
            if match["id"]:
                self._asked.pop(int(match["id"]), None)
            else:
                self._asked.clear()  # it has read a question, and does not say whose it was

    def knocked(self, knock: Knock, now: float) -> None:
        """A client begins a connection for HTTP. One that gets an answer does not repeat itself."""
        times, since = self._knocks.pop(knock, (0, now))
        self._knocks[knock] = times + 1, since
        if len(self._knocks) > MOST:
            del self._knocks[next(iter(self._knocks))]

    def opened(self, address: str) -> None:
        """The server of files has a connection of this client."""
        for knock in [knock for knock in self._knocks if knock.address == address]:
            del self._knocks[knock]

    def unopened(self, port: int, now: float) -> list[str]:
        """A client's connection to the `port` of HTTP was never there."""
        late = [knock for knock, (_, since) in self._knocks.items() if now - since >= DEAF_AFTER]
        often = [knock for knock in late if self._knocks.pop(knock)[0] > 1]
        if not often or not self._is_due(port, now):
            return []
        why = dropped(self._interface, port, "TCP")
        return [f"{often[0].address} asks for files by HTTP, but gets no answer: {why}"]

    def look(self, seen: Facts, now: float) -> list[str]:
        late = [ask for ask, since in self._asked.values() if now - since >= DEAF_AFTER]
        said = []
        for ask in late:
            del self._asked[ask.number]
            if (why := self._why(ask.port, seen)) and self._is_due(ask.port, now):
                said.append(f"{ask.mac} asks to boot, but dnsmasq does not hear it: {why}")
        return said

    def _why(self, port: int, seen: Facts) -> str:
        """Why nothing is heard at this port; "" where it may be heard yet."""
        if port not in seen.unread:
            return dropped("lo", port) if port == self._relay else dropped(self._interface, port)
        return "it hangs, or was stopped." if port == self._relay else ""

    def elsewhere(self, ask: Ask, now: float) -> list[str]:
        """A question at the port of proxy DHCP, where a server without --proxy does not listen."""
        if not self._is_due(ask.port, now):
            return []
        return [
            f"{ask.mac} asks for its boot file at UDP port {ask.port}, where this server listens only with --proxy: "
            "another server told it so. Stop that one, or start this with --proxy."
        ]

    def unanswered(self, address: str, name: str, seen: Facts, now: float) -> list[str]:
        """A client's question for a file was not answered."""
        if 69 in seen.unread or not self._is_due(69, now):
            return []
        return [f"{address} asks for {name}, but gets no answer: {dropped(self._interface, 69)}"]

    def _is_due(self, port: int, now: float) -> bool:
        if now - self._said.get(port, -AGAIN_AFTER) < AGAIN_AFTER:
            return False
        self._said[port] = now
        return True


def dropped(interface: str, port: int, protocol: str = "UDP") -> str:
    what = "all that comes over lo" if interface == "lo" else "UDP ports 67, 69 and 4011"
    if protocol == "TCP":
        what = f"TCP port {port}"
    return (
        f"something on this machine drops {protocol} port {port} on {interface}, most likely a firewall "
        f"(`nft list ruleset`, `iptables-save`): let {what} in there, and all answers out."
    )


class Stuck:
    """PCs whose first file was to load the rest by HTTP, and that ask for nothing so. `instead`: for each such file,
    what to do."""

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._loaded: dict[str, tuple[str, float]] = {}  # by address

    def loaded(self, address: str, name: str, now: float) -> None:
        """A PC has loaded a file by TFTP."""
        self._loaded.pop(address, None)
        if name in self._instead:
            self._loaded[address] = name, now
            if len(self._loaded) > MOST:
                del self._loaded[next(iter(self._loaded))]

    def by_http(self, address: str) -> None:
        """A PC asks by HTTP."""
        self._loaded.pop(address, None)

    def look(self, now: float) -> list[tuple[str, str]]:
        """Address and sentence of those that have been silent for `STUCK_AFTER`, each once."""
        late = [address for address, (_, since) in self._loaded.items() if now - since >= STUCK_AFTER]
        names = [(address, self._loaded.pop(address)[0]) for address in late]
        return [
            (address, f"loaded {name}, and asks for nothing by HTTP. {self._instead[name]}") for address, name in names
        ]


class Full:
    """dnsmasq has so many transfers that it reads no further question."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._looks = 0

    def look(self, seen: Facts) -> str:
        """A sentence when it begins, and when it is over."""
        before, self._looks = self._looks, self._looks + 1 if 69 in seen.unread else 0
        if self._looks == 2:
            return (
                f"warning: TFTP answers nobody now: {self._limit} transfers are open, which is the limit, or dnsmasq "
                "is stopped. A transfer that its client has left is kept for about a minute."
            )
        return "TFTP answers again." if before >= 2 and not self._looks else ""


def _long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"

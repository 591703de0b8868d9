"""The cables of a virtual classroom: a bridge, one tap for each machine, and a boot server on the bridge.

Only for use inside `sandbox.run`: the network namespace, and with it everything made here, ends with the run. The
configuration of dnsmasq comes from `pxe.server.dnsmasq`, as for a real room; or the server is somebody else's
(`foreign`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from types import MappingProxyType

from pxe.others import answers, isc
from pxe.server.dnsmasq import BootServer, config
from pxe.server.offers import offers
from pxe.web.files import Said

from . import foreign
from .event_loop import Deadline, EventLoop, Stream, watch_process

log = logging.getLogger(__name__)

BRIDGE = "br0"
SERVER = IPv4Interface("10.77.0.1/23")
"""Room for 255 machines and more."""

ROUTER = SERVER.network[2]
"""The room's router, as machines are told; it is not there, and nobody needs it."""

ROUTER6 = "fd00:75:64::1/64"
"""iPXE waits 13 s for an IPv6 router that does not answer. Most rooms have one, so this one has too."""

START_SECONDS = 30.0
"""A boot server listens for other ones first."""

SERVES = b"Boot server on "
"""What `python3 -m pxe serve` says when it does."""

_ROUTER6_CONFIG = "enable-ra\ndhcp-range=fd00:75:64::,ra-only,64\nra-param=br0,60,0\n"


_PROJECT = Path(__file__).resolve().parents[2]


class NetworkError(Exception):
    """One sentence: which step of the virtual network failed."""


def tap(number: int) -> str:
    """The name of the tap for seat `number`."""
    return f"tap{number}"


def make_bridge(seats: int) -> None:
    """Make the bridge, with the boot server's address, and `seats` taps on it. Raises NetworkError.

    Multicast snooping is off: without a querier on the bridge it would drop the multicasts after some minutes.
    """
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0", "forward_delay", "0", "stp_state", "0")
    ip("link", "set", BRIDGE, "addrgenmode", "none")
    for address in (str(SERVER), "fe80::1/64", ROUTER6):
        ip("address", "add", address, "dev", BRIDGE, *(["nodad"] if ":" in address else ["broadcast", "+"]))
    ip("link", "set", BRIDGE, "up")
    for number in range(seats):
        make_tap(number)


def make_tap(number: int) -> None:
    """One more cable on the bridge. Raises NetworkError."""
    ip("tuntap", "add", "dev", tap(number), "mode", "tap")
    ip("link", "set", tap(number), "master", BRIDGE, "up")


def ip(*words: str) -> None:
    """Run ip(8). Raises NetworkError with its message."""
    command = ["ip", *words]
    log.debug("$ %s", shlex.join(command))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"`{shlex.join(command)}` failed: {done.stderr.strip()}")


class Network:
    """The bridge with a boot server on it: DHCP, and TFTP from `tree`. A context manager.

    `on_line` gets each line that the server says; `log` is all of it. `ended` is true when a part of it died.
    """

    def __init__(
        self,
        directory: Path,
        tree: Path,
        seats: int,
        loop: EventLoop,
        on_line: Callable[[str], None] | None = None,
        *,
        of_others: bool = False,
        serving: tuple[str, ...] = (),
        chosen: Mapping[str, str] = MappingProxyType({}),
        http: bool = False,
    ) -> None:
        """`chosen`: what clients load first, by the boot server's options for their kinds, if not the usual files;
        `http`: the tree is to be had by HTTP as well. `of_others`: the boot server is ISC dhcpd with tftpd-hpa.
        `serving`: it is this command, which serves BRIDGE by itself, says `SERVES` when it does, and ends at SIGTERM.
        """
        self.log = bytearray()
        self.ended = False
        self._directory, self._tree, self._seats = directory, tree, seats
        self._loop, self._on_line, self._of_others, self._serving = loop, on_line, of_others, serving
        self._chosen, self._http = chosen, http
        self._rest = b""
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Network:
        with contextlib.ExitStack() as stack:
            make_bridge(self._seats)
            self._start_server(stack)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def leases(self) -> tuple[foreign.Held, ...]:
        """The leases that are held now, as dhcpd tells."""
        return foreign.held((self._directory / foreign.LEASES).read_text()) if self._of_others else ()

    def _start_server(self, stack: contextlib.ExitStack) -> None:
        settings = server_settings(self._directory, self._tree, self._chosen)
        if self._serving:
            self._start(self._dnsmasq("router.conf", f"port=0\nlog-facility=-\n{_ROUTER6_CONFIG}"), b"", stack)
            self._start(self._serving, SERVES, stack)
        elif self._of_others:
            assert settings.first and settings.last
            kinds = isc.render(
                answers.Served(SERVER.ip, settings.url.rstrip("/") if self._http else "", _files(self._tree))
            )
            room = f"{foreign.room(SERVER, settings.first, settings.last)}{kinds}\n"
            self._start(self._dnsmasq("router.conf", f"port=0\nlog-facility=-\n{_ROUTER6_CONFIG}"), b"", stack)
            self._start(foreign.tftpd(self._tree, SERVER), b"", stack)
            self._start(foreign.dhcpd(self._directory, BRIDGE, room), foreign.DHCPD_IS_THERE, stack)
        else:
            self._start(self._dnsmasq("dnsmasq.conf", config(settings) + _ROUTER6_CONFIG), b"TFTP root is", stack)

        if self._http and not self._serving:
            words = ("env", f"PYTHONPATH={_PROJECT}", sys.executable, "-m", "qemu.host.web")
            self._start((*words, str(SERVER.ip), str(self._tree)), Said.SERVES.value.encode(), stack)

    def _dnsmasq(self, name: str, settings: str) -> tuple[str, ...]:
        path = self._directory / name
        path.write_text(settings)
        # --no-daemon: in a user namespace there is only root, and dnsmasq fails when it cannot give root up.
        return ("dnsmasq", f"--conf-file={path}", "--no-daemon")

    def _start(self, words: tuple[str, ...], ready: bytes, stack: contextlib.ExitStack) -> None:
        """Start a part of the server, and wait until it has said that it is `ready`."""
        command = ["setpriv", "--pdeathsig", "KILL", *words]
        log.debug("$ %s", shlex.join(command))
        ours, theirs = socket.socketpair()
        stream = Stream(self._loop, ours, self._feed)
        stack.callback(stream.close)
        with theirs:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=theirs.fileno(), stderr=theirs.fileno()
            )
        stack.callback(_end, process)
        pidfd = watch_process(self._loop, process.pid, self._server_ended)
        stack.callback(os.close, pidfd)
        stack.callback(self._loop.remove, pidfd)
        self._loop.until(lambda: ready in self.log or self.ended, Deadline(START_SECONDS), "the boot server's start")
        if self.ended:
            stream.drain()
            raise NetworkError(f"{shlex.join(words)} did not start: {self.log.decode(errors='replace').strip()}")

    def _server_ended(self) -> None:
        self.ended = True

    def _feed(self, data: bytes) -> None:
        self.log += data
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self._on_line:
                self._on_line(line.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """A server of ours clears away what it has made; others have nothing that outlives the run."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def server_settings(directory: Path, tree: Path, chosen: Mapping[str, str] = MappingProxyType({})) -> BootServer:
    """What the boot server of a virtual classroom serves."""
    return BootServer(
        interface=BRIDGE,
        server=SERVER,
        tftp_root=tree,
        lease_file=directory / "leases",
        first=SERVER.network[16],
        last=SERVER.network[-2],
        router=ROUTER,
        offers=offers(_files(tree), chosen),
    )


def _files(tree: Path) -> frozenset[str]:
    return frozenset(path.name for path in tree.glob("*"))


@dataclass(frozen=True)
class Served:
    """Something the boot server did for a client: `what` is ``dhcp`` or the name of a file sent over TFTP."""

    what: str
    address: str
    mac: str | None = None


def parse_server_line(line: str) -> Served | None:
    """One line of dnsmasq's log (src/rfc2131.c, src/tftp.c) or dhcpd's (server/dhcp.c), or of our HTTP's
    (`pxe.web.files`); None when it tells nothing
    of that kind."""
    if match := re.search(r"DHCPACK(?:\(\S+\)| on) (\S+)(?: to)? ([0-9a-f:]{17})", line):
        return Served("dhcp", match[1], match[2])
    if match := re.search(r"sent \S*?([^/\s]+) to (\S+)$", line):
        return Served(match[1], match[2])
    if took := re.fullmatch(r'\["took", "(\S+)", "(\S+)", \[\d+, (\d+)\], \[\d+, \d+\], (\d+)\]', line):
        return Served(took[2], took[1]) if took[3] == took[4] else None
    return None

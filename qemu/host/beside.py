"""Two servers in one network: somebody else's DHCP server, on a machine of its own, and what boots the PCs beside it.

For use inside `sandbox.run`, as `network`. The other machine is a network namespace that a process holds; its card is
on the bridge.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import foreign
from .event_loop import EventLoop
from .network import SERVER, SERVES, Network, ip

OTHER = "10.77.0.254"
"""The other server's address."""
CARD = "school"
FIRST, LAST = SERVER.network[16], SERVER.network[200]

ROOM = """authoritative;
ping-check false;
{lines}
subnet {network.network_address} netmask {network.netmask} {{
  range {first} {last};
  option routers {router};
  next-server {next_server};
}}
"""


def settings(next_server: str, lines: str = "") -> str:
    """dhcpd.conf(5) of a server that gives addresses, names `next_server` (siaddr), and says `lines` besides."""
    return ROOM.format(
        network=SERVER.network, first=FIRST, last=LAST, router=OTHER, next_server=next_server, lines=lines
    )


class Beside(Network):
    """The bridge with both servers. ISC dhcpd with `elsewhere` as its configuration is on the other machine; here is
    `serving` (which says `SERVES`), or tftpd-hpa and Python's web server with `tree`."""

    def __init__(
        self,
        directory: Path,
        tree: Path,
        loop: EventLoop,
        on_line: Callable[[str], None],
        elsewhere: str,
        serving: tuple[str, ...] = (),
    ) -> None:
        super().__init__(directory, tree, 1, loop, on_line, serving=serving)
        self._elsewhere = elsewhere

    def _start_server(self, stack: contextlib.ExitStack) -> None:
        inside = other_machine(stack, CARD, (OTHER,))
        dhcpd = foreign.dhcpd(self._directory, CARD, self._elsewhere)
        self._start((*inside, *dhcpd), foreign.DHCPD_IS_THERE, stack)
        if self._serving:
            self._start(self._serving, SERVES, stack)
        else:
            web = ("--bind", str(SERVER.ip), "--directory", str(self._tree), "80")
            self._start((sys.executable, "-u", "-m", "http.server", *web), b"Serving HTTP", stack)
            self._start(foreign.tftpd(self._tree, SERVER), b"", stack)


def other_machine(stack: contextlib.ExitStack, card: str, addresses: Sequence[str]) -> tuple[str, ...]:
    """Make another machine, whose `card` on the bridge has these addresses; returns the words that run a command on
    it."""
    holder = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", "echo made; exec sleep infinity"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    stack.callback(holder.wait)
    stack.callback(holder.kill)
    assert holder.stdout
    holder.stdout.readline()
    inside = ("nsenter", f"--net=/proc/{holder.pid}/ns/net")
    ip("link", "add", f"{card}-port", "type", "veth", "peer", "name", card, "netns", str(holder.pid))
    ip("link", "set", f"{card}-port", "master", "br0", "up")
    given = [f"address add {one}/{SERVER.network.prefixlen} broadcast + dev {card}" for one in addresses]
    for words in (*given, f"link set {card} up", "link set lo up"):
        subprocess.run([*inside, "ip", *words.split()], check=True)
    return inside

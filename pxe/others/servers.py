"""The DHCP servers of others that are known: one row each. A test holds each row against the real server, where Debian
has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import dnsmasq, isc, kea, windows
from .answers import Served, answers, unanswered


@dataclass(frozen=True)
class Server:
    """A DHCP server. `where` says where the lines go, `check` how to see that they are right, `counts` what
    counts more or less than they do."""

    name: str
    title: str
    where: str
    check: str
    counts: str
    render: Callable[[Served], str]


SERVERS = (
    Server(
        "isc",
        "ISC dhcpd",
        "at the top of /etc/dhcp/dhcpd.conf, outside of all braces",
        "`dhcpd -t`, then `systemctl restart isc-dhcp-server`",
        "A `host` that names a boot file of its own counts more than these lines.",
        isc.render,
    ),
    Server(
        "kea",
        "Kea",
        'in /etc/kea/kea-dhcp4.conf, in "Dhcp4", with a comma behind it; where there are "client-classes" already, the '
        "classes go into that list",
        "`kea-dhcp4 -t /etc/kea/kea-dhcp4.conf`, then `systemctl restart kea-dhcp4-server`",
        'A reservation with a "boot-file-name" of its own counts more than these lines.',
        kea.render,
    ),
    Server(
        "dnsmasq",
        "dnsmasq",
        "as /etc/dnsmasq.d/udpcast.conf",
        "`dnsmasq --test`, then `systemctl restart dnsmasq`",
        "They count more than a `dhcp-boot` without a tag.",
        dnsmasq.render,
    ),
    Server(
        "windows",
        "Windows DHCP server",
        "in PowerShell on the server, as administrator",
        "`Get-DhcpServerv4Policy` shows them; they count at once",
        "A reservation with options 66 and 67 of its own counts more than these policies.",
        windows.render,
    ),
)


def told(served: Served, names: tuple[str, ...] = ()) -> list[str]:
    """What to add to the servers of these names (default: all), and whom it does not help; lines to be shown."""
    lines = []
    for one in SERVERS:
        if names and one.name not in names:
            continue
        lines += [f"{one.title}: {one.where}.", "", one.render(served), "", f"Check: {one.check}. {one.counts}", ""]
    return [*lines, *_remarks(served)]


def _remarks(served: Served) -> list[str]:
    if not answers(served):
        return ["The tree has no boot loader: write it with `tree` first."]
    lines = []
    missing = unanswered(served)
    if by_pxe := [one.name for one in missing if not one.http]:
        lines.append(f"The tree has nothing for {', '.join(by_pxe)}: such PCs are told what they were told before.")
    if not served.http:
        lines.append("With --http, the URL where a web server serves the tree, PCs load by HTTP where they can.")
    elif by_http := [one.name for one in missing if one.http]:
        lines.append(f"Nor for {', '.join(by_http)}.")
    return lines

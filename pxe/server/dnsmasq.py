"""dnsmasq's configuration for a boot server, as text: DHCP and TFTP, or proxy DHCP beside another server.

Pure: nothing is started and no file is touched. Options are those of dnsmasq(8), version 2.80 and later.
The DNS part of dnsmasq stays off (``port=0``). It is never authoritative: that would be to refuse (DHCPNAK) whatever
address a PC has from another server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from ..entries.architectures import BY_HTTP, LPXELINUX
from ..entries.loaders import PXELINUX
from ..proxy.services import services
from .offers import IPXE_SCRIPT, PLAIN, Offer

BOOT_FILE = PXELINUX.files[0]


class ConfigError(ValueError):
    """One sentence: which setting dnsmasq could not be given."""


@dataclass(frozen=True)
class Host:
    """A client with an address of its own. `mac` as aa:bb:cc:dd:ee:ff."""

    mac: str
    address: IPv4Address


@dataclass(frozen=True)
class BootServer:
    """What to serve, and where.

    `server` is this machine's address on `interface`, with the prefix. `first` and `last` bound the addresses that are
    leased (both None: only to `hosts`; with `proxy`: none at all). `lease` in seconds, at least 120 (dnsmasq's
    minimum). `port`: DHCP is spoken on the loopback only, at this port, with `relay`; None: on the wire. `router`
    None: clients get no default route. `user` None: dnsmasq's own choice (it gives up root); in a user namespace only
    root will do. `transfers`: so many by TFTP at once (0: dnsmasq's 50), for each of which it needs a descriptor.
    `offers`: what each kind of client loads first. `http`: the TCP port where the tree is to be had by HTTP, too.
    """

    interface: str
    server: IPv4Interface
    tftp_root: Path
    lease_file: Path
    first: IPv4Address | None = None
    last: IPv4Address | None = None
    lease: int = 3600
    hosts: tuple[Host, ...] = ()
    proxy: bool = False
    port: int | None = None
    router: IPv4Address | None = None
    pid_file: Path | None = None
    user: str | None = None
    transfers: int = 0
    offers: tuple[Offer, ...] = PLAIN
    http: int = 80

    @property
    def url(self) -> str:
        """The tree by HTTP, with a slash at its end."""
        return f"http://{self.server.ip}{'' if self.http == 80 else f':{self.http}'}/"


def config(settings: BootServer) -> str:
    """The configuration file, for `dnsmasq --conf-file=FILE`, in the foreground and with its log on standard error.

    Raises ConfigError.
    """
    _check(settings)
    lines = [
        "port=0",
        "keep-in-foreground",
        "log-facility=-",
        "log-dhcp",
        "no-ping",
        # An address with a label (ip-address(8)) belongs to no `interface` of dnsmasq's.
        f"listen-address={settings.server.ip}",
        *(_loopback(settings) if settings.port else [f"interface={settings.interface}", "except-interface=lo"]),
        "bind-interfaces",
        f"enable-tftp={settings.interface}",
        *([f"tftp-max={settings.transfers}"] if settings.transfers else []),
        f"tftp-root={settings.tftp_root}",
        f"dhcp-leasefile={settings.lease_file}",
        f"pid-file={settings.pid_file or ''}",
    ]
    if settings.user:
        lines += [f"user={settings.user}", "group="]  # a user namespace may not change its groups either
    lines += _proxy(settings) if settings.proxy else _dhcp(settings)
    return "\n".join(lines) + "\n"


def _loopback(settings: BootServer) -> list[str]:
    return ["interface=lo", f"no-dhcp-interface={settings.interface}", f"dhcp-alternate-port={settings.port}"]


def _dhcp(settings: BootServer) -> list[str]:
    netmask = settings.server.netmask
    first, last = settings.first, settings.last
    leased = f"{first},{last}" if first and last else f"{settings.server.network.network_address},static"
    return [
        f"dhcp-range={leased},{netmask},{settings.lease}",
        *_boot(settings),
        f"dhcp-option=option:router{f',{settings.router}' if settings.router else ''}",
        *(f"dhcp-host={host.mac},{host.address}" for host in settings.hosts),
    ]


def _boot(settings: BootServer) -> list[str]:
    """What is loaded first, by the client's kind (option 93, RFC 4578). A client that does not say its kind is an old
    BIOS; one of a kind that is not offered gets no file."""
    server = settings.server.ip
    lines = ["dhcp-match=set:ipxe,175", "dhcp-userclass=set:ipxe,iPXE", "dhcp-match=set:kind,option:client-arch"]
    for offer in settings.offers:
        for number in offer.kind.numbers:
            lines.append(f"dhcp-match=set:kind{number},option:client-arch,{number}")
            tags = [f"tag:kind{number}", *(["tag:!kind"] if number == 0 else [])]
            for tag in tags:
                if offer.ipxe:
                    lines.append(f"dhcp-boot={tag},tag:ipxe,{settings.url}{IPXE_SCRIPT},,{server}")
                if offer.file:
                    others = ",tag:!ipxe" if offer.ipxe else ""
                    file = f"{settings.url}{offer.file}" if offer.kind.http else offer.file
                    lines.append(f"dhcp-boot={tag}{others},{file},,{server}")
                if offer.file == LPXELINUX:
                    lines.append(f"dhcp-option-force={tag},210,{settings.url}")
            if offer.file and offer.kind.http:  # the firmware takes no answer without it (UEFI specification, 24.7.4)
                lines.append(f"dhcp-option-force=tag:kind{number},60,{BY_HTTP}")
    return lines


def _proxy(settings: BootServer) -> list[str]:
    by_pxe = [one for one in settings.offers if not one.kind.http]
    files = {number: one.file for one in by_pxe for number in one.kind.numbers}
    by_script = [number for one in by_pxe if one.ipxe for number in one.kind.numbers]
    return [
        f"dhcp-range={settings.server.network.network_address},proxy,{settings.server.netmask}",
        *services(settings.server.ip, files, f"{settings.url}{IPXE_SCRIPT}", by_script),
    ]


def _check(settings: BootServer) -> None:
    if settings.proxy and (settings.first or settings.last or settings.hosts):
        what = "--range" if settings.first or settings.last else "the fixed addresses"
        raise ConfigError(f"proxy DHCP gives no addresses, the server that is there does: leave out {what}.")
    if (settings.first is None) != (settings.last is None):
        raise ConfigError("a range of addresses needs both its first and its last address.")
    if settings.lease < 120:
        raise ConfigError(f"a lease of {settings.lease} s is too short: dnsmasq's minimum is 120 s.")
    for path in (settings.tftp_root, settings.lease_file, settings.pid_file):
        if path is not None and (not path.is_absolute() or re.search(r'[\n",#\\]', str(path))):
            raise ConfigError(f'"{path}" cannot be given to dnsmasq: an absolute path without quotes, commas or "#".')
    network = settings.server.network
    for address in filter(None, (settings.first, settings.last, *(host.address for host in settings.hosts))):
        if address not in network or address in {network.network_address, network.broadcast_address}:
            raise ConfigError(f"{address} is no client address in {network}, the network of {settings.interface}.")
        if address == settings.server.ip and address not in {settings.first, settings.last}:
            raise ConfigError(f"{address} is this server's own address.")
    if settings.first and settings.last and settings.first > settings.last:
        raise ConfigError(f"the range {settings.first} to {settings.last} runs backwards.")


def default_range(server: IPv4Interface) -> tuple[IPv4Address, IPv4Address]:
    """All client addresses of the server's network but its own: the longer of the two runs around it.

    Raises ConfigError when the network has no room for a client.
    """
    network = server.network
    below = int(server.ip) - int(network.network_address) - 1
    above = int(network.broadcast_address) - int(server.ip) - 1
    if max(below, above) < 1:
        raise ConfigError(f"{network} has no room for clients: give the interface an address with a shorter prefix.")
    if below > above:
        return network.network_address + 1, server.ip - 1
    return server.ip + 1, network.broadcast_address - 1

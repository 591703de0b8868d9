"""Which interface, and which of its addresses a boot server uses; why, in words.

`choose` and `check_name` are pure; `on_interface` asks ip(8). Of several addresses the one counts whose network has the
range; else a private one (RFC 1918), for a room's network nearly always is.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

Span = tuple[IPv4Address, IPv4Address]


class AddressError(Exception):
    """One sentence: which interface or address cannot be used, and what to do."""


@dataclass(frozen=True)
class Address:
    """An IPv4 address of an interface. `label` is the interface's name, or an alias of it (ip-address(8))."""

    interface: IPv4Interface
    label: str = ""


@dataclass(frozen=True)
class Choice:
    """`why` is "" where nothing was to be chosen."""

    address: IPv4Interface
    why: str = ""


def check_name(name: str) -> str:
    """The name as it is. Raises ValueError, whose sentence completes the usage."""
    if name == "lo":
        raise ValueError("lo leads to this machine only, no PC is there: name the card on the room's network")
    card, colon, _ = name.partition(":")
    if colon:
        raise ValueError(
            f'"{name}" is an alias, a second address of {card}: use --interface {card} with --address and that address'
        )
    card, at, _ = name.partition("@")
    if at:
        raise ValueError(f'"{name}" is how `ip` shows it; the interface is called {card}')
    if not re.fullmatch(r"[^\s/*,]{1,15}", name) or name in {".", ".."}:
        raise ValueError(f'"{name}" is no name of an interface, e.g. eth1; `ip link` shows them')
    return name


def on_interface(name: str) -> tuple[Address, ...]:
    """The IPv4 addresses of the interface, in the kernel's order. Raises AddressError where no PC can be behind it."""
    command = ["ip", "-j", "-4", "addr", "show", "dev", name]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        names = ", ".join(card for _, card in socket.if_nameindex() if card != "lo")
        raise AddressError(f"there is no interface {name}: use one of {names or 'those that `ip link` shows'}.")
    cards = [card for card in json.loads(done.stdout) if card]
    flags = {flag for card in cards for flag in card.get("flags", [])}
    if "LOOPBACK" in flags:
        raise AddressError(f"{name} leads to this machine only: name the card on the room's network.")
    if cards and "BROADCAST" not in flags:
        raise AddressError(
            f"{name} has no broadcast, so no PC can ask through it: name the card on the room's network."
        )
    return tuple(_address(entry, name) for card in cards for entry in card.get("addr_info", []))


def _address(entry: dict[str, object], name: str) -> Address:
    return Address(IPv4Interface(f"{entry['local']}/{entry['prefixlen']}"), str(entry.get("label", name)))


def choose(name: str, addresses: Sequence[Address], wanted: IPv4Address | None, span: Span | None) -> Choice:
    """The address to serve from. Raises AddressError."""
    if not addresses:
        raise AddressError(
            f"{name} has no IPv4 address: give it one first, "
            f"e.g. `ip addr add 10.77.0.1/24 broadcast + dev {name}`, and `ip link set {name} up`."
        )
    there = ", ".join(str(address.interface) for address in addresses)
    if wanted is not None:
        for address in addresses:
            if address.interface.ip == wanted:
                return Choice(address.interface)
        raise AddressError(f"{name} has no address {wanted}: it has {there}.")
    chosen, why = _best(addresses, span)
    if len(addresses) == 1:
        return Choice(chosen)
    return Choice(chosen, f"{name} has {there}: {chosen.ip} is used, {why} (--address takes another one).")


def _best(addresses: Sequence[Address], span: Span | None) -> tuple[IPv4Interface, str]:
    """Raises AddressError."""
    usable = [address.interface for address in addresses if address.interface.network.prefixlen <= 30]
    if span:
        fitting = [address for address in usable if all(end in address.network for end in span)]
        if fitting:
            return fitting[0], f"for {span[0]} to {span[1]} lie in its network"
    for address in usable:
        if any(address.ip in network for network in PRIVATE):
            return address, "the first private one" if not span else "though the range lies in none of their networks"
    return (usable or [addresses[0].interface])[0], "the first one that has room for PCs"

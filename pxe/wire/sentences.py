"""What a boot server says of the other servers on its wire. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from .others import LONG, Gives, Other

_KINDS = {Gives.ADDRESSES: "DHCP server", Gives.BOOT: "boot server (proxy DHCP)"}
_MINUTES = f"{LONG / 60:.0f} min"


def refusal(interface: str, one: Other, proxy: bool, force: bool) -> str:
    """Why nothing is served beside this server; "" where it is not in the way."""
    if force or (proxy and one.gives is Gives.ADDRESSES):
        return ""
    if one.gives is Gives.ADDRESSES:
        return (
            f"a DHCP server ({one.address}) already answers on {interface}: two would give out addresses twice. "
            "Use --proxy to boot beside it, or --force if you know better."
        )
    return (
        f"another boot server ({one.address}, by proxy DHCP) already answers on {interface}: PCs would start what "
        "either of them names. Stop it first, or use --force if you know better."
    )


def first_look(interface: str, found: tuple[Other, ...], proxy: bool, seconds: float) -> Iterator[str]:
    """What came of the first look, where it did not end in a refusal."""
    addresses = [one for one in found if one.gives is Gives.ADDRESSES]
    for one in found:
        if one.gives is Gives.BOOT or not proxy:
            yield f"warning: the {_KINDS[one.gives]} {one.address} is on {interface} too; --force goes on all the same."
        elif one.is_boot_server or one.boot_file:
            yield f"warning: {_names_a_file(one)}"
    if not addresses and proxy:
        yield (
            f"warning: no DHCP server answers on {interface}; beside --proxy one must give the addresses. (One that "
            "answers only the PCs it knows is silent until they ask.)"
        )
    elif not addresses:
        yield (
            f"No other DHCP server answered on {interface} in {seconds:g} s. One that answers only PCs it knows, or "
            "starts later, shows itself later: this goes on listening, and then gives no new addresses."
        )


def whom(everybody: bool) -> str:
    """Who is answered."""
    if everybody:
        return "Addresses are given to everybody who asks (--all)."
    return (
        "Addresses are given to PCs that boot from the network; whoever else asks is not answered (--all: everybody)."
    )


def new(interface: str, one: Other, proxy: bool, force: bool) -> str:
    """A server that is heard of for the first time, while ours runs."""
    what = f"{one.address} ({one.did})"
    if one.gives is Gives.BOOT:
        return (
            f"another boot server (proxy DHCP) is on {interface}: {what}. PCs may start what it names, not the "
            "launcher: stop one of the two."
        )
    if proxy:
        more = f" But {_names_a_file(one)}" if one.is_boot_server or one.boot_file else ""
        return f"the DHCP server {one.address} gives addresses on {interface}.{more}"
    beginning = f"ANOTHER DHCP SERVER is on {interface}: {what}."
    if force:
        return f"{beginning} This one goes on giving addresses as well (--force): two PCs may get the same one."
    return (
        f"{beginning} From now on no PC gets a new address here; those that have one keep it, and downloads go on. "
        "If it belongs there, end this (Ctrl-C) and start it again with --proxy. If not, switch it off, and start this "
        "again. (--force: addresses all the same.)"
    )


def clash(one: Other, holder: str, client: str) -> str:
    """Another server gives `client` an address that `holder` has from this one."""
    return (
        f"TWO PCs GET {one.about}: {holder} has it from this server, and {client} from the DHCP server {one.address}. "
        "Switch one of the two off. Then start this again with a --range that is free: no reservation, no pool of the "
        "other server."
    )


def own_address(one: Other, client: str, interface: str) -> str:
    """Another server gives `client` the address that this machine has."""
    return (
        f"{one.about} is this machine's own address, and the DHCP server {one.address} gives it to {client}: give "
        f"{interface} an address that is in no reservation and no pool of that server, and start this again."
    )


def silent(server: IPv4Address, gives: Gives, *, closed: bool) -> str:
    """A server that has not been heard for long."""
    beginning = f"the {_KINDS[gives]} {server} has not been heard for {_MINUTES}."
    if gives is Gives.ADDRESSES and closed:
        return (
            f"{beginning} It may be there all the same, and answer only PCs it knows: there are still no new "
            "addresses here. If you know that it is gone, end this and start it again."
        )
    return beginning


def back(server: IPv4Address) -> str:
    """A silent server that is heard again."""
    return f"{server} is heard again."


def turned_away(mac: str, one: Other) -> str:
    """A PC that would get an address if no other server were there."""
    return f"{mac:17}  {'':15}  asks to boot, and gets no address here: the DHCP server {one.address} is there"


def _names_a_file(one: Other) -> str:
    what = f'tells PCs to load "{one.boot_file}"' if one.boot_file else "calls itself a boot server"
    return f"the DHCP server {one.address} {what}: PCs may start that, not the launcher. Take it out of its settings."

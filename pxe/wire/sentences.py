"""What a boot server says of the other servers on its wire. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Interface

from ..entries.room import Machine
from .others import LONG, Gives, Other

_KINDS = {Gives.ADDRESSES: "DHCP server", Gives.BOOT: "boot server (proxy DHCP)"}
SHOWN = 5
"""PCs that are named in one sentence."""
_MINUTES = f"{LONG / 60:.0f} min"


def refusal(interface: str, one: Other, proxy: bool, force: bool) -> str:
    """Why nothing is served beside this server; "" where it is not in the way."""
    if force or (proxy and one.gives is Gives.ADDRESSES):
        return ""
    if one.gives is Gives.ADDRESSES:
        return (
            f"a DHCP server ({one.address}) already answers on {interface}: two would give out addresses twice. "
            "Let it give addresses to the PCs of the room, and use --proxy to boot beside it; or --force if you know "
            "better."
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
        elif one.names_a_file:
            yield f"warning: {names_a_file(one)}"
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


def answered(one: Other, machines: Collection[Machine], macs: Collection[str], stranger: str) -> str:
    """For whom this server answered, and for whom not: `macs` of the room's `machines`; "" where it answered for all,
    or for a `stranger`."""
    missing = [machine.title for machine in machines if machine.mac not in macs]
    if stranger in macs or not missing:
        return ""
    these = [machine.title for machine in machines if machine.mac in macs]
    return (
        f"The DHCP server {one.address} answered for {_some(these) or 'none of the PCs of the room'}, and not for "
        f"{_some(missing)}."
    )


def other_network(interface: str, own: IPv4Interface, one: Other, given: Collection[IPv4Address]) -> str:
    """A server whose addresses (those that it `given`) are all of another network than this card's; "" where not."""
    if not given or any(address in own.network for address in given):
        return ""
    return (
        f"{interface} has {own}, but the DHCP server {one.address} gives PCs addresses of another network, such as "
        f"{min(given)}: they may not reach this machine. Give {interface} an address of that network, and start this "
        "again."
    )


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def no_address(mac: str, name: str) -> str:
    """A PC that asks again and again, beside a server that should give it an address."""
    text = "asks to boot again and again, but no server gives it an address: let the DHCP server give it one, too"
    return _row(mac, name, text)


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
        more = f" But {names_a_file(one)}" if one.names_a_file else ""
        return f"the DHCP server {one.address} gives addresses on {interface}.{more}"
    beginning = f"ANOTHER DHCP SERVER is on {interface}: {what}."
    if force:
        return f"{beginning} This one goes on giving addresses as well (--force): two PCs may get the same one."
    return (
        f"{beginning} From now on no PC gets a new address here; those that have one keep it, and downloads go on. "
        "If it belongs there, let it give addresses to the PCs of the room, end this (Ctrl-C) and start it again with "
        "--proxy. If not, switch it off, and start this again. (--force: addresses all the same.)"
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


def turned_away(mac: str, name: str, one: Other) -> str:
    """A PC that would get an address if no other server were there."""
    return _row(mac, name, f"asks to boot, and gets no address here: the DHCP server {one.address} is there")


def _row(mac: str, name: str, text: str) -> str:
    return f"{mac:17}  {'':15}  {f'{name} ' if name else ''}{text}"


def names_a_file(one: Other) -> str:
    """A server that gives addresses, beside --proxy, and a boot file as well."""
    what = f'tells PCs to load "{one.boot_file}"' if one.boot_file else "calls itself a boot server"
    return f"the DHCP server {one.address} {what}: PCs may start that, not the launcher. Take it out of its settings."

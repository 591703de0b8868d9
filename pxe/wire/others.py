"""What is heard of other servers on the wire: DHCP servers that give addresses, and boot servers. Pure.

A server shows itself by what it sends (an offer, an acknowledgement, a refusal), and by a client that has chosen it:
that request goes to everybody, also where the answers do not come here. A server that is heard of is said once; that it
has been silent for `LONG`, and that it is back, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address

from .message import BOOTING, Kind, Option
from .wire import Heard

LONG = 1800.0
"""Seconds after which a server may be gone. It may be silent all the same: many answer only the PCs that they know."""

MOST = 16
"""Servers that are kept: whoever invents them fills neither memory nor screen."""


class Gives(Enum):
    """What a server gives to its clients."""

    ADDRESSES = "addresses"
    BOOT = "boot"  # proxy DHCP: a boot file, and no address


@dataclass(frozen=True)
class Other:
    """Another server. `relay` is a router that its answers come through, `boot_file` what it tells PCs to load.

    `client` is the PC that showed it, `about` the address that it gives to this PC, `next_server` where it says that
    the boot file is (None: nothing was heard of that), `transaction` which question it answers.
    """

    server: IPv4Address
    gives: Gives
    did: str
    relay: IPv4Address | None = None
    is_boot_server: bool = False
    boot_file: str = ""
    client: str = ""
    about: IPv4Address | None = None
    next_server: IPv4Address | None = None
    transaction: bytes = b""

    @property
    def names_a_file(self) -> bool:
        """Whether PCs may start what it names. A server may name that to one kind of client, and not to another."""
        return self.is_boot_server or bool(self.boot_file)

    @property
    def address(self) -> str:
        """Its address, and the way to it."""
        return f"{self.server} (by way of {self.relay})" if self.relay else str(self.server)


def other(heard: Heard, server: IPv4Address | None = None) -> Other | None:
    """The server that a message shows; None when it shows none but `server`, which is ours."""
    said = heard.message
    found = _answer(heard) if said.is_reply else _choice(heard)
    return found if found and found.server != server else None


def _answer(heard: Heard) -> Other | None:
    said = heard.message
    if said.kind not in (Kind.OFFER, Kind.ACK, Kind.NAK):
        return None
    source = said.server or heard.source
    is_boot_server = said.vendor.startswith(BOOTING[:2])
    if is_boot_server and not int(said.given):
        did = "answers PCs that boot"
        return Other(source, Gives.BOOT, did, is_boot_server=True, boot_file=said.boot_file, client=said.mac)
    relay = heard.source if heard.source != source else None
    done = {Kind.OFFER: "offered", Kind.ACK: "gave", Kind.NAK: "refused an address"}[said.kind]
    did = f"{done} {said.given}" if int(said.given) else "refused an address" if said.kind is Kind.NAK else "answers"
    about = said.given if int(said.given) else None
    did = f"{did} to {said.mac}"
    names = None if said.kind is Kind.NAK else said.next_server
    return Other(
        source, Gives.ADDRESSES, did, relay, is_boot_server, said.boot_file, said.mac, about, names, said.transaction
    )


def _choice(heard: Heard) -> Other | None:
    said = heard.message
    wanted = said.address(Option.REQUESTED)
    if said.kind is not Kind.REQUEST or not said.server or not wanted or not int(said.server):
        return None
    did = f"is asked by {said.mac} for {wanted}"
    return Other(said.server, Gives.ADDRESSES, did, client=said.mac, about=wanted)


class News(Enum):
    """What is to be said of a server."""

    NEW = "new"
    NAMES = "names"  # one that was heard of names a boot file, for the first time
    SILENT = "silent"
    BACK = "back"


class Others:
    """The servers that were heard of. Times are those of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._heard: dict[tuple[IPv4Address, Gives], float] = {}
        self._silent: set[tuple[IPv4Address, Gives]] = set()
        self._naming: set[tuple[IPv4Address, Gives]] = set()

    def add(self, found: Other, now: float) -> News | None:
        """It was heard of just now; None where that is no news."""
        key = found.server, found.gives
        is_new, was_silent = key not in self._heard, key in self._silent
        if is_new and len(self._heard) >= MOST:
            return None
        self._heard[key] = now
        self._silent.discard(key)
        names_now = found.names_a_file and key not in self._naming
        if names_now:
            self._naming.add(key)
        return News.NEW if is_new else News.NAMES if names_now else News.BACK if was_silent else None

    def silent(self, now: float) -> tuple[tuple[IPv4Address, Gives], ...]:
        """Those that have been silent for `LONG`, each once."""
        found = tuple(key for key, heard in self._heard.items() if now - heard > LONG and key not in self._silent)
        self._silent.update(found)
        return found

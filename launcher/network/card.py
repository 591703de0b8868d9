"""What is set on a card, with `ip`: it is brought up, and gets its one address and its routes.

- A card has one address, for udpcast takes the first one it finds, and a broadcast address, without which udpcast's
  sender and receivers do not meet. A network of 31 or 32 bits has none of its own: then it is 255.255.255.255.
- `ip address replace` leaves the broadcast address of an address that is there as it is (measured): such a one goes.
- A gateway beside an address of 32 bits is in no network of the card: a route to it comes first. A gateway that cannot
  be set is no reason to stop: a room of one subnet needs none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ..hardware.interfaces import interface
from ..model.machine import Nic
from ..process import spawn

Note = Callable[[str], None]
"""Takes a line for the log."""


def raise_links(nics: Iterable[Nic], note: Note = lambda line: None) -> None:
    """Bring the cards up, so that the kernel can tell whether they have a link; one that will not come up is left."""
    for nic in nics:
        bring_up(nic.name, note)


def has_link(name: str) -> bool:
    """True when the interface is up and has a carrier; False also when it does not exist."""
    card = interface(name)
    return card is not None and card.link is True


def bring_up(name: str, note: Note) -> str:
    """Bring the card up; returns what `ip` complained about, "" when it did."""
    return _ip(note, "link", "set", "dev", name, "up")


def set_address(name: str, address: str, prefix: int, gateway: str | None, note: Note) -> str:
    """Give the card this address and no other one; returns what `ip` complained about, "" when it did."""
    wanted = f"{address}/{prefix}"
    card = interface(name)
    if card and (set(card.addresses) - {wanted} or card.without_broadcast):
        problem = _ip(note, "-4", "addr", "flush", "dev", name)
        if problem:
            return problem
    problem = _ip(note, "addr", "replace", wanted, "broadcast", "+" if prefix < 31 else "255.255.255.255", "dev", name)
    if not problem and gateway and gateway != address:
        if prefix == 32:
            _ip(note, "route", "replace", gateway, "dev", name)
        _ip(note, "route", "replace", "default", "via", gateway, "dev", name)
    return problem


def _ip(note: Note, *words: str) -> str:
    """Run `ip`; returns what it complained about, "" when it did what was asked."""
    with Path(os.devnull).open("wb") as null:
        process = spawn(("ip", *words), None, null.fileno(), note)
    os.set_blocking(process.errors, True)
    heard = b""
    while chunk := os.read(process.errors, 4096):
        heard += chunk
    return "" if process.reap() == 0 else " ".join(heard.decode(errors="replace").split()) or "ip failed"

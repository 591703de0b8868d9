"""Which DHCP messages reach our server, so that it never becomes the second one of a network. Pure.

dnsmasq hears nothing but what passes here, and what it answers passes here too. The rules:

- An address is ours when our server has offered it, or leased it, to this very PC. Whatever a client asks about any
  other address is not answered, so never refused (DHCPNAK): not after a start (INIT-REBOOT), not in a renewal to
  everybody (REBINDING), not where it has chosen another server, not from another network.
- A new address goes to a PC that boots from the network, or that was seen to within `known.SECONDS`; with `everybody`
  to any. A PC that has an address of ours may always ask again, under whatever name (client identifier).
- `close`: no new addresses. Who has one keeps it, and renews it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from .known import Known
from .message import Kind, Message, Option

OFFERED = 60.0
"""Seconds for which an offer counts: a client waits for others before it chooses one. Nobody else is offered it."""


@dataclass(frozen=True)
class _Given:
    """An address that a PC was offered, or has leased, until a time."""

    mac: str
    until: float
    leased: bool


class Gate:
    """For one server with the address `server`. Times are those of one steady clock, in seconds."""

    def __init__(self, server: IPv4Address, *, everybody: bool = False) -> None:
        self.closed = False
        self._server, self._everybody = server, everybody
        self._known = Known()
        self._given: dict[IPv4Address, _Given] = {}  # no more than there are addresses to give

    def close(self) -> None:
        """Give no more addresses to PCs that have none."""
        self.closed = True

    def admits(self, message: Message, now: float) -> bool:
        """Whether our server may hear what a client says."""
        if message.is_reply or int(message.relay):  # a relay agent speaks for a network that is not ours
            return False
        if message.boots:
            self._known.add(message.mac, now)
        if message.kind is Kind.DISCOVER:
            return self.may_ask(message.mac, now)
        ours = self._is_ours(message, now)
        if message.kind is Kind.REQUEST:
            return message.server in (None, self._server) and ours
        if message.kind in (Kind.RELEASE, Kind.DECLINE):
            return message.server == self._server and ours
        return message.kind is Kind.INFORM and ours

    def may_ask(self, mac: str, now: float) -> bool:
        """Whether this PC may be offered an address."""
        if self._holds(mac, now):
            return True
        return not self.closed and (self._everybody or self._known.knows(mac, now))

    def turns_away(self, message: Message, now: float) -> bool:
        """True for a PC that gets no address only because of `close`."""
        boots = message.kind is Kind.DISCOVER and not message.is_reply and message.boots
        return self.closed and boots and not self._holds(message.mac, now)

    def passes(self, reply: Message, now: float) -> bool:
        """Whether what our server answers may go out; notes what it gives. One address is offered to one PC at a time,
        which dnsmasq does not look after.
        """
        if not reply.is_reply or reply.server not in (None, self._server):
            return False
        before = self._given.get(reply.given)
        is_given = before is not None and before.until > now
        if reply.kind is Kind.OFFER:
            if before and is_given and before.mac != reply.mac:
                return False
            if not (before and is_given and before.leased):  # an offer ends no lease
                self._given[reply.given] = _Given(reply.mac, now + OFFERED, leased=False)
        elif reply.kind is Kind.ACK and int(reply.given):
            seconds = int.from_bytes(reply.option(Option.LEASE_TIME))
            self._given[reply.given] = _Given(reply.mac, now + seconds, leased=True)
        return True

    def is_given(self, mac: str, address: IPv4Address, now: float) -> bool:
        """Whether this PC has this address, or was offered it."""
        given = self._given.get(address)
        return given is not None and given.mac == mac and given.until > now

    def holder(self, address: IPv4Address, now: float) -> str:
        """The MAC address of the PC that has this address, or was offered it; "" for none."""
        given = self._given.get(address)
        return given.mac if given and given.until > now else ""

    def gone(self, message: Message) -> None:
        """Forget an address that was admitted to be given back, or refused by its PC."""
        if message.kind in (Kind.RELEASE, Kind.DECLINE) and message.wanted:
            self._given.pop(message.wanted, None)

    def _holds(self, mac: str, now: float) -> bool:
        return any(given.mac == mac and given.leased and given.until > now for given in self._given.values())

    def _is_ours(self, message: Message, now: float) -> bool:
        return message.wanted is not None and self.is_given(message.mac, message.wanted, now)

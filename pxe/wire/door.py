"""What goes between the clients on the wire and dnsmasq behind the gate.

No address is offered before somebody could say that he has it. dnsmasq would try that by a ping, one address after the
other for 3 s each, and many PCs answer none. Here ARP asks for all at once. Where the address is taken, or was offered
to another PC a moment ago, dnsmasq is told that the PC does not want it (DHCPDECLINE), and asked anew in its name.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from ..loop import Loop
from . import message
from .arp import Arp, own
from .gate import Gate
from .message import Kind, Message, Option
from .relay import Relay
from .wire import Wire

PROBES = 3
STEP = 0.2
"""Seconds behind each probe. On a wired network an answer takes some milliseconds."""
FRESH = 60.0
"""Seconds for which it is remembered that an address is taken, or free."""
MANY = 16
"""A machine that has so many addresses is a router which answers for others (proxy ARP), and proves nothing."""
TRIES = 512
"""Addresses that are tried for one question: dnsmasq goes to the next one each time."""
MOST = 4096
"""PCs whose question is kept."""


@dataclass
class _Question:
    said: Message
    left: int = TRIES


@dataclass
class _Taken:
    """Who has which addresses, and since when which one is known to be free."""

    macs: dict[IPv4Address, tuple[str, float]] = field(default_factory=dict)
    free: dict[IPv4Address, float] = field(default_factory=dict)
    by: dict[str, set[IPv4Address]] = field(default_factory=dict)


class Door:
    """Hands on what the gate lets through. `say` is told, once for each, which addresses are taken."""

    def __init__(
        self, server: IPv4Address, wire: Wire, gate: Gate, links: tuple[Relay, Arp], say: Callable[[str], None]
    ):
        self._server, self._wire, self._gate, self._say = server, wire, gate, say
        self._relay, self._arp = links
        self._questions: dict[str, _Question] = {}  # by MAC address
        self._waiting: dict[IPv4Address, list[Message]] = {}
        self._taken = _Taken()
        self._told: set[IPv4Address] = set()
        self._loop: Loop | None = None
        self._handed_on: Callable[[Message], None] = lambda _: None

    def attach(self, loop: Loop, handed_on: Callable[[Message], None]) -> None:
        """Serve as long as the loop runs; `handed_on` gets each first question that dnsmasq is to answer."""
        self._loop, self._handed_on = loop, handed_on
        loop.watch(self._relay, self._answer)
        loop.watch(self._arp, self._hear)

    def read(self, said: Message, now: float) -> bool:
        """A client's message; False where the gate keeps it out."""
        if not self._gate.admits(said, now):
            return False
        if said.kind is Kind.DISCOVER:
            self._questions.pop(said.mac, None)
            self._questions[said.mac] = _Question(said)
            if len(self._questions) > MOST:
                del self._questions[next(iter(self._questions))]
            self._handed_on(said)
        self._relay.tell(said)
        self._gate.gone(said)
        return True

    def _answer(self) -> None:
        for reply in self._relay.replies():
            if reply.kind is Kind.OFFER:
                self._offer(reply, time.monotonic())
            else:
                self._send(reply, time.monotonic())

    def _offer(self, reply: Message, now: float) -> None:
        address = reply.given
        if not self._gate.may_ask(reply.mac, now):
            return  # another server has shown itself since
        if self._gate.is_given(reply.mac, address, now) or now - self._taken.free.get(address, -FRESH) < FRESH:
            self._send(reply, now)
        elif self._is_taken(address, reply.mac, now):
            self._another(reply)
        else:
            self._waiting.setdefault(address, []).append(reply)
            if len(self._waiting[address]) == 1:
                self._probe(address, PROBES)

    def _probe(self, address: IPv4Address, left: int) -> None:
        """Ask `left` times more, then decide."""
        assert self._loop
        if left:
            self._arp.ask(address)
            self._loop.after(STEP, lambda: self._probe(address, left - 1))
            return
        now = time.monotonic()
        waiting = self._waiting.pop(address, [])
        if not any(self._is_taken(address, reply.mac, now) for reply in waiting):
            self._taken.free[address] = now
        for reply in waiting:
            self._offer(reply, now)

    def _hear(self) -> None:
        now = time.monotonic()
        for holder in self._arp.holders():
            if holder.address in self._waiting or holder.address in self._taken.macs:
                self._taken.macs[holder.address] = holder.mac, now
                self._taken.by.setdefault(holder.mac, set()).add(holder.address)

    def _is_taken(self, address: IPv4Address, mac: str, now: float) -> bool:
        holder = self._holder(address, mac, now)
        if holder and address not in self._told:
            self._told.add(address)
            self._say(f"{address} is not given to anybody: {holder} has it already.")
        return bool(holder)

    def _holder(self, address: IPv4Address, mac: str, now: float) -> str:
        """Who has the address, if not this PC; "" for nobody."""
        if address in own():  # our own question by ARP does not come back to us
            return "this machine"
        holder, heard = self._taken.macs.get(address, ("", 0.0))
        if not holder or holder == mac or now - heard > FRESH or len(self._taken.by[holder]) >= MANY:
            return ""
        return holder

    def _another(self, reply: Message) -> None:
        """Let dnsmasq offer another address than this one."""
        question = self._questions.get(reply.mac)
        if question is None or not question.left:
            return
        question.left -= 1
        if not question.left:
            self._say(f"{reply.mac} gets no address: no address is left that nobody has.")
        self._relay.tell(declined(question.said, reply.given, self._server))
        self._relay.tell(question.said)

    def _send(self, reply: Message, now: float) -> None:
        if self._gate.passes(reply, now):
            with contextlib.suppress(OSError):  # a card that is down is said elsewhere
                self._wire.answer(self._server, reply)
        elif reply.kind is Kind.OFFER:
            self._another(reply)


def declined(question: Message, address: IPv4Address, server: IPv4Address) -> Message:
    """What the client of this question would say if it did not want that address."""
    names = [(code, value) for code, value in question.options if code == Option.CLIENT_ID]
    options = [(Option.KIND, bytes([Kind.DECLINE])), (Option.REQUESTED, address.packed), (Option.SERVER, server.packed)]
    said = message.read(message.written(question.data, [*options, *names]))
    assert said
    return said

"""What a boot server does on its wire: it listens for other servers, asks for them, and stands before dnsmasq.

With a `Gate` (not beside `--proxy`) dnsmasq hears only what the gate admits, and what it answers goes out here. Another
server that gives addresses closes the gate, for good: one that is silent may answer only the PCs that it knows, and no
time is long enough to prove it gone. `force` keeps the gate open.

What is asked: a plain client's question and a PXE client's, with the card's own MAC address and with one that nobody
knows, and before the start also with those of the room's PCs, which a server may know. Nothing is requested, so no
lease comes of it. An offer may keep an address from a real PC for some minutes all the same, so that a network whose
server is known is asked once in `SELDOM`, with the card's own address only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeVar

from kernel_cmdline import showable

from ..entries.room import Machine
from ..loop import Loop
from . import sentences
from .arp import Arp
from .door import Door
from .gate import Gate
from .known import MOST
from .message import SERVER_PORT, Message, discover
from .others import Gives, News, Other, Others, other
from .relay import Relay
from .waiting import Waiting
from .wire import Heard, Wire, hold_port

Say = Callable[[str], None]
Opened = TypeVar("Opened")

LOOK = 6.0
"""Seconds of the first look. Servers look for the address on the wire before they offer it: dnsmasq takes 3 s for that,
ISC's dhcpd 1 s."""
TRIES = 3
MORE = 2.0
"""Seconds for a second server behind the first; a boot server looks for nothing before it answers."""
OFTEN, SELDOM = 60.0, 600.0
MOST_MACS = 64
"""PCs of the room that are asked for, one question each: a large room is no flood."""


@dataclass(frozen=True)
class Policy:
    """What the administrator wants on his wire. `machines` are the PCs of the room, as far as they are named."""

    proxy: bool = False
    force: bool = False
    everybody: bool = False
    machines: tuple[Machine, ...] = ()


class WatchError(Exception):
    """One sentence: why nothing is served on this wire, and what to do."""


class Watch:
    """The wire of `interface`, where this machine has the address `server`. Raises WatchError.

    `port`: where dnsmasq is to speak DHCP, on the loopback; None: on the wire.
    """

    def __init__(self, interface: str, server: IPv4Address, policy: Policy, say: Say) -> None:
        self._interface, self._server, self._policy, self._say = interface, server, policy, say
        self._stranger = f"02:{os.urandom(5).hex(':')}"  # locally administered: no card has it
        self._others = Others()
        self._addresses_of: Other | None = None
        self._titles = {machine.mac: machine.title for machine in policy.machines}
        self._names = {machine.mac: machine.name for machine in policy.machines}
        self._turned_away: set[tuple[str, bytes]] = set()
        self._waiting = Waiting()
        self._clashes: set[tuple[str, IPv4Address]] = set()
        self._asked = 0.0
        self.next_servers: set[IPv4Address] = set()
        """What other servers named at the first look (siaddr; 0.0.0.0: nobody)."""
        with contextlib.ExitStack() as stack:
            self._wire = stack.enter_context(contextlib.closing(_opened(Wire, interface)))
            self._gate = None if policy.proxy else Gate(server, everybody=policy.everybody)
            self._door: Door | None = None
            self.port: int | None = None
            if self._gate:
                self._door, self.port = self._made(self._gate, stack)
            self._open = stack.pop_all()

    def _made(self, gate: Gate, stack: contextlib.ExitStack) -> tuple[Door, int]:
        """The door of this gate, and where dnsmasq is to speak DHCP behind it."""
        relay = stack.enter_context(contextlib.closing(_relay(self._server)))
        arp = stack.enter_context(contextlib.closing(_opened(Arp, self._interface)))
        stack.enter_context(_held(self._interface))
        return Door(self._server, self._wire, gate, (relay, arp), self._tell), relay.port

    def close(self) -> None:
        self._open.close()

    def look(self, seconds: float | None = None) -> None:
        """The first look: ask, listen for `seconds` (default: LOOK), and say what came. Raises WatchError where that is
        in the way."""
        seconds = LOOK if seconds is None else seconds
        answered: dict[IPv4Address, set[str]] = {}
        found = self._find(seconds, answered)
        for line in sentences.first_look(self._interface, found, self._policy.proxy, seconds):
            self._say(showable(line))
        for one in found:
            if missing := self._missing(one, answered):
                self._say(showable(f"warning: {missing} Let it give addresses to all PCs of the room."))
        if self._gate:
            self._say(sentences.whom(self._policy.everybody))
        self._addresses_of = next((one for one in found if one.gives is Gives.ADDRESSES), None)
        self._asked = time.monotonic()

    def _find(self, seconds: float, answered: dict[IPv4Address, set[str]]) -> tuple[Other, ...]:
        found: dict[tuple[IPv4Address, Gives], Other] = {}
        again = time.monotonic()
        end = again + seconds
        while (now := time.monotonic()) < end:
            if now >= again:
                self._ask_first()
                again = now + seconds / TRIES
            for one in self._shown(min(again, end) - now):
                answered.setdefault(one.server, set()).add(one.client)
                found.setdefault((one.server, one.gives), one)
                self._others.add(one, now)
                if one.next_server is not None:
                    self.next_servers.add(one.next_server)
                if not self._missing(one, answered):
                    self._refuse(found.values(), answered)
                    end = min(end, now + MORE)
        self._refuse(found.values(), answered)
        return tuple(found.values())

    def _refuse(self, found: Iterable[Other], answered: dict[IPv4Address, set[str]]) -> None:
        for one in found:
            if refusal := sentences.refusal(self._interface, one, self._policy.proxy, self._policy.force):
                raise WatchError(f"{refusal} {self._missing(one, answered)}".rstrip())

    def _missing(self, one: Other, answered: dict[IPv4Address, set[str]]) -> str:
        """Which PCs of the room it did not answer for, so far."""
        if one.gives is Gives.BOOT:
            return ""
        machines = self._policy.machines[:MOST_MACS]
        return sentences.answered(one, machines, answered.get(one.server, set()), self._stranger)

    def _ask_first(self) -> None:
        try:
            for mac, pxe in (*self._questions(), *((one.mac, True) for one in self._policy.machines[:MOST_MACS])):
                self._wire.ask(discover(mac, os.urandom(4), pxe=pxe))
        except OSError as error:
            raise _cannot(self._interface, error) from error

    def _shown(self, seconds: float) -> Iterator[Other]:
        """The servers that the messages of the next seconds show; ends behind the first messages."""
        try:
            if self._wire.wait(seconds):
                yield from filter(None, (other(heard, self._server) for heard in self._wire.heard()))
        except OSError as error:
            raise _cannot(self._interface, error) from error

    def attach(self, loop: Loop, handed_on: Callable[[Message], None]) -> None:
        """Go on listening, asking and handing on, as long as the loop runs; `handed_on` gets what dnsmasq is asked."""
        loop.watch(self._wire, self._listen)
        if self._door:
            self._door.attach(loop, handed_on)
        loop.every(OFTEN, self._again)

    # --- listening ------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # a card that is down, or gone, is said by `patrol`
            for heard in self._wire.heard():
                self._read(heard)

    def _read(self, heard: Heard) -> None:
        now = time.monotonic()
        if one := other(heard, self._server):
            self._heard_of(one, now)
        said = heard.message
        if self._gate and self._door and not self._door.read(said, now) and self._gate.turns_away(said, now):
            self._turn_away(said)
        if self._policy.proxy and self._waiting.hear(said, now):
            self._tell(sentences.no_address(said.mac, self._names.get(said.mac, "")))

    def _heard_of(self, one: Other, now: float) -> None:
        news = self._others.add(one, now)
        if one.gives is Gives.ADDRESSES:
            self._addresses_of = self._addresses_of or one
            if self._gate and not self._policy.force:
                self._gate.close()
        if news is News.NEW:
            self._tell(sentences.new(self._interface, one, self._policy.proxy, self._policy.force))
        elif news is News.BACK:
            self._tell(sentences.back(one.server))
        self._clash(one, now)

    def _clash(self, one: Other, now: float) -> None:
        """Say, once for each, who has the address already that another server gives."""
        if not one.about or (one.client, one.about) in self._clashes or len(self._clashes) >= MOST:
            return
        client = self._titles.get(one.client, one.client)
        holder = self._gate.holder(one.about, now) if self._gate else ""
        if one.about == self._server:
            said = sentences.own_address(one, client, self._interface)
        elif holder and holder != one.client:
            said = sentences.clash(one, self._titles.get(holder, holder), client)
        else:
            return
        self._clashes.add((one.client, one.about))
        self._tell(said)

    def _turn_away(self, said: Message) -> None:
        key = said.mac, said.transaction  # firmware repeats itself
        if key not in self._turned_away and self._addresses_of:
            if len(self._turned_away) >= MOST:
                self._turned_away.clear()
            self._turned_away.add(key)
            self._tell(sentences.turned_away(said.mac, self._names.get(said.mac, ""), self._addresses_of))

    # --- asking ---------------------------------------------------------------------------------------------------

    def _questions(self) -> Iterator[tuple[str, bool]]:
        """Whose questions, and whether as a PXE client."""
        for mac in (self._wire.mac, self._stranger):
            yield mac, False
            yield mac, True

    def _again(self) -> None:
        now = time.monotonic()
        closed = self._gate is not None and self._gate.closed
        for server, gives in self._others.silent(now):
            self._tell(sentences.silent(server, gives, closed=closed))
        if self._addresses_of and now - self._asked < SELDOM:
            return
        self._asked = now
        with contextlib.suppress(OSError):
            for mac, pxe in [(self._wire.mac, True)] if self._addresses_of else self._questions():
                self._wire.ask(discover(mac, os.urandom(4), pxe=pxe))

    def _tell(self, sentence: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')}  {showable(sentence)}")


def _opened(what: Callable[[str], Opened], interface: str) -> Opened:
    try:
        return what(interface)
    except OSError as error:
        raise _cannot(interface, error) from error


def _relay(server: IPv4Address) -> Relay:
    try:
        return Relay(server)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise WatchError("the interface lo is down, and the boot server needs it: `ip link set lo up`.") from error
        raise WatchError(f"no port of the interface lo can be used: {error.strerror}.") from error


def _held(interface: str) -> socket.socket:
    try:
        return hold_port(interface, SERVER_PORT)
    except OSError as error:
        raise WatchError(
            f"port {SERVER_PORT} (DHCP) on {interface} cannot be used: {error.strerror}; "
            f"`ss -lunp sport = :{SERVER_PORT}` names another server that has it."
        ) from error


def _cannot(interface: str, error: OSError) -> WatchError:
    return WatchError(f"{interface} cannot be used: {error.strerror}; is it up?")

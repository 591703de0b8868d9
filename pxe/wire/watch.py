"""What a boot server does on its wire: it listens for other servers, asks for them, and stands before dnsmasq.

With a `Gate` (not beside `--proxy`) dnsmasq hears only what the gate admits, and what it answers goes out here. Another
server that gives addresses closes the gate, for good: one that is silent may answer only the PCs that it knows, and no
time is long enough to prove it gone. `force` keeps the gate open.

What is asked: a plain client's question and those of PXE clients with BIOS and with UEFI, which a server may tell other
things, with the card's own MAC address and with one that nobody knows, and before the start also with those of the
room's PCs, which a server may know. ISC's dhcpd pings an address before it offers it, and drops meanwhile what the same
MAC address asks: of each, the first question of a round is what is surely answered. Nothing is requested, so no
lease comes of it. An offer may keep an address from a real PC for some minutes all the same, so that a network whose
server is known is asked once in `SELDOM`, with the card's own address only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
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
    """What the administrator wants on his wire. `machines` are the PCs of the room, as far as they are named; `own` is
    the address of the card, with its network."""

    proxy: bool = False
    force: bool = False
    everybody: bool = False
    machines: tuple[Machine, ...] = ()
    own: IPv4Interface | None = None


@dataclass
class _Look:
    """What came of the first look: of each server the answer that says most, the PCs it answered for, the addresses
    that it gives, and the next servers that it names to PCs with UEFI, and to others."""

    found: dict[tuple[IPv4Address, Gives], Other] = field(default_factory=dict)
    answered: dict[IPv4Address, set[str]] = field(default_factory=dict)
    given: dict[IPv4Address, set[IPv4Address]] = field(default_factory=dict)
    uefi: set[IPv4Address] = field(default_factory=set)
    others: set[IPv4Address] = field(default_factory=set)

    def add(self, one: Other, is_uefi: bool) -> None:
        key = one.server, one.gives
        if key not in self.found or (one.names_a_file and not self.found[key].names_a_file):
            self.found[key] = one
        self.answered.setdefault(one.server, set()).add(one.client)
        if one.about:
            self.given.setdefault(one.server, set()).add(one.about)
        if one.next_server is not None:
            (self.uefi if is_uefi else self.others).add(one.next_server)


@dataclass(frozen=True)
class _Question:
    mac: str
    kind: int | None = None
    """Of PXE client (option 93); None: none."""

    def made(self, transaction: bytes) -> bytes:
        return discover(self.mac, transaction, pxe=self.kind is not None, kind=self.kind or 0)


_PLAIN, _BIOS, _UEFI = None, 0, 7


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
        """What other servers named at the first look, to PCs with UEFI where these were answered (siaddr; 0.0.0.0:
        nobody)."""
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
        look = self._find(seconds)
        found = tuple(look.found.values())
        for line in sentences.first_look(self._interface, found, self._policy.proxy, seconds):
            self._say(showable(line))
        for one in found:
            for warning in self._warnings(one, look):
                self._say(showable(f"warning: {warning}"))
        if self._gate:
            self._say(sentences.whom(self._policy.everybody))
        self.next_servers = look.uefi or look.others
        self._addresses_of = next((one for one in found if one.gives is Gives.ADDRESSES), None)
        self._asked = time.monotonic()

    def _warnings(self, one: Other, look: _Look) -> Iterator[str]:
        if missing := self._missing(one, look.answered):
            yield f"{missing} Let it give addresses to all PCs of the room."
        if self._policy.proxy and self._policy.own and one.gives is Gives.ADDRESSES:
            given = look.given.get(one.server, set())
            if away := sentences.other_network(self._interface, self._policy.own, one, given):
                yield away

    def _find(self, seconds: float) -> _Look:
        look, of_uefi = _Look(), set[bytes]()
        again = time.monotonic()
        end = again + seconds
        while (now := time.monotonic()) < end:
            if now >= again:
                of_uefi |= self._ask_first()
                again = now + seconds / TRIES
            for one in self._shown(min(again, end) - now):
                look.add(one, one.transaction in of_uefi)
                self._others.add(one, now)
                if not self._missing(one, look.answered):
                    self._refuse(look)
                    end = min(end, now + MORE)
        self._refuse(look)
        return look

    def _refuse(self, look: _Look) -> None:
        for one in look.found.values():
            if refusal := sentences.refusal(self._interface, one, self._policy.proxy, self._policy.force):
                raise WatchError(f"{refusal} {self._missing(one, look.answered)}".rstrip())

    def _missing(self, one: Other, answered: dict[IPv4Address, set[str]]) -> str:
        """Which PCs of the room it did not answer for, so far."""
        if one.gives is Gives.BOOT:
            return ""
        machines = self._policy.machines[:MOST_MACS]
        return sentences.answered(one, machines, answered.get(one.server, set()), self._stranger)

    def _ask_first(self) -> set[bytes]:
        """The transactions of those questions that a PC with UEFI would ask."""
        machines = [one.mac for one in self._policy.machines[:MOST_MACS]]
        of_room = [_Question(mac, kind) for kind in (_BIOS, _UEFI) for mac in machines]
        of_uefi = set()
        try:
            for question in (*self._questions(), *of_room):
                transaction = os.urandom(4)
                if question.kind == _UEFI:
                    of_uefi.add(transaction)
                self._wire.ask(question.made(transaction))
        except OSError as error:
            raise _cannot(self._interface, error) from error
        return of_uefi

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
        elif news is News.NAMES and self._policy.proxy and one.gives is Gives.ADDRESSES:
            self._tell(sentences.names_a_file(one))
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

    def _questions(self) -> Iterator[_Question]:
        """As each kind of client; the first kind of a MAC address is another for each."""
        yield from (_Question(self._wire.mac, kind) for kind in (_BIOS, _UEFI, _PLAIN))
        yield from (_Question(self._stranger, kind) for kind in (_UEFI, _BIOS, _PLAIN))

    def _again(self) -> None:
        now = time.monotonic()
        closed = self._gate is not None and self._gate.closed
        for server, gives in self._others.silent(now):
            self._tell(sentences.silent(server, gives, closed=closed))
        if self._addresses_of and now - self._asked < SELDOM:
            return
        self._asked = now
        with contextlib.suppress(OSError):
            for question in [_Question(self._wire.mac, _BIOS)] if self._addresses_of else self._questions():
                self._wire.ask(question.made(os.urandom(4)))

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

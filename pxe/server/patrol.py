"""What is heard, logged and seen while a boot server runs, brought together on its loop."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..loop import Loop
from ..wire.message import Message
from .clients import FIRMWARE
from .dnsmasq import BootServer
from .hearing import Ask, Heard, Hearing, Knock, Read
from .ports import PXE
from .transfers import Transfers
from .watching import EVERY, Deaf, Full, Link, Silence, facts

_ASKS = (": sent ", *(f"vendor class: {firmware}" for firmware in FIRMWARE))


class InterfaceGone(Exception):
    """One sentence: the interface is no more."""


class Patrol:
    """Says by `say` what keeps PCs from booting. Close it."""

    def __init__(self, loop: Loop, settings: BootServer, say: Callable[[str], None]) -> None:
        self._loop, self._settings, self._say = loop, settings, say
        interface, server = settings.interface, settings.server
        self._link, self._deaf = Link(interface, server), Deaf(interface, settings.port)
        self._silence, self._full = Silence(interface, time.monotonic()), Full(settings.transfers)
        try:
            self._hearing: Hearing | None = Hearing(loop, interface, server.ip, settings.http, self._heard)
        except OSError as error:
            self._hearing = None
            say(f"warning: {interface} cannot be listened to ({error.strerror}): a firewall in the way is not noticed.")
        self.transfers = Transfers(hears=self._hearing is not None)
        loop.every(EVERY, self._look)

    def logged(self, line: str) -> None:
        """A line of dnsmasq's log, before anybody else reads it."""
        if self._hearing:
            self._hearing.drain()  # what the line tells of has been on the wire already
        elif any(text in line for text in _ASKS):
            self._silence.asked()
        self._deaf.logged(line)

    def handed_on(self, said: Message) -> None:
        """A question that the gate has let through to dnsmasq."""
        if self._settings.port:
            ask = Ask(said.mac, int.from_bytes(said.transaction), self._settings.port)
            self._deaf.asked(ask, time.monotonic())

    def opened(self, address: str) -> None:
        """The server of files has a connection of this client."""
        if self._hearing:
            self._hearing.drain()  # its beginning has been on the wire already
        self._silence.asked()
        self._deaf.opened(address)

    def close(self) -> None:
        if self._hearing:
            self._hearing.close()

    def _heard(self, heard: Heard) -> None:
        now = time.monotonic()
        if isinstance(heard, Ask | Read | Knock):
            self._silence.asked()
        if isinstance(heard, Knock):
            self._deaf.knocked(heard, now)
            return
        if isinstance(heard, Ask):
            if self._settings.port and heard.port == 67:
                return  # DHCP does not go through the firewall, nor each question to dnsmasq: see `handed_on`
            if heard.port == PXE.number and not self._settings.proxy:
                for sentence in self._deaf.elsewhere(heard, now):
                    self._say(sentence)
                return
            self._deaf.asked(heard, now)
        else:
            self.transfers.hear(heard, now)

    def _look(self) -> None:
        now, seen = time.monotonic(), facts(self._settings.interface, self._settings.server)
        if not seen.there:
            self._loop.stop(InterfaceGone(f"{self._settings.interface} is gone from this machine: nobody is served."))
            return
        said = [self._link.look(seen), self._full.look(seen), self._silence.look(now), *self._deaf.look(seen, now)]
        said += self._deaf.unopened(self._settings.http, now)
        for address, name in self.transfers.unanswered(now):
            said += self._deaf.unanswered(address, name, seen, now)
        for sentence in filter(None, said):
            self._say(sentence)

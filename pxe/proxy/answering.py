"""Answers PCs with UEFI HTTP boot beside another DHCP server, and says of each what it is told, and what does not work.

It hears all DHCP on the wire by a packet socket, as `wire` does, so that dnsmasq has the port. It sends nothing but
answers to questions (`http`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from ipaddress import IPv4Address

from ..loop import Loop
from ..wire.known import MOST
from ..wire.message import Kind, Message
from ..wire.wire import Wire
from . import http
from .loaders import SEE, SNPONLY, Given
from .started import Started

EVERY = 5.0
"""Seconds between two looks for PCs that did not start what they were given."""

Say = Callable[[str, str], None]
"""Is told what a PC with this MAC address does; the text completes "the PC …"."""
Takes = Callable[[IPv4Address, str], None]
"""Is told which address a PC that boots takes from the other server."""


class Proxy:
    """On `interface`, where this machine has the address `server`. `files`: those of the tree, which is to be had below
    the URL `root` (with its slash); `given`: what PCs get that ask by TFTP. Close it. Raises OSError."""

    def __init__(
        self,
        interface: str,
        server: IPv4Address,
        root: str,
        tree: tuple[frozenset[str], Given],
        told: tuple[Say, Takes],
    ) -> None:
        self._server, self._root, (self._say, self._takes) = server, root, told
        self._files, self._given = tree
        self._started = Started()
        self._told: dict[tuple[str, bytes], None] = {}
        self._wire = Wire(interface)

    def attach(self, loop: Loop) -> None:
        """Answer as long as the loop runs."""
        loop.watch(self._wire, self._listen)
        if self._given.file in (SNPONLY, ""):
            loop.every(EVERY, self._look)

    def close(self) -> None:
        self._wire.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # a card that is down, or gone, is said elsewhere
            for heard in self._wire.heard():
                self._started.hear(heard.message, time.monotonic())
                self._read(heard.message)

    def _read(self, said: Message) -> None:
        if http.asks(said):
            self._answer(said)
        elif not said.is_reply and said.kind is Kind.REQUEST and said.boots and said.wanted:
            self._takes(said.wanted, said.mac)

    def _answer(self, said: Message) -> None:
        found = http.kind(said)
        if found and found.file in self._files and found.file:
            url = f"{self._root}{found.file}"
            self._wire.answer(self._server, http.offer(said, self._server, url))
            self._tell(said, f"asks to boot by {found.name}, and is told {url}")
            return
        what = f"by {found.name}" if found else "by HTTP, as a kind of machine that is not known here"
        instead = (found.instead if found else "") or "switch its firmware from HTTP boot to PXE"
        self._tell(said, f"asks to boot {what}, for which this server has nothing: {instead}")

    def _tell(self, said: Message, text: str) -> None:
        key = said.mac, said.transaction  # firmware repeats itself
        if key not in self._told:
            self._told[key] = None
            if len(self._told) > MOST:
                del self._told[next(iter(self._told))]
            self._say(said.mac, text)

    def _look(self) -> None:
        for mac in self._started.look(time.monotonic()):
            what = (
                "was given iPXE, and has not started it" if self._given.file else "asked by UEFI, and was given nothing"
            )
            self._say(mac, f"{what}: {SEE}")

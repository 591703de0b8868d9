"""TCP connections of strangers, with bounds: hostile requests cost a bounded number of descriptors and bytes.

- A request has so many bytes, and so many seconds. Who sends more, or nothing, is dropped.
- Of too many connections the oldest that wait for nothing go, those of one address first: nobody keeps out another one.
  Those who have asked for nothing go before those who are given something.
- A further connection costs no more than one look at each that is there.
- Everything hangs on one descriptor, and no call waits.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Generic, TypeVar

from .request import MAX_REQUEST, Request

_ACCEPTED_AT_ONCE = 64
_READ = 1 << 12


@dataclass(eq=False)
class Connection:
    """One client: what it has sent, until when it may; `request` is there when it is whole. `is_kept`: it waits for
    something, and is not dropped for others."""

    socket: socket.socket
    address: str
    until: float
    data: bytearray = field(default_factory=bytearray)
    request: Request | None = None

    @property
    def is_kept(self) -> bool:
        return False

    @property
    def is_given(self) -> bool:
        """It is given something now."""
        return False

    def ended(self) -> None:
        """It is dropped now."""


@dataclass(frozen=True)
class Bounds:
    """`life`: seconds for a request. `all` connections at most, `of_one` address so many."""

    life: float
    all: int
    of_one: int


Client = TypeVar("Client", bound=Connection)


class Connections(Generic[Client]):
    """Those of one listener. `make` makes one of socket, address and time; `hear` gets each whole request, once;
    `write` is called for a connection that `wants` to write, and can. Close it."""

    def __init__(
        self,
        listener: socket.socket,
        bounds: Bounds,
        make: Callable[[socket.socket, str, float], Client],
        hear: Callable[[Client], None],
        write: Callable[[Client], None] = lambda _: None,
    ) -> None:
        self._listener, self._bounds, self._make, self._hear, self._write = listener, bounds, make, hear, write
        self._all: dict[Client, None] = {}  # the oldest first
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._selector.fileno()

    def close(self) -> None:
        for connection in list(self._all):
            self.drop(connection)
        self._selector.close()
        self._listener.close()

    def turn(self, wait: float = 0) -> None:
        """Do what can be done now, or within `wait` seconds."""
        for key, events in self._selector.select(wait):
            if key.data is None:
                self._accept()
                continue
            if key.data in self._all and events & selectors.EVENT_READ:
                self._read(key.data)
            if key.data in self._all and events & selectors.EVENT_WRITE:
                self._write(key.data)

    def end_overdue(self) -> None:
        now = time.monotonic()
        for one in [one for one in self._all if one.until <= now]:
            self.drop(one)

    def wants(self, connection: Client, *, write: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0)
        self._selector.modify(connection.socket, events, connection)

    def answer(self, connection: Client, answer: bytes) -> None:
        """Send a short answer, which fits into a new connection's buffer; the client closes when it has read it."""
        connection.until = time.monotonic() + self._bounds.life
        try:
            connection.socket.send(answer)
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone
            self.drop(connection)

    def drop(self, connection: Client) -> None:
        if connection not in self._all:
            return
        del self._all[connection]
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.socket)
        connection.ended()
        connection.socket.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connection, (address, _port) = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # it has gone again, or there is no descriptor for it
                self._make_room("")
                return
            connection.setblocking(False)
            self._make_room(address)
            made = self._make(connection, address, time.monotonic() + self._bounds.life)
            self._all[made] = None
            self._selector.register(connection, selectors.EVENT_READ, made)

    def _make_room(self, address: str) -> None:
        """Let the oldest connections go of an `address` that has too many, or of all when these are too many."""
        idle = sorted((one for one in self._all if not one.is_kept), key=lambda one: one.is_given)
        same = [one for one in idle if one.address == address]
        for one in same[: max(0, len(same) - self._bounds.of_one + 1)]:
            self.drop(one)
        idle = [one for one in idle if one in self._all]
        for one in idle[: max(0, len(self._all) - self._bounds.all + 1)]:
            self.drop(one)

    def _read(self, connection: Client) -> None:
        try:
            data = connection.socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(connection)
        elif connection.request is None:  # what comes behind a request is not looked at
            connection.data += data
            if b"\r\n\r\n" in connection.data or b"\n\n" in connection.data:
                connection.request = Request(bytes(connection.data[:MAX_REQUEST]))
                self._hear(connection)
            elif len(connection.data) > MAX_REQUEST:
                self.drop(connection)


def listen(server: IPv4Address, interface: str, ports: Sequence[int]) -> socket.socket:
    """Listen at the first of these ports that is free, on that card only. Raises OSError."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            listener.bind((str(server), port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if port == ports[-1] or error.errno != errno.EADDRINUSE:
                raise
            continue
        listener.setblocking(False)
        return listener
    raise ValueError("no port")

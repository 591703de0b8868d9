"""Many PCs that load files by TFTP at once, as their firmware and PXELINUX do: RFC 1350, 2347 to 2349.

One process plays all of them, each from an address and a port of its own, on an event loop; it needs only the standard
library, for it runs inside the tests' namespaces.
"""

from __future__ import annotations

import hashlib
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field
from enum import Enum

READ, DATA, ACK, ERROR, OPTIONS = 1, 3, 4, 5, 6
RETRY = 2.0


class Way(Enum):
    """How a client loads a file."""

    WHOLE = "whole"
    SIZE_FIRST = "asks for the size, says no thanks, and then loads (firmware)"
    OPTIONS_ONLY = "falls silent behind the answer to its options"
    HALF = "falls silent on the way"
    ASK_ONLY = "asks, and is never heard again"


@dataclass
class Pc:
    """One client; `digest` and `size` are of what it has loaded, `error` what the server said against it."""

    address: str
    name: str
    way: Way = Way.WHOLE
    blksize: int = 1408
    port: int = 0
    size: int = 0
    done: bool = False
    error: str = ""
    again: int = 0
    digest: str = ""
    _hash: object = field(default_factory=hashlib.sha256)
    _next: int = 1
    _probing: bool = False
    _last: bytes = b""
    _peer: tuple[str, int] = ("", 0)
    _sent: float = 0.0
    _socket: socket.socket | None = None

    def begin(self, server: str) -> socket.socket:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((self.address, self.port))
        self._probing = self.way is Way.SIZE_FIRST
        self._peer = (server, 69)
        self._ask()
        self.done = self.way is Way.ASK_ONLY
        return self._socket

    def _ask(self) -> None:
        self._server = self._peer[0]
        options = b"tsize\0000\0" + (b"" if self._probing else b"blksize\0%d\0" % self.blksize)
        self._send(struct.pack("!H", READ) + self.name.encode() + b"\0octet\0" + options, (self._server, 69))

    def _send(self, packet: bytes, peer: tuple[str, int]) -> None:
        assert self._socket
        self._last, self._peer, self._sent = packet, peer, time.monotonic()
        self._socket.sendto(packet, peer)

    def retry(self, now: float) -> None:
        if not self.done and now - self._sent > RETRY:
            self.again += 1
            self._send(self._last, self._peer)

    def read(self) -> None:
        assert self._socket
        packet, peer = self._socket.recvfrom(1 << 16)
        (code,) = struct.unpack("!H", packet[:2])
        if self.done:
            return
        if code == ERROR:
            self.error, self.done = packet[4:].rstrip(b"\0").decode(), True
        elif code == OPTIONS and self._probing:
            self._send(struct.pack("!HH", ERROR, 8) + b"User aborted the transfer\0", peer)
            self._probing = False
            self._ask()
        elif code == OPTIONS and self._next == 1:
            if self.way is Way.OPTIONS_ONLY:
                self.done = True
            else:
                self._send(struct.pack("!HH", ACK, 0), peer)
        elif code == DATA:
            self._take(packet, peer)

    def _take(self, packet: bytes, peer: tuple[str, int]) -> None:
        (block,) = struct.unpack("!H", packet[2:4])
        if block != self._next & 0xFFFF:
            return
        self._hash.update(packet[4:])  # type: ignore[attr-defined]
        self.size += len(packet) - 4
        self._next += 1
        self._send(struct.pack("!HH", ACK, block), peer)
        if len(packet) - 4 < self.blksize:
            self.done, self.digest = True, self._hash.hexdigest()  # type: ignore[attr-defined]
        elif self.way is Way.HALF and self._next > 20:
            self.done = True

    def end(self) -> None:
        assert self._socket
        self._socket.close()


def load(server: str, pcs: list[Pc], seconds: float) -> float:
    """Let all load at once; how long it took until the last was done, or `seconds`."""
    selector = selectors.DefaultSelector()
    started = time.monotonic()
    for pc in pcs:
        selector.register(pc.begin(server), selectors.EVENT_READ, pc)
    looked = started
    while (now := time.monotonic()) - started < seconds and not all(pc.done for pc in pcs):
        for key, _ in selector.select(0.5):
            key.data.read()
        if now - looked > 0.5:
            looked = now
            for pc in pcs:
                pc.retry(now)
    for pc in pcs:
        pc.end()
    return time.monotonic() - started

"""The files of a tree by HTTP, for firmware and boot loaders. Runs in a process of its own. The contract:

- GET and HEAD of regular files, whole or one range; nothing else: no list of a folder, no link, no file whose name
  begins with a dot. Nothing is ever written.
- A file's bytes go from the page cache to the card (sendfile(2)), so that 30 PCs cost hardly more than one.
- What it says is for the boot server, one JSON array a line (`Said`). "took" counts bytes that the client's TCP has
  acknowledged, never what lies in a buffer: a PC that was switched off meanwhile has not loaded its file. iPXE under
  UEFI starts a kernel before its last acknowledgements are on the wire (measured: up to 100 kB are missing), and they
  never come. So of a file that was sent whole it is said that its end is not acknowledged ("unsure").
- Who takes nothing for `PATIENCE` seconds is dropped, and everybody after `LONGEST`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from .connections import Bounds, Connection, Connections
from .request import Request

NAME = "udpcast-http"
"""What its process is called."""

PATIENCE, LONGEST = 60.0, 3600.0
BOUNDS = Bounds(life=15.0, all=1024, of_one=16)
DESCRIPTORS = 2 * BOUNDS.all + 50
"""What it may open: of each connection a socket and a file."""

TYPES = {".img": "application/vnd.efi-img", ".iso": "application/vnd.efi-iso", ".efi": "application/efi"}
"""By them UEFI's HTTP boot knows what it loads (UEFI specification, 24.7)."""

_AT_ONCE = 1 << 20
_SIOCOUTQ = 0x5411
UNSURE_AFTER = 5.0
"""Seconds behind the last byte in which a client that is there has acknowledged it."""

_STEP = 0.1
"""Seconds between two looks at who has acknowledged all."""


class Said(Enum):
    """The first word of a line, and what follows it."""

    SERVES = "serves"  # connections are accepted
    OPENED = "opened"  # address
    TOOK = "took"  # address, name, the bytes that were taken, those that were asked for (start, stop), the file's size
    UNSURE = (
        "unsure"  # address, name, bytes that are not acknowledged: all of the part was sent, and nothing comes back
    )
    MISSING = "missing"  # address, name
    REFUSED = "refused"  # address, name, why: it is there, and cannot be read


Tell = Callable[[list[object]], None]


@dataclass(eq=False)
class _Loading(Connection):
    """A client with the file that it loads; `at` is the next byte to be sent, `part` what was asked for."""

    since: float = 0.0
    name: str = ""
    file: int | None = None
    part: range = range(0)
    size: int = 0
    at: int = 0
    sent: float = 0.0  # when the last byte was
    unsure: bool = False
    tell: Tell = lambda _: None

    @property
    def is_given(self) -> bool:
        return self.file is not None

    def unacknowledged(self) -> int:
        """Bytes of the file that were sent, and may be lost."""
        with contextlib.suppress(OSError):
            waiting = int.from_bytes(fcntl.ioctl(self.socket, _SIOCOUTQ, bytes(4)), sys.byteorder)
            return max(0, waiting - (self.at == self.part.stop))  # our end of the connection counts as a byte
        return self.at - self.part.start

    def ended(self) -> None:
        if self.file is None:
            return
        os.close(self.file)
        self.file = None
        took = max(self.part.start, self.at - self.unacknowledged())
        part = self.part
        if self.unsure and took < part.stop:
            return
        self.tell([Said.TOOK.value, self.address, self.name, [part.start, took], [part.start, part.stop], self.size])


class FileServer:
    """The tree in `root` for the clients of a listener."""

    def __init__(self, listener: socket.socket, root: Path, tell: Tell) -> None:
        self._root, self._tell = root, tell
        self._connections = Connections(listener, BOUNDS, self._opened, self._heard, self._write)
        self._ending: set[_Loading] = set()

    def run(self) -> None:
        """Serve for ever."""
        looked = 0.0
        while True:
            self._connections.turn(_STEP if self._ending else 1.0)
            if (now := time.monotonic()) - looked >= _STEP:
                looked = now
                self._look()

    def _opened(self, connection: socket.socket, address: str, until: float) -> _Loading:
        self._tell([Said.OPENED.value, address])
        return _Loading(connection, address, until, since=time.monotonic(), tell=self._tell)

    def _heard(self, client: _Loading) -> None:
        request = client.request
        assert request
        if not request.is_good:
            self._connections.answer(client, request.answer(400, ""))
        elif request.command not in ("GET", "HEAD"):
            self._connections.answer(client, request.answer(501, "GET or HEAD was expected."))
        elif (name := request.name) is None:
            self._connections.answer(client, request.answer(404, "There is no such file."))
        else:
            self._give(client, request, name)

    def _give(self, client: _Loading, request: Request, name: str) -> None:
        try:
            file = _open(self._root / name)
        except (OSError, ValueError) as error:  # a name that this machine's letters cannot write
            why: list[object] = [error.strerror] if isinstance(error, PermissionError) else []
            self._tell([(Said.REFUSED if why else Said.MISSING).value, client.address, name, *why])
            status, text = (403, "The file cannot be read.") if why else (404, "There is no such file.")
            self._connections.answer(client, request.answer(status, text))
            return
        size = os.fstat(file).st_size
        part = request.part(size)
        headers: dict[str, object] = {
            "Content-Type": TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"),
            "Accept-Ranges": "bytes",
        }
        if part is None or request.command == "HEAD":
            os.close(file)
            wrong = {"Content-Range": f"bytes */{size}"} if part is None else {}
            length = 0 if part is None else size
            head = request.head(416 if part is None else 200, {**headers, "Content-Length": length, **wrong})
            self._connections.answer(client, head)
            return
        partial = len(part) != size
        if partial:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        head = request.head(206 if partial else 200, {**headers, "Content-Length": len(part)})
        client.name, client.file, client.part, client.size, client.at = name, file, part, size, part.start
        self._begin(client, head)

    def _begin(self, client: _Loading, head: bytes) -> None:
        client.until = time.monotonic() + PATIENCE
        try:
            client.socket.send(head, socket.MSG_MORE if client.part else 0)
        except OSError:
            self._connections.drop(client)
            return
        self._connections.wants(client, write=True)

    def _write(self, client: _Loading) -> None:
        assert client.file is not None
        try:
            sent = os.sendfile(
                client.socket.fileno(), client.file, client.at, min(_AT_ONCE, client.part.stop - client.at)
            )
        except BlockingIOError:
            return
        except OSError:  # it has gone
            self._connections.drop(client)
            return
        client.at += sent
        client.until = min(time.monotonic() + PATIENCE, client.since + LONGEST)
        if client.at == client.part.stop:
            with contextlib.suppress(OSError):
                client.socket.shutdown(socket.SHUT_WR)
            self._connections.wants(client, write=False)
            client.sent = time.monotonic()
            self._ending.add(client)
        elif not sent:  # the file is shorter than it was
            self._connections.drop(client)

    def _look(self) -> None:
        for client in tuple(self._ending):
            if client.file is None or not client.unacknowledged():
                self._ending.discard(client)
                self._connections.drop(client)
            elif not client.unsure and time.monotonic() - client.sent >= UNSURE_AFTER:
                client.unsure = True
                self._tell([Said.UNSURE.value, client.address, client.name, client.unacknowledged()])
        self._connections.end_overdue()


def _open(path: Path) -> int:
    """Raises OSError for what is no regular file, and where a link leads anywhere."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FileNotFoundError(path)
    return file


def line(said: list[object]) -> bytes:
    """As it goes to the boot server."""
    return json.dumps(said).encode("ascii") + b"\n"


def serve(listener: socket.socket, root: Path, log: int) -> int:
    """What the process does that serves the tree. Its log goes to the descriptor `log`.

    It may be where no file of Python's can be read, so that all is imported before: a request is read once.
    """
    Request(b"GET /x HTTP/1.1\r\nHost: x\r\nRange: bytes=0-\r\n\r\n").head(206, {"Content-Length": 1})

    def tell(said: list[object]) -> None:
        os.write(log, line(said))

    server = FileServer(listener, root, tell)
    tell([Said.SERVES.value])
    server.run()
    return 0

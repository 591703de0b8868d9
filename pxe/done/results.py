"""The page that is told a result (``page_remontee``), for a boot server of our own. The contract:

- A report is one GET of the launcher (launcher/network/result_page.py: ``debut fin succes mac num_op umode``). It is
  believed only when it brings the room's token and comes from the address of the very card that it names, as the
  kernel's table of neighbours has it. So a machine can speak for itself alone; the token, which stands on the line,
  keeps out who never read a line: web pages in somebody's browser, scanners, a room's PC that asks for something else.
  Against who forges addresses on the wire there is no help, as there is none for DHCP and TFTP.
- A success is answered when it is kept: `keep` gets all that came together, and they are one write. While it cannot be
  kept, no success is answered.
- Hostile requests (long, slow, garbage, a thousand connections) cost a bounded number of descriptors and bytes, and
  nobody else's report: of too many connections the oldest idle ones go, those of one address first.
- Everything hangs on one descriptor of the loop, and no call waits.
"""

from __future__ import annotations

import contextlib
import hmac
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_mac

from ..loop import Loop

PORT = 8067
"""Where the page is, unless somebody else has that port."""

LIFE = 8.0  # seconds for a request, and for taking its answer; the launcher waits for 10
TOGETHER = 0.1  # seconds for which reports are gathered: a whole room ends its clone at once
MAX_REQUEST = 4096  # bytes; the launcher's have about 250
MAX_CONNECTIONS, MAX_OF_ONE = 128, 4
MANY = 256  # addresses that are told of
NOT_BELIEVED = 403
_ACCEPTED_AT_ONCE = 64
_COMPLETE = 0x2  # ATF_COM of linux/if_arp.h: the neighbour's address is known

OK, REFUSED = "Remontee effectuee.", "Echec de la remontee: "
"""The words of SambaEdu's page, which the launcher knows."""

Neighbours = Callable[[], str]
"""The text of /proc/net/arp."""


@dataclass(frozen=True)
class Report:
    """What one machine told of itself: `role` is ``rcv`` or ``snd``."""

    mac: str
    address: str
    role: str
    ok: bool


Keep = Callable[[Sequence[Report]], bool]
"""Gets reports; True when they are kept on the disk. They come again when not."""


Doubt = Callable[[str, str], None]
"""Gets the address and a sentence about who brought the token, and was not believed; once for each address."""


class Refused(Exception):
    """A request that is no report, or not to be believed: status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Request(BaseHTTPRequestHandler):
    """A whole request as bytes, and the answer to it as bytes."""

    protocol_version = "HTTP/1.0"
    server_version, sys_version = "udpcast-launcher", ""

    def __init__(self, data: bytes) -> None:
        # The base class would serve a socket at once.
        self.rfile, self.wfile = BytesIO(data), BytesIO()
        self.raw_requestline = self.rfile.readline()
        self.requestline, self.request_version, self.command = "", self.protocol_version, ""
        self.close_connection = True
        self.is_good = self.parse_request()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is worth a line is said by who keeps the reports."""

    def answer(self, status: int, text: str) -> bytes:
        """What goes back; of a request that is not HTTP, the reason that the parser has written."""
        if self.is_good:
            body = f"{text}\n".encode("ascii", "replace")
            self.send_response(status)
            for name, value in (("Content-Type", "text/plain"), ("Content-Length", len(body)), ("Connection", "close")):
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)
        written: bytes = self.wfile.getvalue()  # type: ignore[attr-defined]
        return written


def read_report(command: str, target: str, token: str, address: str, mac: str | None) -> Report:
    """What a request reports that came from `address`, where the card `mac` is. Raises Refused."""
    if command != "GET":
        raise Refused(501, "a GET was expected.")
    try:
        url = urlsplit(target)
    except ValueError as error:  # http://[
        raise Refused(400, "that is no address of a page.") from error
    if not hmac.compare_digest(url.path.encode(), f"/{token}".encode()):
        raise Refused(404, "there is no such page.")
    try:
        fields = parse_qs(url.query, max_num_fields=20)
        values = {name: fields[name] for name in ("succes", "mac", "umode")}
        (ok,), (named,), (role,) = values.values()
        named = parse_mac(named)
    except (KeyError, ValueError, CommandLineError) as error:
        raise Refused(400, "succes, mac and umode were expected, each once.") from error
    if ok not in {"y", "n"} or role not in {"rcv", "snd"}:
        raise Refused(400, "succes=y or n, umode=rcv or snd were expected.")
    if named != mac:
        raise Refused(NOT_BELIEVED, f"it reports for {named}, but comes from {mac or 'a card that nobody knows'}.")
    return Report(named, address, role, ok == "y")


def neighbour(table: str, address: str, interface: str) -> str | None:
    """The card that has `address` on `interface`, by the text of /proc/net/arp (proc(5)); None when nobody knows."""
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) == 6 and (words[0], words[5]) == (address, interface) and int(words[2], 16) & _COMPLETE:
            return words[3].lower()
    return None


@dataclass(eq=False)
class _Connection:
    """One client: what it has sent, until when it may; `report` waits to be kept."""

    socket: socket.socket
    address: str
    until: float
    data: bytearray = field(default_factory=bytearray)
    request: Request | None = None
    report: Report | None = None


class ResultPage:
    """Listens as soon as it exists; `url` is what goes on the lines. Raises OSError when it cannot listen.

    Where somebody else has the `port`, another one is taken, unless it must be `only_there`.
    """

    def __init__(
        self,
        server: IPv4Address,
        interface: str,
        token: str,
        *,
        port: int = PORT,
        only_there: bool = False,
        neighbours: Neighbours = Path("/proc/net/arp").read_text,
    ) -> None:
        self._listener = _listen(server, interface, (port,) if only_there else (port, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{server}:{self.port}/{token}"
        self._interface, self._token, self._neighbours = interface, token, neighbours
        self._keep: Keep = lambda _: False
        self._doubt: Doubt = lambda *_: None
        self._doubted: set[str] = set()
        self._connections: list[_Connection] = []  # the oldest first
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def hang_on(self, loop: Loop, keep: Keep, doubt: Doubt) -> None:
        """Serve from now on, on `loop`."""
        self._keep, self._doubt = keep, doubt
        loop.watch(self._selector.fileno(), self._turn)
        loop.every(TOGETHER, self._tick)

    def close(self) -> None:
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.close()
        self._listener.close()

    def _turn(self) -> None:
        for key, _ in self._selector.select(0):
            if key.data is None:
                self._accept()
            elif key.data in self._connections:
                self._read(key.data)

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
            made = _Connection(connection, address, time.monotonic() + LIFE)
            self._connections.append(made)
            self._selector.register(connection, selectors.EVENT_READ, made)

    def _make_room(self, address: str) -> None:
        """Let the oldest connections go of an `address` that has too many, or of all when these are too many."""
        idle = [one for one in self._connections if one.report is None]
        same = [one for one in idle if one.address == address]
        for one in same[: max(0, len(same) - MAX_OF_ONE + 1)]:
            self._drop(one)
        idle = [one for one in idle if one in self._connections]
        for one in idle[: max(0, len(self._connections) - MAX_CONNECTIONS + 1)]:
            self._drop(one)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(1 << 12)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
        elif connection.request is None:  # what comes behind a request is not looked at
            connection.data += data
            if b"\r\n\r\n" in connection.data or b"\n\n" in connection.data:
                self._hear(connection)
            elif len(connection.data) > MAX_REQUEST:
                self._drop(connection)

    def _hear(self, connection: _Connection) -> None:
        connection.request = request = Request(bytes(connection.data[:MAX_REQUEST]))
        if not request.is_good:
            self._answer(connection, 400, "")
            return
        mac = neighbour(self._neighbours(), connection.address, self._interface)
        try:
            connection.report = read_report(request.command, request.path, self._token, connection.address, mac)
        except Refused as refused:
            self._answer(connection, refused.status, f"{REFUSED}{refused}")
            if refused.status == NOT_BELIEVED and connection.address not in self._doubted and len(self._doubted) < MANY:
                self._doubted.add(connection.address)
                self._doubt(connection.address, str(refused))

    def _tick(self) -> None:
        """Keep what came together, answer it, and end what is overdue."""
        waiting = [one for one in self._connections if one.report]
        if waiting and self._keep([one.report for one in waiting if one.report]):
            for one in waiting:
                self._answer(one, 200, OK)
        now = time.monotonic()
        for one in [one for one in self._connections if one.until <= now]:
            self._drop(one)

    def _answer(self, connection: _Connection, status: int, text: str) -> None:
        """Send the answer, which fits into a new connection's buffer; the client closes when it has read it."""
        assert connection.request
        connection.report = None
        connection.until = time.monotonic() + LIFE
        try:
            connection.socket.send(connection.request.answer(status, text))
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone: what it told is kept all the same
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        self._connections.remove(connection)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.socket)
        connection.socket.close()


def _listen(server: IPv4Address, interface: str, ports: Sequence[int]) -> socket.socket:
    """Listen at the first of these ports that is free."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            listener.bind((str(server), port))
            listener.listen(1024)
        except OSError:
            listener.close()
            if port == ports[-1]:
                raise
            continue
        listener.setblocking(False)
        break
    return listener

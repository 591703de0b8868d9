"""The page that is told a result (``page_remontee``), for a boot server of our own. The contract:

- A report is one GET of the launcher (launcher/network/result_page.py: ``debut fin succes mac num_op umode``). It is
  believed only when it brings the room's token and comes from the address of the very card that it names, as the
  kernel's table of neighbours has it. So a machine can speak for itself alone; the token, which stands on the line,
  keeps out who never read a line: web pages in somebody's browser, scanners, a room's PC that asks for something else.
  Against who forges addresses on the wire there is no help, as there is none for DHCP and TFTP.
- A success is answered when it is kept: `keep` gets all that came together, and they are one write. While it cannot be
  kept, no success is answered.
- Hostile requests (long, slow, garbage, a thousand connections) cost a bounded number of descriptors and bytes, and
  nobody else's report: see `web.connections`.
- It is a server of its own beside that of the tree's files (`web.files`), for it may write who is done.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kernel_cmdline import CommandLineError
from kernel_cmdline.network import parse_mac

from ..loop import Loop
from ..web.connections import Bounds, Connection, Connections, listen

PORT = 8067
"""Where the page is, unless somebody else has that port."""

LIFE = 8.0  # seconds for a request, and for taking its answer; the launcher waits for 10
TOGETHER = 0.1  # seconds for which reports are gathered: a whole room ends its clone at once
MAX_CONNECTIONS, MAX_OF_ONE = 128, 4
MANY = 256  # addresses that are told of
NOT_BELIEVED = 403
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
class _Teller(Connection):
    """A client; its `report` waits to be kept."""

    report: Report | None = None

    @property
    def is_kept(self) -> bool:
        return self.report is not None


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
        listener = listen(server, interface, (port,) if only_there else (port, 0))
        self.port: int = listener.getsockname()[1]
        self.url = f"http://{server}:{self.port}/{token}"
        self._interface, self._token, self._neighbours = interface, token, neighbours
        self._keep: Keep = lambda _: False
        self._doubt: Doubt = lambda *_: None
        self._doubted: set[str] = set()
        self._connections = Connections(listener, Bounds(LIFE, MAX_CONNECTIONS, MAX_OF_ONE), _Teller, self._hear)

    def hang_on(self, loop: Loop, keep: Keep, doubt: Doubt) -> None:
        """Serve from now on, on `loop`."""
        self._keep, self._doubt = keep, doubt
        loop.watch(self._connections, self._connections.turn)
        loop.every(TOGETHER, self._tick)

    def close(self) -> None:
        self._connections.close()

    def _hear(self, connection: _Teller) -> None:
        request = connection.request
        assert request
        if not request.is_good:
            self._connections.answer(connection, request.answer(400, ""))
            return
        mac = neighbour(self._neighbours(), connection.address, self._interface)
        try:
            connection.report = read_report(request.command, request.path, self._token, connection.address, mac)
        except Refused as refused:
            self._connections.answer(connection, request.answer(refused.status, f"{REFUSED}{refused}"))
            if refused.status == NOT_BELIEVED and connection.address not in self._doubted and len(self._doubted) < MANY:
                self._doubted.add(connection.address)
                self._doubt(connection.address, str(refused))

    def _tick(self) -> None:
        """Keep what came together, answer it, and end what is overdue."""
        waiting = [(one, one.report, one.request) for one in self._connections if one.report and one.request]
        if waiting and self._keep([report for _, report, _ in waiting]):
            for one, _, request in waiting:
                one.report = None
                self._connections.answer(one, request.answer(200, OK))
        self._connections.end_overdue()

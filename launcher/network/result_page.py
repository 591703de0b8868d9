"""SambaEdu's page that is told the result of a transfer (``remontee_info``, ``page_remontee``, ``num_op``).

What is sent is what se3-clonage's scripts send (ntfsclone_udpcast.sh and its sibling for whole disks, on its boot
media; the receiver is sources/www/tftp/remontee_udpcast.php in SambaEdu/se3-clonage): one GET with, in this order,
``debut`` and ``fin`` (``date +%s``: seconds since 1970, by the PC's clock), ``succes`` (``y`` or ``n``), ``mac`` (the
value of ``mac=`` on the line, which se3-clonage writes in lower case with dashes), ``num_op`` and ``umode`` (``snd`` or
``rcv``). That page writes what it is sent into a database as it is, so nothing but these six plain words is sent. It
inserts its row after its first output, and PHP ends a script whose reader is gone: so the answer is read to its end.

A report never changes an outcome: it is one GET without proxies, in a thread of its own, and over after `TIMEOUT`
whatever it meets, a name server that is silent included.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import AnswerError, ErrorKind
from ..reasons import reason
from ..sentence import Sentence, say

if TYPE_CHECKING:
    from ..model.afterwards import Result

TIMEOUT = 10.0  # seconds, from the start to the last byte of the answer
MAX_ANSWER = 1 << 20  # bytes that are kept
REFUSED = b"Echec de la remontee"  # se3-clonage answers 200 also to a PC that it does not know

_URL = re.compile(
    r"http://([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])(?::([0-9]{1,5}))?([/?].*)?", re.IGNORECASE
)
_TARGET = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")  # RFC 3986, without a fragment


def split_url(url: str) -> tuple[str, int, str]:
    """Host, port, and what is asked for, of an http URL. Raises AnswerError with the sentence.

    No https: the Python of the initrd has no TLS, and no certificates to trust.
    """
    if url[:8].lower() == "https://":
        raise AnswerError(
            ErrorKind.WRONG_VALUE,
            say("page_remontee={url}: there is no https in the initrd.", url=url),
            say("Expected http://server/page."),
        )
    match = _URL.fullmatch(url)
    port = int(match[2] or 80) if match else 0
    if not match or not 0 < port < 65536:
        raise AnswerError(
            ErrorKind.WRONG_VALUE,
            say("page_remontee={url} is no http URL.", url=url),
            say("Expected http://server/page or http://server:909/page."),
        )
    target = match[3] or "/"
    if not _TARGET.fullmatch(target):
        raise AnswerError(
            ErrorKind.WRONG_VALUE,
            say("page_remontee={url} has a character that a URL cannot have.", url=url),
            say("Write it as % and two hexadecimal digits."),
        )
    return match[1], port, target if target[0] == "/" else f"/{target}"


def address(result: Result) -> str:
    """The URL that tells `result`."""
    from urllib.parse import urlencode  # noqa: PLC0415

    plan = result.plan
    assert plan.result_page
    fields = {
        "debut": int(result.begun),
        "fin": int(result.ended),
        "succes": "y" if result.outcome.ok else "n",
        "mac": plan.nic.mac.lower().replace(":", "-"),
        "num_op": plan.result_page.operation or "",
        "umode": plan.role.value,
    }
    url = plan.result_page.url
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(fields)}"


@dataclass(frozen=True)
class Answer:
    """What came of a GET. `status` None: no answer."""

    ok: bool
    status: int | None
    sentence: Sentence


class Report:
    """One GET that is under way in a thread of its own."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        import threading  # noqa: PLC0415
        from queue import SimpleQueue  # noqa: PLC0415

        self.url = url
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._answer: Answer | None = None
        threading.Thread(target=self._run, name="report", daemon=True).start()

    def answer(self) -> Answer | None:
        """What came of it, or None while it is under way, which it is no longer than the time-out. Never blocks."""
        if self._answer is None:
            if not self._answers.empty():
                self._answer = self._answers.get()
            elif time.monotonic() >= self._deadline:
                host = split_url(self.url)[0]
                late = say("{host} did not answer within {seconds:.0f} s.", host=host, seconds=self._timeout)
                self._answer = Answer(False, None, late)
        return self._answer

    def _run(self) -> None:
        self._answers.put(get(self.url, self._deadline))


def get(url: str, deadline: float) -> Answer:
    """GET `url` until `deadline` on the monotonic clock. Only looking up a name can take longer.

    Redirections are not followed: a report is told once, to the page that was named.
    """
    import socket  # noqa: PLC0415

    host, port, target = split_url(url)
    name = host if port == 80 else f"{host}:{port}"
    request = f"GET {target} HTTP/1.0\r\nHost: {name}\r\nUser-Agent: udpcast-launcher\r\n\r\n".encode("ascii")
    data = bytearray()
    try:
        # A name in bytes needs no IDNA tables, which the initrd does not have.
        found = socket.getaddrinfo(host.encode("ascii"), port, socket.AF_INET, socket.SOCK_STREAM)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.settimeout(_left(deadline))
            connection.connect(found[0][4])
            connection.sendall(request)
            while True:
                connection.settimeout(_left(deadline))
                chunk = connection.recv(65536)
                if not chunk:
                    return _judge(bytes(data), host)
                if len(data) < MAX_ANSWER:
                    data += chunk
    except TimeoutError:
        status = _status(bytes(data))
        if status is None:
            return Answer(False, None, say("{host} did not answer in time.", host=host))
        endless = say("{host} answered {status}, but did not come to an end in time.", host=host, status=status)
        return Answer(False, status, endless)
    except OSError as error:
        status = _status(bytes(data))
        return Answer(False, status, say("{host} could not be told: {reason}.", host=host, reason=reason(error)))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _status(data: bytes) -> int | None:
    match = re.match(rb"HTTP/[0-9.]+ ([0-9]{3})", data)
    return int(match[1]) if match else None


def _judge(data: bytes, host: str) -> Answer:
    """What a whole answer means."""
    status = _status(data)
    if status is None:
        return Answer(False, None, say("{host} gave no HTTP answer.", host=host))
    if 300 <= status < 400:
        return Answer(False, status, _redirection(status, data, host))
    if not 200 <= status < 300:
        return Answer(False, status, say("{host} answered {status}.", host=host, status=status))
    if REFUSED in data:
        return Answer(False, status, say("{host} does not know this PC's MAC address.", host=host))
    return Answer(True, status, say("{host} was told.", host=host))


def _redirection(status: int, data: bytes, host: str) -> Sentence:
    found = re.search(rb"\r?\n[Ll]ocation: *([!-~]{1,200})", data)
    if not found:
        return say("{host} answered {status}, a redirection, which is not followed.", host=host, status=status)
    return say(
        "{host} answered {status}, a redirection to {target}, which is not followed.",
        host=host,
        status=status,
        target=found[1].decode("ascii"),
    )

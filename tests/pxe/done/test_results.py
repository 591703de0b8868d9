"""The page that is told results: who is believed, what is kept before the answer, and what hostile requests cost."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.network.result_page import get
from pxe.done.results import (
    MAX_CONNECTIONS,
    MAX_OF_ONE,
    Refused,
    Report,
    ResultPage,
    neighbour,
    read_report,
)
from pxe.loop import Loop
from pxe.web.request import MAX_REQUEST, Request

MAC, TOKEN, SELF = "52:54:00:aa:bb:01", "0123456789abcdef", "127.0.0.1"
GOOD = f"/{TOKEN}?debut=1&fin=2&succes=y&mac=52-54-00-aa-bb-01&num_op=&umode=rcv"
ARP = "IP address       HW type     Flags       HW address            Mask     Device\n"
HERE = f"{ARP}127.0.0.1        0x1         0x2         {MAC.upper()}     *        lo\n"


def test_a_report_of_the_launcher_is_read() -> None:
    assert read_report("GET", GOOD, TOKEN, "10.77.0.9", MAC) == Report(MAC, "10.77.0.9", "rcv", True)
    failed = GOOD.replace("succes=y", "succes=n").replace("rcv", "snd")
    assert read_report("GET", failed, TOKEN, "10.77.0.9", MAC) == Report(MAC, "10.77.0.9", "snd", False)


@pytest.mark.parametrize(
    ("command", "target", "mac", "status"),
    [
        ("POST", GOOD, MAC, 501),
        ("GET", "/", MAC, 404),
        ("GET", GOOD.replace(TOKEN, TOKEN[:-1]), MAC, 404),
        ("GET", GOOD.replace(TOKEN, ""), MAC, 404),
        ("GET", GOOD.replace(TOKEN, "\N{SNOWMAN}"), MAC, 404),
        ("GET", f"/{TOKEN}", MAC, 400),
        ("GET", GOOD.replace("succes=y", "succes=yes"), MAC, 400),
        ("GET", GOOD.replace("succes=y", "succes=y&succes=n"), MAC, 400),
        ("GET", GOOD.replace("52-54", "5254"), MAC, 400),
        ("GET", GOOD.replace("rcv", "RCV"), MAC, 400),
        ("GET", f"{GOOD}{'&a=1' * 30}", MAC, 400),
        ("GET", "http://[", MAC, 400),
        ("GET", GOOD, "52:54:00:aa:bb:02", 403),
        ("GET", GOOD, None, 403),
    ],
)
def test_what_is_no_report_of_the_machine_itself_is_refused(
    command: str, target: str, mac: str | None, status: int
) -> None:
    with pytest.raises(Refused) as caught:
        read_report(command, target, TOKEN, "10.77.0.9", mac)
    assert caught.value.status == status


@given(st.text(), st.text())
def test_no_target_is_a_crash(target: str, query: str) -> None:
    with contextlib.suppress(Refused):
        read_report("GET", target, TOKEN, "10.77.0.9", MAC)
    with contextlib.suppress(Refused):
        read_report("GET", f"/{TOKEN}?{query}", TOKEN, "10.77.0.9", MAC)


@given(st.binary(max_size=300), st.booleans())
def test_no_request_is_a_crash(noise: bytes, head: bool) -> None:
    request = Request((b"GET /x HTTP/1.1\r\n" if head else b"") + noise + b"\r\n\r\n")
    assert request.answer(404, "no") or not request.is_good


def test_a_neighbour_is_known_by_the_kernels_table() -> None:
    table = (
        f"{ARP}10.77.0.9        0x1         0x2         {MAC.upper()}     *        eth1\n"
        "10.77.0.10       0x1         0x0         00:00:00:00:00:00     *        eth1\n"
        f"10.77.0.11       0x1         0x6         {MAC}     *        eth0\n"
    )
    assert neighbour(table, "10.77.0.9", "eth1") == MAC
    assert [neighbour(table, f"10.77.0.{last}", "eth1") for last in (10, 11, 90)] == [None] * 3


class Serving:
    """A page on the loopback, on a loop in a thread; `kept` are the batches."""

    def __init__(self, keep: Callable[[Sequence[Report]], bool] | None = None, *, started: bool = True) -> None:
        self.kept: list[tuple[Report, ...]] = []
        self.doubted: list[tuple[str, str]] = []
        self._keep = keep or (lambda _: True)
        self.page = ResultPage(IPv4Address(SELF), "lo", TOKEN, port=0, neighbours=lambda: HERE)
        self.loop = Loop()
        self.page.hang_on(self.loop, self.keep, lambda *words: self.doubted.append(words))
        self._over = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        if started:
            self.thread.start()

    def _run(self) -> None:
        while not self._over:
            self.loop._turn()

    def keep(self, reports: Sequence[Report]) -> bool:
        self.kept.append(tuple(reports))
        return self._keep(reports)

    def close(self) -> None:
        self._over = True
        self.thread.join(5)
        self.page.close()
        self.loop.close()

    def connect(self, source: str = SELF) -> socket.socket:
        return socket.create_connection((SELF, self.page.port), timeout=20, source_address=(source, 0))

    def tell(self, target: str = GOOD) -> tuple[int | None, bool]:
        answer = get(f"http://{SELF}:{self.page.port}{target}", time.monotonic() + 20)
        return answer.status, answer.ok


@pytest.fixture
def serving() -> Iterator[Serving]:
    made = Serving()
    yield made
    made.close()


def test_the_launcher_tells_it_and_is_answered_when_it_is_kept(serving: Serving) -> None:
    assert serving.page.url == f"http://{SELF}:{serving.page.port}/{TOKEN}"
    assert serving.tell() == (200, True)
    assert serving.kept == [(Report(MAC, SELF, "rcv", True),)]


def test_what_is_not_to_be_believed_is_not_kept(serving: Serving) -> None:
    for _ in range(2):
        assert serving.tell(GOOD.replace("bb-01", "bb-02")) == (403, False)
        assert serving.tell("/") == (404, False)
    assert serving.kept == []
    assert serving.doubted == [(SELF, f"it reports for 52:54:00:aa:bb:02, but comes from {MAC}.")]


def test_what_cannot_be_kept_is_not_answered_until_it_can() -> None:
    tries = iter((False, False, True))
    serving = Serving(lambda _: next(tries))
    assert serving.tell() == (200, True)
    assert len(serving.kept) == 3
    serving.close()


def test_many_that_come_together_are_one_write() -> None:
    serving = Serving(started=False)
    clients = [serving.connect() for _ in range(MAX_OF_ONE)]
    for client in clients:
        client.sendall(f"GET {GOOD} HTTP/1.0\r\n\r\n".encode())
    serving.thread.start()
    assert [client.recv(15) for client in clients] == [b"HTTP/1.0 200 OK"] * MAX_OF_ONE
    assert [len(batch) for batch in serving.kept] == [MAX_OF_ONE]
    for client in clients:
        client.close()
    serving.close()


HOSTILE = {
    "nothing": b"",
    "half": b"GET /",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "long": b"GET /" + b"x" * (4 * MAX_REQUEST),
    "many headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 400 + b"\r\n",
    "a second one": f"GET {GOOD} HTTP/1.1\r\n\r\n".encode() * 2,
    "HTTP/9": f"GET {GOOD} HTTP/9.9\r\n\r\n".encode(),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_requests_hold_nobody_up(serving: Serving, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxe.done.results.LIFE", 3600.0)  # a server that waits for the stranger never answers
    with serving.connect() as stranger:
        with contextlib.suppress(OSError):
            stranger.sendall(sent)
        assert serving.tell() == (200, True)
    assert all(report == Report(MAC, SELF, "rcv", True) for batch in serving.kept for report in batch)


def test_a_thousand_connections_cost_few_descriptors_and_nobodys_report(serving: Serving) -> None:
    """From one address, and from a thousand: whoever says nothing goes first."""
    strangers = [serving.connect("127.0.0.2") for _ in range(300)]
    strangers += [serving.connect(f"127.0.{1 + n // 250}.{1 + n % 250}") for n in range(300)]
    assert serving.tell() == (200, True)
    assert len(serving.page._connections) <= MAX_CONNECTIONS
    assert sum(one.address == "127.0.0.2" for one in serving.page._connections) <= MAX_OF_ONE
    for stranger in strangers:
        stranger.close()


def test_who_is_slow_is_left(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxe.done.results.LIFE", 0.2)
    with serving.connect() as slow:
        slow.sendall(b"GET /")
        assert slow.recv(1) == b""


def test_one_who_floods_pushes_out_only_himself(serving: Serving) -> None:
    request = f"GET {GOOD} HTTP/1.0\r\n\r\n".encode()
    with serving.connect() as honest:
        honest.sendall(request[:9])
        strangers = [serving.connect("127.0.0.2") for _ in range(2 * MAX_CONNECTIONS)]
        serving.tell()  # behind all of them
        honest.sendall(request[9:])
        assert honest.recv(15) == b"HTTP/1.0 200 OK"
        for stranger in strangers:
            stranger.close()


def test_a_port_that_is_taken_is_no_hindrance() -> None:
    with socket.socket() as taken:
        taken.bind((SELF, 0))
        taken.listen()
        port = taken.getsockname()[1]
        page = ResultPage(IPv4Address(SELF), "lo", TOKEN, port=port)
        assert page.port not in {port, 0}
        page.close()

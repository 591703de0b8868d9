"""The page that is told the result: what is sent, and that whatever the server does, it is over in time."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from launcher.errors import AnswerError
from launcher.model.afterwards import Result
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import ResultPage
from launcher.network import result_page
from launcher.network.result_page import Answer, Report, address, get, split_url
from launcher.sentence import say
from tests.common import ONE, ROOT, a_plan

PATIENCE = 20.0  # seconds until an answer that was expected counts as missing
SHORT = 0.3
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<br>Remontee effectuee.<br>"
Serve = Callable[[socket.socket, threading.Event], None]


def result(url: str, kind: OutcomeKind = OutcomeKind.EQUAL, operation: str | None = "17") -> Result:
    plan = a_plan(result_page=ResultPage(url, operation))
    return Result(plan, Outcome(kind, say(".")), begun=1700000000.9, ended=1700000600.2)


@contextmanager
def server(serve: Serve) -> Iterator[tuple[str, list[bytes]]]:
    """A server on a port of its own that gives one connection to `serve`; yields its URL and what it was asked."""
    asked: list[bytes] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                asked.append(data)
                serve(connection, over)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/tftp/remontee_udpcast.php", asked
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def says(answer: bytes) -> Serve:
    return lambda connection, over: connection.sendall(answer)


def trickles(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.01):
        try:
            connection.sendall(b".")
        except OSError:
            return


def stands_still(connection: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE)


def plain(answer: Answer) -> tuple[bool, int | None, str]:
    return answer.ok, answer.status, str(answer.sentence)


def told(url: str, timeout: float = PATIENCE) -> Answer:
    report = Report(url, timeout)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = report.answer()
        if answer:
            return answer
        time.sleep(0.005)
    pytest.fail("the report is not over")


def test_the_page_is_sent_what_se3_clonages_scripts_send() -> None:
    with server(says(OK)) as (url, asked):
        answer = told(address(result(url)))
    mac = ONE.nics[0].mac.lower().replace(":", "-")
    expected = f"?debut=1700000000&fin=1700000600&succes=y&mac={mac}&num_op=17&umode=rcv HTTP/1.0\r\n"
    assert expected.encode() in asked[0]
    assert asked[0].startswith(b"GET /tftp/remontee_udpcast.php?")
    assert f"Host: {url.split('/')[2]}\r\n".encode() in asked[0]
    assert plain(answer) == (True, 200, "127.0.0.1 was told.")


def test_a_failure_is_told_as_such_and_a_query_of_its_own_stays() -> None:
    url = address(result("http://se3/r?room=%C3%A0", OutcomeKind.DIFFERENT, operation=None))
    assert url.startswith("http://se3/r?room=%C3%A0&debut=")
    assert "&succes=n&" in url
    assert "&num_op=&" in url


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", 404, "answered 404"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", 500, "answered 500"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://se3/login\r\n\r\n", 302, "to https://se3/login, which is not"),
        (b"HTTP/1.1 200 OK\r\n\r\nEchec de la remontee.\nL'adresse MAC", 200, "does not know this PC's MAC"),
        (b"SSH-2.0-OpenSSH\r\n", None, "gave no HTTP answer"),
        (b"", None, "gave no HTTP answer"),
    ],
)
def test_what_is_no_success_says_so(answer: bytes, status: int | None, words: str) -> None:
    with server(says(answer)) as (url, _):
        got = told(url)
    assert (got.ok, got.status) == (False, status)
    assert words in str(got.sentence)


@pytest.mark.parametrize("serve", [stands_still, trickles])
def test_a_server_that_does_not_come_to_an_end_is_given_up(serve: Serve) -> None:
    with server(serve) as (url, _):
        got = told(url, SHORT)
    assert not got.ok
    assert "time" in str(got.sentence) or "within" in str(got.sentence)


def test_a_server_that_trickles_leaves_no_thread_behind() -> None:
    with server(trickles) as (url, _):
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(get(url, time.monotonic() + SHORT)), daemon=True)
        thread.start()
        thread.join(PATIENCE)
    expected = (False, 200, "127.0.0.1 answered 200, but did not come to an end in time.")
    assert [plain(answer) for answer in answers] == [expected]


def test_a_name_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*arguments: object) -> list[object]:
        over.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        assert plain(told("http://se3/r", SHORT)) == (False, None, "se3 did not answer within 0 s.")
    finally:
        over.set()


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    got = told(f"http://127.0.0.1:{port}/")
    assert plain(got) == (False, None, "127.0.0.1 could not be told: Connection refused.")


def test_a_name_is_looked_up_without_idna_tables() -> None:
    """The initrd has none."""
    script = (
        "import sys, time; sys.modules['encodings.idna'] = None\n"
        "from launcher.network.result_page import get\n"
        "print(get('http://localhost:1/', time.monotonic() + 9).sentence)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("localhost could not be told: Connection refused.\n", "")


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    with server(says(OK)) as (url, _):
        assert told(url).ok


def test_an_answer_that_comes_too_late_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    release, done = threading.Event(), threading.Event()

    def late(url: str, deadline: float) -> Answer:
        release.wait(PATIENCE)
        done.set()
        return Answer(True, 200, say("told"))

    monkeypatch.setattr(result_page, "get", late)
    report = Report("http://se3/r", 0.0)
    first = report.answer()
    release.set()
    assert done.wait(PATIENCE)
    assert first and not first.ok
    assert report.answer() is first


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://se3", ("se3", 80, "/")),
        ("HTTP://10.0.0.1:909/tftp/r.php", ("10.0.0.1", 909, "/tftp/r.php")),
        ("http://se3?x=1", ("se3", 80, "/?x=1")),
    ],
)
def test_urls(url: str, parts: tuple[str, int, str]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize("url", ["", "se3/r", "https://se3/", "http://a b/", "http://se3/\r\nX: y", "http://se3/à"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(AnswerError):
        split_url(url)

"""What ``config=`` may name, and what servers do that have the file, have it not, or have something else in mind."""

from __future__ import annotations

import socket
import time

import pytest

from kernel_cmdline import showable
from launcher.answers.configuration import LONGEST
from launcher.errors import AnswerError
from launcher.network.fetching import Fetch, Fetched, Place, Protocol, read_place, words
from tests.launcher.network import servers

FILE = b"# room 12\nlang=FR\nport=9004\n"


@pytest.mark.parametrize(
    ("text", "place", "shown"),
    [
        ("udpcfg.txt", Place(Protocol.TFTP, None, 69, "udpcfg.txt"), "tftp://10.0.0.1/udpcfg.txt"),
        ("rooms/12/udpcfg.txt", Place(Protocol.TFTP, None, 69, "rooms/12/udpcfg.txt"), "tftp://10.0.0.1/rooms/12/udpcfg.txt"),
        ("/rooms/12.txt", Place(Protocol.TFTP, None, 69, "/rooms/12.txt"), "tftp://10.0.0.1/rooms/12.txt"),
        ("tftp://se3/a.txt", Place(Protocol.TFTP, "se3", 69, "a.txt"), "tftp://se3/a.txt"),
        ("TFTP://10.0.0.9:6969/a", Place(Protocol.TFTP, "10.0.0.9", 6969, "a"), "tftp://10.0.0.9:6969/a"),
        ("http://se3/a?b=c", Place(Protocol.HTTP, "se3", 80, "a?b=c"), "http://se3/a?b=c"),
        ("http://se3.lan:909/x/a", Place(Protocol.HTTP, "se3.lan", 909, "x/a"), "http://se3.lan:909/x/a"),
    ],
)  # fmt: skip
def test_a_file_on_the_boot_server_or_on_one_that_is_named(text: str, place: Place, shown: str) -> None:
    assert read_place(text) == place
    assert str(read_place(text).on("10.0.0.1")) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a\x1b[2Jb", "é", "rooms/", "tftp://se3", "tftp://se3/", "http:///a", "http://se3:0/a", "a" * 256),
        *(
            "http://se3:99999/a",
            "ftp://se3/a",
            "file:///etc/passwd",
            "http://-x/a",
            "http://user@se3/a",
            "http://a b/c",
        ),
    ],
)
def test_what_names_no_file_is_one_sentence(text: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_place(text)
    sentence = str(caught.value.sentence)
    assert sentence == f"config={showable(text)} names no file." and "tftp://server/path" in str(caught.value.hint)


def test_https_is_refused_with_the_reason() -> None:
    with pytest.raises(AnswerError) as caught:
        read_place("https://se3/a")
    assert "certificates cannot be checked" in str(caught.value.sentence)


def fetched(address: str, seconds: float = 20.0) -> Fetched:
    """What came of it, which is never later than the deadline."""
    fetch = Fetch(read_place(address), LONGEST, seconds=seconds)
    end = time.monotonic() + seconds + 10
    while (came := fetch.poll()) is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    fetch.close()
    return came


def text_of(answer: bytes) -> servers.Http:
    return lambda connection: connection.sendall(answer)


@pytest.mark.parametrize("head", [f"HTTP/1.0 200 OK\r\nContent-Length: {len(FILE)}\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"])
def test_by_http(head: str) -> None:
    with servers.http(text_of(head.encode() + FILE)) as address:
        assert fetched(address) == Fetched(FILE)


def test_by_tftp() -> None:
    with servers.tftp(lambda own, client: servers.blocks(own, client, FILE)) as address:
        assert fetched(address) == Fetched(FILE)


def test_a_file_of_any_bytes_comes_as_it_is() -> None:
    data = bytes(range(256)) * 6
    with servers.tftp(lambda own, client: servers.blocks(own, client, data)) as address:
        assert fetched(address) == Fetched(data)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "Reason: server returned error: HTTP/1.0 404 Not Found."),
        (b"HTTP/1.0 500 \x1b[2J\x07\xc2\x9b\r\n\r\n", "HTTP/1.0 500"),
        (b"", "Reason: "),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nshort", "Reason: connection closed prematurely."),
        (b"\xff\xfe\x00" * 300, "Reason: "),
    ],
)
def test_what_an_http_server_answers_instead_is_told_and_shown_as_text(answer: bytes, reason: str) -> None:
    with servers.http(text_of(answer)) as address:
        came = fetched(address)
    assert came.text is None and reason in str(came.reason)
    assert str(came.reason).isprintable()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"File not found", "Reason: server error: (1) File not found."),
        (b"\x1b]0;gone\x07\xc2\x9b2J\xe2\x80\xae" * 20, "Reason: server error: (1) "),
    ],
)
def test_what_a_tftp_server_refuses_is_told(said: bytes, reason: str) -> None:
    with servers.tftp(lambda own, client: servers.refusal(own, client, said)) as address:
        came = fetched(address)
    assert came.text is None and str(came.reason).startswith(reason)
    assert str(came.reason).isprintable() and len(str(came.reason)) < 2000


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"#" * 65536)


def test_data_without_end_is_cut_off() -> None:
    with servers.http(endless) as address:
        assert str(fetched(address).reason) == "It is longer than 64 KiB."
    with servers.tftp(lambda own, client: servers.blocks(own, client, b"#" * 200_000)) as address:
        assert str(fetched(address).reason) == "It is longer than 64 KiB."


def test_the_longest_file_is_taken() -> None:
    whole = b"#" * (LONGEST - 1) + b"\n"
    with servers.http(text_of(b"HTTP/1.0 200 OK\r\n\r\n" + whole)) as address:
        assert fetched(address).text == whole


def test_a_server_that_drips_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"#")
            time.sleep(0.01)

    with servers.http(drip) as address:
        assert str(fetched(address, seconds=0.3).reason) == "No whole answer came within 0 s."


def test_a_server_that_is_silent_is_asked_until_the_time_is_over() -> None:
    asked = []
    with servers.tftp(lambda own, client: asked.append(client)) as address:
        assert str(fetched(address, seconds=1.0).reason) == "No whole answer came within 1 s."
    assert len(asked) > 1


def test_one_that_nobody_listens_for_is_told_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        came = fetched(f"http://127.0.0.1:{unused.getsockname()[1]}/a")
    assert str(came.reason) == "Reason: can't connect to remote host (127.0.0.1): Connection refused."


def test_it_can_be_given_up_at_any_moment() -> None:
    with servers.tftp(lambda own, client: None) as address:
        fetch = Fetch(read_place(address), LONGEST, seconds=600)
        began = time.monotonic()
        fetch.close()
        assert time.monotonic() - began < 30


def test_no_word_of_a_place_reaches_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[str] = []
    with servers.tftp(lambda own, client: servers.refusal(own, client, b"no")) as address:
        fetch = Fetch(read_place(address.replace("udpcfg.txt", "$(reboot);`x`")), LONGEST, noted.append)
        while fetch.poll() is None:
            time.sleep(0.005)
        fetch.close()
    assert "busybox tftp -g -l - -r 'room/$(reboot);`x`' 127.0.0.1 " in noted[0]


def test_what_busybox_draws_meanwhile_is_no_word() -> None:
    drawn = "\rudpcfg.txt  0% |      |  0  --:--:-- ETA\rtftp: timeout\n"
    assert words(drawn) == "timeout" and words("") == "" and words("\r\n\n") == ""

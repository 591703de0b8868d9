"""The files of a tree by HTTP, from a real process: what is given, what is not, and what is said of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from pxe.web import files
from pxe.web.connections import listen

SELF = "127.0.0.1"
LARGE = 30_000_000
"""More than any buffer of a connection holds."""


@dataclass
class Server:
    port: int
    log: Any

    def said(self, *kinds: files.Said) -> list[Any]:
        """The next line of one of these kinds, without the kind; within 20 s."""
        while select.select([self.log], [], [], 20)[0] and (line := self.log.readline()):
            kind, *rest = json.loads(line)
            if files.Said(kind) in kinds:
                return list(rest)
        raise AssertionError("it has ended, or says nothing")

    def get(self, target: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(SELF, self.port, timeout=20)
        with contextlib.closing(connection):
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(files, "PATIENCE", 1.0)
    monkeypatch.setattr(files, "UNSURE_AFTER", 0.3)
    root = tmp_path / "tree"
    (root / "folder").mkdir(parents=True)
    (root / "small").write_bytes(bytes(range(100)))
    (root / "udpcast.img").write_bytes(b"x")
    (root / "middle").write_bytes(bytes(200_000))
    (root / "empty").touch()
    (root / ".hidden").write_text("x")
    (root / "link").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    with (root / "large").open("wb") as large:
        large.truncate(LARGE)
    listener = listen(IPv4Address(SELF), "lo", (0,))
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        try:
            files.serve(listener, root, write)
        finally:
            os._exit(1)
    os.close(write)
    port = listener.getsockname()[1]
    listener.close()
    with os.fdopen(read, "rb", 0) as log:
        yield Server(port, log)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_file_is_given_and_told_when_it_is_there(server: Server) -> None:
    status, headers, body = server.get("/small")
    assert (status, headers["Content-Length"], body) == (200, "100", bytes(range(100)))
    assert server.said(*files.Said) == []
    assert server.said(*files.Said) == [SELF]
    assert server.said(*files.Said) == [SELF, "small", [0, 100], [0, 100], 100]


def test_a_large_file_comes_whole(server: Server) -> None:
    assert server.get("/large")[2] == bytes(LARGE)
    assert server.said(files.Said.TOOK) == [SELF, "large", [0, LARGE], [0, LARGE], LARGE]


def test_the_head_alone(server: Server) -> None:
    status, headers, body = server.get("/udpcast.img", "HEAD")
    assert (status, body) == (200, b"")
    assert (headers["Content-Length"], headers["Content-Type"]) == ("1", "application/vnd.efi-img")


def test_a_part(server: Server) -> None:
    status, headers, body = server.get("/small", Range="bytes=10-19")
    assert (status, headers["Content-Range"], body) == (206, "bytes 10-19/100", bytes(range(10, 20)))
    assert server.said(files.Said.TOOK) == [SELF, "small", [10, 20], [10, 20], 100]
    status, headers, body = server.get("/small", Range="bytes=100-")
    assert (status, headers["Content-Range"], body) == (416, "bytes */100", b"")


def test_an_empty_file(server: Server) -> None:
    assert server.get("/empty")[::2] == (200, b"")
    assert server.said(files.Said.TOOK) == [SELF, "empty", [0, 0], [0, 0], 0]


@pytest.mark.parametrize("target", ["/", "/folder", "/folder/", "/.hidden", "/../tree/small", "/link", "/pipe", "/no"])
def test_nothing_else_is_given(server: Server, target: str) -> None:
    assert server.get(target)[0] == 404
    assert server.get("/small")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_nothing_is_written(server: Server, method: str) -> None:
    assert server.get("/small", method)[0] == 501


def test_what_is_not_there_is_told(server: Server) -> None:
    server.get("/pxelinux.cfg/default")
    assert server.said(files.Said.MISSING) == [SELF, "pxelinux.cfg/default"]


def begin(server: Server, target: str) -> socket.socket:
    client = socket.create_connection((SELF, server.port), 20)
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert client.recv(12) == b"HTTP/1.0 200"
    return client


def test_who_is_switched_off_has_not_loaded_it(server: Server) -> None:
    with begin(server, "/large"):
        address, name, part, wanted, _ = server.said(files.Said.TOOK)  # it takes nothing, and its time is over
    assert (address, name, wanted) == (SELF, "large", [0, LARGE])
    assert 0 <= part[1] < LARGE


def test_who_is_sent_all_and_acknowledges_no_end_is_told_so(server: Server) -> None:
    """As iPXE under UEFI: what it has not read fits into no window of its own, but into our buffer."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        client.connect((SELF, server.port))
        client.sendall(b"GET /middle HTTP/1.1\r\n\r\n")
        address, name, left = server.said(files.Said.UNSURE)
    assert (address, name) == (SELF, "middle")
    assert 0 < left < 200_000
    server.get("/small")
    assert server.said(files.Said.TOOK)[1] == "small"  # and nobody says that the other one has stopped


def test_who_breaks_off_has_not_loaded_it(server: Server) -> None:
    client = begin(server, "/large")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    _, _, part, _, _ = server.said(files.Said.TOOK)
    assert part[1] < LARGE


def test_nobody_keeps_out_another_one(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * files.BOUNDS.of_one):
            stack.enter_context(socket.create_connection((SELF, server.port), 20))
        stack.enter_context(begin(server, "/large"))
        assert server.get("/small")[2] == bytes(range(100))


def test_who_asks_for_nothing_goes_before_who_loads(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        loading = stack.enter_context(socket.create_connection((SELF, server.port), timeout=20))
        loading.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        came = len(loading.recv(1))
        for _ in range(3 * files.BOUNDS.of_one):
            stack.enter_context(socket.create_connection((SELF, server.port), timeout=20)).sendall(b"GET /small")
        assert server.get("/small")[0] == 200
        while data := loading.recv(1 << 20):
            came += len(data)
    assert came > LARGE

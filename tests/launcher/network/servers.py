"""Servers of files on the loopback that misbehave, for `test_fetching`: one answer each, as a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Http = Callable[[socket.socket], None]
Tftp = Callable[[socket.socket, tuple[str, int]], None]


@contextlib.contextmanager
def http(answer: Http) -> Iterator[str]:
    """The address of a server that takes each connection's request, and does `answer` with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(4096)
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/room/udpcfg.txt"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@contextlib.contextmanager
def tftp(answer: Tftp) -> Iterator[str]:
    """The same by UDP: `answer` hears of each first request, and speaks from a socket of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    _, client = server.recvfrom(4096)
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                        own.bind(("127.0.0.1", 0))
                        own.settimeout(0.3)
                        answer(own, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tftp://127.0.0.1:{server.getsockname()[1]}/room/udpcfg.txt"
        over.set()
        thread.join(10)


def blocks(own: socket.socket, client: tuple[str, int], data: bytes) -> None:
    """`data` as RFC 1350 sends it, each block once it is acknowledged."""
    for number in range(len(data) // 512 + 1):
        block = data[number * 512 : number * 512 + 512]
        own.sendto(b"\0\3" + (number + 1 & 0xFFFF).to_bytes(2) + block, client)
        own.recvfrom(4096)


def refusal(own: socket.socket, client: tuple[str, int], text: bytes, code: int = 1) -> None:
    own.sendto(b"\0\5" + code.to_bytes(2) + text + b"\0", client)

"""One request of HTTP as bytes, and the head of the answer as bytes: the parser is that of `http.server`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from urllib.parse import unquote, urlsplit

MAX_REQUEST = 4096
"""Bytes. Firmware and boot loaders send about 300, the launcher about 250."""


class Request(BaseHTTPRequestHandler):
    """A whole request as bytes, and the answer to it as bytes. Behind each the connection ends."""

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
        """Nothing: what is worth a line is said by who answers."""

    def head(self, status: int, headers: Mapping[str, object]) -> bytes:
        """What stands before the body; of a request that is not HTTP, the reason that the parser has written."""
        if self.is_good:
            self.send_response(status)
            for name, value in {**headers, "Connection": "close"}.items():
                self.send_header(name, str(value))
            self.end_headers()
        written: bytes = self.wfile.getvalue()  # type: ignore[attr-defined]
        return written

    def answer(self, status: int, text: str) -> bytes:
        """A whole answer of one line."""
        body = f"{text}\n".encode("ascii", "replace")
        head = self.head(status, {"Content-Type": "text/plain", "Content-Length": len(body)})
        return head + body if self.is_good and self.command != "HEAD" else head

    @property
    def name(self) -> str | None:
        """The file that is meant, below the tree's root, however the client writes it; None for what is never given:
        what leads out of the tree, and files that begin with a dot."""
        try:
            path = unquote(urlsplit(f"//host/{self.path.lstrip('/')}").path, errors="surrogateescape")
        except ValueError:
            return None
        parts = [part for part in path.replace("\\", "/").split("/") if part]
        if not parts or "\0" in path or any(part.startswith(".") for part in parts):
            return None
        return "/".join(parts)

    def part(self, size: int) -> range | None:
        """The bytes of the file that are asked for (RFC 9110, 14.2): all of them where the question is not one simple
        range; None for a range behind the end."""
        match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (self.headers.get("Range") or "").strip(), re.ASCII)
        if (
            not size
            or not match
            or not (match[1] or match[2])
            or (match[1] and match[2] and int(match[1]) > int(match[2]))
        ):
            return range(size)
        if not match[1]:
            found = range(max(0, size - int(match[2])), size)
        else:
            found = range(int(match[1]), min(size, int(match[2]) + 1) if match[2] else size)
        return found or None

    @property
    def is_partial(self) -> bool:
        return "Range" in self.headers

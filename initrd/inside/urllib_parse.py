"""The initrd's `urllib.parse`: pathlib imports it whenever it is imported itself, for a URL that nobody asks for.

The standard one delays the first screen for longer than pathlib does. Here is what pathlib names, and what the
launcher's result page uses.
"""

from __future__ import annotations

from collections.abc import Mapping

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")


def quote_from_bytes(data: bytes, safe: bytes | str = "/") -> str:
    """`data` as a part of a URL: what is neither plain nor `safe` as %XX."""
    kept = _PLAIN | frozenset(safe.encode("ascii") if isinstance(safe, str) else safe)
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in data)


def urlencode(query: Mapping[str, object]) -> str:
    """`query` as ``name=value&...``, with ``+`` for a blank."""
    return "&".join(f"{_quoted(name)}={_quoted(str(value))}" for name, value in query.items())


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode(), safe=" ").replace(" ", "+")

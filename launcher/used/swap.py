"""Swap space: nothing in it outlives a shutdown. Its header is in the first page, so that its label and UUID are kept;
a hibernated Linux is recognised as something else (``swsuspend``)."""

from __future__ import annotations

from collections.abc import Callable

from ..hardware.window import Window
from .doubt import Tools

HEADER = 64 << 10
"""The largest page there is."""


def look(window: Window, tools: Tools, free: Callable[[int, int], None]) -> int:
    """All behind the header is free. The bytes that are used."""
    if window.length > HEADER:
        free(HEADER, window.length)
    return min(HEADER, window.length)

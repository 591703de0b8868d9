"""The initrd's `urwid.event_loop.asyncio_loop`: urwid imports it whenever it is imported itself, since 2.2.

The launcher uses another loop, and the first screen shall not wait for asyncio and all that it needs (ssl among it).
"""

from __future__ import annotations


class AsyncioEventLoop:
    """Only the name, which urwid hands on."""

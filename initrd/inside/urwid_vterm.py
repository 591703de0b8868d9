"""The initrd's `urwid.vterm`: urwid imports it whenever it is imported itself, and hands its names on.

The launcher shows no terminal in a widget, and the first screen shall not wait for what that needs.
"""

from __future__ import annotations


class TermModes: ...


class TermCharset: ...


class TermScroller: ...


class TermCanvas: ...


class Terminal: ...

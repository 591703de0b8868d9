"""The initrd's `urwid.split_repr`: urwid imports it whenever it is imported itself, to say what a widget is.

Nobody asks here, and the first screen shall not wait for `inspect`, which the real one needs.
"""

from __future__ import annotations

from typing import Any

python3_repr = repr


def split_repr(self: object) -> str:
    """The widget's class and place, without what it holds."""
    return object.__repr__(self)


def remove_defaults(d: dict[str, Any], fn: object) -> dict[str, Any]:
    """All that a widget says of itself; which of it is the default of `fn`, nobody asks."""
    return d

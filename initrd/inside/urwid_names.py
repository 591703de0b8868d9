"""The initrd's `urwid` (its ``__init__``): the names that the launcher's first screen needs.

The standard one imports all of urwid, big letters and trees among it. Every other name is looked for when it is asked
for. This stands for urwid 2.1, which Debian 12 has.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from urwid import raw_display
from urwid.canvas import Canvas
from urwid.container import Columns, Frame, Pile
from urwid.decoration import AttrMap, Filler, Padding
from urwid.listbox import ListBox, SimpleFocusListWalker
from urwid.main_loop import ExitMainLoop, MainLoop, SelectEventLoop
from urwid.util import set_encoding
from urwid.widget import Divider, Edit, SolidFill, Text, Widget, WidgetWrap

__all__ = [
    "AttrMap",
    "Canvas",
    "Columns",
    "Divider",
    "Edit",
    "ExitMainLoop",
    "Filler",
    "Frame",
    "ListBox",
    "MainLoop",
    "Padding",
    "Pile",
    "SelectEventLoop",
    "SimpleFocusListWalker",
    "SolidFill",
    "Text",
    "Widget",
    "WidgetWrap",
    "raw_display",
    "set_encoding",
]

LATER = {"ProgressBar": "urwid.graphics"}
"""Where the names are that a later screen needs."""


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"the initrd's urwid has no {name}")
    return getattr(import_module(LATER[name]), name)

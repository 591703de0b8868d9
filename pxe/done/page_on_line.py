"""Lets the machines of a room tell our page their results: what goes on their lines. Pure.

An administrator's own words stay: where a line says `remontee_info` or `page_remontee`, nothing is added, and he hears
that nobody here will know who is done.
"""

from __future__ import annotations

from dataclasses import replace

from kernel_cmdline import CommandLineError, Parameter, format_line, parse

from ..entries.room import Room

NAMES = frozenset({"remontee_info", "page_remontee"})

_UNKNOWN = (
    "this server cannot know who is done, and a PC that boots from the network comes back to the launcher at every "
    "start. Leave remontee_info= and page_remontee= out, and the server knows."
)


def tell(room: Room, url: str) -> tuple[Room, tuple[str, ...]]:
    """The room whose machines tell `url`, and a warning for what names another page, or none."""
    if _says(room.append):
        return room, (f"the append line says itself which page is told: {_UNKNOWN}",)
    told = replace(room, append=_with_page(room.append, url))
    others = [machine.title for machine in room.machines if _says(machine.append)]
    return told, tuple(f"the line of {title} says itself which page is told: {_UNKNOWN}" for title in others)


def _with_page(append: str, url: str) -> str:
    """Behind the administrator's own words, but before a lone --, behind which the kernel does not look."""
    ours = (Parameter("remontee_info", "y"), Parameter("page_remontee", url))
    try:
        line = parse(append)
        if line.warnings:
            return append
        return format_line((*(p for p in line if not p.init), *ours, *(p for p in line if p.init)))
    except CommandLineError:
        return append  # refused elsewhere, with its reason


def _says(text: str) -> bool:
    try:
        return any(parameter.key in NAMES for parameter in parse(text))
    except CommandLineError:
        return False  # refused elsewhere, with its reason

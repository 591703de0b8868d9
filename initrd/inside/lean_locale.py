"""The initrd's `locale`: urwid imports it to ask for the terminal's encoding, and the standard one takes its time.

The initrd knows one locale, C.UTF-8, so there is nothing to set.
"""

from __future__ import annotations

from _locale import LC_ALL, LC_CTYPE, Error  # type: ignore[attr-defined]

__all__ = ["LC_ALL", "LC_CTYPE", "Error", "getencoding", "getlocale", "getpreferredencoding", "normalize", "setlocale"]


def getlocale(category: int = LC_CTYPE) -> tuple[str | None, str]:
    """As the standard one answers in C.UTF-8."""
    return "en_US", "UTF-8"


def setlocale(category: int, locale: object = None) -> str:
    """As the standard one answers in C.UTF-8; it stays."""
    return "C.UTF-8"


def getencoding() -> str:
    """As the standard one answers in C.UTF-8."""
    return "UTF-8"


def getpreferredencoding(do_setlocale: bool = True) -> str:
    """The same."""
    return "UTF-8"


def normalize(localename: str) -> str:
    """A name that gettext looks for, as it is."""
    return localename

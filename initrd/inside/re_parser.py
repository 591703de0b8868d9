"""The initrd's `re._parser`: `re` imports it whenever it is imported itself, and seldom needs it (see re_compiler)."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    from re import _whole_parser  # type: ignore[attr-defined]  # noqa: PLC0415 - it takes its time

    return getattr(_whole_parser, name)

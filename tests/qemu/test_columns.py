"""Tables for a person."""

from __future__ import annotations

from qemu.columns import layout


def test_columns_are_aligned() -> None:
    assert layout([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]

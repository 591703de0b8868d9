"""Regular expressions compiled as far as Python's own engine allows, for a module that has them ready.

What an expression becomes depends on the Python that compiles it: this runs under the one that goes into the initrd.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import ast
import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Expression = tuple[str | bytes, int]
"""A pattern, and the flags that it was given."""

TAKES_A_PATTERN = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}

COUNTS = {"count", "maxsplit"}
"""What a call may say besides, and the expression is the same."""


def written_in(source: Path) -> Iterator[Expression]:
    """The expressions that stand in `source` as plain texts, without flags, where `re` is called."""
    for call in ast.walk(ast.parse(source.read_bytes(), str(source))):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=attribute),
                args=[ast.Constant(value=str() | bytes() as pattern), *_],
                keywords=more,
            ) if attribute in TAKES_A_PATTERN and {keyword.arg for keyword in more} <= COUNTS:
                yield pattern, 0


def module_of(expressions: Iterable[Expression]) -> str:
    """The source of `re._patterns`: what `_sre.compile` is given for each of them, besides the pattern."""
    rows = {expression: _compiled(*expression) for expression in expressions}
    lines = [f"    {expression!r}: {row!r},\n" for expression, row in sorted(rows.items(), key=repr)]
    return f"PATTERNS = {{\n{''.join(lines)}}}\n"


def _compiled(pattern: str | bytes, flags: int) -> tuple[int, bytes, int, tuple[tuple[str, int], ...], tuple[Any, ...]]:
    made: list[Any] = []
    compiler: Any = re._compiler  # type: ignore[attr-defined]
    engine = compiler._sre
    compiler._sre = SimpleNamespace(**{**vars(_sre), "compile": lambda *row: made.extend(row)})
    try:
        compiler.compile(pattern, flags)
    finally:
        compiler._sre = engine
    _, all_flags, code, groups, names, by_number = made
    return all_flags, array("I", code).tobytes(), groups, tuple(names.items()), by_number

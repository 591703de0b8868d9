"""The initrd's `re._patterns`, in whose place the builder puts what patterns.py writes."""

from __future__ import annotations

PATTERNS: dict[
    tuple[str | bytes, int], tuple[int, bytes, int, tuple[tuple[str, int], ...], tuple[str | None, ...]]
] = {}
"""By a regular expression and its flags: what `_sre.compile` takes besides."""

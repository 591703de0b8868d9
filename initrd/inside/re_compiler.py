"""The initrd's `re._compiler`: regular expressions that were compiled while the initrd was built.

`re` asks here for each expression that it does not know yet. Those that the modules of the initrd name are in
`re._patterns`, which the builder writes (initrd/inside/patterns.py); the standard compiler, and the parser that it
needs, are imported for others.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
from re._constants import *  # type: ignore[import-not-found]  # noqa: F403 - `re` asks for them here
from re._patterns import PATTERNS  # type: ignore[import-not-found]


def isstring(obj: object) -> bool:
    """As the standard one."""
    return isinstance(obj, str | bytes)


def compile(p: object, flags: int = 0) -> object:
    """As the standard one."""
    made = PATTERNS.get((p, flags)) if isstring(p) else None
    if made is None:
        from re import _whole_compiler  # type: ignore[attr-defined]  # noqa: PLC0415 - it takes its time

        return _whole_compiler.compile(p, flags)
    all_flags, code, groups, names, by_number = made
    return _sre.compile(p, all_flags, list(memoryview(code).cast("I")), groups, dict(names), by_number)

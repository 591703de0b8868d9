"""The ``udpcfg.txt`` that stands beside the pair: it goes into the tree, where ``config=udpcfg.txt`` names it.

It is held against the launcher's rules first: a mistake in it would keep every PC of the room from its line.
"""

from __future__ import annotations

from pathlib import Path

from initrd.pair.check import PairError

ANSWERS = "udpcfg.txt"
LONGEST = 64 << 10
"""Bytes; the launcher reads no more of one."""


def read(pair: Path) -> tuple[bytes | None, tuple[str, ...]]:
    """The file in the folder `pair`, None without one; and what it warns of. Raises PairError, OSError."""
    path = pair / ANSWERS
    if not path.is_file():
        return None, ()
    from launcher.answers.explain import check_file  # noqa: PLC0415 - not needed to import pxe

    with path.open("rb") as file:
        text = file.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise PairError(f"{path} is longer than {LONGEST >> 10} KiB: the launcher would not read it.")
    errors, warnings = check_file(text, str(path))
    if errors:
        raise PairError("\n".join(errors))
    return text, tuple(warnings)

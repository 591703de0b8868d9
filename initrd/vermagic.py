"""Whether drivers were built for the kernel that they go with: what their ``vermagic`` says, which the kernel compares.

Source: Linux's same_magic() (kernel/module/): the first word is the kernel's release, and counts unless the driver has
checksums of the symbols it uses (``modversions``); then these decide, when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .errors import BuildError

SHOWN = 3


def release_of(driver: bytes) -> str | None:
    """The only release that loads this driver; None where others may do so as well, or it does not tell."""
    found = re.search(rb"\0vermagic=([^\0]*)", driver)
    words = found[1].decode("ascii", "replace").split() if found else []
    return words[0] if words and "modversions" not in words else None


def check(drivers: Iterable[Path], version: str) -> None:
    """Raise BuildError where the kernel `version` would not load one of the unpacked `drivers`."""
    wrong = [(path, made) for path in drivers if (made := release_of(path.read_bytes())) not in (None, version)]
    if wrong:
        named = ", ".join(f"{path.name.removesuffix('.ko')} (built for {made})" for path, made in wrong[:SHOWN])
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise BuildError(
            f"kernel {version} would not load {named}{more}: give the modules of this very kernel with --modules, or "
            "build these anew for it",
            2,
        )

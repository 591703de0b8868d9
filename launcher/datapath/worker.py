"""How the worker is started that unpacks a stream (`unpack`)."""

from __future__ import annotations

import sys
from pathlib import Path

from ..model.plan import Compression
from .framing import MANIFEST_MOST, skippable_size

UNPACKED = (Compression.ZSTD, Compression.GZIP)
"""What it unpacks."""
WORKER = "unpack"
"""What it is called."""

FIRST_BYTES = 25
"""By which it knows a manifest."""

_CODE = "import sys; sys.path.append(sys.argv[1]); from launcher.datapath.unpack import main; main()"


def worker() -> tuple[str, ...]:
    """Its command: this Python, with its own library and ours, and nothing of the environment or of this machine's
    packages. It gives up its rights by itself, once it has read its code, which may lie where nobody else may read."""
    return (sys.executable or "python3", "-I", "-S", "-c", _CODE, str(Path(__file__).parents[2]))


def manifest_bytes(head: bytes) -> int:
    """How much of a stream that begins with `head` (8 bytes are enough) it needs to tell the manifest, or that there is
    none."""
    size = skippable_size(head) or 0
    return size if FIRST_BYTES < size <= MANIFEST_MOST else FIRST_BYTES

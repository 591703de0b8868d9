"""How the worker is started that unpacks a stream (`unpack`)."""

from __future__ import annotations

import sys
from pathlib import Path

from ..model.plan import Compression

UNPACKED = (Compression.ZSTD, Compression.GZIP)
"""What it unpacks."""
WORKER = "unpack"
"""What it is called."""

_CODE = "import sys; sys.path.append(sys.argv[1]); from launcher.datapath.unpack import main; main()"


def worker() -> tuple[str, ...]:
    """Its command: this Python, with its own library and ours, and nothing of the environment or of this machine's
    packages. It gives up its rights by itself, once it has read its code, which may lie where nobody else may read."""
    return (sys.executable or "python3", "-I", "-S", "-c", _CODE, str(Path(__file__).parents[2]))

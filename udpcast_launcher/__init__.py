"""The one package of the wheel. Its folder `lib` holds the modules, whose names are too general for site-packages."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """The command `udpcast-launcher`: puts `lib` first on the path, for this process alone."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
    from cli.__main__ import main as command  # noqa: PLC0415

    return command()

"""A FAT file system in a file, made by mtools: the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from .programs import MCOPY, MFORMAT, MMD, Part, run

SECTOR = 512
SERIAL = "75647063"
"""Eight hexadecimal digits; without, mformat makes some of its own."""

_SPARE = 1 << 20
"""Bytes for what the file system keeps for itself, beside a hundredth of the content."""
_CLUSTER = 4096
"""At most, at these sizes: what a file may waste."""


def write_fat(out: Path, label: str, content: Mapping[str, bytes | Path], time: int) -> None:
    """Write to the new file `out` a FAT with these files, by path. Raises MediumError, OSError."""
    sizes = [len(one) if isinstance(one, bytes) else one.stat().st_size for one in content.values()]
    needed = sum(size + _CLUSTER for size in sizes) * 101 // 100 + _SPARE
    size = -(-needed // _SPARE) * _SPARE
    with out.open("xb") as file:
        file.truncate(size)
    folder = out.parent

    def mtools(program: Part, *words: str | Path, text: bytes | None = None) -> None:
        run(program, ["-i", out.name, *words], folder, time, text)

    mtools(MFORMAT, "-T", str(size // SECTOR), "-N", SERIAL, "-v", label, "::")
    folders = {str(above): None for name in content for above in reversed(PurePosixPath(name).parents)}
    below = [f"::/{name}" for name in folders if name != "."]
    if below:
        mtools(MMD, *below)
    for name, one in content.items():
        if isinstance(one, bytes):
            mtools(MCOPY, "-", f"::/{name}", text=one)
        else:
            mtools(MCOPY, one.absolute(), f"::/{name}")

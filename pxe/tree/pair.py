"""The pair that a tree boots: found, mended where a build was killed, and checked. Sentences name the builder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initrd.pair.check import MANIFEST, PairError, check_pair
from initrd.pair.switch import JOURNAL, recover

from ..entries.boot_entry import INITRD, KERNEL

__all__ = ["Found", "PairError", "find_pair"]


@dataclass(frozen=True)
class Found:
    """The SHA-256 of the pair's files, by name. Sentences: `notes` what was done, `warnings` what may be wrong."""

    sha256: dict[str, str]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def find_pair(folder: Path, build: str) -> Found:
    """The pair in `folder`, whose lock the caller holds. `build` is the command that makes one. Raises PairError, and
    OSError for what cannot be read."""
    notes = _mended(folder, build)
    for name in (KERNEL, INITRD):
        if not (folder / name).exists():
            raise PairError(f"{folder / name} does not exist: build the pair with `{build} -o {folder}`.")
    pair = check_pair(folder / KERNEL, folder / INITRD, folder / MANIFEST)
    return Found({KERNEL: pair.kernel.sha256, INITRD: pair.initrd.sha256}, notes, pair.warnings)


def _mended(folder: Path, build: str) -> tuple[str, ...]:
    if not (folder / JOURNAL).exists():
        return ()
    try:
        return recover(folder)
    except OSError as error:
        raise PairError(
            f"a run was interrupted while it replaced the pair in {folder}, and that cannot be finished: "
            f"{error.filename or folder}: {error.strerror}. Run `{build} -o {folder}` again, as who may write there."
        ) from error

"""The disks of a run: an overlay that shows every write to the source, and blank targets.

The source is opened by QEMU through a qcow2 overlay of the run's own. So the file itself cannot be written, and
whatever the sender's machine writes is allocated in the overlay: even a write of the same bytes is seen, which a
comparison of contents would miss.
"""

from __future__ import annotations

import json
from pathlib import Path

from .disks import DiskError, run, sha256
from .report import Image
from .spec import SpecError


def require_raw(path: Path) -> int:
    """The size in bytes of the raw image `path`. Raises SpecError when it is another format or no whole sectors."""
    if not path.is_file():
        raise SpecError(f"model disk {path} does not exist.")
    kind = json.loads(run(["qemu-img", "info", "--output=json", path]))["format"]
    if kind != "raw":
        raise SpecError(f"model disk {path} is {kind}, a raw image was expected: `qemu-img convert -O raw` makes one.")
    size = path.stat().st_size
    if size == 0 or size % 512:
        raise SpecError(f"model disk {path} has {size} bytes, which is no whole number of 512-byte sectors.")
    return size


def overlay(source: Path, path: Path) -> Path:
    """Make a qcow2 image at `path` that reads as `source` (raw) and keeps all writes to itself."""
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", source.absolute(), "-F", "raw", path])
    return path


def written(path: Path) -> int:
    """How many bytes the overlay `path` holds itself, in whole clusters (64 KiB): what a guest wrote or discarded."""
    extents = json.loads(run(["qemu-img", "map", "--output=json", path]))
    return sum(extent["length"] for extent in extents if extent["depth"] == 0 and extent.get("present", True))


def target(path: Path, length: int) -> Image:
    """The target `path` with the digest of its first `length` bytes."""
    try:
        digest = sha256(path, length)
    except DiskError:
        digest = None
    return Image(str(path), path.stat().st_size, digest)

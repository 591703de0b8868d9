"""The smallest initrd that does something: this host's busybox, its libraries, and an /init."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from initrd.cpio import write_archive

from .tools import DiskError, run


def initrd(scratch: Path, init: str) -> bytes:
    """The archive, not compressed; the tree is made in `scratch`. `init` is the script. Raises DiskError."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise DiskError("busybox is not installed: apt-get install busybox.")
    root = scratch / "initrd-root"
    for name in ("bin", "proc", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for library in _libraries(busybox):
        target = root / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    (root / "init").write_text(init, encoding="ascii")
    (root / "init").chmod(0o755)
    archive = io.BytesIO()
    write_archive(root, archive, 0)
    return archive.getvalue()


def _libraries(program: str) -> tuple[Path, ...]:
    """The shared libraries and the loader that `program` names; none for a static one (which makes ldd fail)."""
    try:
        listing = run(["ldd", program])
    except DiskError:
        return ()
    return tuple(Path(word) for line in listing.splitlines() for word in line.split() if word.startswith("/"))

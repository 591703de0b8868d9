"""The bare floor that a boot can be measured against: an initrd of about 1 MB whose /init only prints.

It speaks on the event port as the launcher does, so that the harness follows it with the same code.
"""

from __future__ import annotations

import gzip
import io
import shutil
from pathlib import Path

from initrd.cpio import write_archive

from ..disks.model import DiskError, run

_INIT = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs dev /dev
read -r up rest < /proc/uptime
echo "{\\"event\\": \\"init\\", \\"t\\": $up}" > /dev/ttyS1
echo "FLOOR $up"
while read -r line; do
    echo "heard: $line"
    [ "$line" = off ] && $bb poweroff -f
done
"""


def write_floor_initrd(path: Path, scratch: Path) -> Path:
    """Write the initrd: this host's busybox with its libraries, and the /init above. Raises DiskError."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise DiskError("busybox is not installed: apt-get install busybox.")
    root = scratch / "floor"
    for name in ("bin", "proc", "dev"):
        (root / name).mkdir(parents=True)
    for file in (Path(busybox), *_libraries(busybox)):
        target = root / "bin/busybox" if file == Path(busybox) else root / file.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    (root / "init").write_text(_INIT)
    (root / "init").chmod(0o755)
    archive = io.BytesIO()
    write_archive(root, archive, 0)
    path.write_bytes(gzip.compress(archive.getvalue(), mtime=0))
    return path


def _libraries(program: str) -> list[Path]:
    """The shared libraries and the loader that `program` needs; none for a static one, which makes ldd fail."""
    try:
        listing = run(["ldd", program])
    except DiskError:
        return []
    return [Path(word) for line in listing.splitlines() for word in line.split() if word.startswith("/")]

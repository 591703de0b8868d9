"""What is in an initrd, in a directory, as the booted PC sees it: the archive, and the second stage in its place.

For whoever looks into a pair: tests, and what puts other files over an initrd's own. Needs cpio, unsquashfs, and what
the archive is compressed with.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from initrd.pair.identity import archive_offset, end_of_plain

from .packing import ZEROS
from .stages import MOUNT, SQUASHFS
from .tree import Tree

ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18"


def unpack(initrd: Path, out: Path) -> Tree:
    """Unpack an initrd to the directory `out`. Raises OSError, and CalledProcessError where it is none of ours."""
    with initrd.open("rb") as file:
        start = archive_offset(initrd)
        packed = end_of_plain(file, start, initrd.stat().st_size)
        file.seek(start)
        plain, archive = file.read(packed - start), file.read()
    for one in (plain, decompressed(archive)):
        if one:
            subprocess.run(["cpio", "-idm", "--quiet"], input=one, cwd=out, check=True)
    if (out / SQUASHFS).exists():
        words: list[str | Path] = ["unsquashfs", "-q", "-n", "-f", "-no-xattrs", "-d", out / MOUNT, out / SQUASHFS]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return Tree(out)


def decompressed(archive: bytes) -> bytes:
    """The archive that the kernel gets. Raises CalledProcessError."""
    if archive.startswith(LZ4):
        return _through("lz4", archive[: -len(ZEROS)])
    return _through("zstd", archive)


def _through(program: str, archive: bytes) -> bytes:
    return subprocess.run([program, "-dcq"], input=archive, stdout=subprocess.PIPE, check=True).stdout

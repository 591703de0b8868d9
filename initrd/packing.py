"""The form in which an initrd's parts are written: the archive that the kernel unpacks, and the squashfs beside it.

    udpcast-initrd = the identity in front (`initrd.pair.identity`), an archive that is not compressed and has the
    squashfs in it, and the compressed archive

All are cpio archives that stand one behind the other (initramfs buffer format, early-userspace/buffer-format.rst of
Linux). What is not compressed the kernel only copies. The same tree gives the same bytes.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from initrd.pair.identity import TRAILER

from .cpio import archive_mode, entries, header, padding, write_archive
from .run import run

ZSTD_LEVEL = "-19"
"""The last level whose window (8 MiB) the kernel's decompressor takes."""

BLOCK = "1M"
"""The squashfs's blocks: the largest pack best, and each is unpacked whole for the first byte that is read of it."""

ALONE = 2
"""A small file is packed together with others into one block; not what most PCs read."""

ZEROS = bytes(8)
"""Behind an LZ4 archive: the kernel takes what a boot loader puts behind it for more of the same, unless it is zeros,
of which it skips any number (lib/decompress_unlz4.c)."""


class Form(Enum):
    """How the archive is compressed: LZ4 is unpacked three times as fast, zstd is a third smaller."""

    LZ4 = "lz4"
    ZSTD = "zstd"


def pack(tree: Path, out: Path, time: int, form: Form, squashfs: Path | None = None) -> None:
    """Write the tree as one compressed archive to `out`, behind the file `squashfs`, which will be in the root
    directory of the initrd."""
    plain, packed = out.with_suffix(".cpio"), out.with_suffix(".packed")
    with plain.open("wb") as file:
        write_archive(tree, file, time)
    run(_command(form, plain, packed))
    plain.unlink()
    with out.open("wb") as whole, packed.open("rb") as archive:
        if squashfs:
            _write_plain(squashfs, whole, time)
        shutil.copyfileobj(archive, whole, 1 << 20)
        if form is Form.LZ4:
            whole.write(ZEROS)
    packed.unlink()


def _command(form: Form, plain: Path, out: Path) -> list[str | Path]:
    match form:
        case Form.LZ4:  # the kernel knows the old ("legacy") format only
            return ["lz4", "-q", "-l", "-12", "-f", plain, out]
        case Form.ZSTD:
            return ["zstd", "-q", ZSTD_LEVEL, "-T1", "--check", "-f", plain, "-o", out]


def _write_plain(path: Path, out: BinaryIO, time: int) -> None:
    """Write an archive that has one file."""
    size = path.stat().st_size
    out.write(header(path.name, 1, stat.S_IFREG | 0o644, size, time))
    with path.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)
    out.write(padding(size))
    out.write(header(TRAILER, 0, 0, 0, 0))


def squash(tree: Path, out: Path, time: int, order: Mapping[str, int]) -> None:
    """Write the tree as a squashfs to `out`. `order`: by path, the files with the highest numbers come first, and those
    from `ALONE` on are packed each on its own."""
    for path in entries(tree):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(archive_mode(path.lstat().st_mode)))
    listed, actions = out.with_suffix(".order"), out.with_suffix(".actions")
    alone = (path for path, priority in sorted(order.items()) if priority >= ALONE)
    actions.write_text("".join(f"no-fragments@pathname({path})\n" for path in alone))
    listed.write_text("".join(f"{path} {priority}\n" for path, priority in sorted(order.items())))
    stamps = ("-mkfs-time", str(time), "-all-time", str(time))
    form = ("-comp", "zstd", "-Xcompression-level", "22", "-b", BLOCK, "-sort", listed, "-action-file", actions)
    run(
        [
            "mksquashfs",
            tree,
            out,
            "-noappend",
            "-quiet",
            "-no-progress",
            "-all-root",
            "-no-xattrs",
            "-no-exports",
            *stamps,
            *form,
        ]
    )

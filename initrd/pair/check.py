"""Do this kernel and this initrd belong together, and are both whole?

A pair that cannot boot is refused with a sentence. One of which nothing can be told (built by an older version, or by
somebody else) is taken, and that is said.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import bzimage, zstd
from .identity import DamagedError, Identity, Part, read_front

KERNEL, INITRD, MANIFEST = "udpcast-linux", "udpcast-initrd", "udpcast-manifest.json"
IMAGE = "udpcast.img"
"""What a boot tree has beside a pair: a file system with the same pair in it."""


ARCHIVES = (
    *(b"070701", b"070702", b"\0", zstd.MAGIC, b"\x1f\x8b", b"\x1f\x9e", b"BZh", b"\x5d\0\0", b"\xfd7zXZ\0"),
    *(b"\x89LZO", b"\x02\x21\x4c\x18"),
)
"""How an initrd begins that a kernel unpacks (lib/decompress.c of Linux); zeros in front are skipped."""


class PairError(Exception):
    """One sentence: what is wrong with the pair, where, and what to do."""


@dataclass(frozen=True)
class Pair:
    """A kernel and an initrd that may boot: their files, and what is to be said all the same."""

    kernel: Part
    initrd: Part
    warnings: tuple[str, ...] = ()


def check_pair(kernel: Path, initrd: Path, manifest: Path | None = None) -> Pair:
    """Raises PairError, and OSError for what cannot be read. Where the initrd says nothing, `manifest` is asked."""
    version, kernel_part = _kernel(kernel)
    identity, initrd_part = _initrd(initrd)
    if identity is None:
        known = _manifest(manifest, bzimage.release(version)) if manifest else {}
        return Pair(kernel_part, initrd_part, _by_manifest(kernel, kernel_part, initrd, initrd_part, known))
    if identity.version != version:
        raise PairError(
            f"{kernel} and {initrd} do not belong together: the kernel is {version}, the initrd has the drivers of "
            f"{identity.version}. Copy both from one build."
        )
    if identity.kernel != kernel_part:
        raise PairError(
            f"{kernel} is not the file that {initrd} was built with, though both are of version {version}: it was "
            "changed or damaged. Copy both from one build; a kernel that you sign yourself is signed first, and then "
            "given to build with --kernel."
        )
    return Pair(kernel_part, initrd_part)


def check_kernel(path: Path) -> str:
    """The version string of a whole kernel. Raises PairError, OSError."""
    return _kernel(path)[0]


def _kernel(path: Path) -> tuple[str, Part]:
    with opened(path) as file:
        size = _size(file, path)
        head = file.read(bzimage.HEAD)
        try:
            version = bzimage.whole_version(head)
        except ValueError as error:
            raise PairError(
                f"{path} is no kernel for x86, or cut: {error}; a bzImage was expected. Copy it again, or build the "
                "pair anew."
            ) from None
        if size < (whole := bzimage.length(head)):
            raise PairError(_cut(path, size, whole))
        return version, _part(file, 0, size)


def _initrd(path: Path) -> tuple[Identity | None, Part]:
    with opened(path) as file:
        size = _size(file, path)
        try:
            front = read_front(file, size)
        except DamagedError as error:
            raise PairError(f"{path} is {error}: copy it again, or build the pair anew.") from None
        whole = _part(file, 0, size)
        if front is None:
            if zstd.is_cut(file, size):
                raise PairError(f"{path} is cut: its end is missing. Copy it again, or build the pair anew.")
            file.seek(0)
            if not file.read(8).startswith(ARCHIVES):
                raise PairError(
                    f"{path} is no initrd: it begins like no archive that a kernel unpacks. Copy it again, or build "
                    "the pair anew."
                )
            return None, whole
        if size < (wanted := front.offset + front.identity.archive.size):
            raise PairError(_cut(path, size, wanted))
        if _part(file, front.offset, front.identity.archive.size) != front.identity.archive:
            raise PairError(f"{path} is damaged (its SHA-256 is wrong): copy it again, or build the pair anew.")
        return front.identity, whole


def _by_manifest(
    kernel: Path, kernel_part: Part, initrd: Path, initrd_part: Part, known: Mapping[str, Part]
) -> tuple[str, ...]:
    """What is to be said of a pair whose initrd tells nothing; the builder's manifest beside it may know the files."""
    for path, part, name in ((kernel, kernel_part, KERNEL), (initrd, initrd_part, INITRD)):
        if name in known and part.size < known[name].size:
            raise PairError(_cut(path, part.size, known[name].size))
    if known.get(KERNEL) == kernel_part and known.get(INITRD) == initrd_part:
        return ()
    return (
        f"nothing in {initrd} tells which kernel it was built with, as with pairs of older versions: whether "
        f"{kernel.name} belongs to it was not checked. A pair that is built anew tells it.",
    )


def _manifest(path: Path, release: str) -> dict[str, Part]:
    """The files of a manifest; none where it is that of another kernel."""
    try:
        manifest = json.loads(path.read_bytes())
        files = manifest["files"] if manifest["kernel"] == release else []
        return {str(entry["name"]): Part(int(entry["size"]), str(entry["sha256"])) for entry in files}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def opened(path: Path) -> BinaryIO:
    """For reading; a pipe that nobody writes to is no reason to wait. Raises OSError."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def _size(file: BinaryIO, path: Path) -> int:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise PairError(f"{path} is no file: the kernel and the initrd of one build were expected.")
    if not status.st_size:
        raise PairError(f"{path} is empty: copy it again, or build the pair anew.")
    return status.st_size


def _cut(path: Path, size: int, whole: int) -> str:
    return f"{path} is cut: it has {size} of {whole} bytes. Copy it again, or build the pair anew."


def _part(file: BinaryIO, offset: int, size: int) -> Part:
    """What is read from `offset` on, `size` bytes at most."""
    digest, left = hashlib.sha256(), size
    file.seek(offset)
    while left and (block := file.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    return Part(size - left, digest.hexdigest())

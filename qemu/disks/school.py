"""Disks as PCs of a school have them: what an operator sees of them is the usual, what is in them is next to nothing.

They do not boot. The files of the system that was installed are room that its file system holds as used, and zeros. The
same arguments and tools give the same bytes.
"""

from __future__ import annotations

import random
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from .model import at_made_time
from .partitions import TYPE_BASIC_DATA, TYPE_ESP, TYPE_LINUX, Partition, write_table
from .raw import MIB, SECTOR, copy_into, create, replacing
from .tools import run

TYPE_RESERVED = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE"
"""Windows's own (UEFI specification 2.10, 5.3: a partition type of Microsoft's)."""

BLOCK = 4096
BEHIND = MIB
"""For the second partition table."""

LOADER = "::/EFI/BOOT/BOOTX64.EFI"

Make = Callable[[Path, Partition], None]
"""Fills a blank image that is this partition."""


def installed(path: Path, size: int, used: int) -> Path:
    """A disk of `size` bytes with Windows and Debian beside each other, Debian with files of `used` bytes.

    Raises DiskError.
    """
    rest = size // MIB * MIB - BEHIND - 1141 * MIB
    windows = rest * 7 // 10 // MIB * MIB
    return _disk(
        path,
        size,
        (100 * MIB, TYPE_ESP, "EFI system partition", _fat),
        (16 * MIB, TYPE_RESERVED, "Microsoft reserved partition", None),
        (windows, TYPE_BASIC_DATA, "Basic data partition", _ntfs("Windows")),
        (1024 * MIB, TYPE_BASIC_DATA, "Recovery", _ntfs("Recovery")),
        (rest - windows, TYPE_LINUX, "Debian", _ext4("debian", used)),
    )


def used_up(path: Path, size: int) -> Path:
    """A disk of `size` bytes with an older Windows alone. Raises DiskError."""
    rest = size // MIB * MIB - BEHIND - 101 * MIB
    return _disk(
        path,
        size,
        (100 * MIB, TYPE_BASIC_DATA, "System", _ntfs("System")),
        (rest, TYPE_BASIC_DATA, "Basic data partition", _ntfs("Windows 7")),
    )


def _disk(path: Path, size: int, *parts: tuple[int, str, str, Make | None]) -> Path:
    rng = random.Random(size)
    place, table = MIB, []
    for number, (length, kind, name, _) in enumerate(parts, 1):
        table.append(Partition(number, place, length, kind, _uuid(rng), name))
        place += length
    with tempfile.TemporaryDirectory(prefix="school-", dir=path.parent) as scratch, replacing(path) as image:
        create(image, size)
        write_table(image, _uuid(rng), table)
        for part, (_, _, _, make) in zip(table, parts, strict=True):
            if make:
                made = create(Path(scratch, str(part.number)), part.size)
                make(made, part)
                copy_into(made, image, part.start)
    return path


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4)).upper()


def _fat(made: Path, part: Partition) -> None:
    """With the file from which a clone starts that no firmware knows: an empty one does."""
    run(["mkfs.vfat", "--invariant", "-F", "32", "-n", "SYSTEM", made])
    at_made_time("mmd", "-i", made, "::/EFI", "::/EFI/BOOT")
    at_made_time("mcopy", "-i", made, "/dev/null", LOADER)


def _ntfs(label: str) -> Make:
    def make(made: Path, part: Partition) -> None:
        geometry = ["-s", "512", "-H", "255", "-S", "63", "-p", str(part.start // SECTOR)]
        words = ["--quiet", "--force", "--fast", "--zero-time", "--label", label]
        at_made_time("mkntfs", *words, *geometry, made)

    return make


def _ext4(label: str, used: int) -> Make:
    def make(made: Path, part: Partition) -> None:
        identity = part.uuid.lower()
        options = ["-L", label, "-U", identity, "-E", f"hash_seed={identity}", "-J", "size=64", "-T", "largefile"]
        at_made_time("mke2fs", "-q", "-F", "-t", "ext4", *options, made)
        file = f"write /dev/null system\nfallocate system 0 {used // BLOCK - 1}\nset_inode_field system size {used}\n"
        at_made_time("debugfs", "-w", "-f", "-", made, stdin=file)

    return make

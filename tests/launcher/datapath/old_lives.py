"""Disks with an earlier life, made with the system's tools, or by hand after a format's description."""

from __future__ import annotations

import os
import struct
import tempfile
from functools import cache
from pathlib import Path

from tests.disks import MIB, run


def gpt(path: Path) -> None:
    """A partition table with one partition, and its backup at the end."""
    _table(path, "gpt")


def dos(path: Path) -> None:
    _table(path, "dos")


def swap(path: Path) -> None:
    run("mkswap", path)


def ext4(path: Path) -> None:
    run("mkfs.ext4", "-q", "-F", path)


def nothing(path: Path) -> None:
    """All zeros."""


def md_superblock(path: Path) -> None:
    """A member of a RAID 1, version 1.0: its superblock is 8 to 12 KiB before the end (md(4), linux/raid/md_p.h)."""
    sectors = _size(path) // 512
    place = (sectors - 16) & ~7
    block = bytearray(512)
    struct.pack_into("<II", block, 0, 0xA92B4EFC, 1)  # magic, major version
    block[16:32] = b"an old RAID set."
    block[32:42] = b"host:spare"
    struct.pack_into("<QIIQII", block, 64, 1, 1, 0, place, 0, 2)  # made at, level, layout, size, chunk, disks
    struct.pack_into("<QQQ", block, 128, 0, place, place)  # the data's place and size, the superblock's place
    struct.pack_into("<I", block, 220, 2)  # so many devices
    struct.pack_into("<HH", block, 256, 0, 1)  # and their roles
    total = sum(struct.unpack_from("<65I", block))
    struct.pack_into("<I", block, 216, ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF)
    _put(path, place * 512, bytes(block))


def intel_raid(path: Path) -> None:
    """A member of a firmware RAID of Intel's: its mark is in the last sector but one (libblkid's isw_raid.c)."""
    _put(path, _size(path) - 2 * 512, b"Intel Raid ISM Cfg Sig. 1.3.00\x00")


def ddf(path: Path) -> None:
    """A member of a RAID after the SNIA's standard: the anchor is the last sector (libblkid's ddf_raid.c)."""
    anchor = bytearray(512)
    anchor[:4] = bytes.fromhex("de11de11")
    anchor[8:32] = b"AN OLD CONTROLLER'S DISK"
    anchor[32:40] = b"01.02.00"
    struct.pack_into(">Q", anchor, 96, _size(path) // 512 - 64)  # where the primary header is
    _put(path, _size(path) - 512, bytes(anchor))
    _put(path, (_size(path) // 512 - 64) * 512, bytes(anchor))


def zfs(path: Path) -> None:
    """The last two labels of a pool, with one active uberblock each (libblkid's zfs.c)."""
    end = _size(path) // (256 << 10) * (256 << 10)
    for label in (end - (512 << 10), end - (256 << 10)):
        for number in range(8):
            _put(path, label + (128 << 10) + number * 1024, struct.pack("<QQ", 0x00BAB10C, 5000))


OLD_LIVES = {
    "GPT": (gpt, {"gpt"}),
    "Linux RAID": (md_superblock, {"linux_raid_member"}),
    "Intel's RAID": (intel_raid, {"isw_raid_member"}),
    "DDF": (ddf, {"ddf_raid_member"}),
    "ZFS": (zfs, {"zfs_member"}),
}
"""How it is made, and what is recognised of it at the end."""

SOURCES = {"GPT": gpt, "DOS": dos, "ext4": ext4, "swap": swap, "zeros": nothing}


def _table(path: Path, label: str) -> None:
    size = _size(path)
    head, tail = _ends(label, size)
    _put(path, 0, head)
    _put(path, size - len(tail), tail)


@cache
def _ends(label: str, size: int) -> tuple[bytes, bytes]:
    """What sfdisk, which takes its time, writes at both ends of a disk with one partition."""
    with tempfile.NamedTemporaryFile() as made:
        os.truncate(made.name, size)
        run("sfdisk", made.name, text=f"label: {label}\nstart=2048, size=2048\n")
        data = Path(made.name).read_bytes()
        return data[:MIB], data[-MIB:]


def _size(path: Path) -> int:
    with path.open("rb") as disk:
        return disk.seek(0, os.SEEK_END)


def _put(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as disk:
        disk.seek(offset)
        disk.write(data)

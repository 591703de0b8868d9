"""What makes a partition be sent whole: a way to make each, and what is said then. docs/used.md has the same rows."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.disks import MIB, run, sparse
from tests.launcher.datapath.old_lives import intel_raid, md_superblock
from tests.launcher.used.making import Ntfs, mkfs, power_loss, put


@dataclass(frozen=True)
class Case:
    """`make` a disk that is one file system of `kind`; of which `why` and `remedy` are said."""

    kind: str
    why: str
    make: Callable[[Path], object]
    remedy: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name or self.why}"


E2FSCK = "check it with `e2fsck -f`"
REPAIR = "check it with `xfs_repair`"
CHECK = "check it with `btrfs check`"
CHKDSK = "run `chkdsk /f` in Windows and shut it down"
NOT_UNMOUNTED = "it was not unmounted (power loss?)"
START = "start its system and shut it down"
LARGER = "the file system is larger than the partition"
COUNTS = "its counts of free blocks differ"


def ext4(*commands: str, options: str = "", larger: bool = False) -> Callable[[Path], None]:
    """One that debugfs changes."""

    def make(path: Path) -> None:
        mkfs(path, "ext4", *options.split(), size=8 * MIB)
        if commands:
            run("debugfs", "-w", "-f", "-", path, text="\n".join(commands))
        if larger:
            cut(path, 6 * MIB)

    return make


def cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def ntfs(change: Callable[[Path], object]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        mkfs(path, "ntfs", size=8 * MIB)
        change(path)

    return make


def hibernate(path: Path) -> None:
    """As Windows does it, on the disk with its pages."""
    pages = path.with_name("hiberfil")
    pages.write_bytes(b"hibr" + bytes(8192))
    run("ntfscp", path, pages, "hiberfil.sys")


def xfs(*commands: str, options: str = "", larger: bool = False) -> Callable[[Path], None]:
    """One that xfs_db changes."""

    def make(path: Path) -> None:
        beside = sparse(path.with_name("beside"), 32 * MIB)
        mkfs(path, "xfs", *options.format(beside=beside).split(), size=32 * MIB)
        if commands:
            run("xfs_db", "-x", *(word for one in commands for word in ("-c", one)), path)
        if larger:
            cut(path, 24 * MIB)

    return make


def btrfs(change: Callable[[Path], object], options: str = "") -> Callable[[Path], None]:
    def make(path: Path) -> None:
        mkfs(path, "btrfs", *options.split(), size=128 * MIB)
        change(path)

    return make


def overwrite(offset: int, data: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return change


def of(data: bytes, offset: int = 0) -> Callable[[Path], None]:
    """Nothing but these bytes."""

    def make(path: Path) -> None:
        overwrite(offset, data)(sparse(path, 8 * MIB))

    return make


def several_devices(path: Path) -> None:
    other = sparse(path.with_name("other"), 128 * MIB)
    run("mkfs.btrfs", "-q", "-f", path, other)


def luks(path: Path) -> None:
    """A header of version 1 (cryptsetup's on-disk format)."""
    header = struct.pack(">6sH32s32s32sII", b"LUKS\xba\xbe", 1, b"aes", b"xts-plain64", b"sha256", 4096, 32)
    of(header + bytes(52) + b"11111111-2222-3333-4444-555555555555".ljust(40, b"\0"))(path)


def lvm(path: Path) -> None:
    """The label of a physical volume in the second sector (lvm2's label.h), with its checksum."""
    label = bytearray(512)
    struct.pack_into("<8sQII8s32s", label, 0, b"LABELONE", 1, 0, 32, b"LVM2 001", b"u" * 32)
    check = 0xF597A6CF
    for byte in label[20:]:
        check ^= byte
        for _ in range(8):
            check = check >> 1 ^ (0xEDB88320 if check & 1 else 0)
    struct.pack_into("<I", label, 16, check)
    of(bytes(label), 512)(path)


def exfat(path: Path) -> None:
    """A boot sector as libblkid asks for it (exFAT's specification, 3.1)."""
    boot = bytearray(512)
    boot[:11] = b"\xeb\x76\x90EXFAT   "
    struct.pack_into("<QQIIIIIIHHBBB", boot, 64, 0, 16384, 24, 1, 32, 2000, 4, 1, 0x100, 0, 9, 3, 1)
    boot[510:] = b"\x55\xaa"
    sparse(path, 8 * MIB)
    checksum = 0
    sectors = bytes(boot) + bytes(512 * 10)
    for place, byte in enumerate(sectors):
        if place not in {106, 107, 112}:
            checksum = ((checksum << 31 | checksum >> 1) + byte) & 0xFFFFFFFF
    overwrite(0, sectors + struct.pack("<I", checksum) * 128)(path)


def bitlocker(path: Path) -> None:
    """A boot sector of BitLocker (libblkid's bitlocker.c), and the first of its headers."""
    boot = bytearray(512)
    boot[:11] = b"\xeb\x58\x90-FVE-FS-"
    struct.pack_into("<HB", boot, 11, 512, 8)
    boot[160:176] = bytes.fromhex("3bd667492e29d84a8399f6a339e3d001")
    struct.pack_into("<Q", boot, 176, MIB)
    boot[510:] = b"\x55\xaa"
    of(bytes(boot))(path)
    overwrite(MIB, b"-FVE-FS-" + struct.pack("<HH", 512, 2))(path)


def raid(path: Path) -> None:
    md_superblock(sparse(path, 8 * MIB))


def swsuspend(path: Path) -> None:
    mkfs(path, "swap", size=4 * MIB)
    overwrite(4096 - 10, b"S1SUSPEND\0")(path)


def two_at_once(path: Path) -> None:
    mkfs(path, "ext4", size=8 * MIB)
    md_superblock(path)


def nested(path: Path) -> None:
    """An MBR in front of a file system, as a virtual machine's disk that was made in a partition leaves it."""
    mkfs(path, "ext4", size=8 * MIB)
    table = sparse(path.with_name("table"), 8 * MIB)
    run("sfdisk", "--quiet", table, text="label: dos\nstart=2048\n")
    put(path, 0, _first(table))


def _first(path: Path) -> Path:
    cut(path, 512)
    return path


def lose_power(kind: str, size: int) -> Callable[[Path], None]:
    """Between a write and its log's end."""

    def make(path: Path) -> None:
        power_loss(mkfs(path.with_name("before"), kind, size=size), kind, path)

    return make


def old_superblock(path: Path) -> None:
    """The second one is of a while ago."""
    with path.open("rb") as file:
        file.seek(64 * MIB)
        old = file.read(4096)
    run("btrfs", "filesystem", "label", path, "new")
    overwrite(64 * MIB, old)(path)


def broken_gpt(disk: Path) -> None:
    overwrite(512, bytes(512))(disk)


def no_gpt(disk: Path) -> None:
    broken_gpt(disk)
    overwrite(16 * MIB - 512, bytes(512))(disk)


def hybrid(disk: Path) -> None:
    table = "start=1, size=2047, type=ee\nstart=2048, size=16384, type=83\n"
    run("sfdisk", "--quiet", "--label-nested", "dos", disk, text=table)


def mbr(*entries: tuple[int, int, int]) -> bytes:
    """Four entries: type, first sector, number of sectors."""
    rows = [struct.pack("<8BII", 0, 0, 0, 0, kind, 0, 0, 0, first, count) for kind, first, count in entries]
    return bytes(446) + b"".join(rows).ljust(64, b"\0") + b"\x55\xaa"


DOUBTS = (
    Case("ext", NOT_UNMOUNTED, ext4("feature needs_recovery"), START),
    Case("ext", "its state is “not clean”", ext4("ssv state 0"), E2FSCK),
    Case("ext", "its state is “clean with errors”", ext4("ssv state 3"), E2FSCK),
    Case("ext", "it has recorded errors", ext4("ssv error_count 1"), E2FSCK),
    Case(
        *("ext", "it has deleted files that are not cleaned up"),
        *(ext4("feature orphan_present", options="-O orphan_file"), E2FSCK),
    ),
    Case("ext", "it counts its blocks in clusters (bigalloc)", ext4(options="-O bigalloc")),
    Case("ext", "it has features that are not known here (mmp)", ext4(options="-O mmp")),
    Case("ext", "its journal is on another device", ext4("ssv journal_dev 0x700")),
    Case(
        *("ext", "there is something in its journal"),
        *(ext4("jo", "jw -b 500 /dev/null", "jc", "feature -needs_recovery"), START),
    ),
    Case("ext", LARGER, ext4(larger=True), E2FSCK),
    Case("ext", COUNTS, ext4("ssv free_blocks_count 99"), E2FSCK),
    Case("ext", COUNTS, ext4("freeb 5 2"), E2FSCK, "a bitmap that misses blocks"),
    Case(
        *("ntfs", "Windows is hibernated (fast startup)", ntfs(hibernate)),
        "shut it down with `shutdown /s /t 0`",
    ),
    Case(
        *("ntfs", "Windows was not shut down cleanly", ntfs(lambda path: Ntfs(path).unclean_log())),
        "start Windows and shut it down",
    ),
    Case("ntfs", "it is marked to be checked", ntfs(lambda path: Ntfs(path).flags(1)), CHKDSK),
    Case(
        *("ntfs", "it has flags that are not known here (0x0004)", ntfs(lambda path: Ntfs(path).flags(4))),
        CHKDSK,
    ),
    Case("ntfs", "ntfsresize finds errors in it", ntfs(lambda path: Ntfs(path).forget(1)), CHKDSK),
    Case("ntfs", "it is damaged, or larger than the partition", ntfs(lambda path: cut(path, 6 * MIB)), CHKDSK),
    Case("xfs", NOT_UNMOUNTED, lose_power("xfs", 32 * MIB), START),
    Case("xfs", "a repair of it was not finished", xfs("sb 0", "write features_incompat 0x1b"), REPAIR),
    Case("xfs", "its format is old (version 4)", xfs(options="-m crc=0")),
    Case("xfs", "its log is on another device", xfs(options="-l logdev={beside},size=16m")),
    Case("xfs", "it has a realtime device", xfs(options="-r rtdev={beside}")),
    Case("xfs", LARGER, xfs(larger=True), REPAIR),
    Case("xfs", COUNTS, xfs("sb 0", "write fdblocks 77"), REPAIR),
    Case("xfs", COUNTS, xfs("agf 1", "write btreeblks 1"), REPAIR, "the header of a group"),
    Case("btrfs", NOT_UNMOUNTED, lose_power("btrfs", 128 * MIB), START),
    Case("btrfs", "its superblocks differ (power loss?)", btrfs(old_superblock), START),
    Case("btrfs", "its superblocks are damaged", btrfs(overwrite(64 * MIB + 4000, b"x")), CHECK),
    Case("btrfs", "it is on several devices", btrfs(several_devices)),
    Case(
        *("btrfs", "it has flags that are not known here (0x100000001)"),
        btrfs(lambda path: run("btrfstune", "-f", "-S", "1", path)),
    ),
    Case(
        *("btrfs", "it has features that are not known here (0xb41, 0x3)"),
        btrfs(lambda path: None, "-O raid1c34"),
    ),
    Case("btrfs", LARGER, btrfs(lambda path: cut(path, 100 * MIB)), CHECK),
    Case("swap", "a Linux is hibernated", swsuspend, "start it and shut it down"),
    Case("vfat", "it is vfat", lambda path: mkfs(path, "vfat", size=4 * MIB)),
    Case("exfat", "it is exfat", exfat),
    Case("crypto_LUKS", "it is crypto_LUKS", luks),
    Case("BitLocker", "it is BitLocker", bitlocker),
    Case("LVM2_member", "it is LVM2_member", lvm),
    Case("linux_raid_member", "it is linux_raid_member", raid),
    Case("any", "nothing is recognised on it", lambda path: sparse(path, MIB)),
    Case("any", "more than one thing is recognised on it (linux_raid_member, ext4)", two_at_once),
    Case("any", "more than one thing is recognised on it (ext4, dos)", nested, "", "a table beside it"),
)


TWO = (
    ("ntfs", "Windows is hibernated (fast startup, on sda2)", "shut it down with `shutdown /s /t 0`"),
    ("ntfs", "nobody knows whether Windows is hibernated (on sda2)", ""),
    ("any", "a Linux is hibernated (on sda2)", "start it and shut it down"),
)
"""What is said of a partition by what is beside it, on sda2; the tests of whole disks make them."""


@dataclass(frozen=True)
class TableCase:
    """A disk of 16 MiB with this table, then changed; of which `why` is said. `name` is in the document."""

    name: str
    table: str
    change: Callable[[Path], object]
    why: str


ONE = "label: gpt\nstart=2048, size=16384\n"
DYNAMIC = "label: gpt\nstart=2048, size=16384, type=AF9B60A0-1431-4F62-BC68-3311714A69AD\n"
TABLES = (
    TableCase(
        *("a GPT whose first copy is damaged", ONE, broken_gpt),
        "sfdisk says of its partition table: The primary GPT table is corrupt, but the backup appears OK, so that will "
        "be used.",
    ),
    TableCase("a GPT whose copies are both damaged", ONE, no_gpt, "its GPT is broken"),
    TableCase(
        *("a GPT and an MBR beside it that has partitions", ONE, hybrid),
        "it has two partition tables (a hybrid MBR)",
    ),
    TableCase(
        *("partitions that share blocks", "label: dos\n"),
        *(overwrite(0, mbr((0x83, 2048, 16384), (0x83, 4096, 4096))), "its partitions overlap"),
    ),
    TableCase(
        *("a partition that ends behind the disk", "label: dos\n", overwrite(0, mbr((0x83, 2048, 1 << 20)))),
        "its partition table speaks of more than is there",
    ),
    TableCase(
        *("a table of another kind", "label: sun\n", lambda disk: None),
        "its partition table (sun) is not understood",
    ),
    TableCase(
        *("volumes of Windows in an MBR's one partition, of which one may go on behind another", "label: dos\n"),
        *(overwrite(0, mbr((0x42, 2048, 16384))), "it is a dynamic disk of Windows"),
    ),
    TableCase("the same in a GPT", DYNAMIC, lambda disk: None, "it is a dynamic disk of Windows"),
    TableCase(
        *("a table, and a RAID's mark for the whole disk", ONE, intel_raid),
        "more than one thing is recognised on it (isw_raid_member, gpt)",
    ),
)

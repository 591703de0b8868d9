"""A copy in which all that is not used is poison, and whose log is replayed, has every file that the source has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.disks import MIB
from tests.launcher.used.making import doubt, files, fill, free, inside, mkfs, poisoned, power_loss, surveyed

pytestmark = pytest.mark.netns

SIZES = {"xfs": 48 * MIB, "btrfs": 240 * MIB}
EXT = (
    *("-b 1024", "-b 2048", "-O meta_bg,^resize_inode", "-O ^64bit,^metadata_csum", "-O uninit_bg,^metadata_csum"),
    *("-O sparse_super2", "-O orphan_file,metadata_csum_seed", "-O inline_data,ea_inode,large_dir"),
    *("-g 1024 -b 1024 -G 4", "-O ^flex_bg", "-O ^has_journal", "-E packed_meta_blocks=1", "-N 200"),
)
FEW = (("ext4", ""), ("ntfs", ""), ("xfs", ""), ("btrfs", ""))
MANY = (
    *(("ext4", options) for options in EXT),
    *((kind, options) for kind in ("ext2", "ext3") for options in ("", "-b 1024")),
    *(("ntfs", options) for options in ("-c 512", "-c 2048", "-c 65536", "-s 4096", "-C")),
    *(("xfs", options) for options in ("-b size=1024", "-m rmapbt=1,bigtime=1", "-d agcount=2", "-i nrext64=1")),
    *(("btrfs", options) for options in ("-m single", "-m dup -d dup", "--csum xxhash", "-n 4096", "-M")),
)
"""Of the systems' own tools: what changes where things are, or how free blocks are counted."""


def made(path: Path, kind: str, options: str) -> Path:
    """A file system with files in it, of which some were deleted."""
    mkfs(path, kind, *options.split(), size=SIZES.get(kind, 24 * MIB))
    inside(path, kind, lambda root: fill(root, 1))
    return path


def check(disk: Path, kind: str) -> None:
    before = disk.read_bytes()
    found = surveyed(disk)
    assert free(found), found.parts
    assert disk.read_bytes() == before
    assert files(poisoned(disk, found, disk.with_name("copy")), kind) == files(disk, kind)


@pytest.mark.parametrize(("kind", "options"), FEW)
def test_all_files_are_there(kind: str, options: str, tmp_path: Path) -> None:
    check(made(tmp_path / "disk", kind, options), kind)


@pytest.mark.field
@pytest.mark.parametrize(("kind", "options"), MANY)
def test_all_files_are_there_in_every_shape(kind: str, options: str, tmp_path: Path) -> None:
    check(made(tmp_path / "disk", kind, options), kind)


@pytest.mark.field
@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4", "ntfs", "xfs", "btrfs"])
def test_all_files_are_there_behind_a_power_loss(kind: str, tmp_path: Path) -> None:
    """Those that were synced are there; the map is that of a whole disk, where a log has to be replayed."""
    lost = power_loss(made(tmp_path / "disk", kind, ""), kind, tmp_path / "lost")
    found = surveyed(lost)
    if kind != "ntfs":  # ntfs-3g has no log: it writes at once, and the other checks tell
        assert "it was not unmounted (power loss?)" in doubt(found) or kind == "ext2"
    there = files(poisoned(lost, found, tmp_path / "copy"), kind)
    assert there == files(lost, kind)
    assert sum(name.startswith("new/n") for name in there) == 12


@pytest.mark.field
@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_a_log_that_was_replayed_is_clean(kind: str, tmp_path: Path) -> None:
    lost = power_loss(made(tmp_path / "disk", kind, ""), kind, tmp_path / "lost")
    files(lost, kind)
    check(lost, kind)


def test_the_superblocks_of_btrfs_are_no_holes(tmp_path: Path) -> None:
    """The second one lies where no chunk is."""
    disk = mkfs(tmp_path / "disk", "btrfs", "-m", "single", size=160 * MIB)
    found = surveyed(disk)
    assert any(begin < 64 * MIB - MIB or end > 64 * MIB + MIB for begin, end in free(found))
    assert not any(begin < 64 * MIB + 65536 and end > 64 * MIB for begin, end in free(found))

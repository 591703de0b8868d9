"""Disk images held against other people's readers: xxh128sum, sfdisk, e2fsck, ntfsinfo, mtools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import xxhash

from qemu.disks import model as disks
from qemu.disks.model import MIB, DiskError, Partition


def xxh128sum(path: Path) -> str:
    return subprocess.run(["xxh128sum", path], check=True, capture_output=True, text=True).stdout.split()[0]


def sparse(path: Path, size: int, pieces: dict[int, bytes]) -> Path:
    disks.create(path, size)
    with path.open("r+b") as file:
        for position, data in pieces.items():
            file.seek(position)
            file.write(data)
    return path


@pytest.fixture
def holey(tmp_path: Path) -> Path:
    """Data at the start, across a chunk's border, and holes between and at the end."""
    return sparse(tmp_path / "disk", 24 * MIB, {0: b"start", disks.CHUNK - 3: b"border", 17 * MIB: b"x" * 70_000})


def test_a_new_disk_is_blank_and_takes_no_room(tmp_path: Path) -> None:
    disk = disks.create(tmp_path / "disk", 1 << 40)
    assert disk.stat().st_size == 1 << 40
    assert disks.used_bytes(disk) < MIB


def test_create_replaces_what_was_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"old" * 1000)
    disks.create(disk, 1024)
    assert disk.read_bytes() == bytes(1024)


@pytest.mark.parametrize("size", [0, -512, 511, 1000])
def test_a_disk_is_whole_sectors(tmp_path: Path, size: int) -> None:
    with pytest.raises(DiskError, match="whole number"):
        disks.create(tmp_path / "disk", size)


def test_the_digest_of_a_sparse_image_is_xxh128sums(holey: Path) -> None:
    assert disks.xxh128(holey) == xxh128sum(holey)


@pytest.mark.parametrize("length", [0, 1, 5, 4096, disks.CHUNK, disks.CHUNK + 1, 17 * MIB + 9, 23 * MIB, 24 * MIB])
def test_the_digest_ends_at_the_length(holey: Path, length: int) -> None:
    assert disks.xxh128(holey, length) == xxhash.xxh3_128(holey.read_bytes()[:length]).hexdigest()


def test_a_byte_behind_the_length_does_not_matter_and_one_before_does(holey: Path) -> None:
    before = disks.xxh128(holey, 20 * MIB)
    with holey.open("r+b") as file:
        file.seek(20 * MIB)
        file.write(b"!")
    assert disks.xxh128(holey, 20 * MIB) == before
    assert disks.xxh128(holey, 20 * MIB + 1) != xxhash.xxh3_128(bytes(20 * MIB + 1)).hexdigest()
    with holey.open("r+b") as file:
        file.seek(20 * MIB - 1)
        file.write(b"!")
    assert disks.xxh128(holey, 20 * MIB) != before


def test_an_image_that_is_too_short_is_no_match(holey: Path) -> None:
    with pytest.raises(DiskError, match=r"25165824 bytes; 25165825"):
        disks.xxh128(holey, 24 * MIB + 1)


def test_copying_keeps_bytes_and_holes(holey: Path, tmp_path: Path) -> None:
    target = disks.create(tmp_path / "target", 64 * MIB)
    disks.copy_into(holey, target, 10 * MIB)
    assert target.read_bytes() == bytes(10 * MIB) + holey.read_bytes() + bytes(30 * MIB)
    assert disks.used_bytes(target) < 2 * MIB


def test_copying_past_the_end_is_refused(holey: Path, tmp_path: Path) -> None:
    target = disks.create(tmp_path / "target", 30 * MIB)
    with pytest.raises(DiskError, match="has room for"):
        disks.copy_into(holey, target, 7 * MIB)
    assert target.stat().st_size == 30 * MIB


def test_a_broken_write_leaves_the_old_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    with pytest.raises(RuntimeError), disks.replacing(kept) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert kept.read_text() == "old"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_partition_table_is_read_back_as_written(tmp_path: Path) -> None:
    disk = disks.create(tmp_path / "disk p1", 64 * MIB)
    identity = "0A1B2C3D-0000-4000-8000-00000000000"
    written = (
        Partition(1, MIB, 8 * MIB, disks.TYPE_ESP, identity + "1", "EFI system", disks.LEGACY_BOOT),
        Partition(3, 16 * MIB, 40 * MIB, disks.TYPE_LINUX, identity + "3", "Grüße"),
    )
    disks.write_table(disk, identity + "0", written)
    assert disks.read_table(disk) == written


def test_a_missing_tool_is_one_sentence() -> None:
    with pytest.raises(DiskError, match="no-such-tool is not installed"):
        disks.run(["no-such-tool"])


def test_a_failing_tool_says_its_last_line() -> None:
    with pytest.raises(DiskError, match=r"ended with status 2: ls: cannot access '/no/such'"):
        disks.run(["ls", "/no/such"])


# --- the small model ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not one that runs: what is read back here does not depend on it."""
    path = tmp_path_factory.mktemp("kernel") / "vmlinuz"
    path.write_bytes(b"kernel" * 100_000)
    return path


@pytest.fixture(scope="module")
def model(kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> disks.ModelDisk:
    return disks.small_model(tmp_path_factory.mktemp("model") / "model.img", kernel, seed=5)


@pytest.fixture(scope="module")
def parts(model: disks.ModelDisk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Each partition's bytes in a file of its own."""
    folder = tmp_path_factory.mktemp("parts")
    whole = model.path.read_bytes()
    for part in disks.read_table(model.path):
        (folder / str(part.number)).write_bytes(whole[part.start : part.start + part.size])
    return tuple(sorted(folder.iterdir()))


def test_the_model_has_three_partitions_and_boot_code(model: disks.ModelDisk) -> None:
    esp, ext4, ntfs = disks.read_table(model.path)
    assert (esp.type, ext4.type, ntfs.type) == (disks.TYPE_ESP, disks.TYPE_LINUX, disks.TYPE_BASIC_DATA)
    assert esp.attributes == disks.LEGACY_BOOT
    assert model.path.read_bytes()[: disks.MBR_CODE].strip(b"\0") == disks.SYSLINUX_MBR.read_bytes().strip(b"\0")


def test_the_models_file_systems_are_sound_and_labelled(parts: tuple[Path, ...]) -> None:
    esp, ext4, ntfs = parts
    disks.run(["fsck.vfat", "-n", esp])
    disks.run(["e2fsck", "-n", "-f", ext4])
    assert "Volume Name: WINDOWS" in disks.run(["ntfsinfo", "--mft", "--force", ntfs])
    labels = [disks.run(["blkid", "-p", "-s", "LABEL", "-o", "value", part]).strip() for part in parts]
    assert labels == ["ESP", "MODEL", "WINDOWS"]


def test_the_models_files_can_be_read(parts: tuple[Path, ...], kernel: Path, tmp_path: Path) -> None:
    esp, ext4, ntfs = parts
    disks.run(["mcopy", "-i", esp, "::/linux", tmp_path / "linux"])
    assert (tmp_path / "linux").read_bytes() == kernel.read_bytes()
    assert disks.run(["debugfs", "-R", "cat /etc/hostname", ext4]) == "model-pc\n"
    assert disks.run(["ntfscat", "--force", ntfs, "setup.log"]).startswith("Jan  1 00:00:00 model-pc")


def test_the_same_seed_makes_the_same_bytes(model: disks.ModelDisk, kernel: Path, tmp_path: Path) -> None:
    again = disks.small_model(tmp_path / "again.img", kernel, seed=5)
    other = disks.small_model(tmp_path / "other.img", kernel, seed=6)
    assert disks.xxh128(again.path) == disks.xxh128(model.path)
    assert disks.xxh128(other.path) != disks.xxh128(model.path)


def test_a_model_needs_a_kernel(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="no kernel there"):
        disks.small_model(tmp_path / "model.img", tmp_path / "vmlinuz")
    assert list(tmp_path.iterdir()) == []

"""The small model disk, held against other people's readers: e2fsck, ntfsinfo, mtools."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.disks.model import SYSLINUX_MBR, ModelDisk, small_model
from qemu.disks.partitions import LEGACY_BOOT, MBR_CODE, TYPE_BASIC_DATA, TYPE_ESP, TYPE_LINUX
from qemu.disks.raw import xxh128
from qemu.disks.tools import DiskError, run
from tests.qemu.disks.tables import read_table


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not one that runs: what is read back here does not depend on it."""
    path = tmp_path_factory.mktemp("kernel") / "vmlinuz"
    path.write_bytes(b"kernel" * 100_000)
    return path


@pytest.fixture(scope="module")
def model(kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelDisk:
    return small_model(tmp_path_factory.mktemp("model") / "model.img", kernel, seed=5)


@pytest.fixture(scope="module")
def parts(model: ModelDisk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Each partition's bytes in a file of its own."""
    folder = tmp_path_factory.mktemp("parts")
    whole = model.path.read_bytes()
    for part in read_table(model.path):
        (folder / str(part.number)).write_bytes(whole[part.start : part.start + part.size])
    return tuple(sorted(folder.iterdir()))


def test_the_model_has_three_partitions_and_boot_code(model: ModelDisk) -> None:
    esp, ext4, ntfs = read_table(model.path)
    assert (esp.type, ext4.type, ntfs.type) == (TYPE_ESP, TYPE_LINUX, TYPE_BASIC_DATA)
    assert esp.attributes == LEGACY_BOOT
    assert model.path.read_bytes()[:MBR_CODE].strip(b"\0") == SYSLINUX_MBR.read_bytes().strip(b"\0")


def test_the_models_file_systems_are_sound_and_labelled(parts: tuple[Path, ...]) -> None:
    esp, ext4, ntfs = parts
    run(["fsck.vfat", "-n", esp])
    run(["e2fsck", "-n", "-f", ext4])
    assert "Volume Name: WINDOWS" in run(["ntfsinfo", "--mft", "--force", ntfs])
    labels = [run(["blkid", "-p", "-s", "LABEL", "-o", "value", part]).strip() for part in parts]
    assert labels == ["ESP", "MODEL", "WINDOWS"]


def test_the_models_files_can_be_read(parts: tuple[Path, ...], kernel: Path, tmp_path: Path) -> None:
    esp, ext4, ntfs = parts
    run(["mcopy", "-i", esp, "::/linux", tmp_path / "linux"])
    assert (tmp_path / "linux").read_bytes() == kernel.read_bytes()
    assert run(["debugfs", "-R", "cat /etc/hostname", ext4]) == "model-pc\n"
    assert run(["ntfscat", "--force", ntfs, "setup.log"]).startswith("Jan  1 00:00:00 model-pc")


def test_the_same_seed_makes_the_same_bytes(model: ModelDisk, kernel: Path, tmp_path: Path) -> None:
    again = small_model(tmp_path / "again.img", kernel, seed=5)
    other = small_model(tmp_path / "other.img", kernel, seed=6)
    assert xxh128(again.path) == xxh128(model.path)
    assert xxh128(other.path) != xxh128(model.path)


def test_a_model_needs_a_kernel(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="no kernel there"):
        small_model(tmp_path / "model.img", tmp_path / "vmlinuz")
    assert list(tmp_path.iterdir()) == []

"""The boot loader that every firmware looks for: asked of a real FAT, without the kernel's driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.used.look import survey
from tests.disks import MIB, run

ESP, LINUX = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
pytestmark = pytest.mark.netns


def disk(tmp_path: Path, kind: str, loader: str, label: str = "gpt", make: str = "mkfs.vfat") -> Path:
    """A disk with one partition of this type, and the file `loader` on its FAT."""
    whole, part = tmp_path / "disk", tmp_path / "part"
    for path, size in ((whole, 12 * MIB), (part, 8 * MIB)):
        with path.open("wb") as file:
            file.truncate(size)
    run("sfdisk", "-q", whole, text=f"label: {label}\nstart=2048, size={16 * 1024}, type={kind}\n")
    run(make, part)
    if loader:
        first, second, _ = loader.split("/")
        run("mmd", "-i", part, f"::/{first}", f"::/{first}/{second}")
        run("mcopy", "-i", part, Path(__file__), f"::/{loader}")
    run("dd", f"if={part}", f"of={whole}", "seek=2048", "conv=notrunc", "status=none")
    return whole


def warned(path: Path) -> list[str]:
    before = path.read_bytes()
    found = survey(str(path), path.stat().st_size)
    assert path.read_bytes() == before
    return [str(one) for one in found.warnings]


@pytest.mark.parametrize("loader", ["EFI/BOOT/BOOTX64.EFI", "efi/Boot/bootx64.efi", "EFI/BOOT/BOOTAA64.EFI"])
@pytest.mark.parametrize("label", ["gpt", "dos"])
def test_where_it_is_nothing_is_said(loader: str, label: str, tmp_path: Path) -> None:
    assert warned(disk(tmp_path, ESP if label == "gpt" else "ef", loader, label)) == []


@pytest.mark.parametrize("loader", ["", "EFI/debian/grubx64.efi", "EFI/BOOT/fbx64.efi", "other/BOOT/BOOTX64.EFI"])
def test_where_it_is_missing_clones_may_not_start(loader: str, tmp_path: Path) -> None:
    (said,) = warned(disk(tmp_path, ESP, loader))
    assert said.startswith("disk1 has no \\EFI\\BOOT\\BOOTX64.EFI: clones may not start by themselves")


def test_another_partition_or_what_is_no_fat_is_not_warned_of(tmp_path: Path) -> None:
    assert warned(disk(tmp_path, LINUX, "")) == []
    assert warned(disk(tmp_path, ESP, "", make="mkswap")) == []

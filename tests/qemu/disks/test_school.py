"""The disks of the documents' pictures: what is on them, and always the same."""

from __future__ import annotations

from pathlib import Path

from qemu.disks import school
from qemu.disks.parts import parts, used
from qemu.disks.raw import MIB, xxh128

SIZE = 2000 * MIB


def test_a_disk_has_what_a_school_has_and_is_the_same_each_time(tmp_path: Path) -> None:
    one = school.installed(tmp_path / "one", SIZE, 100 * MIB)
    found = parts(one)
    assert [part.kind for part in found] == ["vfat", "", "ntfs", "ntfs", "ext4"]
    assert one.stat().st_size == SIZE and found[-1].end <= SIZE - MIB
    assert sum(end - start for start, end in used(one)) > 100 * MIB
    other = school.installed(tmp_path / "other", SIZE, 100 * MIB)
    assert xxh128(one) == xxh128(other)


def test_an_older_disk_has_windows_alone(tmp_path: Path) -> None:
    found = parts(school.used_up(tmp_path / "disk", SIZE))
    assert [part.kind for part in found] == ["ntfs", "ntfs"]

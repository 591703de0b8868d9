"""Partition tables, written and read back by sfdisk."""

from __future__ import annotations

from pathlib import Path

from qemu.disks.partitions import LEGACY_BOOT, TYPE_ESP, TYPE_LINUX, Partition, write_table
from qemu.disks.raw import MIB, create
from tests.qemu.disks.tables import read_table


def test_a_partition_table_is_read_back_as_written(tmp_path: Path) -> None:
    disk = create(tmp_path / "disk p1", 64 * MIB)
    identity = "0A1B2C3D-0000-4000-8000-00000000000"
    written = (
        Partition(1, MIB, 8 * MIB, TYPE_ESP, identity + "1", "EFI system", LEGACY_BOOT),
        Partition(3, 16 * MIB, 40 * MIB, TYPE_LINUX, identity + "3", "Grüße"),
    )
    write_table(disk, identity + "0", written)
    assert read_table(disk) == written

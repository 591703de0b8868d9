"""A disk in memory is a block device, and ends with its holder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qemu.bench.memory_disk import memory_disk


@pytest.mark.netns
def test_a_memory_disk_is_a_block_device_that_ends_with_its_holder(tmp_path: Path) -> None:
    if subprocess.run(["losetup", "--find"], check=False, capture_output=True).returncode:
        pytest.skip("no loop device here: the benchmark takes files")
    disk = memory_disk(tmp_path / "file", 4 << 20)
    assert disk.is_block
    assert disk.path.is_block_device()
    (tmp_path / "file").write_bytes(b"old" + bytes((4 << 20) - 3))
    disk.forget()
    assert disk.path.read_bytes()[:3] == b"old"
    disk.wipe()
    assert disk.path.read_bytes() == bytes(4 << 20)
    disk.close()
    assert not list(tmp_path.iterdir())
    assert str(tmp_path) not in subprocess.run(["losetup"], check=True, capture_output=True, text=True).stdout

"""The same on real block devices: a whole disk, a partition, and a disk whose old partitions the kernel still has."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.behind import Behind, tidy
from launcher.datapath.block_device import TargetDisk
from launcher.datapath.chunks import CHUNK, chunk
from launcher.hardware.signatures import signatures
from launcher.model.times import TIMES
from tests.disks import MIB
from tests.launcher.datapath.old_lives import dos, ext4, gpt, md_superblock

pytestmark = pytest.mark.netns

QUICK = replace(TIMES, partitions=0.3)
END = 8 * MIB


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A block device of 16 MiB."""
    image = tmp_path / "image"
    image.write_bytes(b"")
    os.truncate(image, 2 * END)
    made = subprocess.run(["losetup", "--find", "--show", "-P", image], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    yield device
    subprocess.run(["partx", "--delete", device], check=False, capture_output=True)
    subprocess.run(["losetup", "--detach", device], check=True)


def source(tmp_path: Path, make: Callable[[Path], None], size: int = END) -> bytes:
    """What is read of a smaller disk."""
    image = tmp_path / "source"
    image.write_bytes(b"")
    os.truncate(image, size)
    make(image)
    return image.read_bytes()


def written(path: Path, data: bytes) -> TargetDisk:
    """The target at `path` with `data` on it, as a receiver writes it."""
    target, memory = TargetDisk(str(path), QUICK), chunk()
    for place in range(0, len(data), CHUNK):
        memory[:CHUNK] = data[place : place + CHUNK]
        target.write(memory[:CHUNK], place)
    target.flush()
    assert target.direct
    return target


def told(path: Path) -> str:
    """What blkid says of the whole of it; nothing where it finds nothing."""
    return subprocess.run(["blkid", "-p", path], check=False, capture_output=True, text=True).stdout


def arrays(path: Path) -> str | None:
    """What mdadm finds there; None where it is not installed."""
    if not shutil.which("mdadm"):
        return None
    return subprocess.run(["mdadm", "--examine", "--brief", path], check=False, capture_output=True, text=True).stdout


def partitions(device: Path) -> set[str]:
    """Those that the kernel has."""
    return {place.name for place in Path("/sys/class/block", device.name).iterdir() if (place / "partition").exists()}


def divide(device: Path, lines: str) -> None:
    """Make partitions of it that the kernel has, whether it can read a DOS table or not."""
    subprocess.run(["sfdisk", "-q", device], input=f"label: dos\n{lines}", check=True, text=True, capture_output=True)
    subprocess.run(["partx", "--add", device], check=False, capture_output=True)


def test_the_clone_of_a_disk_is_no_member_of_a_raid(loop: Path, tmp_path: Path) -> None:
    md_superblock(loop)
    data = source(tmp_path, gpt)
    target = written(loop, data)
    assert "linux_raid_member" in told(loop)
    assert arrays(loop) != ""
    behind = tidy(target, END, QUICK)
    target.close()
    assert [one.kind for one in behind.cleared] == ["linux_raid_member"]
    assert (behind.left, behind.error, behind.stale) == ((), None, None)
    assert 'PTTYPE="gpt"' in told(loop) and "raid" not in told(loop)
    assert loop.read_bytes()[:END] == data
    assert arrays(loop) in ("", None)


def test_the_old_backup_of_a_partition_table_does_not_come_back(loop: Path, tmp_path: Path) -> None:
    gpt(loop)
    data = source(tmp_path, ext4)
    target = written(loop, data)
    assert [one.kind for one in signatures(str(loop), 30)] == ["ext4", "gpt"]
    assert [one.kind for one in tidy(target, END, QUICK).cleared] == ["gpt"]
    target.close()
    assert [one.kind for one in signatures(str(loop), 30)] == ["ext4"]
    assert loop.read_bytes()[:END] == data


def test_a_larger_partition_is_tidied_and_what_is_around_it_is_not(loop: Path, tmp_path: Path) -> None:
    divide(loop, "start=2048, size=16384\n")
    rest = loop.read_bytes()[9 * MIB :]
    part = Path(f"{loop}p1")
    md_superblock(part)
    data = source(tmp_path, ext4, END // 2)
    table = loop.read_bytes()[:MIB]
    target = written(part, data)
    behind = tidy(target, END // 2, QUICK)
    target.close()
    assert (behind.larger, [one.kind for one in behind.cleared]) == (END // 2, ["linux_raid_member"])
    assert behind.stale is None
    assert [one.kind for one in signatures(str(part), 30)] == ["ext4"]
    now = loop.read_bytes()
    assert (now[:MIB], now[MIB : MIB + END // 2], now[9 * MIB :]) == (table, data, rest)


@pytest.fixture
def two_partitions(loop: Path) -> Path:
    """The kernel has two partitions of it."""
    divide(loop, "start=2048, size=2048\nstart=4096, size=2048\n")
    assert partitions(loop) == {f"{loop.name}p1", f"{loop.name}p2"}
    return loop


def test_the_kernel_has_the_new_partitions(two_partitions: Path, tmp_path: Path) -> None:
    target = written(two_partitions, source(tmp_path, dos))
    assert tidy(target, END, QUICK) == Behind(END)
    target.close()
    assert f"{two_partitions.name}p2" not in partitions(two_partitions)


def test_a_partition_that_somebody_has_open_is_told(two_partitions: Path, tmp_path: Path) -> None:
    target = written(two_partitions, source(tmp_path, dos))
    with Path(f"{two_partitions}p2").open("rb"), contextlib.closing(target):
        behind = tidy(target, END, QUICK)
        assert str(behind.stale) == "Device or resource busy"
        assert f"{two_partitions.name}p2" in partitions(two_partitions)
    target = written(two_partitions, source(tmp_path, dos))
    assert tidy(target, None, QUICK).stale is None
    target.close()

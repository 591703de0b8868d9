"""Whether a disk was written to: files here, a loop device in the lane with root."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.datapath.block_device import BLKDISCARD
from launcher.datapath.unchanged import Unchanged
from tests import disks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    os.utime(tmp_path / "disk", (1, 1))
    return tmp_path / "disk"


def test_reading_a_file_changes_nothing_and_writing_does(file: Path) -> None:
    with file.open("rb") as disk:
        unchanged = Unchanged(disk.fileno())
        disk.read()
        assert unchanged()
        with file.open("r+b") as other:
            other.write(b"x")
        assert not unchanged()


def test_a_file_that_grew_has_changed(file: Path) -> None:
    with file.open("rb") as disk:
        unchanged = Unchanged(disk.fileno())
        os.truncate(file, 2 << 20)
        os.utime(file, (1, 1))
        assert not unchanged()


def test_what_cannot_be_known_has_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with file.open("rb") as disk:
        unchanged = Unchanged(disk.fileno())
    assert not unchanged(), "it is closed"


@pytest.fixture
def loop(file: Path) -> Iterator[Path]:
    with disks.loop(file) as device:
        yield device


@pytest.mark.netns
def test_a_disk_is_changed_by_what_is_written_to_it_since(loop: Path) -> None:
    """Not by what was still on its way before."""
    with loop.open("r+b", buffering=0) as writer, loop.open("rb") as disk:
        writer.write(b"before")
        unchanged = Unchanged(disk.fileno())
        os.posix_fadvise(disk.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        disk.read(4096)
        assert unchanged()
        writer.seek(4096)
        writer.write(b"since")
        os.fsync(writer.fileno())
        assert not unchanged()


def changed_by(loop: Path, write: Callable[[int], object]) -> bool:
    """Whether it is seen what `write` does with another descriptor, which stays open."""
    with loop.open("r+b", buffering=0) as writer, loop.open("rb") as disk:
        unchanged = Unchanged(disk.fileno())
        os.posix_fadvise(disk.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        disk.read(1 << 16)
        assert unchanged()
        write(writer.fileno())
        return not unchanged()


@pytest.mark.netns
def test_what_is_still_on_its_way_to_the_disk_has_changed_it(loop: Path) -> None:
    """Who reads the disk sees it already."""
    assert changed_by(loop, lambda fd: os.pwrite(fd, b"since" * 1000, 1 << 19))


@pytest.mark.netns
def test_what_is_discarded_has_changed_it(loop: Path) -> None:
    assert changed_by(loop, lambda fd: fcntl.ioctl(fd, BLKDISCARD, struct.pack("QQ", 1 << 19, 1 << 18)))


@pytest.mark.netns
def test_a_disk_that_does_not_count_what_is_written_may_have_changed(loop: Path) -> None:
    counting = Path("/sys/block", loop.name, "queue/iostats")
    try:
        assert changed_by(loop, lambda fd: counting.write_text("0"))
    finally:
        counting.write_text("1")

"""Whether a disk was written to: files here, a loop device in the lane with root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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
        assert unchanged()
        disk.read(4096)
        assert unchanged()
        writer.seek(4096)
        writer.write(b"since")
        os.fsync(writer.fileno())
        assert not unchanged()

"""What becomes of holes on a target: on files here, on real block devices in `test_holes_devices`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.datapath.block_device import DiskError, TargetDisk
from launcher.datapath.holes import Cleared, clear
from launcher.datapath.layout import Layout
from launcher.datapath.moved import Moved
from launcher.model.plan import Holes
from launcher.used.used_map import CHUNK

REST = 4096 + 512
SIZE = 6 * CHUNK + REST
HOLES = ((CHUNK, 2 * CHUNK), (4 * CHUNK, CHUNK), (5 * CHUNK, CHUNK + REST))


def layout() -> Layout:
    found = Layout()
    found.data(CHUNK)
    found.hole(2 * CHUNK)
    found.data(CHUNK)
    found.hole(CHUNK)
    found.hole(CHUNK + REST)
    return found


WRITTEN = Moved(SIZE, "0" * 32, layout=layout())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").write_bytes(b"o" * (SIZE + 9))
    return tmp_path / "target"


def zeroed(before: bytes, holes: tuple[tuple[int, int], ...] = HOLES) -> bytes:
    after = bytearray(before)
    for offset, length in holes:
        after[offset : offset + length] = bytes(length)
    return bytes(after)


def unknown(*_: object) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def cleared(target: Path, how: Holes, stopped: Callable[[], bool] = lambda: False) -> Cleared:
    disk = TargetDisk(str(target))
    try:
        return clear(disk, WRITTEN, how, stopped)
    finally:
        disk.close()


def test_who_waits_is_told_how_far_it_is(target: Path) -> None:
    told: list[int] = []
    disk = TargetDisk(str(target))
    clear(disk, WRITTEN, Holes.ZERO, lambda: False, told.append)
    disk.close()
    assert told == [2 * CHUNK, 3 * CHUNK, 4 * CHUNK + REST]


@pytest.mark.parametrize("how", [Holes.DISCARD, Holes.ZERO])
def test_a_file_gets_holes_where_the_disk_has_them_and_nowhere_else(target: Path, how: Holes) -> None:
    before = target.stat()
    assert cleared(target, how) == Cleared(how, 4 * CHUNK + REST)
    assert target.read_bytes() == zeroed(b"o" * (SIZE + 9))
    assert target.stat().st_size == before.st_size
    assert target.stat().st_blocks * 512 <= before.st_blocks * 512 - 4 * CHUNK


def test_where_a_file_system_knows_no_holes_zeros_are_written(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TargetDisk, "_punch", unknown)
    assert cleared(target, Holes.ZERO) == Cleared(Holes.ZERO, 4 * CHUNK + REST)
    assert target.read_bytes() == zeroed(b"o" * (SIZE + 9))


def test_what_cannot_be_discarded_stays_and_is_said(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TargetDisk, "_punch", unknown)
    found = cleared(target, Holes.DISCARD)
    assert (found.count, str(found.kept)) == (0, "Operation not supported")
    assert target.read_bytes() == b"o" * (SIZE + 9)


def test_zeros_that_cannot_be_written_are_a_failure(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TargetDisk, "_punch", unknown)
    disk = TargetDisk(str(target))
    read_only = os.open(target, os.O_RDONLY)
    os.dup2(read_only, disk.fd)
    with pytest.raises(DiskError) as failed:
        clear(disk, WRITTEN, Holes.ZERO, lambda: False)
    assert failed.value.offset == CHUNK
    os.close(read_only)
    disk.close()


def test_who_is_stopped_touches_no_more(target: Path) -> None:
    asked = list[bool]()

    def stopped() -> bool:
        asked.append(len(asked) > 0)
        return asked[-1]

    assert cleared(target, Holes.ZERO, stopped).count == 2 * CHUNK
    assert target.read_bytes() == zeroed(b"o" * (SIZE + 9), HOLES[:1])

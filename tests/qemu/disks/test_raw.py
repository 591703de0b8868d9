"""Raw images: holes, digests (held against xxh128sum), copies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import xxhash

from qemu.disks import raw
from qemu.disks.raw import CHUNK, MIB, copy_into, create, replacing, used_bytes, xxh128
from qemu.disks.tools import DiskError


def xxh128sum(path: Path) -> str:
    return subprocess.run(["xxh128sum", path], check=True, capture_output=True, text=True).stdout.split()[0]


def sparse(path: Path, size: int, pieces: dict[int, bytes]) -> Path:
    create(path, size)
    with path.open("r+b") as file:
        for position, data in pieces.items():
            file.seek(position)
            file.write(data)
    return path


@pytest.fixture
def holey(tmp_path: Path) -> Path:
    """Data at the start, across a chunk's border, and holes between and at the end."""
    return sparse(tmp_path / "disk", 24 * MIB, {0: b"start", CHUNK - 3: b"border", 17 * MIB: b"x" * 70_000})


def test_a_new_disk_is_blank_and_takes_no_room(tmp_path: Path) -> None:
    disk = create(tmp_path / "disk", 1 << 40)
    assert disk.stat().st_size == 1 << 40
    assert used_bytes(disk) < MIB


def test_create_replaces_what_was_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"old" * 1000)
    create(disk, 1024)
    assert disk.read_bytes() == bytes(1024)


@pytest.mark.parametrize("size", [0, -512, 511, 1000])
def test_a_disk_is_whole_sectors(tmp_path: Path, size: int) -> None:
    with pytest.raises(DiskError, match="whole number"):
        create(tmp_path / "disk", size)


def test_the_digest_of_a_sparse_image_is_xxh128sums(holey: Path) -> None:
    assert xxh128(holey) == xxh128sum(holey)


@pytest.mark.parametrize("length", [0, 1, 5, 4096, CHUNK, CHUNK + 1, 17 * MIB + 9, 23 * MIB, 24 * MIB])
def test_the_digest_ends_at_the_length(holey: Path, length: int) -> None:
    assert xxh128(holey, length) == xxhash.xxh3_128(holey.read_bytes()[:length]).hexdigest()


def test_a_byte_behind_the_length_does_not_matter_and_one_before_does(holey: Path) -> None:
    before = xxh128(holey, 20 * MIB)
    with holey.open("r+b") as file:
        file.seek(20 * MIB)
        file.write(b"!")
    assert xxh128(holey, 20 * MIB) == before
    assert xxh128(holey, 20 * MIB + 1) != xxhash.xxh3_128(bytes(20 * MIB + 1)).hexdigest()
    with holey.open("r+b") as file:
        file.seek(20 * MIB - 1)
        file.write(b"!")
    assert xxh128(holey, 20 * MIB) != before


def test_an_image_that_is_too_short_is_no_match(holey: Path) -> None:
    with pytest.raises(DiskError, match=r"25165824 bytes; 25165825"):
        xxh128(holey, 24 * MIB + 1)


def test_a_large_image_is_known_by_what_is_not_zero(
    holey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "LARGE", 8 * MIB)
    dense = tmp_path / "dense"
    dense.write_bytes(holey.read_bytes())
    before = xxh128(holey)
    assert xxh128(dense) == before
    assert xxh128(holey, 16 * MIB) != before
    moved = sparse(tmp_path / "moved", 24 * MIB, {0: b"start", CHUNK - 3: b"border", 21 * MIB: b"x" * 70_000})
    assert xxh128(moved) != before
    for place in (6, 17 * MIB, 24 * MIB - 1):
        with dense.open("r+b") as file:
            file.seek(place)
            file.write(b"y")
        assert xxh128(dense) != before
        before = xxh128(dense)


def test_copying_keeps_bytes_and_holes(holey: Path, tmp_path: Path) -> None:
    target = create(tmp_path / "target", 64 * MIB)
    copy_into(holey, target, 10 * MIB)
    assert target.read_bytes() == bytes(10 * MIB) + holey.read_bytes() + bytes(30 * MIB)
    assert used_bytes(target) < 2 * MIB


def test_copying_past_the_end_is_refused(holey: Path, tmp_path: Path) -> None:
    target = create(tmp_path / "target", 30 * MIB)
    with pytest.raises(DiskError, match="has room for"):
        copy_into(holey, target, 7 * MIB)
    assert target.stat().st_size == 30 * MIB


def test_a_broken_write_leaves_the_old_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    with pytest.raises(RuntimeError), replacing(kept) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert kept.read_text() == "old"
    assert list(tmp_path.iterdir()) == [kept]

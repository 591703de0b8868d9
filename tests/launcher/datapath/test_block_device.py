"""Disks as the transfer opens them; the real block devices are loop devices."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import xxhash

from launcher.datapath import block_device
from launcher.datapath.block_device import (
    ALIGNMENT,
    DiskError,
    ReadBack,
    SourceDisk,
    TargetDisk,
    overlap,
    whereabouts,
)
from launcher.datapath.copying import Incoming, copy_to_disk, wide_pipe, write_all
from launcher.datapath.rereading import read_back
from launcher.errors import TransferFailed
from launcher.model.machine import Disk
from launcher.model.plan import Target
from launcher.model.times import TIMES

SIZE = 4 << 20


@pytest.fixture
def block(tmp_path: Path) -> Iterator[Path]:
    """A block device of SIZE bytes."""
    image = tmp_path / "image"
    image.write_bytes(b"\xaa" * SIZE)
    made = subprocess.run(["losetup", "-f", "--show", str(image)], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    yield Path(made.stdout.strip())
    subprocess.run(["losetup", "-d", made.stdout.strip()], check=True)


def nothing(*_: int) -> None:
    """No progress is watched."""


@pytest.mark.netns
@pytest.mark.parametrize("size", [SIZE, SIZE - 512, ALIGNMENT, 1000])
def test_a_block_device_is_written_past_the_cache_to_the_last_byte(block: Path, size: int) -> None:
    data = os.urandom(size)
    target = TargetDisk(str(block))
    assert (target.direct, target.size) == (True, SIZE)
    inlet, outlet = wide_pipe()
    if os.fork() == 0:
        write_all(outlet, data)
        os._exit(0)
    os.close(outlet)
    written = copy_to_disk(Incoming(inlet).fill, target, SIZE, nothing)
    os.wait()
    os.close(inlet)
    target.flush()
    again = ReadBack(str(block))
    assert again.direct
    found = read_back(again, written, nothing)
    again.close()
    target.close()
    assert found.digest == xxhash.xxh3_128(data).hexdigest()
    assert block.read_bytes() == data + b"\xaa" * (SIZE - size)


@pytest.mark.netns
def test_a_read_back_does_not_come_from_the_page_cache(block: Path, tmp_path: Path) -> None:
    """What changed below the block device is seen, although the kernel still holds the old contents."""
    holder = os.open(block, os.O_RDONLY)  # the kernel keeps its pages while somebody has it open
    assert os.pread(holder, 9, 0) == b"\xaa" * 9
    with (tmp_path / "image").open("r+b", buffering=0) as below:
        below.write(b"changed")
        os.fsync(below.fileno())
    assert os.pread(holder, 9, 0) == b"\xaa" * 9
    buffer = memoryview(bytearray(2 * ALIGNMENT))
    aligned = buffer[-address(buffer) % ALIGNMENT :][:ALIGNMENT]
    again = ReadBack(str(block))
    again.read(aligned, 0)
    again.close()
    os.close(holder)
    assert bytes(aligned[:9]) == b"changed\xaa\xaa"


def address(buffer: memoryview) -> int:
    import ctypes  # noqa: PLC0415

    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


@pytest.mark.netns
def test_a_disk_in_use_is_refused_in_words(block: Path, tmp_path: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", "-F", str(block)], check=True)
    place = tmp_path / "place"
    place.mkdir()
    subprocess.run(["mount", str(block), str(place)], check=True)
    try:
        with pytest.raises(TransferFailed, match=f"{block} is mounted for writing on {place}; nothing was sent"):
            SourceDisk(str(block))
        with pytest.raises(TransferFailed, match=f"it is in use: {block} is mounted for writing on {place}"):
            TargetDisk(str(block))
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        SourceDisk(str(block)).close()
        with pytest.raises(TransferFailed, match="mounted read-only"):
            TargetDisk(str(block))
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.netns
def test_a_source_that_a_container_has_mounted_is_refused(block: Path, tmp_path: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", "-F", block], check=True)
    place = tmp_path / "inside"
    place.mkdir()
    words = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount "$1" "$2" && echo mounted && read -r end',
        "sh",
        str(block),
        str(place),
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as container:
        try:
            assert container.stdout is not None and container.stdout.readline() == b"mounted\n"
            with pytest.raises(TransferFailed, match=f"{block} is in use by something that cannot be seen from here"):
                SourceDisk(str(block), replace(TIMES, partitions=0.1))
        finally:
            container.communicate(b"\n")
    SourceDisk(str(block)).close()


def test_a_source_is_never_open_for_writing(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x" * 9)
    source = SourceDisk(str(tmp_path / "disk"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(source.fd, b"y")
    source.close()


def test_a_request_without_an_answer_makes_a_disk_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_bytes(b"x" * 9)
    target = TargetDisk(str(tmp_path / "disk"), replace(TIMES, patience=0.0))
    seen: list[float | None] = []

    def pwrite(fd: int, data: memoryview, offset: int) -> int:
        seen.append(target.hung)
        return len(data)

    monkeypatch.setattr(os, "pwrite", pwrite)
    assert target.hung is None
    target.write(memoryview(b"abc"), 0)
    target.close()
    assert seen[0] is not None
    assert target.hung is None


def test_who_need_not_answer_soon_is_hung_only_when_nobody_wants_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe may be full for long, and a file may have much to flush; the time before the hurry does not count."""
    (tmp_path / "disk").write_bytes(b"x" * 9)
    source = SourceDisk(str(tmp_path / "disk"), replace(TIMES, patience=0.0, impatience=0.1))
    seen: list[float | None] = []
    now = 100.0
    monkeypatch.setattr(block_device, "time", SimpleNamespace(monotonic=lambda: now))

    def splice(*_: object, **__: object) -> int:
        nonlocal now
        seen.append(source.hung)
        now += 0.2
        source.hurry()
        seen.append(source.hung)
        now += 0.2
        seen.append(source.hung)
        return 9

    monkeypatch.setattr("os.splice", splice)
    source.send(memoryview(b"x" * 9), 0, 1)
    source.close()
    assert seen[:2] == [None, None]
    assert seen[2] is not None and seen[2] > 0.3
    assert source.hung is None


def test_a_failing_disk_says_where(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x" * 9)
    source = SourceDisk(str(tmp_path / "disk"))
    os.close(source.fd)
    with pytest.raises(DiskError) as failed:
        source.read(memoryview(bytearray(5)), 77)
    assert (failed.value.offset, str(failed.value.words)) == (77, "Bad file descriptor")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("boot block:8 ", "boot block:8 ", True),
        ("boot block:8 ", "boot block:8 1", True),
        ("boot block:8 1", "boot block:8 ", True),
        ("boot block:8 1", "boot block:8 2", False),
        ("boot block:8 1", "boot block:8 1", True),
        ("boot block:8 ", "boot block:9 ", False),
        ("boot block:8 ", "other block:8 ", False),
        ("", "", False),
    ],
)
def test_overlapping(one: str, other: str, same: bool) -> None:
    assert overlap(one, other) is same


def test_whereabouts_tell_disks_apart_and_names_not(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    one, two, link = (
        whereabouts(Target(str(tmp_path / name), 1, Disk(str(tmp_path / name), 1))) for name in ("one", "two", "link")
    )
    assert overlap(one, link)
    assert not overlap(one, two)
    assert whereabouts(Target("/no/disk", 1, Disk("/no/disk", 1))) == ""


@pytest.mark.netns
def test_whereabouts_know_partitions_and_what_is_below_a_loop_device(tmp_path: Path) -> None:
    """However somebody names it: the disk, its partition as if it were a disk, or the image behind both."""
    image = tmp_path / "image"
    entry = bytes((0, 0, 0, 0, 0x83, 0, 0, 0)) + (8).to_bytes(4, "little") + (1000).to_bytes(4, "little")
    image.write_bytes(bytes(446) + entry + bytes(48) + b"\x55\xaa" + bytes(SIZE))
    made = subprocess.run(["losetup", "--find", "--show", str(image)], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    disk = Path(made.stdout.strip())
    try:
        subprocess.run(["partx", "--update", str(disk)], check=True)
        part = Path(f"{disk}p1")
        found = {path: whereabouts(Target(str(path), 1, Disk(str(path), 1))) for path in (image, disk, part)}
        within = whereabouts(Target(str(part), 1, Disk(str(disk), 1)))
    finally:
        subprocess.run(["partx", "--delete", str(disk)], check=False)
        subprocess.run(["losetup", "-d", str(disk)], check=True)
    assert found[image] == found[disk] != ""
    assert found[part] == within == f"{found[disk]}1"
    assert overlap(found[disk], found[part])


def close_fails(monkeypatch: pytest.MonkeyPatch, disk: TargetDisk) -> None:
    """As a network's file system that tells of a failed write only then: of each descriptor of the file."""
    real, file = os.close, Path(disk.path).stat().st_ino

    def close(fd: int) -> None:
        failed = os.fstat(fd).st_ino == file
        real(fd)
        if failed:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr("os.close", close)


def test_what_close_has_to_say_is_heard_when_it_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_bytes(bytes(8192))
    disk = TargetDisk(str(tmp_path / "disk"))
    close_fails(monkeypatch, disk)
    with pytest.raises(DiskError, match="quota exceeded"):
        disk.flush()


def test_closing_never_fails_and_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hide the error before it."""
    (tmp_path / "disk").write_bytes(bytes(8192))
    disk = TargetDisk(str(tmp_path / "disk"))
    fd = disk.fd
    close_fails(monkeypatch, disk)
    disk.close()
    disk.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)

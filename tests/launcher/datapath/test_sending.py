"""The sender's loop: what is used arrives, byte for byte, what is free are holes, and the first failure is the end."""

from __future__ import annotations

import errno
import os
import random
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.datapath import packing, sending
from launcher.datapath.block_device import SourceDisk
from launcher.datapath.digests import TableEndDigest
from launcher.datapath.frames import HOLE_BYTES, bound, hole_frame, read_hole, zero_frame
from launcher.datapath.moved import Moved
from launcher.datapath.packing import Packing
from launcher.datapath.sending import DiskStream
from launcher.datapath.zstd import Compressor, content_size
from launcher.used.used_map import CHUNK, GRANULE, HOLE_MOST, Run, UsedMap
from tests.launcher.datapath.streams import frames_of, restored

MIB = 1 << 20
DEADLINE = 20.0


@dataclass
class Sink:
    """Whoever reads the pipe, in a thread. `taken`: all that came."""

    taken: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> int:
        self._read, self._write = os.pipe()
        self._thread = threading.Thread(target=self._take)
        self._thread.start()
        return self._write

    def __exit__(self, *_: object) -> None:
        os.close(self._write)
        self._thread.join(DEADLINE)
        os.close(self._read)

    def _take(self) -> None:
        while data := os.read(self._read, MIB):
            self.taken += data


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Noise, text and zeros."""
    seeded = random.Random(5)
    data = (
        seeded.randbytes(2 * MIB) + b"some text of a file\n" * (3 * MIB // 20) + bytes(3 * MIB) + seeded.randbytes(4321)
    )
    (tmp_path / "disk").write_bytes(data)
    return tmp_path / "disk"


def opened(path: Path) -> SourceDisk:
    return SourceDisk(str(path))


def stream(
    path: Path,
    used: UsedMap,
    table_end: TableEndDigest | None = None,
    unchanged: Callable[[], bool] | None = None,
) -> tuple[Moved, bytes, DiskStream]:
    source, sink = opened(path), Sink()
    told: list[tuple[int, int]] = []
    try:
        one = DiskStream(source, used, table_end, unchanged)
        with sink as fd:
            moved = one.send(fd, lambda count, holes: told.append((count, holes)), threads=2)
    finally:
        source.close()
    if moved.whole and used.length:
        assert told == sorted(told)
        assert told[-1] == (used.length, one.holes)
    return moved, bytes(sink.taken), one


def expected(path: Path, used: UsedMap) -> tuple[bytes, str]:
    """What a plain decoder has to make of it, and the digest; by the runs of the map alone."""
    data, digest, disk = path.read_bytes(), xxhash.xxh3_128(), bytearray()
    for run in used.runs():
        piece = bytearray(data[run.offset : run.offset + run.length])
        for begin, end in ((0, run.length),) if run.hole else run.blank:
            piece[begin:end] = bytes(end - begin)
        disk += piece
        digest.update(struct.pack("<QQ", run.offset, run.length) if run.hole else bytes(piece))
    return bytes(disk), digest.hexdigest()


def test_a_disk_that_is_full_is_sent_as_it_is(disk: Path) -> None:
    size = disk.stat().st_size
    moved, frames, _ = stream(disk, UsedMap(size))
    assert moved == Moved(size, xxhash.xxh3_128(disk.read_bytes()).hexdigest())
    assert restored(frames) == disk.read_bytes()
    assert [content_size(frame) for frame in frames_of(frames)] == [MIB] * (size // MIB) + [size % MIB]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 9 * MIB), st.integers(0, 9 * MIB)), max_size=6))
def test_what_is_used_arrives_and_what_is_free_is_zeros(disk: Path, ranges: list[tuple[int, int]]) -> None:
    used = UsedMap(disk.stat().st_size)
    for begin, length in ranges:
        used.free(min(begin, used.length), min(begin + length, used.length))
    moved, frames, one = stream(disk, used)
    data, digest = expected(disk, used)
    assert restored(frames) == data
    assert moved == Moved(used.length, digest)
    assert used.length - one.holes == used.sent


def test_holes_are_named_and_cost_nothing(tmp_path: Path) -> None:
    """Nothing of a hole is read, whatever is there."""
    path, size = tmp_path / "disk", 200 * MIB
    with path.open("wb") as file:
        file.truncate(size)
        for place in (0, 150 * MIB, size - 5):
            file.seek(place)
            file.write(b"used!")
    used = UsedMap(size)
    used.free(MIB, 150 * MIB)
    used.free(151 * MIB, size - MIB)
    moved, frames, one = stream(path, used)
    assert moved.whole
    assert len(frames) < 20_000
    holes = [read_hole(frame) for frame in frames_of(frames) if len(frame) == HOLE_BYTES and content_size(frame) == 0]
    assert holes == [
        *((MIB, HOLE_MOST), (MIB + HOLE_MOST, HOLE_MOST), (MIB + 2 * HOLE_MOST, 149 * MIB - 2 * HOLE_MOST)),
        (151 * MIB, 48 * MIB),
    ]
    assert one.holes == 197 * MIB
    assert hole_frame(151 * MIB, 48 * MIB) + zero_frame(48 * MIB) in frames


def test_zeros_that_are_used_are_no_hole(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(4 * MIB))
    moved, frames, one = stream(tmp_path / "disk", UsedMap(4 * MIB))
    assert [content_size(frame) for frame in frames_of(frames)] == [MIB] * 4
    assert one.holes == 0
    assert moved.digest == xxhash.xxh3_128(bytes(4 * MIB)).hexdigest()


def test_stale_noise_in_a_chunk_that_is_sent_is_blank(tmp_path: Path) -> None:
    """Small gaps are read with the rest, large ones are not; neither is sent."""
    noise = random.Random(1).randbytes(MIB)
    (tmp_path / "disk").write_bytes(noise)
    used = UsedMap(MIB)
    used.free(GRANULE, 2 * GRANULE)
    used.free(4 * GRANULE, 12 * GRANULE)
    moved, frames, _ = stream(tmp_path / "disk", used)
    data = bytearray(noise)
    data[GRANULE : 2 * GRANULE] = bytes(GRANULE)
    data[4 * GRANULE : 12 * GRANULE] = bytes(8 * GRANULE)
    assert restored(frames) == data
    assert moved.digest == xxhash.xxh3_128(bytes(data)).hexdigest()


def test_large_gaps_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_bytes(bytes(MIB))
    asked: list[tuple[int, int]] = []
    real = SourceDisk.read

    def read(self: SourceDisk, buffer: memoryview, offset: int) -> int:
        asked.append((offset, len(buffer)))
        return real(self, buffer, offset)

    monkeypatch.setattr(SourceDisk, "read", read)
    used = UsedMap(MIB)
    used.free(GRANULE, 2 * GRANULE)
    used.free(4 * GRANULE, 12 * GRANULE)
    stream(tmp_path / "disk", used)
    assert asked == [(0, 4 * GRANULE), (12 * GRANULE, 4 * GRANULE)]


def test_the_second_digest_ends_with_the_table(disk: Path) -> None:
    size = disk.stat().st_size
    used = UsedMap(size)
    used.free(3 * MIB, 6 * MIB)
    end = 6 * MIB + 100
    data = disk.read_bytes()
    _, _, one = stream(disk, used, TableEndDigest(17408, end))
    digest = xxhash.xxh3_128(data[17408 : 3 * MIB] + struct.pack("<QQ", 3 * MIB, 3 * MIB) + data[6 * MIB : end])
    assert one.table_end_digest == digest.hexdigest()
    assert stream(disk, used)[2].table_end_digest is None


def fails(monkeypatch: pytest.MonkeyPatch, offset: int, answer: Callable[[], int]) -> None:
    """The disk does so from this byte on."""
    real = os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        return answer() if at >= offset else real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)


def error() -> int:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_disk_that_cannot_be_read_ends_it_there(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(monkeypatch, 3 * MIB, error)
    moved, frames, _ = stream(disk, UsedMap(disk.stat().st_size))
    assert (moved.count, str(moved.error), moved.digest) == (3 * MIB, "Input/output error", None)
    assert not frames or disk.read_bytes().startswith(restored(frames))


@pytest.mark.parametrize("when", [0, 2, None])
def test_a_disk_that_was_written_to_is_no_success(
    disk: Path, monkeypatch: pytest.MonkeyPatch, when: int | None
) -> None:
    """However late that is seen; its map holds no longer."""
    monkeypatch.setattr(sending, "WINDOW", MIB)
    asked: list[bool] = []

    def unchanged() -> bool:
        asked.append(when is None or len(asked) < when)
        return asked[-1]

    used = UsedMap(disk.stat().st_size)
    used.free(3 * MIB, 4 * MIB)
    moved, _, _ = stream(disk, used, unchanged=unchanged)
    assert moved.whole is (when is None)
    assert (moved.error == sending.CHANGED) is (when is not None)
    assert moved.digest is None or when is None
    assert len(asked) > 2 if when is None else len(asked) == when + 1


def test_without_holes_nobody_asks_whether_it_was_written_to(disk: Path) -> None:
    """What was read is what was sent, as ever."""
    assert stream(disk, UsedMap(disk.stat().st_size), unchanged=lambda: False)[0].whole


def test_a_disk_that_is_shorter_than_its_map_ends_it_there(disk: Path) -> None:
    size = disk.stat().st_size
    moved, _, _ = stream(disk, UsedMap(size + 7))
    assert (moved.count, str(moved.error)) == (size, "it ends there")


def test_a_disk_that_fails_is_seen_though_nobody_reads_the_pipe(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender may wait for its receivers for hours."""
    fails(monkeypatch, 0, error)
    read, write = os.pipe()
    source = opened(disk)
    moved = DiskStream(source, UsedMap(disk.stat().st_size)).send(write, lambda *_: None)
    source.close()
    assert moved.error
    os.close(read)
    os.close(write)


def test_what_fails_in_a_hole_is_not_asked_for(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = UsedMap(disk.stat().st_size)
    used.free(3 * MIB, 5 * MIB)
    real = os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        return error() if 3 * MIB <= at < 5 * MIB else real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)
    assert stream(disk, used)[0].whole


def test_whoever_reads_no_more_ends_it(disk: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    source = opened(disk)
    moved = DiskStream(source, UsedMap(disk.stat().st_size)).send(write, lambda *_: None)
    source.close()
    os.close(write)
    assert moved.broken
    assert moved.digest is None
    assert not moved.whole


def test_nothing_is_left_running(disk: Path) -> None:
    before = set(threading.enumerate())
    stream(disk, UsedMap(disk.stat().st_size))
    assert set(threading.enumerate()) <= before


class Mad(UsedMap):
    """A map whose runs are wrong."""

    def __init__(self, length: int, *runs: Run) -> None:
        super().__init__(length)
        self._runs = runs

    def runs(self) -> Iterator[Run]:
        yield from self._runs


@pytest.mark.parametrize(
    "runs",
    [
        (),
        (Run(0, MIB),),
        (Run(MIB, MIB),),
        (Run(0, MIB), Run(0, MIB)),
        (Run(0, MIB), Run(2 * MIB, MIB)),
        (Run(0, MIB), Run(MIB, 2 * MIB, hole=True), Run(2 * MIB, MIB)),
        (Run(0, 2 * MIB, hole=True), Run(2 * MIB, 2 * MIB, hole=True)),
        (Run(0, 0), Run(0, 3 * MIB, hole=True)),
    ],
)
def test_a_map_that_does_not_cover_the_disk_is_no_success(tmp_path: Path, runs: tuple[Run, ...]) -> None:
    (tmp_path / "disk").write_bytes(bytes(3 * MIB))
    with pytest.raises(ValueError, match="expected"):
        stream(tmp_path / "disk", Mad(3 * MIB, *runs))


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the compressing is, and however many holes lie behind a chunk."""
    path, size = tmp_path / "disk", 20_000 * MIB
    with path.open("wb") as file:
        file.truncate(size)
    used = UsedMap(size)
    for chunk in range(0, 20_000, 2):
        used.free(chunk * MIB, (chunk + 1) * MIB)
    used.free(30 * MIB, size)
    most, real = [0], DiskStream._write

    def write(self: DiskStream, *args: object) -> None:
        most[0] = max(most[0], len(self._waiting))
        real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(DiskStream, "_write", write)
    slow, frame = threading.Event(), Compressor.frame

    def slowly(self: Compressor, *args: object) -> int:
        slow.wait(0.05)
        return frame(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Compressor, "frame", slowly)
    assert stream(path, used)[0].whole
    assert most[0] <= sending.WAITING_MOST + 1
    with Packing() as many:
        assert len(many.free) <= packing.THREADS_MOST + packing.SPARE
        assert sum(len(slot.data) for slot in many.free) <= (packing.THREADS_MOST + packing.SPARE) * CHUNK


def test_noise_is_sent_too(tmp_path: Path) -> None:
    """What cannot be packed takes a little more than it is."""
    data = random.Random(9).randbytes(3 * MIB)
    (tmp_path / "disk").write_bytes(data)
    moved, frames, _ = stream(tmp_path / "disk", UsedMap(len(data)))
    assert moved.whole
    assert len(data) < len(frames) <= 3 * bound(MIB)
    assert restored(frames) == data


def test_a_thread_that_fails_is_no_success(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(Compressor, "frame", no)
    with pytest.raises(MemoryError):
        stream(disk, UsedMap(disk.stat().st_size))


def test_reading_goes_on_while_frames_are_made(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several chunks are in work at once."""
    both, frame = threading.Barrier(2), Compressor.frame

    def together(self: Compressor, data: memoryview, out: memoryview) -> int:
        both.wait(DEADLINE)
        return frame(self, data, out)

    monkeypatch.setattr(Compressor, "frame", together)
    size = disk.stat().st_size // (2 * MIB) * 2 * MIB
    begun = time.monotonic()
    assert stream(disk, UsedMap(size))[0].whole
    assert time.monotonic() - begun < DEADLINE

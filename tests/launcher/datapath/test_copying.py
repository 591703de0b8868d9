"""The loops over the bytes, on ordinary pipes and files."""

from __future__ import annotations

import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import xxhash

from launcher.datapath.block_device import WINDOW, ReadBack, SourceDisk, TargetDisk
from launcher.datapath.chunks import CHUNK
from launcher.datapath.copying import (
    Incoming,
    Stalled,
    copy_from_disk,
    copy_pipe,
    copy_stream,
    copy_to_disk,
    wide_pipe,
    write_all,
)
from launcher.datapath.moved import MARK, Moved, Reread
from launcher.datapath.rereading import read_back
from launcher.model.times import TIMES
from launcher.sentence import say

DEADLINE = 20.0
SOON = replace(TIMES, look_out=0.001)


def nothing(*_: int) -> None:
    """No progress is watched."""


def fed(data: bytes) -> int:
    """The reading end of a pipe into which a thread writes `data`, and which then ends."""
    inlet, outlet = wide_pipe()

    def feed() -> None:
        try:
            write_all(outlet, data)
        except BrokenPipeError:
            pass
        finally:
            os.close(outlet)

    threading.Thread(target=feed, daemon=True).start()
    return inlet


def drained(run: Callable[[int], Moved]) -> tuple[Moved, bytes]:
    """What `run` says, and what it wrote into the pipe that it was given."""
    inlet, outlet = wide_pipe()
    got: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def drain() -> None:
        with os.fdopen(inlet, "rb") as end:
            got.put(end.read())

    threading.Thread(target=drain, daemon=True).start()
    moved = run(outlet)
    os.close(outlet)
    return moved, got.get(timeout=DEADLINE)


@pytest.mark.parametrize("size", [0, 1, 511, CHUNK, CHUNK + 1, WINDOW + CHUNK + 7])
def test_disk_to_pipe_and_pipe_to_disk(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "source").write_bytes(data + b"more")
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: copy_from_disk(source, size, outlet, nothing))
    source.close()
    digest = xxhash.xxh3_128(data).hexdigest()
    assert moved == Moved(size, digest)
    assert stream == data
    target = tmp_path / "target"
    target.write_bytes(b"x" * (size + 9))
    seen: list[int] = []
    file = TargetDisk(str(target))
    inlet = fed(stream)
    written = copy_to_disk(Incoming(inlet).fill, file, size + 9, lambda place, holes: seen.append(place))
    os.close(inlet)
    file.flush()
    file.close()
    assert written == Moved(size, digest)
    assert target.read_bytes() == data + b"x" * 9
    assert seen[-1:] == ([size] if size else [])
    again = ReadBack(str(target))
    assert read_back(again, written, nothing) == Reread(size, digest)
    again.close()


@pytest.mark.parametrize("size", [MARK // 2, MARK, 2 * MARK, 2 * MARK + 5])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_bit_that_changed_is_found(tmp_path: Path, size: int, where: str) -> None:
    file = TargetDisk(str(blank(tmp_path, size)))
    inlet = fed(os.urandom(size))
    written = copy_to_disk(Incoming(inlet).fill, file, size, nothing)
    os.close(inlet)
    file.flush()
    at = {"first": 0, "middle": size // 2, "last": size - 1}[where]
    with (tmp_path / "target").open("r+b") as other:
        other.seek(at)
        byte = other.read(1)[0]
        other.seek(at)
        other.write(bytes([byte ^ 8]))
    again = ReadBack(file.path)
    found = read_back(again, written, nothing)
    again.close()
    file.close()
    assert (found.differs, found.digest) == (at // MARK * MARK, None)


def test_a_disk_that_became_shorter_cannot_be_read_back(tmp_path: Path) -> None:
    path = blank(tmp_path, 5000)
    again = ReadBack(str(path))
    assert read_back(again, Moved(5001, "0" * 64), nothing) == Reread(5000, error=say("it ends there"))
    again.close()


def blank(directory: Path, size: int) -> Path:
    (directory / "target").write_bytes(b"x" * size)
    return directory / "target"


def test_a_source_is_sent_by_the_kernel_or_else_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(2 * CHUNK + 5)
    (tmp_path / "source").write_bytes(data)

    def sent() -> bytes:
        source = SourceDisk(str(tmp_path / "source"))
        moved, stream = drained(lambda outlet: copy_from_disk(source, len(data), outlet, nothing))
        source.close()
        assert moved.whole
        return stream

    with monkeypatch.context() as patched:
        patched.delattr("os.write")
        assert sent() == data
    calls: list[int] = []

    def unknown(fd: int, *_: int, **__: int) -> int:
        calls.append(fd)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("os.splice", unknown)
    assert sent() == data
    assert len(calls) == 1


def test_a_disk_that_fails_when_it_is_asked_again_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_bytes(bytes(2 * CHUNK))
    splice = os.splice

    def fails_later(disk: int, sink: int, count: int, *, offset_src: int) -> int:
        if offset_src >= CHUNK:
            raise OSError(errno.EIO, "Input/output error")
        return splice(disk, sink, count, offset_src=offset_src)

    monkeypatch.setattr("os.splice", fails_later)
    source = SourceDisk(str(tmp_path / "source"))
    moved, _ = drained(lambda outlet: copy_from_disk(source, 2 * CHUNK, outlet, nothing))
    source.close()
    assert moved == Moved(CHUNK, error=say("Input/output error"))


def test_a_source_is_sent_in_pieces_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(CHUNK + 7)
    (tmp_path / "source").write_bytes(data)
    splice = os.splice
    monkeypatch.setattr("os.splice", lambda disk, sink, count, **more: splice(disk, sink, min(count, 100_003), **more))
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: copy_from_disk(source, len(data), outlet, nothing))
    source.close()
    assert stream == data
    assert moved == Moved(len(data), xxhash.xxh3_128(data).hexdigest())


def test_a_source_that_changes_is_never_sent_under_its_new_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read for the digest, and answers otherwise when it is sent: what arrives must not fit the digest."""
    data = bytes(CHUNK)
    (tmp_path / "source").write_bytes(data)
    splice = os.splice

    def changes_first(disk: int, sink: int, count: int, *, offset_src: int) -> int:
        (tmp_path / "source").write_bytes(b"x" + data[1:])
        return splice(disk, sink, count, offset_src=offset_src)

    monkeypatch.setattr("os.splice", changes_first)
    source = SourceDisk(str(tmp_path / "source"))
    moved, stream = drained(lambda outlet: copy_from_disk(source, len(data), outlet, nothing))
    source.close()
    assert stream == b"x" + data[1:]
    assert moved.digest == xxhash.xxh3_128(data).hexdigest()


def test_a_source_that_ends_early_is_an_error_with_its_offset(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 1000)
    source = SourceDisk(str(tmp_path / "source"))
    moved, _ = drained(lambda outlet: copy_from_disk(source, 1001, outlet, nothing))
    source.close()
    assert (moved.count, str(moved.error), moved.digest, moved.whole) == (1000, "it ends there", None, False)


def test_a_source_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    directory = SourceDisk(str(tmp_path))
    moved, stream = drained(lambda outlet: copy_from_disk(directory, 10, outlet, nothing))
    directory.close()
    assert str(moved.error) == "Is a directory"
    assert stream == b""


@pytest.mark.parametrize(("size", "written"), [(CHUNK, CHUNK), (CHUNK + 5, CHUNK + 5), (0, 0)])
def test_a_full_target_never_grows(tmp_path: Path, size: int, written: int) -> None:
    target = blank(tmp_path, size)
    inlet = fed(os.urandom(2 * CHUNK))
    file = TargetDisk(str(target))
    moved = copy_to_disk(Incoming(inlet).fill, file, size, nothing)
    os.close(inlet)
    file.close()
    assert (moved.count, moved.overflow, moved.whole) == (written, True, False)
    assert target.stat().st_size == size


def test_a_device_that_says_full_is_an_overflow() -> None:
    inlet = fed(b"x" * 10)
    full = TargetDisk("/dev/full")
    moved = copy_to_disk(Incoming(inlet).fill, full, 1000, nothing)
    full.close()
    os.close(inlet)
    assert moved.overflow
    assert str(moved.error) == "No space left on device"


def test_a_target_that_fails_is_an_error_at_its_offset(tmp_path: Path) -> None:
    inlet = fed(b"x" * (2 * CHUNK))
    failing = TargetDisk(str(blank(tmp_path, 9)))
    read_only = os.open(tmp_path / "target", os.O_RDONLY)

    def progress(*_: int) -> None:
        os.dup2(read_only, failing.fd)

    moved = copy_to_disk(Incoming(inlet).fill, failing, 3 * CHUNK, progress)
    failing.close()
    os.close(read_only)
    os.close(inlet)
    assert (moved.count, str(moved.error), moved.overflow, moved.digest) == (CHUNK, "Bad file descriptor", False, None)


def test_a_flush_that_hangs_is_seen_however_the_last_write_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = TargetDisk(str(blank(tmp_path, 5000)), replace(TIMES, patience=0.1))
    disk.is_block = True
    disk.write(memoryview(bytes(4096 + 512)), 0)
    seen: list[float | None] = []

    def fsync(_: int) -> None:
        time.sleep(0.4)
        seen.append(disk.hung)

    monkeypatch.setattr("os.fsync", fsync)
    disk.flush()
    disk.close()
    assert seen[0] is not None and seen[0] > 0.1


@pytest.mark.parametrize("size", [0, 1, CHUNK + 3, 3 * CHUNK])
def test_a_stream_passes_as_it_is_though_somebody_looked_at_it(size: int) -> None:
    data = os.urandom(size)
    inlet = fed(data)
    incoming = Incoming(inlet)
    assert incoming.peek(1024) == data[:1024]
    moved, stream = drained(lambda outlet: copy_stream(incoming, outlet))
    os.close(inlet)
    assert (moved, stream) == (Moved(size), data)


def test_what_came_goes_on_when_nothing_more_comes() -> None:
    class Impatient:
        def ended(self, came: bool) -> bool:
            return not came

    inlet, outlet = os.pipe()
    data = os.urandom(5000)
    os.write(outlet, data)
    moved, stream = drained(lambda sink: copy_stream(Incoming(inlet, Impatient, SOON), sink))
    os.close(inlet)
    os.close(outlet)
    assert (moved, stream) == (Moved(len(data), stalled=True), data)


def test_pipe_to_pipe_by_the_kernel() -> None:
    data = os.urandom(3 * CHUNK + 11)
    inlet = fed(data)
    moved, stream = drained(lambda outlet: copy_pipe(inlet, outlet))
    os.close(inlet)
    assert (moved, stream) == (Moved(len(data)), data)


@pytest.mark.parametrize("pump", [copy_pipe, lambda inlet, sink: copy_stream(Incoming(inlet), sink)])
def test_a_reader_that_is_gone_is_told(pump: Callable[[int, int], Moved]) -> None:
    inlet = fed(b"x" * CHUNK)
    gone, outlet = os.pipe()
    os.close(gone)
    assert pump(inlet, outlet).broken
    os.close(inlet)
    os.close(outlet)


def test_silence_counts_only_after_the_first_byte() -> None:
    inlet, outlet = os.pipe()
    told: list[str] = []

    class Impatient:
        def ended(self, came: bool) -> bool:
            told.append("asked")
            return len(told) == 3 and not came

    incoming = Incoming(inlet, Impatient, SOON)
    threading.Timer(0.1, os.write, (outlet, b"x")).start()
    assert incoming.read(memoryview(bytearray(9))) == 1
    assert not told
    with pytest.raises(Stalled):
        incoming.read(memoryview(bytearray(9)))
    assert told == ["asked", "asked", "asked"]
    os.close(inlet)
    os.close(outlet)


@pytest.mark.parametrize("more", [False, True], ids=["nothing", "more"])
def test_what_comes_behind_the_end_of_a_cast_is_not_taken(more: bool) -> None:
    """It is the next cast's."""
    inlet, outlet = os.pipe()

    class Ended:
        def ended(self, came: bool) -> bool:
            assert came == more
            return True

    def look_out() -> Ended:
        if more:
            os.write(outlet, b"another's")
        return Ended()

    incoming = Incoming(inlet, look_out, SOON)
    os.write(outlet, b"x")
    assert incoming.read(memoryview(bytearray(9))) == 1
    with pytest.raises(Stalled):
        incoming.read(memoryview(bytearray(9)))
    os.close(outlet)
    if not more:
        incoming = Incoming(inlet, look_out, SOON)
        assert incoming.read(memoryview(bytearray(9))) == 0  # the end is always taken
    os.close(inlet)

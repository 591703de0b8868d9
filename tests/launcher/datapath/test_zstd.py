"""libzstd in this process: pieces of a stream, its bounds, and threads."""

from __future__ import annotations

import random
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.datapath.frames import bound
from launcher.datapath.zstd import Compressor, Decompressor, ZstdError, content_size, frame_size, version

DATA = random.Random(3).randbytes(70_000) + bytes(200_000) + b"word " * 20_000


def cli(*words: str, data: bytes = DATA) -> bytes:
    return subprocess.run(["zstd", "-q", *words, "-c"], input=data, check=True, capture_output=True).stdout


STREAM = cli("-1")


def unpack(stream: bytes, piece: int, room: int, window_log: int = 27) -> tuple[bytes, int]:
    """What is in it, and how many frames ended."""
    worker, out, given, ends, at = Decompressor(window_log), memoryview(bytearray(room)), [], 0, 0
    while True:
        done = worker.feed(stream[at : at + piece], out)
        given.append(bytes(out[: done.given]))
        at += done.taken
        ends += done.ended and done.taken > 0
        if at == len(stream) and done.given < room:
            worker.close()
            return b"".join(given), ends


def test_it_is_the_systems_library() -> None:
    assert version().startswith("1.")


@given(st.integers(500, 50_000), st.integers(500, 300_000))
@settings(max_examples=30)
def test_a_stream_is_unpacked_whatever_its_pieces_are(piece: int, room: int) -> None:
    assert unpack(STREAM, piece, room)[0] == DATA


def test_frames_end_where_they_end() -> None:
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    stream = cli("-1") + skipped + cli("-3")
    assert unpack(stream, 1 << 20, 1 << 20)[0] == 2 * DATA
    assert frame_size(stream) == len(cli("-1"))
    assert frame_size(skipped) == len(skipped)
    assert content_size(skipped) == 0


def test_a_checksum_that_does_not_hold_is_an_error() -> None:
    stream = bytearray(cli("-1"))
    stream[-1] ^= 1
    with pytest.raises(ZstdError, match="checksum"):
        unpack(bytes(stream), 4096, 4096)


@pytest.mark.parametrize("data", [b"no zstd at all", b"\x28\xb5\x2f\xfd\x08" + bytes(30)])
def test_what_is_no_frame_is_an_error(data: bytes) -> None:
    with pytest.raises(ZstdError):
        unpack(data, 100, 100)
    with pytest.raises(ZstdError):
        frame_size(data)


def test_a_window_that_is_too_large_is_refused() -> None:
    stream = cli("--long=24", "-1", data=b"")  # an empty frame asks for no window
    assert unpack(stream, 100, 100) == (b"", 1)
    wide = b"\x28\xb5\x2f\xfd\x00" + bytes([(24 - 10) << 3]) + b"\x0b\x00\x00" + b"x"
    assert unpack(wide, 100, 100)[0] == b"x"
    with pytest.raises(ZstdError, match="memory"):
        unpack(wide, 100, 100, window_log=23)


def test_a_frame_that_has_no_room_is_an_error() -> None:
    out = memoryview(bytearray(100))
    with pytest.raises(ZstdError, match="small"):
        Compressor().frame(DATA, out)
    with pytest.raises(ZstdError, match="small"):
        Decompressor().frame(cli("-1"), out)


def test_a_worker_can_begin_anew() -> None:
    worker, out = Decompressor(), memoryview(bytearray(len(DATA)))
    stream = cli("-1")
    assert not worker.feed(stream[:50], out).ended
    worker.reset()
    assert worker.feed(stream, out).given == len(DATA)


def test_nothing_can_be_written_where_nobody_may_write() -> None:
    with pytest.raises(TypeError):
        Compressor().frame(DATA, memoryview(bytes(bound(len(DATA)))))


def test_threads_compress_without_each_others_data(tmp_path: Path) -> None:
    """Many at once: each frame is that of its own thread."""
    pieces = [random.Random(number).randbytes(3000) * 40 for number in range(4)]
    wrong: list[int] = []

    def work(number: int) -> None:
        worker, out = Compressor(), memoryview(bytearray(bound(len(pieces[number]))))
        back, room = Decompressor(), memoryview(bytearray(len(pieces[number])))
        for _ in range(50):
            size = worker.frame(memoryview(bytearray(pieces[number])), out)
            if back.frame(out[:size], room) != len(room) or room != pieces[number]:
                wrong.append(number)
        worker.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

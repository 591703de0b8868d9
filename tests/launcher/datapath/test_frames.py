"""The frames between manifest and trailer, as the real zstd takes them, and what is none of them."""

from __future__ import annotations

import mmap
import random
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.frames import (
    DATA_MOST,
    HEADER,
    HOLE_BYTES,
    SEEK_ENTRY,
    SEEK_FOOT_BYTES,
    SEEK_MAGIC,
    SeekTable,
    bound,
    hole_frame,
    read_hole,
    read_seek_foot,
    seek_entry,
    seek_table,
    zero_frame,
)
from launcher.datapath.framing import Manifest, Trailer, manifest_frame, trailer_frame
from launcher.datapath.zstd import Compressor, Decompressor, ZstdError, content_size, frame_size
from launcher.used.used_map import HOLE_MOST
from tests.launcher.datapath.streams import frames_of, restored

KIB, MIB = 1 << 10, 1 << 20


def read_seek_table(frame: bytes) -> list[tuple[int, int]] | None:
    """The lines of a seek table, packed and unpacked length of each frame; None where `frame` is none."""
    table = read_seek_foot(frame)
    if table is None or len(frame) != table.size:
        return None
    if HEADER.unpack_from(frame) != (SEEK_MAGIC, table.size - HEADER.size):
        return None
    return [SEEK_ENTRY.unpack_from(frame, HEADER.size + number * table.line) for number in range(table.frames)]


def compressed(data: bytes) -> bytes:
    out = memoryview(bytearray(bound(len(data))))
    return bytes(out[: Compressor().frame(data, out)])


def test_zstd_makes_of_a_stream_the_disk_with_zeros_in_its_holes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    noise = random.Random(7).randbytes(MIB)
    text = b"a file\n" * (MIB // 7)
    pieces = [
        manifest_frame(Manifest(69 * MIB + 17, 512, "token", "1", table_text="label: gpt\n" * 500)),
        compressed(noise),
        hole_frame(MIB, HOLE_MOST) + zero_frame(HOLE_MOST),
        hole_frame(65 * MIB, 2 * MIB) + zero_frame(2 * MIB),
        compressed(text),
        compressed(bytes(MIB)),
        hole_frame(67 * MIB + len(text) + MIB, 17) + zero_frame(17),
        trailer_frame(Trailer(69 * MIB + 17, "ab" * 16, "token")),
    ]
    stream = b"".join(pieces)
    entries = b"".join(seek_entry(len(frame), content_size(frame) or 0) for frame in frames_of(stream))
    whole = stream + seek_table(entries)
    assert restored(whole) == noise + bytes(66 * MIB) + text + bytes(MIB) + bytes(17)
    stored = tmp_path / "disk.zst"
    stored.write_bytes(whole)
    subprocess.run(["zstd", "-q", "-t", stored], check=True)
    lines = read_seek_table(whole[len(stream) :])
    assert lines is not None
    assert len(lines) == len(list(frames_of(stream)))
    assert sum(packed for packed, _ in lines) == len(stream)
    assert sum(raw for _, raw in lines) == 66 * MIB + len(noise) + len(text) + MIB + 17


lengths = st.one_of(st.integers(1, HOLE_MOST), st.integers(1, 512).map(lambda count: count * 128 * KIB))


@given(lengths)
def test_a_zero_frame_says_how_long_it_is_and_is_one_frame(length: int) -> None:
    frame = zero_frame(length)
    assert content_size(frame[:18]) == length
    assert frame_size(frame) == len(frame)
    assert frame_size(frame[:-1]) is None


@pytest.mark.parametrize("length", [1, 128 * KIB - 1, 128 * KIB, 128 * KIB + 1, MIB, HOLE_MOST])
def test_a_zero_frame_is_zeros(length: int) -> None:
    assert restored(zero_frame(length)) == bytes(length)


def test_a_gib_of_holes_is_small_on_the_wire() -> None:
    assert 16 * len(hole_frame(0, HOLE_MOST) + zero_frame(HOLE_MOST)) < 36_000


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 0), (0, -1), (0, HOLE_MOST + 1)])
def test_what_is_no_hole_cannot_be_said(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="hole"):
        hole_frame(offset, length)
    if offset == 0:
        with pytest.raises(ValueError, match="hole"):
            zero_frame(length)


@given(st.integers(0, 2**63), st.integers(1, HOLE_MOST))
def test_a_hole_comes_back(offset: int, length: int) -> None:
    frame = hole_frame(offset, length)
    assert len(frame) == HOLE_BYTES == frame_size(frame)
    assert read_hole(frame) == (offset, length)
    assert read_hole(frame + b" ") is None


@given(st.data())
def test_a_mangled_hole_is_none_or_another_one_that_is_named_as_well(data: st.DataObject) -> None:
    frame = bytearray(hole_frame(data.draw(st.integers(0, 2**63)), data.draw(st.integers(1, HOLE_MOST))))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, HOLE_BYTES - 1))] = data.draw(st.integers(0, 255))
    found = read_hole(bytes(frame))
    assert found is None or hole_frame(*found) == frame


@pytest.mark.parametrize("text", ["[]", "7", "null", '{"frame":"hole"}', "[" * 100, "", '{"offset":true,"length":1}'])
def test_another_text_is_no_hole(text: str) -> None:
    body = (b"udpcast-launcher\0" + text.encode()).ljust(HOLE_BYTES - 8)
    assert read_hole(b"\x5c\x2a\x4d\x18" + len(body).to_bytes(4, "little") + body) is None


@given(st.binary(max_size=200))
def test_garbage_is_no_frame(garbage: bytes) -> None:
    assert read_hole(garbage) is None
    assert read_seek_table(garbage) is None


@given(st.binary(max_size=3 * KIB))
def test_the_library_takes_any_frame_of_ours_apart_again(data: bytes) -> None:
    frame = compressed(data)
    assert frame_size(frame + b"behind") == len(frame)
    assert content_size(frame[:18]) == len(data)
    out = memoryview(bytearray(len(data)))
    assert Decompressor().frame(frame, out) == len(data)
    assert out == data


@given(st.data())
def test_a_mangled_data_frame_never_gives_other_bytes(data: st.DataObject) -> None:
    """Each frame has a checksum: what comes out is what went in, or the library complains."""
    content = data.draw(st.binary(min_size=1, max_size=500))
    frame = bytearray(compressed(content))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))
    out, given = memoryview(bytearray(DATA_MOST)), b""
    try:
        if content_size(bytes(frame)) == len(content):
            given = bytes(out[: Decompressor().frame(bytes(frame), out)])
    except ZstdError:
        return
    assert given in (b"", content)


@given(st.integers(0, 3 * MIB))
def test_the_bound_is_the_librarys(length: int) -> None:
    """Noise is the worst that a frame may have in it."""
    noise = mmap.mmap(-1, 3 * MIB)
    assert bound(length) >= length
    if length < 4096:
        noise[:length] = random.Random(length).randbytes(length)
        assert len(compressed(noise[:length])) <= bound(length)


def test_noise_fits() -> None:
    assert len(compressed(random.Random(1).randbytes(DATA_MOST))) <= bound(DATA_MOST) == DATA_MOST + 4096


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=20))
def test_a_seek_table_comes_back(lines: list[tuple[int, int]]) -> None:
    frame = seek_table(b"".join(seek_entry(*line) for line in lines))
    assert read_seek_foot(b"before" + frame[-SEEK_FOOT_BYTES:]) == SeekTable(len(frame), len(lines), 8)
    assert read_seek_table(frame) == lines
    assert read_seek_table(frame[:-1]) is None
    assert read_seek_table(b"\0" + frame) is None


def test_a_seek_table_with_checksums_is_read_too() -> None:
    body = b"".join(seek_entry(5, 7) + b"sum." for _ in range(3)) + bytes([3, 0, 0, 0, 0x80]) + b"\xb1\xea\x92\x8f"
    frame = b"\x5e\x2a\x4d\x18" + len(body).to_bytes(4, "little") + body
    assert read_seek_table(frame) == [(5, 7)] * 3

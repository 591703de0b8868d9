"""The records of the worker that unpacks, whoever wrote them: what is taken of them, and how much memory they take."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.block_device import ReadBack, TargetDisk
from launcher.datapath.chunks import chunk
from launcher.datapath.copying import copy_records
from launcher.datapath.layout import Layout
from launcher.datapath.moved import MARK, Moved, Reread
from launcher.datapath.records import HEADER, BadRecord, Checked, Kind, Record, RecordReader
from launcher.datapath.rereading import read_back
from launcher.used.used_map import CHUNK, HOLE_MOST

K = Kind
GRAIN = 4096
END = Record(K.END).header()


def reading(stream: bytes) -> Callable[[memoryview], int]:
    """What fills buffers from `stream`."""
    left = memoryview(stream)

    def fill(buffer: memoryview) -> int:
        nonlocal left
        count = min(len(buffer), len(left))
        buffer[:count] = left[:count]
        left = left[count:]
        return count

    return fill


def nothing(*_: int) -> None:
    """No progress is watched."""


def checked(length: int, holes: bool = True) -> Checked:
    one = Checked()
    one.take(HEADER.pack(K.MANIFEST, 0, 100))
    one.announce(length, holes)
    return one


def test_a_disk_of_data_and_holes_is_taken_in_its_order() -> None:
    one = checked(2 * CHUNK + HOLE_MOST + 7)
    for kind, offset, length in (
        (K.DATA, 0, CHUNK),
        (K.HOLE, CHUNK, HOLE_MOST),
        (K.DATA, CHUNK + HOLE_MOST, CHUNK),
        (K.HOLE, 2 * CHUNK + HOLE_MOST, 7),
        (K.TRAILER, 0, 4096),
        (K.END, 0, 0),
    ):
        assert one.take(HEADER.pack(kind, offset, length)) == Record(kind, offset, length)
    assert one.place == one.limit


@pytest.mark.parametrize(
    ("before", "record"),
    [
        ([], (0, 0, 0)),  # of no kind
        ([], (9, 0, 0)),
        ([], (K.MANIFEST, 0, 1)),  # a second one
        ([], (K.DATA, 0, CHUNK + 1)),  # too long
        ([], (K.HOLE, 0, HOLE_MOST + 1)),
        ([], (K.TRAILER, 0, 4097)),
        ([], (K.END, 0, 1)),
        ([], (K.DATA, CHUNK, CHUNK)),  # a gap
        ([], (K.HOLE, CHUNK, CHUNK)),
        ([(K.DATA, 0, CHUNK)], (K.DATA, 0, CHUNK)),  # once more
        ([(K.DATA, 0, CHUNK)], (K.HOLE, 0, CHUNK)),  # over what was written
        ([(K.HOLE, 0, 3 * CHUNK)], (K.DATA, CHUNK, CHUNK)),  # into a hole
        ([(K.HOLE, 0, 10 * CHUNK)], (K.DATA, 10 * CHUNK, 1)),  # behind the end
        ([(K.HOLE, 0, 9 * CHUNK)], (K.HOLE, 9 * CHUNK, 2 * CHUNK)),
        ([], (K.DATA, 2**64 - CHUNK, CHUNK)),
        ([], (K.HOLE, 0, 0)),  # nothing at all
        ([], (K.DATA, 0, 0)),
        ([(K.DATA, 0, 5)], (K.DATA, 5, 5)),  # behind a short one
        ([(K.HOLE, 0, 5)], (K.HOLE, 5, 5)),
        ([(K.TRAILER, 0, 9)], (K.TRAILER, 0, 9)),
        ([(K.TRAILER, 0, 9)], (K.DATA, 0, CHUNK)),
        ([(K.END, 0, 0)], (K.END, 0, 0)),
        ([(K.END, 0, 0)], (K.DATA, 0, CHUNK)),
    ],
)
def test_what_breaks_the_rules_is_refused(before: list[tuple[int, int, int]], record: tuple[int, int, int]) -> None:
    one = checked(10 * CHUNK)
    for good in before:
        one.take(HEADER.pack(*good))
    with pytest.raises(BadRecord):
        one.take(HEADER.pack(*record))


@pytest.mark.parametrize("record", [(K.HOLE, 0, CHUNK), (K.TRAILER, 0, 9)])
def test_without_a_word_of_it_there_are_no_holes(record: tuple[int, int, int]) -> None:
    """And without a manifest no trailer."""
    plain = Checked()
    with pytest.raises(BadRecord):
        plain.take(HEADER.pack(*record))
    plain = Checked()
    plain.take(HEADER.pack(K.MANIFEST, 0, 0))
    with pytest.raises(BadRecord):
        plain.take(HEADER.pack(*record))
    whole = checked(CHUNK, holes=False)
    if record[0] is K.TRAILER:
        whole.take(HEADER.pack(*record))
    else:
        with pytest.raises(BadRecord):
            whole.take(HEADER.pack(*record))


@pytest.mark.parametrize("kind", [K.DATA, K.END, K.HOLE])
def test_the_manifest_is_the_first_record_or_an_empty_one(kind: Kind) -> None:
    with pytest.raises(BadRecord):
        Checked().take(HEADER.pack(kind, 0, 0))


numbers = st.one_of(st.integers(0, 12), st.integers(0, 12).map(lambda n: n * CHUNK), st.integers(0, 2**64 - 1))
headers = st.tuples(st.integers(0, 6), numbers, numbers)


@given(st.lists(headers, max_size=12), st.booleans())
def test_whatever_is_written_stays_inside_and_goes_forward(
    records: list[tuple[int, int, int]], announced: bool
) -> None:
    one = checked(10 * CHUNK) if announced else Checked()
    if not announced:
        one.take(HEADER.pack(K.MANIFEST, 0, 0))
    covered = 0
    for record in records:
        try:
            taken = one.take(HEADER.pack(*record))
        except BadRecord as bad:
            assert str(bad)
            break
        if taken.kind in (K.DATA, K.HOLE):
            assert taken.offset == covered and covered % CHUNK == 0
            covered += taken.length
            assert covered <= (10 * CHUNK if announced else 2**63)


def test_what_is_told_of_a_length_takes_no_memory() -> None:
    """Each kind at its longest, and one byte more."""
    tracemalloc.start()
    try:
        reader = RecordReader(reading(HEADER.pack(K.MANIFEST, 0, 64 << 10)))
        assert reader.frame(K.MANIFEST) is None  # its bytes never came
        for kind, length in ((K.MANIFEST, (64 << 10) + 1), (K.DATA, 2**64 - 1)):
            with pytest.raises(BadRecord):
                RecordReader(reading(HEADER.pack(kind, 0, length))).peek()
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_data_and_holes_in_turns_take_a_byte_for_each_chunk() -> None:
    """So 2 TB take 2 MB."""
    layout, turns = Layout(), 1 << 13
    tracemalloc.start()
    try:
        for _ in range(turns):
            layout.data(CHUNK)
            layout.hole(CHUNK)
        assert sum(1 for _ in layout.runs()) == 2 * turns
        assert tracemalloc.get_traced_memory()[1] < 4 * turns
    finally:
        tracemalloc.stop()
    assert layout.written == layout.holes == turns * CHUNK


runs = st.lists(st.tuples(st.booleans(), st.integers(1, HOLE_MOST // CHUNK)), max_size=20)


@given(runs, st.integers(0, CHUNK - 1))
def test_a_layout_gives_back_each_hole_as_it_came(found: list[tuple[bool, int]], rest: int) -> None:
    layout, wanted, place = Layout(), list[tuple[int, int, bool]](), 0
    pieces = [(hole, count * CHUNK) for hole, count in found] + [(False, rest)] * bool(rest)
    for hole, length in pieces:
        (layout.hole if hole else layout.data)(length)
        if wanted and not hole and not wanted[-1][2]:
            wanted[-1] = (wanted[-1][0], wanted[-1][1] + length, False)
        else:
            wanted.append((place, length, hole))
        place += length
    assert list(layout.runs()) == wanted
    assert (layout.length, layout.holes) == (place, sum(length for hole, length in pieces if hole))


def written(target: Path, size: int, stream: bytes, limit: int | None = None) -> Moved:
    disk = TargetDisk(str(target))
    reader = RecordReader(reading(stream))
    if reader.frame(K.MANIFEST) is not None:
        reader.checked.announce(size if limit is None else limit, holes=True)
    try:
        return copy_records(reader, disk, size, nothing)
    finally:
        disk.close()


def data(offset: int, content: bytes) -> bytes:
    return Record(K.DATA, offset, len(content)).header() + content


def hole(offset: int, length: int) -> bytes:
    return Record(K.HOLE, offset, length).header()


MANIFEST = Record(K.MANIFEST, 0, 3).header() + b"man"
TRAILER = Record(K.TRAILER, 0, 4).header() + b"tail"


def old(tmp_path: Path, size: int) -> Path:
    (tmp_path / "target").write_bytes(b"o" * size)
    return tmp_path / "target"


def test_data_goes_to_its_place_and_holes_stay_as_they_were(tmp_path: Path) -> None:
    first, last = os.urandom(CHUNK), os.urandom(CHUNK + 5)
    size = 5 * CHUNK + 5
    target = old(tmp_path, size + 9)
    places = (data(0, first) + hole(CHUNK, 2 * CHUNK) + hole(3 * CHUNK, CHUNK) + data(4 * CHUNK, last[:CHUNK])) + data(
        5 * CHUNK, last[CHUNK:]
    )
    moved = written(target, size, MANIFEST + places + TRAILER + END)
    state = xxhash.xxh3_128(first)
    state.update(HEADER.pack(0, CHUNK, 2 * CHUNK)[8:])
    state.update(HEADER.pack(0, 3 * CHUNK, CHUNK)[8:])
    state.update(last)
    assert moved == Moved(size, state.hexdigest(), tail=b"tail")
    assert (moved.whole, moved.written) == (True, 2 * CHUNK + 5)
    assert target.read_bytes() == first + b"o" * 3 * CHUNK + last + b"o" * 9
    again = ReadBack(str(target))
    read = list[tuple[int, int]]()
    assert read_back(again, moved, lambda place, holes: read.append((place, holes))) == Reread(size, moved.digest)
    assert read[-1] == (size, 3 * CHUNK)
    with target.open("r+b") as other:
        other.seek(2 * CHUNK)
        other.write(b"another's")  # in a hole
    assert read_back(again, moved, nothing) == Reread(size, moved.digest)
    with target.open("r+b") as other:
        other.seek(5 * CHUNK + 1)
        other.write(b"#")
    assert read_back(again, moved, nothing).differs == 0
    again.close()


def test_where_it_differs_is_told_by_the_place_on_the_disk(tmp_path: Path) -> None:
    """Marks count data; a disk has holes."""
    count = MARK // CHUNK + 3
    pieces = [
        data(2 * CHUNK * number, os.urandom(CHUNK)) + hole(2 * CHUNK * number + CHUNK, CHUNK) for number in range(count)
    ]
    size = 2 * CHUNK * count
    target = old(tmp_path, size)
    moved = written(target, size, MANIFEST + b"".join(pieces) + TRAILER + END)
    again = ReadBack(str(target))
    assert read_back(again, moved, nothing).digest == moved.digest
    for place, begins in ((2 * MARK - CHUNK - 1, 0), (2 * MARK + 5, 2 * MARK)):
        with target.open("r+b") as other:
            other.seek(place)
            byte = other.read(1)[0]
            other.seek(place)
            other.write(bytes([byte ^ 1]))
            other.flush()
            assert read_back(again, moved, nothing).differs == begins
            other.seek(place)
            other.write(bytes([byte]))
    again.close()


@pytest.mark.parametrize(
    ("stream", "came"),
    [
        (b"", 0),
        (MANIFEST, 0),
        (MANIFEST + data(0, b"x" * CHUNK), CHUNK),
        (MANIFEST + data(0, b"x" * CHUNK) + hole(CHUNK, CHUNK), 2 * CHUNK),
        (MANIFEST + data(0, b"x" * CHUNK) + data(CHUNK, b"x" * CHUNK)[:-1], CHUNK),
        (MANIFEST + data(0, b"x" * CHUNK) + TRAILER, CHUNK),
        (MANIFEST + data(0, b"x" * CHUNK) + END[:-1], CHUNK),
    ],
)
def test_without_an_end_nothing_is_whole(tmp_path: Path, stream: bytes, came: int) -> None:
    moved = written(old(tmp_path, 9 * CHUNK), 9 * CHUNK, stream)
    assert (moved.whole, moved.cut, moved.count) == (False, True, came)


def test_what_may_not_be_is_not_written_and_nothing_behind_it(tmp_path: Path) -> None:
    target = old(tmp_path, 9 * CHUNK)
    stream = MANIFEST + data(0, b"x" * CHUNK) + data(5 * CHUNK, b"y" * CHUNK) + data(CHUNK, b"z" * CHUNK) + END
    moved = written(target, 9 * CHUNK, stream)
    assert (moved.whole, moved.count) == (False, CHUNK)
    wanted = "a record of length 1,048,576 was to go to byte 5,242,880, where 1,048,576 of 9,437,184 is next"
    assert str(moved.bad) == wanted
    assert target.read_bytes() == b"x" * CHUNK + b"o" * 8 * CHUNK


@pytest.mark.parametrize("last", [data(CHUNK, b"x" * CHUNK), hole(CHUNK, CHUNK)])
def test_what_has_no_room_is_an_overflow(tmp_path: Path, last: bytes) -> None:
    size = CHUNK + GRAIN
    moved = written(old(tmp_path, size), size, MANIFEST + data(0, b"x" * CHUNK) + last + END, limit=9 * CHUNK)
    assert (moved.count, moved.overflow, moved.digest) == (size, True, None)
    assert (tmp_path / "target").stat().st_size == size


def test_a_record_can_be_looked_at_before_it_is_taken() -> None:
    reader = RecordReader(reading(MANIFEST + data(0, b"x" * 9) + END))
    assert reader.frame(K.TRAILER) is None
    assert reader.frame(K.MANIFEST) == b"man"
    memory = chunk()
    assert reader.peek() == Record(K.DATA, 0, 9)
    assert reader.take(memory) == Record(K.DATA, 0, 9) and memory[:9] == b"x" * 9
    assert reader.take(memory) == Record(K.END)

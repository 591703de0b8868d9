"""The worker that unpacks: what it takes, what it refuses, and that no stream at all is taken for what it is not."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.datapath import stream_ends
from launcher.datapath.copying import Incoming, copy_records
from launcher.datapath.frames import hole_frame, seek_entry, seek_table, skippable, zero_frame
from launcher.datapath.framing import (
    Manifest,
    Trailer,
    manifest_frame,
    read_manifest,
    read_trailer,
    trailer_frame,
)
from launcher.datapath.moved import Moved
from launcher.datapath.records import BadRecord, Kind, RecordReader
from launcher.datapath.stream_ends import BUFFER, Refused, Sink, Source
from launcher.datapath.unpack import unpack
from launcher.datapath.zstd import Compressor
from launcher.udpcast.unpacking import Complaint
from launcher.used.used_map import CHUNK
from tests.launcher.datapath import disks
from tests.launcher.datapath.disks import Disk, data_of, parsed

C = Complaint


@dataclass(frozen=True)
class Unpacked:
    """The records that came of a stream, and what the worker complained of."""

    records: bytes
    complaint: Complaint | None = None
    words: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.records) and parsed(self.records)[-1][0] is Kind.END


def unpacked(stream: bytes) -> Unpacked:
    """In this process; the streams are files."""
    inlet, outlet = os.memfd_create("stream"), os.memfd_create("records")
    try:
        os.write(inlet, stream)
        os.lseek(inlet, 0, os.SEEK_SET)
        complaint, words = None, ""
        try:
            unpack(Source(inlet), Sink(outlet))
        except Refused as refused:
            complaint, words = refused.complaint, str(refused)
        size = os.lseek(outlet, 0, os.SEEK_END)
        return Unpacked(os.pread(outlet, size, 0), complaint, words)
    finally:
        os.close(inlet)
        os.close(outlet)


def small_disk() -> Disk:
    """Each frame is a few bytes long, so that whatever a test changes matters."""
    chunks = [bytes([number]) * CHUNK for number in (1, 0, 2, 3, 0, 0, 0, 4)] + [b"\5" * 4101]
    return Disk(b"".join(chunks), ((1, 2), (4, 7)))


DISK = small_disk()
PIECES = DISK.pieces()
STREAM = b"".join(PIECES)
DATA = b"".join(DISK.content[run.offset : run.offset + run.length] for run in DISK.used.runs() if not run.hole)
KINDS = [Kind.MANIFEST, Kind.DATA, Kind.HOLE, Kind.DATA, Kind.DATA, Kind.HOLE, Kind.DATA, Kind.DATA]


def test_a_disk_with_holes_becomes_its_records() -> None:
    found = unpacked(STREAM)
    records = parsed(found.records)
    assert [kind for kind, _, _ in records] == [*KINDS, Kind.TRAILER, Kind.END]
    assert (records[0][2], records[-2][2]) == (PIECES[0], PIECES[-1])
    assert data_of(found.records) == DATA
    assert [length for kind, length, _ in records if kind is Kind.HOLE] == [CHUNK, 3 * CHUNK]


def table_of(pieces: list[bytes]) -> bytes:
    return seek_table(b"".join(seek_entry(len(piece), 0) for piece in pieces))


@pytest.mark.parametrize("behind", [table_of(PIECES), seek_table(b""), table_of(PIECES)[:-5]])
def test_a_seek_table_may_follow_the_trailer_whole_or_not(behind: bytes) -> None:
    assert unpacked(STREAM + behind).records == unpacked(STREAM).records


@pytest.mark.parametrize(
    "behind", [b"x", PIECES[1], PIECES[-1], table_of(PIECES) * 2, table_of(PIECES) + b"x", table_of(PIECES * 30)]
)
def test_nothing_else_may(behind: bytes) -> None:
    found = unpacked(STREAM + behind)
    assert (found.complaint, found.ended) == (C.BEHIND, False)


def framed(content: bytes, checksum: bool = True) -> bytes:
    """`content` as frames of zstd(1)'s."""
    flags = ("--check" if checksum else "--no-check", "-qc")
    return subprocess.run(("zstd", *flags), input=content, check=True, capture_output=True).stdout


def frame(content: bytes) -> bytes:
    out = memoryview(bytearray(len(content) + 4096))
    return bytes(out[: Compressor().frame(content, out)])


def hole(offset: int, length: int, zeros: bytes | None = None) -> bytes:
    return hole_frame(offset, length) + (zero_frame(length) if zeros is None else zeros)


def other_session(piece: bytes) -> bytes:
    return piece.replace(disks.MANIFEST.session.encode(), b"nekot")


BOMB = frame(bytes(64 << 20))
"""64 MiB of zeros in a few KB."""
FIRST, HOLE, NEXT = PIECES[1:4]
HOSTILE = {
    "a hole from behind": [FIRST, hole(0, CHUNK)],
    "a hole ahead": [FIRST, hole(2 * CHUNK, CHUNK)],
    "a hole beyond the end": [FIRST, hole(CHUNK, 8 * CHUNK)],
    "a hole that is no multiple": [FIRST, hole(CHUNK, CHUNK + 4096)],
    "two holes at one place": [FIRST, HOLE, HOLE],
    "a hole of less than it says": [FIRST, hole(CHUNK, 2 * CHUNK, zero_frame(CHUNK))],
    "a hole of more than it says": [FIRST, hole(CHUNK, CHUNK, zero_frame(2 * CHUNK))],
    "a hole with data in it": [FIRST, hole(CHUNK, CHUNK, NEXT)],
    "a hole of packed zeros": [FIRST, hole(CHUNK, CHUNK, frame(bytes(CHUNK)))],
    "a bomb": [BOMB],
    "a bomb that says less": [BOMB[:6] + struct.pack("<I", CHUNK) + BOMB[10:]],
    "a frame that does not say how long it is": [framed(bytes([1]) * CHUNK)],
    "a short frame": [frame(b"\1" * (CHUNK - 1))],
    "an empty frame": [frame(b"")],
    "a frame of two chunks": [frame(DISK.content[: 2 * CHUNK])],
    "a second manifest": [FIRST, PIECES[0]],
    "frames to be skipped": [FIRST, skippable(b"x" * 100)],
    "a long frame to be skipped": [FIRST, struct.pack("<II", 0x184D2A50, 0xFFFFFFFF)],
    "no frame": [FIRST, b"something else entirely"],
    "data behind the disk's end": [*PIECES[1:-1], FIRST],
    "a hole behind the disk's end": [*PIECES[1:-1], hole(CHUNK, CHUNK)],
}


@pytest.mark.parametrize("pieces", HOSTILE.values(), ids=HOSTILE)
def test_hostile_frames_are_refused_and_nothing_of_them_is_given_on(pieces: list[bytes]) -> None:
    found = unpacked(PIECES[0] + b"".join(pieces) + PIECES[-1])
    assert found.complaint in (C.DAMAGED, C.BEHIND, C.CUT), found
    assert found.words and "\n" not in found.words and len(found.words) < 200
    assert not found.ended and Kind.TRAILER not in [kind for kind, _, _ in parsed(found.records)]
    good = list[bytes]()
    for expected, piece in zip(PIECES[1:], pieces, strict=False):
        if piece != expected:
            break
        good.append(piece)
    assert found.records == unpacked(PIECES[0] + b"".join(good)).records[:-Sink_END]


Sink_END = 24


def test_zeros_that_nobody_named_are_data() -> None:
    """They are written."""
    pieces = [PIECES[0], FIRST, zero_frame(CHUNK)]
    records = parsed(unpacked(b"".join(pieces)).records)
    assert records[2] == (Kind.DATA, CHUNK, bytes(CHUNK))


@pytest.mark.parametrize("cut", range(1, len(PIECES)))
def test_between_two_frames_a_stream_may_end_without_a_trailer(cut: int) -> None:
    found = unpacked(b"".join(PIECES[:cut]))
    assert (found.complaint, found.ended) == (None, True)
    assert [kind for kind, _, _ in parsed(found.records)][:-1] == KINDS[:cut]


@settings(max_examples=25)
@given(st.integers(1, len(STREAM) - 1))
def test_cut_anywhere_else_it_is_cut(cut: int) -> None:
    ends = [len(b"".join(PIECES[:number])) for number in range(1, len(PIECES))]
    found = unpacked(STREAM[:cut])
    if cut not in ends and cut > len(PIECES[0]):
        assert found.complaint is C.CUT
    assert found.ended == (cut in ends)


class Memory:
    """A target of which every byte is seen."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(b"o" * (size + CHUNK))

    def write(self, data: memoryview, offset: int) -> None:
        self.bytes[offset : offset + len(data)] = data


def received(stream: bytes, disk: Disk) -> tuple[bool, bytes]:
    """Whether `stream` would be called equal, and what is on the target then."""
    found = unpacked(stream)
    inlet = os.memfd_create("records")
    os.write(inlet, found.records)
    os.lseek(inlet, 0, os.SEEK_SET)
    reader = RecordReader(Incoming(inlet).fill)
    memory = Memory(len(disk.content))
    try:
        first = reader.frame(Kind.MANIFEST)
        manifest = read_manifest(first) if first else None
        if manifest:
            reader.checked.announce(manifest.length, manifest.used is not None)
        moved = copy_records(reader, cast(Any, memory), len(disk.content), lambda *_: None)
    except BadRecord as bad:
        raise AssertionError("our own worker breaks no rule") from bad
    finally:
        os.close(inlet)
    if manifest is None:
        assert found.complaint or moved == Moved(moved.count, moved.digest)
        return False, bytes(memory.bytes)
    trailer = read_trailer(moved.tail, manifest.session)
    good = not found.complaint and moved.whole and trailer is not None
    same = trailer is not None and (trailer.xxh128, trailer.length, trailer.sent) == (
        moved.digest,
        moved.count,
        moved.written,
    )
    return good and same and manifest.length == moved.count, bytes(memory.bytes)


AFTER = DISK.on(b"o" * (len(DISK.content) + CHUNK))


def checked(stream: bytes) -> bool:
    """Whether `stream` is taken for the disk, which it then is; and that nothing but its blocks was touched."""
    equal, after = received(stream, DISK)
    assert after[len(DISK.content) :] == b"o" * CHUNK
    if equal:
        assert after == AFTER
    return equal


def test_the_stream_itself_is_equal() -> None:
    assert checked(STREAM)


IN_HOLE = len(PIECES[0]) + len(PIECES[1])


@settings(max_examples=25)
@given(st.integers(len(PIECES[0]), len(STREAM) - len(PIECES[-1]) - 1), st.integers(0, 7))
@example(IN_HOLE + 4, 7)  # what names a hole is as long as a trailer then
def test_a_flipped_bit_in_data_hole_or_zeros_is_a_difference(at: int, bit: int) -> None:
    """But where the bit means nothing to zstd: then the content is the same."""
    stream = bytearray(STREAM)
    stream[at] ^= 1 << bit
    found = unpacked(bytes(stream))
    if found.records != unpacked(STREAM).records:
        assert found.complaint in (C.DAMAGED, C.BEHIND), (at, bit, found.words)
    assert checked(bytes(stream)) == (found.complaint is None)


@settings(max_examples=20)
@given(st.integers(0, len(STREAM) - 1), st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_never_taken_for_something_else(at: int, bit: int) -> None:
    stream = bytearray(STREAM)
    stream[at] ^= 1 << bit
    checked(bytes(stream))


places = st.integers(0, len(PIECES) - 1)
edits = st.lists(st.tuples(st.sampled_from(["drop", "repeat", "swap", "cut", "noise"]), places, places), max_size=4)


@settings(max_examples=25)
@given(edits)
def test_however_frames_are_mixed_it_is_equal_only_where_it_is_the_disk(found: list[tuple[str, int, int]]) -> None:
    pieces = list(PIECES)
    for what, one, other in found:
        first, second = min(one, len(pieces) - 1), min(other, len(pieces) - 1)
        if first < 0:
            break
        if what == "drop":
            del pieces[first]
        elif what == "repeat":
            pieces.insert(second, pieces[first])
        elif what == "swap":
            pieces[first], pieces[second] = pieces[second], pieces[first]
        elif what == "cut":
            pieces[first] = pieces[first][: len(pieces[first]) // 2]
        else:
            pieces.insert(first, bytes([second]) * 9)
    assert checked(b"".join(pieces)) == (pieces == PIECES)


# --- streams without a walk -----------------------------------------------------------------------------------------

RAW = os.urandom(2 * CHUNK + 77) + bytes(CHUNK)


def old(content: bytes, body: bytes, session: str = "token") -> list[bytes]:
    """A stream of format 2."""
    digest = "0" * 32
    return [
        manifest_frame(Manifest(len(content), 512, "token", "1", format=2)),
        body,
        trailer_frame(Trailer(len(content), digest, session, format=2)),
    ]


@pytest.mark.parametrize("frames", [framed(RAW), framed(RAW[:99]) + frame(RAW[99:]), framed(RAW, checksum=False)])
def test_format_2_is_read(frames: bytes) -> None:
    pieces = old(RAW, frames)
    records = parsed(unpacked(b"".join(pieces)).records)
    assert [kind for kind, _, _ in records] == [Kind.MANIFEST, *[Kind.DATA] * 4, Kind.TRAILER, Kind.END]
    assert (records[0][2], records[-2][2]) == (pieces[0], pieces[2])
    assert b"".join(content for kind, _, content in records if kind is Kind.DATA) == RAW


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (b"".join(old(RAW, framed(RAW))) + b"x", C.BEHIND),
        (b"".join(old(RAW, framed(RAW + b"more"))), C.DAMAGED),
        (b"".join(old(RAW, framed(RAW), session="nekot")), C.CUT),
        (b"".join([*PIECES[:-1], other_session(PIECES[-1])]), C.CUT),
        (b"".join(old(RAW, framed(RAW)[:-9])), C.DAMAGED),
        (b"".join(old(RAW, framed(RAW)))[: CHUNK // 2], C.CUT),
        (b"".join(old(RAW, hole(0, CHUNK) + framed(RAW))), C.DAMAGED),
        (PIECES[0][:100] + b"#" + STREAM[101:], C.DAMAGED),  # a manifest that cannot be read
        (b"".join(PIECES[1:]), None),  # none at all
        (b"".join([FIRST, HOLE]), C.DAMAGED),
        (FIRST + PIECES[-1], C.DAMAGED),
        (b"", C.BEHIND),
        (b"no stream at all", C.BEHIND),
    ],
)
def test_what_is_no_such_stream_is_refused(stream: bytes, complaint: Complaint | None) -> None:
    found = unpacked(stream)
    if complaint:
        assert (found.complaint, found.ended) == (complaint, False), found.words
    else:
        assert found.complaint


@pytest.mark.parametrize("quiet", [skippable(b""), frame(b""), skippable(b"x" * 60_000, 0x184D2A50)])
def test_a_stream_does_not_go_on_for_ever_without_data(quiet: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_ends, "QUIET_MOST", 200_000)
    count = 250_000 // len(quiet)
    assert unpacked(framed(RAW) + quiet * count).complaint is C.BEHIND
    assert unpacked((quiet * (count // 2) + framed(RAW)) * 2).complaint is None


def test_a_window_that_takes_too_much_memory_is_not_damage() -> None:
    stream = subprocess.run(("zstd", "-qc", "--long=28"), input=RAW * 99, check=True, capture_output=True).stdout
    found = unpacked(stream)
    assert found.complaint is C.OTHER and "memory" in found.words
    stream = subprocess.run(("zstd", "-qc", "--long=27"), input=RAW, check=True, capture_output=True).stdout
    assert data_of(unpacked(stream).records) == RAW


def test_gzip_is_unpacked_member_by_member() -> None:
    stream = gzip.compress(RAW[:CHUNK], 1) + gzip.compress(b"") + gzip.compress(RAW[CHUNK:], 1)
    found = unpacked(stream)
    assert (data_of(found.records), found.complaint, found.ended) == (RAW, None, True)
    for other, complaint in (
        (stream + b"\0", C.BEHIND),
        (stream + gzip.compress(b"x")[:9], C.CUT),
        (stream[:-1], C.CUT),
        (stream[: CHUNK // 2] + bytes(9) + stream[CHUNK // 2 + 9 :], C.DAMAGED),
    ):
        found = unpacked(other)
        assert (found.complaint, found.ended) == (complaint, False)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08\0", PIECES[0]]))
def test_noise_ends_in_a_sentence(noise: bytes, before: bytes) -> None:
    found = unpacked(before + noise)
    assert found.complaint or found.ended


def test_a_frame_may_begin_anywhere_in_the_buffer() -> None:
    """It is moved to the front where it would not fit."""
    content = os.urandom(BUFFER + 3 * CHUNK)
    disk = Disk(content, ((1, 2),))
    equal, after = received(disk.stream(), disk)
    assert equal and after == disk.on(b"o" * (len(content) + CHUNK))


def test_the_worker_is_a_program_of_its_own() -> None:
    """Its status tells what is wrong."""
    status, records, said = disks.unpack(STREAM)
    assert (status, said) == (0, "") and records == unpacked(STREAM).records
    status, _, said = disks.unpack(STREAM[:-300])
    assert status == 31 and said.startswith("unexpected end")
    status, _, said = disks.unpack(replace_at(STREAM, len(PIECES[0]) + 20))
    assert status == 33 and "corrupt" in said


def replace_at(stream: bytes, at: int) -> bytes:
    return stream[:at] + bytes([stream[at] ^ 1]) + stream[at + 1 :]

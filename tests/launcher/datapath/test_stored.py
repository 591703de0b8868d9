"""A stored image: what is in it, and whether it is whole. Whatever is cut, changed or put together otherwise is seen,
at the latest where its bytes are read."""

from __future__ import annotations

import random
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.frames import hole_frame, read_hole, seek_table
from launcher.datapath.framing import Manifest, manifest_frame, read_manifest
from launcher.datapath.stored import IS_OURS_BYTES, NotWhole, Piece, Stored, as_told, is_ours, look, was_ours
from launcher.datapath.walking import Walker
from launcher.used.used_map import UsedMap

from . import streams
from .streams import MIB, SESSION

DISK, USED = streams.disk(6, (1, 3), (4, 5))
PARTS = streams.parts_of(DISK, USED)
IMAGE = streams.with_table(PARTS)
BORDERS = [0]
for _part in PARTS:
    BORDERS.append(BORDERS[-1] + len(_part))


def looked_at(image: bytes) -> Stored:
    return look(lambda offset, count: image[offset : offset + count], len(image))


def is_believed(image: bytes) -> bool:
    """Whether it is taken for whole, and each of its pieces for what it has to be."""
    try:
        pieces = looked_at(image).pieces
    except NotWhole:
        return False
    return all(as_told(piece, image[piece.at : piece.at + piece.packed]) for piece in pieces)


def test_an_image_tells_what_is_in_it() -> None:
    stored = looked_at(IMAGE)
    assert stored.manifest == read_manifest(PARTS[0])
    assert (stored.trailer.length, stored.trailer.sent, stored.size) == (len(DISK), USED.sent, len(IMAGE))
    assert [(piece.offset, piece.length, piece.hole) for piece in stored.pieces] == [
        (run.offset, run.length, run.hole) for run in USED.runs()
    ]
    assert stored.pieces.holding(2 * MIB) == Piece(BORDERS[2], BORDERS[4] - BORDERS[2], MIB, 2 * MIB, True)
    with pytest.raises(IndexError):
        stored.pieces.holding(len(DISK))
    assert is_believed(IMAGE)


def test_zstd_s_own_tools_read_it(tmp_path: Path) -> None:
    file = tmp_path / "room.img.zst"
    file.write_bytes(IMAGE)
    subprocess.run(["zstd", "-tq", file], check=True)
    assert subprocess.run(["zstd", "-dcq", file], check=True, capture_output=True).stdout == DISK


def test_the_content_decides_and_not_the_name() -> None:
    assert is_ours(IMAGE[:IS_OURS_BYTES])
    for other in (b"", PARTS[1], PARTS[2][:8] + bytes(17), DISK[:64], IMAGE[: IS_OURS_BYTES - 1]):
        assert not is_ours(other[:IS_OURS_BYTES])


@pytest.mark.parametrize("border", [*BORDERS, len(IMAGE) - 9, len(IMAGE) - 8])
def test_one_that_was_cut_is_not_whole(border: int) -> None:
    for end in {max(0, border - 1), border, border + 1} - {len(IMAGE)}:
        with pytest.raises(NotWhole):
            looked_at(IMAGE[:end])


def test_one_that_has_more_is_not_whole() -> None:
    for more in (b"\0", IMAGE, PARTS[1], IMAGE[BORDERS[-1] :], bytes(512)):
        with pytest.raises(NotWhole):
            looked_at(IMAGE + more)


def test_a_bit_that_changed_outside_of_data_and_digest_is_seen() -> None:
    """In data, in a digest, and in words of the manifest, only who unpacks it or reads it sees that."""
    rng = random.Random(1)
    for begin, end in ((BORDERS[2], BORDERS[4]), (BORDERS[-1], len(IMAGE))):
        for at in {begin, end - 1, *rng.sample(range(begin, end), 60)}:
            changed = bytearray(IMAGE)
            changed[at] ^= 1 << rng.randrange(8)
            assert not is_believed(bytes(changed)), at
    for at in range(BORDERS[-2], BORDERS[-2] + 8 + 17):
        changed = bytearray(IMAGE)
        changed[at] ^= 4
        assert not is_believed(bytes(changed)), at


def test_frames_in_another_order_are_not_believed_or_another_disk() -> None:
    """Holes name their place, and have to follow each other; two chunks of data that change places are another digest,
    which the trailer does not have."""
    data = {number for number, part in enumerate(PARTS) if part[0] == 0x28 and len(part) > 1000}
    for one in range(len(PARTS)):
        for other in range(one):
            order = list(range(len(PARTS)))
            order[one], order[other] = order[other], order[one]
            changed = [PARTS[number] for number in order]
            last_moved = len(PARTS) - 2 in (one, other)  # it has another length than the others
            believed = changed == PARTS or ({one, other} <= data and not last_moved)
            assert is_believed(streams.with_table(changed)) == believed, (one, other)


def test_a_frame_less_or_more_is_not_whole() -> None:
    for number in range(len(PARTS)):
        assert not is_believed(streams.with_table(PARTS[:number] + PARTS[number + 1 :])), number
        assert not is_believed(streams.with_table(PARTS[: number + 1] + PARTS[number:])), number


def test_a_forged_hole_is_seen() -> None:
    """Data in place of its zeros; a hole's name without zeros; another length than its zeros have."""
    hole, zeros = PARTS[2], PARTS[3]
    assert read_hole(hole) == (MIB, 2 * MIB)
    forged = [hole, streams.frames(DISK[: 2 * MIB], UsedMap(2 * MIB))[0][0]]
    assert not is_believed(streams.with_table([*PARTS[:2], *forged, *PARTS[4:]]))
    other = hole_frame(MIB, MIB)
    assert not is_believed(streams.with_table([*PARTS[:2], other, zeros, *PARTS[4:]]))


def test_a_manifest_of_another_image_is_not_believed() -> None:
    manifest = read_manifest(PARTS[0])
    assert manifest
    for changed in (
        replace(manifest, session="0" * 16),
        replace(manifest, length=manifest.length - 1),
        replace(manifest, used=(manifest.used or 0) - 1),
        Manifest(len(DISK), 512, SESSION, "0.9", format=2),
    ):
        assert not is_believed(streams.with_table([manifest_frame(changed), *PARTS[1:]])), changed


@pytest.mark.parametrize("frames", [len(DISK) // MIB * 2 + 5, 1 << 27, (1 << 27) + 1, (1 << 32) - 1])
def test_a_table_that_is_longer_than_any_of_this_disk_is_not_read(frames: int) -> None:
    """The file may have holes of its own, so that its size costs nothing."""
    foot = seek_table(b"")[8:]
    length = 8 + 8 * frames + len(foot)
    end = struct.pack("<I", frames) + foot[4:]
    head = seek_table(b"")[:4] + struct.pack("<I", (length - 8) & 0xFFFFFFFF)
    size, asked = len(PARTS[0]) + length, [0]

    def read(offset: int, count: int) -> bytes:
        asked[0] += count
        assert asked[0] < MIB
        if offset >= size - len(end):
            return end[offset - size + len(end) :][:count]
        return PARTS[0][:count] if not offset else head if offset == len(PARTS[0]) else bytes(count)

    with pytest.raises(NotWhole, match="seek table is damaged"):
        look(read, size)
    assert not was_ours(read, size)


def test_a_walk_finds_every_frame_in_whatever_pieces_they_come() -> None:
    rng = random.Random(2)
    stream = memoryview(b"".join(PARTS))
    for most in (1, 7, 1000, MIB, len(stream)):
        walker, at = Walker(), 0
        part = stream if most > 7 else stream[: BORDERS[1] + 5000]
        while at < len(part):
            count = rng.randint(1, most)
            walker.feed(part[at : at + count])
            at += count
        if most > 7:
            assert walker.trailer and walker.end == len(stream)
            assert seek_table(bytes(walker.lines)) == IMAGE[BORDERS[-1] :]


def test_a_walk_ends_at_the_trailer() -> None:
    walker = Walker()
    walker.feed(memoryview(IMAGE))
    assert walker.end == BORDERS[-1]
    walker.feed(memoryview(IMAGE[BORDERS[-1] :]))  # as somebody sends who has put two behind each other
    for more in (PARTS[1], PARTS[-1], b"more"):
        walker = Walker()
        with pytest.raises(NotWhole):
            walker.feed(memoryview(b"".join(PARTS) + more))


def test_a_walk_refuses_what_no_table_could_tell_of() -> None:
    big = subprocess.run(["zstd", "-qc"], input=DISK, check=True, capture_output=True).stdout  # of no known length
    for stream in (big, b"x" * 100, DISK[:1000], PARTS[1][:8] + b"\xff" * 100):
        with pytest.raises(NotWhole):
            Walker().feed(memoryview(PARTS[0] + stream))
    other = streams.parts_of(DISK, USED, session="0" * 16)
    walker = Walker()
    walker.feed(memoryview(b"".join([other[0], *PARTS[1:]])))  # the trailer is another cast's
    assert walker.trailer is None
    old = manifest_frame(Manifest(len(DISK), 512, SESSION, "0.9", format=2))
    for stream in (PARTS[1], big, old, PARTS[-1], b"x" * 100):
        with pytest.raises(NotWhole):
            Walker().feed(memoryview(stream))

"""A stored image that is sent: its frames as they are, and none that is not as its seek table says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.datapath.moved import Moved
from launcher.datapath.stored_stream import StoredSource, StoredStream
from launcher.errors import ErrorKind, TransferFailed

from . import streams
from .streams import MIB

DISK, USED = streams.disk(6, (1, 3), (4, 5))
PARTS = streams.parts_of(DISK, USED)
IMAGE = streams.with_table(PARTS)

Write = Callable[[bytes], str]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(image: bytes) -> str:
        (tmp_path / "image").write_bytes(image)
        return str(tmp_path / "image")

    return write


def sent(path: str) -> tuple[Moved, bytes, list[tuple[int, int]]]:
    """What a sending gives, what came out of the pipe, and what the progress was."""
    source = StoredSource(path)
    inlet, outlet = os.pipe()
    came, told = bytearray(), list[tuple[int, int]]()

    def take() -> None:
        while part := os.read(inlet, MIB):
            came.extend(part)

    taking = threading.Thread(target=take)
    taking.start()
    try:
        moved = StoredStream(source).send(outlet, lambda at, holes: told.append((at, holes)))
    finally:
        os.close(outlet)
        taking.join()
        os.close(inlet)
        source.close()
    return moved, bytes(came), told


def test_the_frames_go_out_as_they_are(written: Write) -> None:
    moved, came, told = sent(written(IMAGE))
    assert came == b"".join(PARTS[1:-1])
    assert moved == Moved(len(DISK), streams.frames(DISK, USED)[1])
    assert told[1:3] == [(3 * MIB, 2 * MIB), (4 * MIB, 2 * MIB)]
    assert told[-1] == (len(DISK), len(DISK) - USED.sent)


def test_a_piece_that_is_not_as_told_does_not_go_out(written: Write) -> None:
    """Lengths, holes, zeros and heads of frames: what comes before goes out, and nothing behind it."""
    starts = [sum(map(len, PARTS[:number])) for number in range(len(PARTS))]
    for number, within in ((1, 0), (1, 7), (2, 40), (3, 3), (3, 30), (4, 2), (4, 7)):
        changed = bytearray(IMAGE)
        changed[starts[number] + within] ^= 1
        moved, came, _ = sent(written(bytes(changed)))
        assert str(moved.error) == "the image is damaged there", (number, within)
        assert moved.digest is None
        assert came == b"".join(PARTS[1 : number - (number == 3)]), (number, within)
    moved, came, _ = sent(written(swapped_lines()))
    assert str(moved.error) == "the image is damaged there"
    assert came == b""


def swapped_lines() -> bytes:
    """Two lines of the seek table that changed places: all sums are as before."""
    table = bytearray(IMAGE[sum(map(len, PARTS)) :])
    table[16:20], table[72:76] = table[72:76], table[16:20]
    return b"".join(PARTS) + bytes(table)


@pytest.mark.parametrize("end", [0, 1, 100, 1023, 1024, len(IMAGE) // 2, len(IMAGE) - 10, len(IMAGE) - 1])
def test_one_that_was_cut_is_refused_before_anything_goes_out(written: Write, end: int) -> None:
    with pytest.raises(TransferFailed, match=r"is no whole stored image: .*\. Store it again") as failed:
        StoredSource(written(IMAGE[:end]))
    assert failed.value.kind is ErrorKind.SOURCE_REFUSED


def test_whoever_reads_no_more_ends_it(written: Write) -> None:
    inlet, outlet = os.pipe()
    os.close(inlet)
    source = StoredSource(written(IMAGE))
    assert StoredStream(source).send(outlet, lambda at, holes: None).broken
    os.close(outlet)
    source.close()

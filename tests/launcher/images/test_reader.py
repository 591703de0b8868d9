"""Any bytes of an image's disk."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.images.reader import Reader
from tests.launcher.datapath import streams
from tests.launcher.datapath.streams import MIB

DISK, USED = streams.disk(40, (1, 3), (4, 5), (20, 21))
PARTS = streams.parts_of(DISK, USED)

Open = Callable[[bytes], Reader]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    fds = []

    def open_image(image: bytes) -> Reader:
        (tmp_path / "image").write_bytes(image)
        fds.append(os.open(tmp_path / "image", os.O_RDONLY))
        return Reader(fds[-1])

    yield open_image
    for fd in fds:
        os.close(fd)


def test_all_of_it_and_any_part_of_it(opened: Open) -> None:
    reader, rng = opened(streams.with_table(PARTS)), random.Random(1)
    assert reader.length == len(DISK)
    whole = bytearray(b"\1" * len(DISK))
    reader.read_into(memoryview(whole), 0)
    assert bytes(whole) == DISK
    for _ in range(100):
        begin = rng.randrange(len(DISK))
        part = bytearray(b"\1" * rng.randint(1, min(3 * MIB, len(DISK) - begin)))
        reader.read_into(memoryview(part), begin)
        assert bytes(part) == DISK[begin : begin + len(part)]


def test_what_is_not_on_the_disk_is_an_error(opened: Open) -> None:
    reader = opened(streams.with_table(PARTS))
    for offset, count in ((len(DISK), 1), (len(DISK) - 1, 2), (-1, 1)):
        with pytest.raises(OSError, match="not on the disk"):
            reader.read_into(memoryview(bytearray(count)), offset)


def test_what_has_changed_is_an_error_where_it_is_and_nowhere_else(opened: Open) -> None:
    image = bytearray(streams.with_table(PARTS))
    at = len(PARTS[0]) + 5000  # in the first chunk's data
    image[at] ^= 1
    reader = opened(bytes(image))
    buffer = bytearray(512)
    with pytest.raises(OSError, match=r"damaged at its byte \d+"):
        reader.read_into(memoryview(buffer), 0)
    assert not any(buffer)
    reader.read_into(memoryview(buffer), 3 * MIB)
    assert bytes(buffer) == DISK[3 * MIB : 3 * MIB + 512]


def test_a_hole_that_is_none_is_an_error(opened: Open) -> None:
    image = bytearray(streams.with_table(PARTS))
    image[len(PARTS[0]) + len(PARTS[1]) + 128 + 20] ^= 1  # in its zeros
    reader = opened(bytes(image))
    with pytest.raises(OSError, match="damaged"):
        reader.read_into(memoryview(bytearray(1)), MIB)


def test_what_is_not_whole_is_not_read(opened: Open) -> None:
    with pytest.raises(OSError, match="no whole stored image: it does not end as an image does"):
        opened(streams.with_table(PARTS)[:-1])

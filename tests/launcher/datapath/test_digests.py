"""The two digests of a disk: what they cover, and what they do not."""

from __future__ import annotations

import struct

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.digests import DiskDigest, TableEndDigest, table_head


@given(st.lists(st.binary(max_size=50)))
def test_without_holes_it_is_the_digest_of_the_bytes(pieces: list[bytes]) -> None:
    digest = DiskDigest()
    for piece in pieces:
        digest.data(memoryview(piece))
    assert digest.hexdigest() == xxhash.xxh3_128(b"".join(pieces)).hexdigest()


def test_a_hole_counts_by_its_place_and_length() -> None:
    digest = DiskDigest()
    digest.data(memoryview(b"data"))
    digest.hole(4096)
    digest.data(memoryview(b"more"))
    assert digest.count == 4096 + 8
    assert digest.hexdigest() == xxhash.xxh3_128(b"data" + struct.pack("<QQ", 4, 4096) + b"more").hexdigest()
    zeros = DiskDigest()
    zeros.data(memoryview(b"data" + bytes(4096) + b"more"))
    assert zeros.hexdigest() != digest.hexdigest()


def before_the_end(pieces: list[bytes | int], head: int, end: int) -> str:
    """The digest of a disk, whose holes are given by their lengths."""
    digest, offset = TableEndDigest(head, end), 0
    for piece in pieces:
        if isinstance(piece, bytes):
            digest.data(offset, memoryview(piece))
            offset += len(piece)
        else:
            digest.hole(offset, piece)
            offset += piece
    return digest.hexdigest()


@given(st.binary(min_size=1, max_size=90), st.integers(0, 40), st.integers(0, 100), st.integers(1, 20))
def test_only_what_is_between_the_bounds_counts(disk: bytes, head: int, length: int, step: int) -> None:
    end = head + length
    pieces: list[bytes | int] = [disk[at : at + step] for at in range(0, len(disk), step)]
    assert before_the_end(pieces, head, end) == xxhash.xxh3_128(disk[head:end]).hexdigest()


def test_a_hole_is_cut_at_the_bounds() -> None:
    pieces: list[bytes | int] = [100, b"data", 100]
    expected = xxhash.xxh3_128(struct.pack("<QQ", 10, 90) + b"data" + struct.pack("<QQ", 104, 6)).hexdigest()
    assert before_the_end(pieces, 10, 110) == expected
    assert before_the_end([*pieces, b"behind", 7], 10, 110) == expected
    assert before_the_end([100, b"data"], 10, 104) != before_the_end([100, b"Data"], 10, 104)


@pytest.mark.parametrize(
    ("table", "sector", "entries", "head"),
    [
        ("gpt", 512, 128, 34 * 512),
        ("gpt", 4096, 128, 6 * 4096),
        ("gpt", 512, 130, 35 * 512),
        ("dos", 512, 128, 512),
        ("dos", 4096, 128, 4096),
        (None, 0, 128, 512),
        ("gpt", 0, 128, 34 * 512),
    ],
)
def test_the_table_at_the_beginning(table: str | None, sector: int, entries: int, head: int) -> None:
    assert table_head(table, sector, entries) == head

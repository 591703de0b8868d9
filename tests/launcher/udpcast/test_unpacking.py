"""What those who unpack say of streams that were cut, changed or continued; and which they take for whole."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from launcher.model.plan import Compression
from launcher.udpcast.command import compressor, decompressor
from launcher.udpcast.unpacking import Complaint, complaint
from tests.launcher.datapath.disks import data_of, unpack

SEEDED = random.Random(4)
DISK = SEEDED.randbytes(300_000) + b"The quick brown fox jumps over the lazy dog.\n" * 9000 + bytes(500_000)
PACKED = (Compression.GZIP, Compression.LZOP, Compression.ZSTD)

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("zstd", "pigz", "lzop")), reason="needs zstd, pigz and lzop"
)


def run(words: tuple[str, ...], stream: bytes) -> tuple[int, bytes, str]:
    done = subprocess.run(words, input=stream, capture_output=True, check=False)
    lines = done.stderr.decode().strip().splitlines()
    return done.returncode, done.stdout, lines[-1] if lines else ""


def packed(compression: Compression, data: bytes = DISK) -> bytes:
    return run(compressor(compression) or ("zstd", "-q", "-1", "-c"), data)[1]


def unpacked(compression: Compression, stream: bytes) -> tuple[int, bytes, str]:
    words = decompressor(compression)
    if words:
        return run(words, stream)
    status, records, said = unpack(stream)
    return status, data_of(records), said


@pytest.mark.parametrize("compression", PACKED)
def test_a_stream_and_what_continues_it_are_taken(compression: Compression) -> None:
    """lzop unpacks a second part, but is not content with it."""
    stream = packed(compression)
    assert unpacked(compression, stream) == (0, DISK, "")
    status, out, said = unpacked(compression, stream + packed(compression, b"more"))
    assert out == DISK + b"more"
    behind = complaint(said, status) is Complaint.BEHIND
    assert (status, said) == (0, "") or (compression is Compression.LZOP and behind)


@pytest.mark.parametrize("compression", PACKED)
@pytest.mark.parametrize(
    "behind", [b"something else\n", SEEDED.randbytes(100_000), b"\x1f", b"\x1f\x8b", bytes(512), bytes(512) + DISK]
)
def test_whatever_else_follows_is_a_failure(compression: Compression, behind: bytes) -> None:
    """lzop passes over zeros, and only these: nothing of a disk is lost with them."""
    status, out, said = unpacked(compression, packed(compression) + behind)
    assert DISK.startswith(out) and (out == DISK or compression is not Compression.LZOP)
    if compression is Compression.LZOP and not behind.strip(b"\0"):
        assert status == 0
    else:
        assert status and complaint(said, status) in (Complaint.BEHIND, Complaint.CUT), said


@pytest.mark.parametrize("compression", PACKED)
def test_what_was_cut_and_what_was_damaged_is_told_apart(compression: Compression) -> None:
    """But of gzip, a changed bit may be all that is left of its end."""
    stream, found = packed(compression), list[Complaint | None]()
    seeded = random.Random(5)
    for _ in range(4):
        at = seeded.randrange(1000, len(stream) - 2000)
        status, _, said = unpacked(compression, stream[:at])
        assert complaint(said, status) is Complaint.CUT
        flipped = stream[:at] + bytes([stream[at] ^ 4]) + stream[at + 1 :]
        other = stream[:at] + seeded.randbytes(1456) + stream[at + 1456 :]
        for damaged in (flipped, other):
            status, _, said = unpacked(compression, damaged)
            assert status
            found.append(complaint(said, status))
    assert Complaint.DAMAGED in found
    assert set(found) == {Complaint.DAMAGED} or compression is Compression.GZIP, found


def test_want_of_memory_is_no_damage() -> None:
    assert complaint("Decoding error (36) : Frame requires too much memory for decoding") is None
    assert complaint("zstd: error 70 : Write error : cannot write block : Broken pipe") is None

"""What stands behind udp-receiver changes exactly one thing of a stream, wherever its pieces begin and end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.datapath.frames import HOLE_BYTES, hole_frame, zero_frame
from launcher.datapath.framing import Manifest, Trailer, manifest_frame, trailer_frame
from qemu.classroom import stream_filter

MIB = 1 << 20
DATA = os.urandom(MIB)
MANIFEST = manifest_frame(Manifest(4 * MIB, 512, "s" * 32, "1"))
HOLE = hole_frame(MIB, 2 * MIB)
TRAILER = trailer_frame(Trailer(4 * MIB, "0" * 32, "s" * 32))
STREAM = MANIFEST + DATA + HOLE + zero_frame(2 * MIB) + DATA + hole_frame(3 * MIB, MIB) + zero_frame(MIB) + TRAILER
AT = len(MANIFEST) + MIB


def filtered(tmp_path: Path, what: str, byte: int, status: int = 0) -> bytes:
    (tmp_path / "stream").write_bytes(STREAM)
    real = tmp_path / "udp-receiver"
    real.write_text(
        f'#!/bin/sh\n[ "$*" = "--nokbd" ] || exit 9\ndd bs=999 if={tmp_path}/stream 2>/dev/null; exit {status}\n'
    )
    real.chmod(0o755)
    words = [sys.executable, stream_filter.__file__, what, str(byte), str(real), "--nokbd"]
    done = subprocess.run(words, check=False, capture_output=True)
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("what", "byte", "begin", "end"),
    [
        ("hole", 0, AT, AT + HOLE_BYTES),
        ("zeros", 0, AT + HOLE_BYTES, AT + HOLE_BYTES + 40),
        ("data", 4000, 4000, 4001),
    ],
)
def test_one_bit_is_another_one(tmp_path: Path, what: str, byte: int, begin: int, end: int) -> None:
    found = filtered(tmp_path, what, byte)
    assert len(found) == len(STREAM)
    (where,) = [place for place, pair in enumerate(zip(found, STREAM, strict=True)) if pair[0] != pair[1]]
    assert begin <= where < end
    assert (found[where] ^ STREAM[where]).bit_count() == 1


def test_a_flipped_hole_is_still_one_and_flipped_zeros_are_none() -> None:
    frame = stream_filter.change(HOLE + zero_frame(2 * MIB), 0, "hole", 0)
    assert frame is not None and b'"length":3097152' in frame
    frame = stream_filter.change(HOLE + zero_frame(2 * MIB), 0, "zeros", 0)
    assert frame is not None and frame[HOLE_BYTES:].startswith(zero_frame(2 * MIB)[:17] + b"\x01")


def test_a_stream_is_cut_where_its_trailer_begins(tmp_path: Path) -> None:
    assert filtered(tmp_path, "cut", 0) == STREAM[: -len(TRAILER)]


def test_the_deed_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(stream_filter, "tell", lambda: told.append(1))
    reading, writing = os.pipe()
    os.write(writing, b"x" * 4000)
    os.close(writing)
    with (tmp_path / "out").open("wb") as out:
        stream_filter.copy(reading, out.fileno(), "deed", 2000)
    assert (tmp_path / "out").read_bytes() == b"x" * 4000
    assert told == [1]


def test_it_ends_as_the_real_one_does(tmp_path: Path) -> None:
    assert filtered(tmp_path, "data", 10**9, status=3) == STREAM

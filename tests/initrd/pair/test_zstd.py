"""A zstd file that was cut is known by its blocks."""

from __future__ import annotations

import io
import random
import subprocess

import pytest

from initrd.pair.zstd import is_cut

NOISE = random.Random(1).randbytes(300_000)


def packed(data: bytes, *options: str) -> bytes:
    return subprocess.run(["zstd", "-qc", *options], input=data, capture_output=True, check=True).stdout


def cut(data: bytes) -> bool:
    return is_cut(io.BytesIO(data), len(data))


@pytest.mark.parametrize("options", [(), ("--no-check",), ("--check", "-19", "-T1"), ("--stream-size=300009",)])
@pytest.mark.parametrize("data", [NOISE, bytes(300_000), NOISE + b"text" * 50_000, b"x", b""], ids=len)
def test_each_cut_is_known_and_a_whole_file_is_whole(data: bytes, options: tuple[str, ...]) -> None:
    if options[:1] == ("--stream-size=300009",):
        data = data[:1] * 300_009
    whole = packed(data, *options)
    assert not cut(whole)
    assert not cut(whole + b"what is behind it")
    for size in {
        *range(1, min(len(whole), 40)),
        *range(1, len(whole), 9973),
        *range(max(1, len(whole) - 9), len(whole)),
    }:
        assert cut(whole[:size]), size


@pytest.mark.parametrize("data", [b"", b"070701", b"\x1f\x8b\x08", bytes(99)])
def test_what_is_no_zstd_is_not_judged(data: bytes) -> None:
    assert not cut(data)

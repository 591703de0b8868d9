"""Drivers are unpacked, whatever a distribution packs them with: each is packed anew in one form."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from pathlib import Path

import pytest

from initrd import image
from initrd.errors import BuildError


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".zst"])
def test_a_packed_driver_is_unpacked(tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / f"e1000e.ko{suffix}"
    match suffix:
        case ".xz":
            packed.write_bytes(lzma.compress(b"driver"))
        case ".gz":
            packed.write_bytes(gzip.compress(b"driver"))
        case _:
            packed.write_bytes(
                subprocess.run(["zstd", "-qc"], input=b"driver", stdout=subprocess.PIPE, check=True).stdout
            )
    image.unpack(packed)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"e1000e.ko": b"driver"}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.ko.lz4", b"", "the driver a.ko.lz4 is packed in an unknown form"),
        ("a.ko.xz", b"\xfd7zXZ\0cut", "a.ko.xz is damaged: "),
        ("a.ko.gz", b"no gzip", "a.ko.gz is damaged: "),
        ("a.ko.gz", gzip.compress(b"x" * 100)[:20], "a.ko.gz is damaged: "),
    ],
)
def test_what_cannot_be_unpacked_is_one_sentence(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BuildError, match=said):
        image.unpack(tmp_path / name)

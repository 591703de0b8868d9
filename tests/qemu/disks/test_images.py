"""The source's overlay shows every write; targets are hashed over the source's length."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
import xxhash

from qemu.disks import images
from qemu.disks.images import Image
from qemu.machine.spec import SpecError

MIB = 1 << 20
pytestmark = pytest.mark.skipif(shutil.which("qemu-io") is None, reason="needs qemu-utils")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """3 MiB: data, a hole, data."""
    path = tmp_path / "model.img"
    path.write_bytes(b"a" * MIB)
    with path.open("r+b") as file:
        file.truncate(3 * MIB)
        file.seek(2 * MIB)
        file.write(b"c" * MIB)
    return path


def guest(overlay: Path, command: str) -> None:
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, overlay], check=True, capture_output=True)


def test_reading_writes_nothing(model: Path, tmp_path: Path) -> None:
    overlay = images.overlay(model, tmp_path / "o")
    guest(overlay, "read -P 0x61 0 1M")
    assert images.written(overlay) == 0


@pytest.mark.parametrize(
    "command",
    [
        "write -P 0x62 4096 512",  # another byte
        "write -P 0x61 4096 512",  # the same bytes as before
        "write -P 0 1M 512",  # zeros into a hole
        "write -z 1M 64k",
    ],
)
def test_every_write_is_seen_and_stays_in_the_overlay(model: Path, tmp_path: Path, command: str) -> None:
    before = xxhash.xxh3_128(model.read_bytes()).digest()
    overlay = images.overlay(model, tmp_path / "o")
    guest(overlay, command)
    assert images.written(overlay) == 65536
    assert xxhash.xxh3_128(model.read_bytes()).digest() == before


def target(tmp_path: Path, model: Path, content: bytes) -> Image:
    path = tmp_path / "target"
    path.write_bytes(content)
    return images.target(path, model, xxhash.xxh3_128(model.read_bytes()).hexdigest())


def test_a_target_counts_only_as_far_as_the_source_goes(model: Path, tmp_path: Path) -> None:
    found = target(tmp_path, model, model.read_bytes() + b"rest of a larger disk")
    assert found.xxh128 == xxhash.xxh3_128(model.read_bytes()).hexdigest()
    assert found.size == 3 * MIB + 21
    assert (found.first_difference, found.differing_blocks, found.blank) == (None, 0, False)


def test_a_target_that_is_too_small_has_no_digest(model: Path, tmp_path: Path) -> None:
    found = target(tmp_path, model, model.read_bytes()[:512])
    assert (found.xxh128, found.first_difference, found.blank) == (None, None, False)


def test_where_a_target_differs(model: Path, tmp_path: Path) -> None:
    content = bytearray(model.read_bytes())
    content[4096 * 3 + 17] ^= 1
    content[4096 * 3 + 19] ^= 1
    content[-1] ^= 1
    found = target(tmp_path, model, bytes(content))
    assert (found.first_difference, found.differing_blocks, found.blank) == (4096 * 3 + 17, 2, False)


def test_a_target_that_was_never_written_is_blank(model: Path, tmp_path: Path) -> None:
    found = target(tmp_path, model, bytes(3 * MIB))
    assert found.blank and found.first_difference is not None


def test_noise_is_repeatable_and_no_compressor_makes_it_smaller(tmp_path: Path) -> None:
    one = images.noise(tmp_path / "one", MIB, seed=1).read_bytes()
    assert len(zlib.compress(one)) >= len(one) == MIB
    assert images.noise(tmp_path / "two", MIB, seed=1).read_bytes() == one
    assert images.noise(tmp_path / "three", MIB, seed=2).read_bytes() != one


def test_only_whole_raw_images_are_models(model: Path, tmp_path: Path) -> None:
    assert images.require_raw(model) == 3 * MIB
    with pytest.raises(SpecError, match="does not exist"):
        images.require_raw(tmp_path / "none")
    with pytest.raises(SpecError, match=r"is qcow2.*qemu-img convert"):
        images.require_raw(images.overlay(model, tmp_path / "o"))
    (tmp_path / "odd").write_bytes(b"x" * 700)
    with pytest.raises(SpecError, match="no whole number of 512-byte sectors"):
        images.require_raw(tmp_path / "odd")

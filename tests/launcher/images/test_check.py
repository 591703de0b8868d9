"""Whatever is cut, changed, forged or put together otherwise is found, by `check` at the latest; and whatever `check`
calls whole, zstd's own program does as well."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.frames import hole_frame, seek_entry, seek_table, zero_frame
from launcher.datapath.framing import manifest_frame, read_manifest, read_trailer, trailer_frame
from launcher.errors import LauncherError
from launcher.images.check import check
from launcher.used.used_map import UsedMap
from tests.launcher.datapath import streams
from tests.launcher.datapath.streams import MIB, SESSION

DISK, USED = streams.disk(4, (1, 3))
PARTS = streams.parts_of(DISK, USED)
IMAGE = streams.with_table(PARTS)
BORDERS = [sum(map(len, PARTS[:number])) for number in range(len(PARTS) + 1)]
DATA = streams.frames(random.Random(9).randbytes(MIB), UsedMap(MIB))[0][0]


def checked(path: Path, image: bytes) -> tuple[bool, str]:
    path.write_bytes(image)
    try:
        result = check(str(path))
    except LauncherError as error:
        return False, str(error)
    return result.whole, str(result.sentence)


def test_what_is_whole_is_said_to_be_with_its_digest(tmp_path: Path) -> None:
    whole, said = checked(tmp_path / "image", IMAGE)
    assert whole
    assert said.endswith(f"its digest is the disk's, {streams.frames(DISK, USED)[1]}.")
    subprocess.run(["zstd", "-tq", tmp_path / "image"], check=True)


@pytest.mark.parametrize("number", range(len(BORDERS)))
def test_one_that_was_cut_is_not_whole(tmp_path: Path, number: int) -> None:
    for end in (BORDERS[number] - 1, BORDERS[number], BORDERS[number] + 1):
        if 0 <= end < len(IMAGE):
            assert not checked(tmp_path / "image", IMAGE[:end])[0], end


def flipped(at: int, bit: int) -> bytes:
    changed = bytearray(IMAGE)
    changed[at] ^= 1 << bit
    return bytes(changed)


@pytest.mark.parametrize("number", [1, 3, 6, *(pytest.param(one, marks=pytest.mark.field) for one in (2, 4, 5))])
def test_a_flipped_bit_is_found(tmp_path: Path, number: int) -> None:
    """In data, hole, zeros, the last chunk, and trailer (but for the words of what it has no room for)."""
    rng = random.Random(number)
    begin, end = BORDERS[number], BORDERS[number + 1]
    text = end if number < 6 else begin + 8 + IMAGE[begin + 8 : end].index(b'"sent"')
    for at in {begin, begin + 4, *rng.sample(range(begin + 8, text), 3)}:
        if number in (1, 4, 5) and at == begin + 5:
            continue  # the window, which says how much memory it takes
        assert not checked(tmp_path / "image", flipped(at, rng.randrange(8)))[0], at


def test_a_flipped_bit_of_the_seek_table_is_found(tmp_path: Path) -> None:
    rng = random.Random(1)
    for at in rng.sample(range(BORDERS[-1], len(IMAGE)), 8):
        assert not checked(tmp_path / "image", flipped(at, rng.randrange(8)))[0], at


def test_what_the_manifest_says_of_the_data_is_found(tmp_path: Path) -> None:
    """Its words on the disk (its model, say) are not in any digest."""
    manifest = read_manifest(PARTS[0])
    assert manifest
    for changed in ({"length": len(DISK) - 512}, {"used": 0}, {"session": "0" * 16}):
        image = streams.with_table([manifest_frame(replace(manifest, **changed)), *PARTS[1:]])
        assert not checked(tmp_path / "image", image)[0], changed


def forged(*parts: bytes) -> bytes:
    return streams.with_table([PARTS[0], *parts, PARTS[-1]])


FORGED: dict[str, Callable[[], bytes]] = {
    "two chunks of data that changed places": lambda: forged(PARTS[4], *PARTS[2:4], PARTS[1], PARTS[5]),
    "another chunk of the same length": lambda: forged(DATA, *PARTS[2:]),
    "data that is called a hole": lambda: forged(hole_frame(0, MIB), zero_frame(MIB), *PARTS[2:-1]),
    "a hole that is called data": lambda: forged(
        PARTS[1], *streams.frames(bytes(2 * MIB), UsedMap(2 * MIB))[0], *PARTS[4:-1]
    ),
    "a hole in place of data, in its table as well": lambda: rewritten(hole=True),
    "a hole that was cut in two": lambda: forged(
        PARTS[1], hole_frame(MIB, MIB), zero_frame(MIB), hole_frame(2 * MIB, MIB), zero_frame(MIB), *PARTS[4:-1]
    ),
    "a hole of another place": lambda: forged(PARTS[1], hole_frame(2 * MIB, 2 * MIB), *PARTS[3:-1]),
    "a hole without its name": lambda: forged(PARTS[1], *PARTS[3:-1]),
    "a hole without its zeros": lambda: forged(*PARTS[1:3], *PARTS[4:-1]),
    "zeros of another length": lambda: forged(*PARTS[1:3], zero_frame(MIB), *PARTS[4:-1]),
    "a foreign frame": lambda: forged(PARTS[1], b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd", *PARTS[2:-1]),
    "a manifest more": lambda: forged(*PARTS[1:-1], PARTS[0]),
    "a trailer in the middle": lambda: forged(PARTS[1], PARTS[-1], *PARTS[2:-1]),
    "something behind its end": lambda: IMAGE + b"\0",
    "an image behind it": lambda: IMAGE + IMAGE,
    "a table that tells of other lengths": lambda: b"".join(PARTS) + other_table(),
    "another digest": lambda: rewritten(hole=False),
}


def other_table() -> bytes:
    """The sums are right: the last two chunks have each other's length."""
    sizes = [
        (len(part), 0 if part[0] != 0x28 else raw)
        for part, raw in zip(PARTS, (0, MIB, 0, 2 * MIB, MIB, 512, 0), strict=True)
    ]
    sizes[4], sizes[5] = (sizes[5][0], MIB), (sizes[4][0], 512)
    return seek_table(b"".join(seek_entry(*size) for size in sizes))


def rewritten(hole: bool) -> bytes:
    """Data that became a hole, and all numbers of manifest and trailer with it; or only another digest."""
    manifest, trailer = read_manifest(PARTS[0]), read_trailer(PARTS[-1], SESSION)
    assert manifest
    assert trailer
    if not hole:
        return streams.with_table([*PARTS[:-1], trailer_frame(replace(trailer, xxh128="0" * 32))])
    sent = USED.sent - MIB
    first = manifest_frame(replace(manifest, used=sent))
    return streams.with_table(
        [first, hole_frame(0, MIB), zero_frame(MIB), *PARTS[2:-1], trailer_frame(replace(trailer, sent=sent))]
    )


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_one_is_found(tmp_path: Path, name: str) -> None:
    image = FORGED[name]()
    assert image != IMAGE
    whole, said = checked(tmp_path / "image", image)
    assert not whole, said


def test_a_disk_is_no_image(tmp_path: Path) -> None:
    assert "is no stored image" in checked(tmp_path / "image", DISK)[1]

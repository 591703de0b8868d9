"""The stream's frames: round trips, garbage, and the real zstd, which must not see them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.datapath.framing import (
    FORMAT,
    MANIFEST_BYTES,
    TRAILER_BYTES,
    Manifest,
    Trailer,
    disk_label,
    foreign,
    manifest_frame,
    read_manifest,
    read_trailer,
    recognise,
    trailer_frame,
)
from launcher.model.plan import Compression

MANIFEST = Manifest(500_107_862_016, 512, "0011223344556677", "0.1.0", "gpt", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
TRAILER = Trailer(500_107_862_016, "ab" * 16, "0011223344556677")
PACK = {"zstd": ("zstd", "-c"), "gzip": ("gzip", "-c"), "lzop": ("lzop", "-c")}


def packed(program: str, data: bytes) -> bytes:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run(PACK[program], input=data, check=True, capture_output=True).stdout


@pytest.mark.parametrize("program", PACK)
@pytest.mark.parametrize("data", [b"", b"x", bytes(100_000)])
def test_the_real_programs_streams_are_recognised(program: str, data: bytes) -> None:
    assert recognise(packed(program, data)) is Compression(program)


@pytest.mark.parametrize(
    "head",
    [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", b"\x1f\x8b\x08\xff", b"\x28\xb5\x2f", b"\x89LZO\x00", bytes(512),
     b"\xeb\x63\x90", b"\x60\x2a\x4d\x18"],
)  # fmt: skip
def test_anything_else_is_none(head: bytes) -> None:
    assert recognise(head) is Compression.NONE


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"BZh9", "bzip2"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (bytes(9), None),
        (b"", None),
    ],
)
def test_streams_that_cannot_be_undone_are_named(head: bytes, name: str | None) -> None:
    assert foreign(head) == name


def test_zstd_does_not_see_the_frames() -> None:
    data = b"disk" * 1000
    stream = manifest_frame(MANIFEST) + packed("zstd", data) + trailer_frame(TRAILER)
    assert subprocess.run(["zstd", "-dc"], input=stream, check=True, capture_output=True).stdout == data
    assert recognise(stream) is Compression.ZSTD


def test_frames_have_their_fixed_length() -> None:
    assert len(manifest_frame(MANIFEST)) == MANIFEST_BYTES
    assert len(trailer_frame(TRAILER)) == TRAILER_BYTES


names = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=30)  # four of them fit into a frame
counts = st.integers(0, 2**63)


@given(
    st.builds(Manifest, counts, counts, names, names, st.none() | names, st.none() | names),
    st.binary(max_size=9),
)
def test_a_manifest_comes_back(manifest: Manifest, behind: bytes) -> None:
    assert read_manifest(manifest_frame(manifest) + behind) == manifest


@given(st.builds(Trailer, counts, st.from_regex("[0-9a-f]{32}", fullmatch=True), st.just("00" * 8)), st.binary())
def test_a_trailer_comes_back_for_its_own_session_only(trailer: Trailer, before: bytes) -> None:
    frame = before + trailer_frame(trailer)
    assert read_trailer(frame, trailer.session) == trailer
    assert read_trailer(frame, "other") is None


@given(st.binary(max_size=2 * MANIFEST_BYTES))
def test_garbage_is_no_frame(garbage: bytes) -> None:
    assert read_manifest(garbage) is None
    assert read_trailer(garbage, "") is None


@given(st.data())
def test_a_damaged_frame_is_no_frame_or_says_what_was_sent(data: st.DataObject) -> None:
    """A cut frame is none; a changed byte is either seen, or it changed a field (the digest guards those)."""
    manifest, trailer = manifest_frame(MANIFEST), trailer_frame(TRAILER)
    cut = data.draw(st.integers(0, TRAILER_BYTES - 1))
    assert read_trailer(trailer[:cut], TRAILER.session) is None
    assert read_manifest(manifest[: data.draw(st.integers(0, MANIFEST_BYTES - 1))]) is None
    place, value = data.draw(st.integers(0, TRAILER_BYTES - 1)), data.draw(st.integers(0, 255))
    changed = trailer[:place] + bytes([value]) + trailer[place + 1 :]
    found = read_trailer(changed, TRAILER.session)
    assert found is None or isinstance(found.length, int)


@pytest.mark.parametrize("field", ['"length":true', '"length":-1', '"length":"1"', '"length":null'])
def test_a_length_is_a_count(field: str) -> None:
    frame = trailer_frame(Trailer(1, "ab" * 16, "s"))
    assert read_trailer(frame, "s")
    forged = frame.replace(b'"length":1', field.encode()).ljust(TRAILER_BYTES)[:TRAILER_BYTES]
    assert read_trailer(forged, "s") is None


def test_frames_of_another_format_are_none() -> None:
    """Format 1 had another digest."""
    manifest, trailer = manifest_frame(MANIFEST), trailer_frame(TRAILER)
    assert read_manifest(manifest)
    assert read_trailer(trailer, TRAILER.session)
    now = f'"format":{FORMAT}'.encode()
    assert read_manifest(manifest.replace(now, b'"format":1')) is None
    assert read_trailer(trailer.replace(now, b'"format":1'), TRAILER.session) is None


def test_a_text_that_has_no_room_is_a_bug() -> None:
    with pytest.raises(ValueError, match="room"):
        manifest_frame(Manifest(1, 512, "s", "v" * MANIFEST_BYTES))


def gpt(sector: int) -> bytes:
    guid = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
    return bytes(sector) + (b"EFI PART" + bytes(48) + guid).ljust(sector, b"\0")


@pytest.mark.parametrize(
    ("head", "sector", "label"),
    [
        (gpt(512), 512, ("gpt", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")),
        (gpt(4096), 4096, ("gpt", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")),
        (bytes(440) + b"\x78\x56\x34\x12" + bytes(66) + b"\x55\xaa" + bytes(512), 512, ("dos", "12345678")),
        (bytes(1024), 512, (None, None)),
        (b"", 512, (None, None)),
    ],
)
def test_disk_label(head: bytes, sector: int, label: tuple[str | None, str | None]) -> None:
    assert disk_label(head, sector) == label

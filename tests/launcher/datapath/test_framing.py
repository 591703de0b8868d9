"""The stream's frames: round trips, garbage, and the real zstd, which must not see them."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.datapath.framing import (
    FORMAT,
    MANIFEST_BYTES,
    MANIFEST_MOST,
    PARTS_MOST,
    TRAILER_BYTES,
    TRAILER_MOST,
    Manifest,
    SentPart,
    Trailer,
    disk_label,
    foreign,
    manifest_frame,
    read_manifest,
    read_trailer,
    recognise,
    skippable_size,
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


def test_short_frames_have_the_length_of_format_2() -> None:
    """So who looks for a manifest takes as many bytes at first."""
    assert len(manifest_frame(MANIFEST)) == MANIFEST_BYTES == skippable_size(manifest_frame(MANIFEST))
    whole = replace(TRAILER, sent=TRAILER.length, xxh128_table_end="cd" * 16)
    assert len(trailer_frame(whole)) == TRAILER_BYTES


names = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=30)
texts = st.none() | names
counts = st.integers(0, 2**63)
parts = st.builds(SentPart, names, counts, counts, counts, names, st.none() | counts, texts, st.none() | st.booleans())
digests = st.from_regex("[0-9a-f]{32}", fullmatch=True)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    length = draw(counts)
    some = st.none() | st.integers(0, length)
    return draw(
        st.builds(
            Manifest, st.just(length), counts, names, names, texts, texts, texts, st.none() | counts, some, texts, some,
            st.lists(names, max_size=3).map(tuple), st.lists(parts, max_size=3).map(tuple), texts, texts,
            st.none() | counts,
        )
    )  # fmt: skip


@settings(max_examples=30)
@given(manifests(), st.binary(max_size=9))
def test_a_manifest_comes_back(manifest: Manifest, behind: bytes) -> None:
    frame = manifest_frame(manifest)
    assert read_manifest(frame + behind) == manifest
    assert skippable_size(frame[:8]) == len(frame)
    assert read_manifest(frame[:-1]) is None


@given(st.builds(Trailer, counts, digests, st.just("00" * 8), st.none() | counts, st.none() | digests))
def test_a_trailer_comes_back_for_its_own_session_only(trailer: Trailer) -> None:
    frame = trailer_frame(trailer)
    assert read_trailer(frame, trailer.session) == trailer
    assert read_trailer(frame, "other") is None
    assert read_trailer(frame + b" ", trailer.session) is None


def test_format_2_is_read() -> None:
    """As its senders wrote it."""
    body = (
        '{"frame":"manifest","format":2,"length":4096,"sector_size":512,"session":"s","version":"0.5","table":"gpt",'
        '"disk_id":"x","source":null,"silence":40}'
    )
    tag = b"udpcast-launcher\0"
    frame = struct.pack("<II", 0x184D2A5C, 1016) + (tag + body.encode()).ljust(1016)
    assert read_manifest(frame) == Manifest(4096, 512, "s", "0.5", "gpt", "x", None, 40, format=2)
    longer = struct.pack("<II", 0x184D2A5C, 1017) + (tag + body.encode()).ljust(1017)
    assert read_manifest(longer) is None
    body = '{"frame":"trailer","format":2,"length":4096,"xxh128":"' + "ab" * 16 + '","session":"s"}'
    tail = b"before" + struct.pack("<II", 0x184D2A5C, 248) + (tag + body.encode()).ljust(248)
    assert read_trailer(tail, "s") == Trailer(4096, "ab" * 16, "s", format=2)


def test_a_manifest_of_a_large_table_comes_back() -> None:
    table = "\n".join(f"/dev/sda{number} : start= 2048, size= 2048, type=0FC63DAF-8483" for number in range(128))
    manifest = replace(MANIFEST, table_text=table, parts=tuple(SentPart(f"sda{n}", n, n, n) for n in range(128)))
    frame = manifest_frame(manifest)
    assert MANIFEST_BYTES < len(frame) <= MANIFEST_MOST
    assert read_manifest(frame) == manifest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("used", -1), ("used", "1"), ("used", True), ("used", 2**63 + 1), ("used", MANIFEST.length + 1),
        ("table_end", MANIFEST.length + 1), ("table_end", 1.5), ("table_text", 1), ("behind", None), ("behind", [1]),
        ("behind", "zfs"), ("parts", None), ("parts", {}), ("parts", [1]), ("parts", [{"name": "sda1"}]), ("host", []),
        ("parts", [asdict(SentPart("a", 1, 0, 9))] * (PARTS_MOST + 1)), ("made", "now"), ("model", 7),
        ("parts", [asdict(SentPart("a", 1, 0, 9)) | {"size": -9}]), ("version", None), ("format", True),
    ],
)  # fmt: skip
def test_a_manifest_that_says_nonsense_is_none(field: str, value: object) -> None:
    def frame(change: dict[str, object]) -> bytes:
        fields = {"frame": "manifest", **asdict(MANIFEST), **change}
        body = b"udpcast-launcher\0" + json.dumps(fields).encode()
        return struct.pack("<II", 0x184D2A5C, 30_000) + body.ljust(30_000)

    assert read_manifest(frame({"of another version": 1})) == MANIFEST
    assert read_manifest(frame({field: value})) is None


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
        manifest_frame(Manifest(1, 512, "s", "v" * MANIFEST_MOST))
    with pytest.raises(ValueError, match="room"):
        trailer_frame(Trailer(1, "ab" * 16, "v" * TRAILER_MOST))


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

"""What speaks against writing a stream, seen from its beginning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.block_device import whereabouts
from launcher.datapath.framing import Manifest, manifest_frame
from launcher.model.machine import Disk, Nic
from launcher.model.outcome import OutcomeKind
from launcher.model.plan import Address, AddressSource, Compression, Plan, Require, Role, Target
from launcher.transfer.preflight import check, notes

K = OutcomeKind
SIZE = 1 << 20
GZIP, XZ, RAW = b"\x1f\x8b\x08\x00" + bytes(12), b"\xfd7zXZ\x00" + bytes(10), bytes(16)


def plan(sector: int = 512, compression: Compression | None = None) -> Plan:
    disk = Disk("/no/disk", SIZE, sector)
    target = Target(disk.path, disk.size, disk)
    return Plan(Role.RECEIVE, target, Nic("eth0", "-"), Address(AddressSource.GIVEN), compression=compression)


@pytest.mark.parametrize(
    ("theirs", "own", "refused"),
    [(512, 512, False), (4096, 512, True), (512, 4096, True), (4096, 0, False), (0, 4096, False), (0, 0, False)],
)
def test_sectors_are_compared_where_both_have_some(theirs: int, own: int, refused: bool) -> None:
    """An image file has none: it may come from a disk of either kind, and go to one."""
    manifest = Manifest(SIZE, theirs, "session", "1")
    found = check(plan(own), SIZE, manifest_frame(manifest), manifest)
    assert (found.kind if found else None) == (K.SECTOR_SIZE if refused else None)


@pytest.mark.parametrize(("length", "kind"), [(SIZE, None), (SIZE + 1, K.TOO_SMALL)])
def test_the_target_must_be_as_large(length: int, kind: OutcomeKind | None) -> None:
    manifest = Manifest(length, 512, "session", "1")
    found = check(plan(), SIZE, manifest_frame(manifest), manifest)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(("last", "taken"), [(1, True), (2, False)])
def test_a_smaller_one_will_do_where_the_partitions_have_room(last: int, taken: bool) -> None:
    """Else it is refused with the numbers."""
    text = f"label: dos\nlabel-id: 0x1\nunit: sectors\n\n/dev/sda1 : start=1, size={last * 2048 - 1}, type=83\n"
    manifest = Manifest(9 * SIZE, 512, "session", "1", table_text=text, table_end=last * SIZE)
    found = check(plan(), SIZE, manifest_frame(manifest), manifest)
    assert found is None if taken else found and found.kind is K.TOO_SMALL
    if found:
        assert "2,097,152 bytes are needed, 1,048,576 are there, 1,048,576 bytes too few" in str(found.sentence)
        assert str(found.hint) == "Use a target of at least 2,097,152 bytes."
    said = [str(note) for note in notes("/dev/sda", SIZE, b"", manifest)]
    assert any("smaller" in note for note in said)


@pytest.mark.parametrize(
    ("head", "given", "refused"),
    [
        (GZIP, None, False),
        (GZIP, Compression.GZIP, False),
        (GZIP, Compression.ZSTD, True),
        (RAW, Compression.GZIP, True),
        (XZ, None, True),
        (XZ, Compression.NONE, False),
    ],
)
def test_the_stream_must_be_what_is_given(head: bytes, given: Compression | None, refused: bool) -> None:
    found = check(plan(compression=given), SIZE, head, None)
    assert (found.kind if found else None) == (K.WRONG_STREAM if refused else None)


def dos(identifier: bytes) -> bytes:
    return bytes(440) + identifier + bytes(66) + b"\x55\xaa"


def gpt(identifier: bytes, sector: int) -> bytes:
    return (b"EFI PART" + bytes(48) + identifier).ljust(92, b"\0").rjust(sector + 92, b"\0")


ID, GUID = "12345678", "33221100-5544-7766-8899-aabbccddeeff"
RAW_ID, RAW_GUID = bytes.fromhex(ID)[::-1], bytes.fromhex("00112233445566778899aabbccddeeff")


@pytest.mark.parametrize(
    ("head", "table", "disk_id", "sector", "known"),
    [
        (dos(RAW_ID), "dos", ID, 512, True),
        (gpt(RAW_GUID, 512), "gpt", GUID, 512, True),
        (gpt(RAW_GUID, 4096), "gpt", GUID, 4096, True),
        (gpt(RAW_GUID, 512), "gpt", GUID, 0, True),  # an image file was sent
        (gpt(RAW_GUID, 512), "gpt", GUID, 4096, False),
        (dos(RAW_ID), "dos", "87654321", 512, False),
        (dos(RAW_ID), "gpt", ID, 512, False),
        (dos(RAW_ID), None, None, 512, False),
        (bytes(8192), None, None, 512, False),
        (b"", "dos", ID, 512, False),
        (dos(bytes(4)), "dos", "00000000", 512, False),  # of which there are many
        (gpt(bytes(16), 512), "gpt", "00000000-0000-0000-0000-000000000000", 512, False),
    ],
)
def test_a_target_that_has_the_identifier_already_is_told(
    head: bytes, table: str | None, disk_id: str | None, sector: int, known: bool
) -> None:
    manifest = Manifest(SIZE, sector, "session", "1", table, disk_id)
    said = [str(note) for note in notes("/dev/sda", SIZE, head, manifest)]
    assert said == (
        [
            f"/dev/sda already has the disk identifier of the sender's disk ({disk_id}), as a clone of it has. It is "
            "overwritten all the same."
        ]
        if known
        else []
    )


def test_a_larger_target_is_told() -> None:
    manifest = Manifest(SIZE, 512, "session", "1")
    (note,) = notes("/dev/sda", SIZE + 2_000_000_000, b"", manifest)
    assert str(note).startswith("/dev/sda is 2.0 GB larger than the sender's disk.")
    assert notes("/dev/sda", SIZE, b"", manifest) == ()


def test_the_disk_that_is_sent_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(SIZE))
    (tmp_path / "other").write_bytes(bytes(SIZE))
    disk, other = (Disk(str(tmp_path / name), SIZE) for name in ("disk", "other"))
    target = Target(disk.path, SIZE, disk)
    receiving = Plan(Role.RECEIVE, target, Nic("eth0", "-"), Address(AddressSource.GIVEN))
    for source, kind in ((target, K.SAME_DISK), (Target(other.path, SIZE, other), None)):
        manifest = Manifest(SIZE, 512, "session", "1", source=whereabouts(source))
        found = check(receiving, SIZE, manifest_frame(manifest), manifest)
        assert (found.kind if found else None) == kind


@pytest.mark.parametrize("head", [GZIP, RAW, b"\x28\xb5\x2f\xfd" + bytes(12)])
def test_what_cannot_be_compared_is_refused_where_equal_is_required(head: bytes) -> None:
    assert check(plan(), SIZE, head, None) is None
    found = check(replace(plan(), require=Require.EQUAL), SIZE, head, None)
    assert found and found.kind is K.NOT_COMPARED and not found.ok
    manifest = Manifest(SIZE, 512, "session", "1")
    assert check(replace(plan(), require=Require.EQUAL), SIZE, manifest_frame(manifest), manifest) is None

"""A table's bytes for a disk of another size: field by field, and nothing of the first sector that need not differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.errors import LauncherError
from launcher.resize.sectors import Written, sectors
from launcher.resize.table import Table, read_table, same
from tests.disks import MIB
from tests.launcher.resize.tables import ESP, LINUX, SWAP, disk, dos, dump, gpt, verified

NAMED = ', name="a, b", attrs="LegacyBIOSBootable GUID:63"'
GPT = gpt((1, 4, ESP), (5, 10, LINUX), (15, 1, SWAP), more=NAMED)
DOS = dos((1, 1, 4, "7, bootable"), (2, 5, 20, "5"), (5, 6, 4, "82"), (6, 11, 4, "83"), (7, 16, 4, "83"))


def table(text: str) -> Table:
    found = read_table(text)
    assert found is not None
    return found


def put(path: Path, written: Written) -> None:
    with path.open("r+b") as file:
        for piece in written.pieces:
            file.seek(piece.offset)
            file.write(piece.data)


@pytest.mark.parametrize("size", [17 * MIB, 20 * MIB + 512 * 7, 40 * MIB])
def test_a_gpt_for_another_size(size: int, tmp_path: Path) -> None:
    """Larger and smaller: the backup at the end, everything else as it was, boot code too."""
    source = disk(tmp_path / "source", 100 * MIB, GPT)
    old, image = source.read_bytes(), tmp_path / "image"
    image.write_bytes(old[: 16 * MIB])
    with image.open("r+b") as file:
        file.truncate(size)
    known = table(dump(source))
    put(image, sectors(known, size, old[: known.head], 16 * MIB, 20))
    assert verified(image)
    again = table(dump(image))
    assert same(again, known)
    assert f"last-lba: {size // 512 - 34}" in dump(image)
    new = image.read_bytes()
    assert [place for place in range(512) if new[place] != old[place] and not 458 <= place < 462] == []
    assert int.from_bytes(new[458:462], "little") == size // 512 - 1
    assert new[34 * 512 : 16 * MIB] == old[34 * 512 : 16 * MIB]


def test_odd_first_sectors_stay(tmp_path: Path) -> None:
    """A boot flag of the protective MBR, which some firmware wants, a disk signature, entries of a hybrid table."""
    source = disk(tmp_path / "source", 100 * MIB, GPT)
    head = bytearray(source.read_bytes()[: 34 * 512])
    head[440:447] = b"\x01\x02\x03\x04\x05\x06\x80"
    head[462:478] = bytes(range(16))
    first = sectors(table(GPT), 50 * MIB, bytes(head), 16 * MIB, 20).pieces[-1]
    assert first.offset == 0 and first.data[:458] + first.data[462:] == bytes(head[:458] + head[462:512])
    head[450] = 7  # the protective entry is another one
    assert sectors(table(GPT), 50 * MIB, bytes(head), 16 * MIB, 20).pieces[-1].data == bytes(head[:512])


def test_a_table_whose_entries_lie_elsewhere_is_not_written(tmp_path: Path) -> None:
    head = bytearray(disk(tmp_path / "source", 100 * MIB, GPT).read_bytes()[: 34 * 512])
    for place, value in ((512 + 72, 40), (512 + 85, 1)):
        other = bytearray(head)
        other[place] = value
        with pytest.raises(LauncherError):
            sectors(table(GPT), 50 * MIB, bytes(other), 16 * MIB, 20)


def test_a_dos_table_keeps_boot_code_and_identifier(tmp_path: Path) -> None:
    source = disk(tmp_path / "source", 40 * MIB, DOS)
    old, known = source.read_bytes(), table(dump(source))
    put(source, sectors(known, 40 * MIB, old[:512], 30 * MIB, 20))
    assert source.read_bytes() == old


@settings(max_examples=8)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=8), st.integers(0, 1 << 16))
def test_any_gpt_is_what_sfdisk_reads(shape: list[tuple[int, int]], more: int) -> None:
    rows, end = [], 1
    for gap, size in shape:
        rows.append((end + gap, size, LINUX))
        end += gap + size
    known = table(gpt(*rows))
    size = known.end + known.tail + more * 512
    head = bytes(512) + b"EFI PART".ljust(72) + b"\x02".ljust(12, b"\0") + b"\x80\0\0\0"
    written = sectors(known, size, head.ljust(known.head, b"\0"), known.end, 20)
    covered = [(piece.offset, piece.offset + len(piece.data)) for piece in written.pieces]
    assert all(end <= known.head or (begin >= known.end and end <= size) for begin, end in covered)

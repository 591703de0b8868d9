"""Partition tables as text: read, written again, and nothing else taken for one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.resize.table import read_table, same
from tests.disks import MIB
from tests.launcher.resize.tables import BASIC, ESP, LINUX, SWAP, disk, dos, dump, gpt, write

NAMED = ', name="EFI \\x22system\\x22, type=0; x", attrs="RequiredPartition LegacyBIOSBootable GUID:60,63"'
GPT = gpt((1, 8, ESP), (9, 16, BASIC), (25, 4, SWAP), more=NAMED)
DOS = dos((1, 1, 8, "7, bootable"), (2, 9, 20, "5"), (5, 10, 4, "82"), (6, 15, 8, "83"))


@pytest.mark.parametrize("text", [GPT, DOS, gpt((1, 1, LINUX)), gpt((1, 8, LINUX), more=', name="Größe"')])
def test_what_sfdisk_prints_is_written_again_field_by_field(text: str, tmp_path: Path) -> None:
    """Type, GUID, name, attributes, boot flag, numbers with gaps."""
    first = disk(tmp_path / "first", 64 * MIB, text)
    table = read_table(dump(first))
    assert table is not None
    second = tmp_path / "second"
    second.write_bytes(bytes(48 * MIB))
    write(second, table.script())

    def fields(path: Path) -> list[str]:
        name = str(path)
        return [line.replace(name, "DISK") for line in dump(path).splitlines() if not line.startswith("last-lba")]

    assert fields(second) == fields(first)
    again = read_table(dump(second))
    assert again is not None and same(again, table)


@pytest.mark.parametrize(
    "line",
    [
        "write",
        "quit",
        "delete",
        "--append",
        "script: x",
        "/dev/sda9 : start=2048, size=+, type=L",
        "/dev/sda9 : start=2048, size=8, type=L",
        "/dev/sda9 : start=-5, size=8",
        "/dev/sda9 : start=2048, size=8, command=x",
        f'/dev/sda9 : start=900000, size=8, type={LINUX}, name="a"b"',
        f'/dev/sda9 : start=900000, size=8, type={LINUX}, name="\ud800"',
        f"/dev/sda1 : start=900000, size=8, type={LINUX}",
        f"/dev/sda9 : start=2050, size=8, type={LINUX}",
        f"/dev/sda9 : start=900000, size=0, type={LINUX}",
        "grain: 1\x1b[2J",
        "label: sun",
        "unit: cylinders",
        "sector-size: 500",
        "table-length: 9999",
        "first-lba: x",
        "label-id: rm -rf",
    ],
)
def test_anything_else_is_no_table(line: str) -> None:
    """sfdisk takes commands from where it takes a table; and it overwrites what overlaps."""
    assert read_table(GPT) is not None
    read = read_table(GPT + line + "\n")
    assert read is None or (line.startswith("grain") and line not in read.script())


@pytest.mark.parametrize("text", [None, "", "label: gpt\nunit: sectors\n", "x" * 70000, "\n" * 100000])
def test_no_text_is_no_table(text: str | None) -> None:
    assert read_table(text) is None


def test_logical_partitions_lie_in_the_extended_one() -> None:
    assert read_table(DOS) is not None
    assert read_table(dos((1, 1, 8, "83"), (5, 10, 4, "83"))) is None
    assert read_table(dos((2, 9, 8, "5"), (5, 10, 14, "83"))) is None
    assert read_table(dos((1, 1, 9, "5"), (2, 10, 9, "f"))) is None
    assert read_table(dos((2, 9, 20, "f"), (5, 10, 5, "83"), (6, 14, 2, "83"))) is None


def test_what_differs_is_not_the_same() -> None:
    table = read_table(GPT)
    assert table is not None
    assert same(table, replace(table, entries=tuple(reversed(table.entries))))
    assert not same(table, replace(table, identifier="BBBBBBBB-0000-4000-8000-000000000001"))
    for number in range(3):
        one = table.entries[number]
        for other in (replace(one, size=one.size - 1), replace(one, start=one.start + 1), replace(one, rest="")):
            changed = (*table.entries[:number], other, *table.entries[number + 1 :])
            assert not same(table, replace(table, entries=changed))


def test_where_it_ends_and_how_large_it_is() -> None:
    table = read_table(GPT)
    assert table is not None and (table.end, table.head, table.tail) == (29 * MIB, 34 * 512, 33 * 512)
    coarse = read_table(gpt((1, 8, LINUX), sector=4096))
    assert coarse is not None and (coarse.end, coarse.head, coarse.tail) == (9 * MIB, 6 * 4096, 5 * 4096)
    old = read_table(DOS)
    assert old is not None and (old.end, old.head, old.tail) == (29 * MIB, 512, 0)

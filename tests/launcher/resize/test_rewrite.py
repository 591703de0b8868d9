"""A clone on a smaller disk: its table is written for it, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.errors import LauncherError
from launcher.resize import rewrite as module
from launcher.resize.disk import Disk
from launcher.resize.fit import Fit
from launcher.resize.rewrite import rewrite
from launcher.resize.sectors import Piece, Written, sectors
from launcher.resize.table import read_table, same
from tests.disks import MIB, loop
from tests.launcher.resize.clones import coarse
from tests.launcher.resize.tables import ESP, LINUX, SWAP, disk, dos, dump, gpt, verified

GPT = gpt((1, 4, ESP), (5, 10, LINUX), (15, 1, SWAP), more=', name="a, b", attrs="LegacyBIOSBootable GUID:63"')
DOS = dos((1, 1, 4, "7, bootable"), (2, 5, 11, "5"), (5, 6, 4, "82"))
SIZE = 16 * MIB + 33 * 512


def written(tmp_path: Path, text: str, size: int = SIZE) -> tuple[Path, bytes, Fit]:
    """A target of `size` bytes with the beginning of a source, all of the source, and how it fits."""
    source = disk(tmp_path / "source", 100 * MIB, text)
    data, target = source.read_bytes(), tmp_path / "target"
    target.write_bytes(data[: 16 * MIB])
    os.truncate(target, size)
    table = read_table(dump(source))
    assert table is not None and table.end == 16 * MIB
    return target, data, Fit(100 * MIB, size, table.end, table)


@pytest.mark.parametrize("size", [SIZE, SIZE + 512 * 5 + 100, 64 * MIB])
def test_a_gpt_is_written_for_the_disk(size: int, tmp_path: Path) -> None:
    """No smaller one has room for it. Boot code stays."""
    target, data, found = written(tmp_path, GPT, size)
    rewrite(str(target), found, 20)
    again, now = read_table(dump(target)), target.read_bytes()
    assert verified(target) and again is not None and same(again, found.table)
    assert now[found.table.head : found.end] == data[found.table.head : found.end]
    assert now[:440] == data[:440] and any(now[:440])


def test_a_dos_table_stays(tmp_path: Path) -> None:
    target, data, found = written(tmp_path, DOS, 16 * MIB)
    rewrite(str(target), found, 20)
    assert target.read_bytes() == data[: 16 * MIB]


def test_what_does_not_stay_on_the_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes it and has something else then; and a table that sfdisk reads otherwise."""
    target, data, found = written(tmp_path, GPT)
    good = sectors(found.table, SIZE, data[: found.table.head], found.end, 20)
    header = good.steps[1][0]
    for steps, why in (
        (((Piece(header.offset, bytes(len(header.data))),),), "not the one that is read"),
        (good.steps[1:], "not right"),  # without a backup
    ):
        monkeypatch.setattr(module, "sectors", lambda *words, steps=steps: Written(steps))
        with pytest.raises(LauncherError, match=why):
            rewrite(str(target), found, 20)
        target.write_bytes(data[: 16 * MIB] + bytes(SIZE - 16 * MIB))
    monkeypatch.setattr(module, "sectors", lambda *words: good)
    real = Disk.write

    def write(disk: Disk, pieces: tuple[Piece, ...]) -> None:
        real(disk, [Piece(one.offset, one.data if one.offset else b"?" + one.data[1:]) for one in pieces])

    monkeypatch.setattr(Disk, "write", write)  # boot code, which sfdisk does not read
    with pytest.raises(LauncherError, match="not the one that is read"):
        rewrite(str(target), found, 20)


def test_a_table_that_is_not_the_clones_is_not_written(tmp_path: Path) -> None:
    """Every field of it counts; nothing was written then."""
    target, data, found = written(tmp_path, GPT)
    first, *others = found.table.entries
    for entries, identifier in (
        ((replace(first, size=first.size - 1), *others), found.table.identifier),
        ((replace(first, rest=first.rest.replace("a, b", "a, c")), *others), found.table.identifier),
        (found.table.entries, found.table.identifier[::-1]),
    ):
        other = replace(found.table, entries=entries, identifier=identifier)
        with pytest.raises(LauncherError, match="not the one that the sender told"):
            rewrite(str(target), replace(found, table=other), 20)
        assert target.read_bytes()[: 16 * MIB] == data[: 16 * MIB]


@pytest.mark.netns
def test_sectors_of_4096_bytes(tmp_path: Path) -> None:
    source = coarse(tmp_path, gpt((1, 4, ESP), (5, 10, LINUX), sector=4096, first=6))
    data, small = source.read_bytes(), tmp_path / "small"
    small.write_bytes(data[: 15 * MIB])
    size = 15 * MIB + 5 * 4096
    os.truncate(small, size)
    with loop(source, "--sector-size", "4096") as device:
        table = read_table(dump(device))
    assert table is not None
    with loop(small, "--sector-size", "4096") as device:
        rewrite(str(device), Fit(source.stat().st_size, size, table.end, table), 20)
        assert verified(device)
        again = read_table(dump(device))
        assert again is not None and same(again, table)
    assert small.read_bytes()[6 * 4096 : 15 * MIB] == data[6 * 4096 : 15 * MIB]
    assert small.read_bytes()[:440] == data[:440]

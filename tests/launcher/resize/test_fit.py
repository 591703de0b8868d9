"""Which smaller targets are taken, and with which numbers the others are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.datapath.framing import Manifest
from launcher.resize.fit import Fit, Misfit, fit
from launcher.resize.table import read_table
from tests.disks import MIB
from tests.launcher.resize.tables import LINUX, dos, gpt

LENGTH = 100 * MIB


def manifest(text: str, sector: int = 512) -> Manifest:
    table = read_table(text)
    assert table is not None
    return Manifest(LENGTH, sector, "session", "1", table_text=text, table_end=table.end)


GPT = manifest(gpt((1, 10, LINUX), (20, 20, LINUX)))
COARSE = manifest(gpt((1, 10, LINUX), (20, 20, LINUX), sector=4096, first=6), 4096)
DOS = manifest(dos((1, 1, 10, "83"), (2, 20, 20, "5"), (5, 21, 10, "83")))
END = 40 * MIB


@pytest.mark.parametrize(
    ("source", "backup", "rewritten"), [(GPT, 33 * 512, True), (COARSE, 5 * 4096, True), (DOS, 0, False)]
)
def test_room_for_the_partitions_and_the_backup_is_enough(source: Manifest, backup: int, rewritten: bool) -> None:
    found = fit(source, END + backup, source.sector_size)
    assert isinstance(found, Fit) and (found.end, found.rewritten) == (END, rewritten)
    less = fit(source, END + backup - 1, source.sector_size)
    assert isinstance(less, Misfit) and less.needed == END + backup
    needed, there = f"{END + backup:,}", f"{END + backup - 1:,}"
    assert str(less.sentence) == f"{needed} bytes are needed, {there} are there, 1 byte too few"


@pytest.mark.parametrize(
    ("source", "sector", "why"),
    [
        (replace(GPT, table_text=None), 512, "where the last partition"),
        (replace(GPT, table_text="label: gpt\nunit: sectors\n"), 512, "where the last partition"),
        (replace(GPT, table_end=None), 512, "where the last partition"),
        (replace(GPT, table_end=END - 1), 512, "where the last partition"),
        (replace(GPT, length=END - 1), 512, "where the last partition"),
        (replace(GPT, behind=("linux_raid_member",)), 512, "is behind the last partition"),
        (replace(DOS, behind=("isw_raid_member", "zfs_member")), 512, "isw_raid_member, zfs_member"),
        (GPT, 4096, "the sectors"),
        (COARSE, 512, "the sectors"),
        (manifest(gpt((1, 10, LINUX), first=4)), 512, "not an ordinary one"),
    ],
)
def test_any_doubt_keeps_a_smaller_target_away(source: Manifest, sector: int, why: str) -> None:
    found = fit(source, 60 * MIB, sector)
    assert isinstance(found, Misfit) and found.needed == source.length and why in str(found.sentence)


def test_a_file_takes_the_sectors_that_the_table_has() -> None:
    assert isinstance(fit(COARSE, 60 * MIB, 0), Fit)
    assert isinstance(fit(replace(GPT, sector_size=0), 60 * MIB, 512), Fit)
    assert isinstance(fit(replace(COARSE, sector_size=0), 60 * MIB, 512), Misfit)

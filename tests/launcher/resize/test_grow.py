"""Clones that grow on larger targets: real file systems, every file compared, each step made to fail once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from launcher.model.growth import GrowthKind
from launcher.resize.grow import grow
from launcher.resize.growth import GrowthPlan
from launcher.resize.table import read_table, same
from launcher.sentence import Sentence
from tests.launcher.resize.clones import SWAP_UUID, clone, contents, expected, part_of, plan_of, run
from tests.launcher.resize.tables import BASIC, ESP, LINUX, MIB, RECOVERY, SWAP, dos, dump, gpt, verified

pytestmark = pytest.mark.netns


@dataclass
class Case:
    """A disk, what is in its partitions, and the size of the larger target."""

    table: str
    kinds: dict[int, str]
    size: int
    steps: list[Sentence] = field(default_factory=list)


DEBIAN = Case(gpt((1, 2, ESP), (3, 24, LINUX), (27, 8, SWAP)), {1: "noise", 2: "ext4", 3: "swap"}, 96 * MIB)
CASES = {
    "gpt, ext4, swap last": DEBIAN,
    "gpt, ext4 last": Case(gpt((1, 24, LINUX)), {1: "ext4"}, 64 * MIB + 12345),
    "gpt, ntfs, recovery last": Case(
        gpt((1, 2, ESP), (3, 1, "E3C9E316-0B5C-4DB8-817D-F92DF00215AE"), (4, 24, BASIC), (28, 4, RECOVERY)),
        {1: "noise", 2: "noise", 3: "ntfs", 4: "noise"},
        80 * MIB,
    ),
    "dos, swap logical behind": Case(
        dos((1, 1, 24, "83, bootable"), (2, 26, 9, "5"), (5, 27, 4, "82"), (6, 32, 2, "83")),
        {1: "ext4", 5: "swap", 6: "noise"},
        96 * MIB,
    ),
    "dos, ext4 logical": Case(
        dos((1, 1, 2, "83, bootable"), (2, 3, 40, "f"), (5, 4, 2, "83"), (6, 7, 24, "83"), (7, 33, 4, "82")),
        {1: "noise", 5: "noise", 6: "ext4", 7: "swap"},
        128 * MIB,
    ),
}


def check(target: Path, source: bytes, plan: GrowthPlan, kinds: dict[int, str], place: Path) -> None:
    """The table is the new one; the file system fills its partition, with every file; the others are as they were."""
    read = read_table(dump(target))
    assert verified(target) and read is not None and same(read, plan.new)
    sector = plan.old.sector
    for old in plan.old.entries:
        new = next(one for one in read.entries if one.number == old.number)
        kind = kinds.get(old.number)
        part = part_of(target, new.start * sector, new.size * sector, place / "check")
        before = source[old.start * sector : old.end * sector]
        if old.number != plan.number:
            assert kind is None or part.read_bytes() == before
        elif kind == "ext4":
            run("e2fsck", "-f", "-n", part)
            assert contents(part, kind) == expected(kind)
            blocks = int(run("dumpe2fs", "-h", part).split("Block count:")[1].split()[0])
            size = int(run("dumpe2fs", "-h", part).split("Block size:")[1].split()[0])
            assert new.size * sector - size < blocks * size <= new.size * sector
        elif kind == "ntfs":
            assert contents(part, kind) == expected(kind)
            said = run("ntfsresize", "--info", "--force", "--force", part)
            volume = int(said.split("Current volume size: ")[1].split()[0])
            assert new.size * sector - 8192 < volume <= new.size * sector


@pytest.mark.parametrize("name", CASES)
def test_a_clone_grows(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    target, source = clone(tmp_path, case.table, case.kinds, case.size)
    plan = plan_of(tmp_path / "source", len(source), case.size, case.kinds)
    steps: list[Sentence] = []
    found = grow(str(target), plan, steps.append)
    assert found.kind is GrowthKind.GROWN, str(found.sentence)
    assert (found.before, found.after) == (plan.before, plan.after) and plan.after > plan.before + 20 * MIB
    assert [str(step).split()[0] for step in steps][-3:] == ["Writing", "Growing", "Checking"]
    check(target, source, plan, case.kinds, tmp_path)
    if "swap" in case.kinds.values():
        assert SWAP_UUID in run("blkid", "-p", "-O", str(plan.moves[0].to), "-S", "8388608", target)

"""Clones that grow on larger targets: real file systems, every file compared, each step made to fail once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from launcher.errors import TransferFailed
from launcher.model.growth import Growth, GrowthKind
from launcher.model.times import TIMES, Times
from launcher.resize import file_systems
from launcher.resize.disk import Disk
from launcher.resize.grow import grow
from launcher.resize.growth import GrowthPlan
from launcher.resize.sectors import Piece
from launcher.resize.table import Table, read_table, same
from launcher.sentence import Sentence
from tests.disks import MIB, environment, loop, run
from tests.launcher.datapath.old_lives import md_superblock
from tests.launcher.resize.clones import SWAP_UUID, clone, contents, expected, part_of, plan_of
from tests.launcher.resize.tables import BASIC, ESP, LINUX, RECOVERY, SWAP, dos, dump, gpt, verified
from tests.launcher.used.doubts import hibernate

pytestmark = pytest.mark.netns


def some(every: Iterable[Any], *now: Any) -> list[Any]:
    """All but those of `now` are tried in the lane `field` only: the default lanes stay short."""
    return [one if one in now else pytest.param(one, marks=pytest.mark.field) for one in every]


def long(*values: Any) -> Any:
    """One that is tried there only."""
    return pytest.param(*values, marks=pytest.mark.field)


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
    check_parts(target, source, plan, kinds, place)


def check_parts(target: Path, source: bytes, plan: GrowthPlan, kinds: dict[int, str], place: Path) -> None:
    """The same, but for the table."""
    sector = plan.old.sector
    for old in plan.old.entries:
        new = next(one for one in plan.new.entries if one.number == old.number)
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


@pytest.mark.parametrize("name", some(CASES, "gpt, ext4, swap last", "gpt, ntfs, recovery last", "dos, ext4 logical"))
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


# --- what fails -------------------------------------------------------------------------------------------------------


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Scripts that are found before the real programs; also by those without rights."""
    with tempfile.TemporaryDirectory(prefix="resize-") as name:
        place = Path(name)
        place.chmod(0o755)

        def put(**scripts: str) -> None:
            for program, script in scripts.items():
                (place / program).write_text(f"#!/bin/sh\n{script}\n")
                (place / program).chmod(0o755)

        monkeypatch.setenv("PATH", f"{place}:{environment()['PATH']}")
        yield put


@dataclass
class Clone:
    """A clone of DEBIAN on a larger target."""

    target: Path
    source: bytes
    plan: GrowthPlan

    def grow(self, times: Times = TIMES) -> Growth:
        return grow(str(self.target), self.plan, times=times)

    @property
    def equal(self) -> bool:
        return self.target.read_bytes()[: len(self.source)] == self.source

    def ext4(self, tmp_path: Path, size: int | None = None) -> Path:
        return part_of(self.target, self.plan.begin, size or self.plan.after, tmp_path / "ext4")


@pytest.fixture
def debian(tmp_path: Path) -> Clone:
    target, source = clone(tmp_path, DEBIAN.table, DEBIAN.kinds, DEBIAN.size)
    return Clone(target, source, plan_of(tmp_path / "source", len(source), DEBIAN.size, DEBIAN.kinds))


def as_before(growth: Growth, debian: Clone, why: str) -> None:
    assert growth.kind is GrowthKind.FAILED and debian.equal, str(growth.sentence)
    assert why in str(growth.sentence) and str(growth.sentence).endswith("The clone is as it was.")


def test_beside_a_hibernated_windows_nothing_grows(tmp_path: Path) -> None:
    """Whatever the sender says of it: the other NTFS is asked, too."""
    kinds = {1: "ntfs", 2: "ntfs"}
    target, source = clone(tmp_path, gpt((1, 8, BASIC), (9, 8, BASIC)), kinds, 64 * MIB)
    plan = plan_of(tmp_path / "source", len(source), 64 * MIB, kinds)
    system = tmp_path / "system"
    system.write_bytes(source[MIB : 9 * MIB])
    hibernate(system)
    with target.open("r+b") as file:
        file.seek(MIB)
        file.write(system.read_bytes())
    before = target.read_bytes()
    found = grow(str(target), plan)
    assert found.kind is GrowthKind.NOT_GROWN and "hibernation" in str(found.sentence), str(found.sentence)
    assert target.read_bytes() == before


@pytest.mark.field
def test_a_disk_that_is_in_use_is_not_touched(debian: Clone) -> None:
    with loop(debian.target) as device:
        other = os.open(device, os.O_RDONLY | os.O_EXCL)
        try:
            with pytest.raises(TransferFailed):
                grow(str(device), debian.plan)
        finally:
            os.close(other)
    assert debian.equal


@pytest.mark.parametrize(
    ("scripts", "why"),
    [
        ({"e2fsck": "echo broken >&2; exit 4"}, "e2fsck ended with status 4 (broken)"),
        long({"e2fsck": "echo 'Warning: skipping journal recovery' >&2"}, "its journal is to be replayed"),
        long({"sfdisk": 'case "$*" in *--dump*) exec /sbin/sfdisk "$@";; esac; exit 1'}, "could not be made"),
        long({"sfdisk": "exit 1"}, "is not the sender's"),
        long({"wipefs": "echo '{\"signatures\": []}'"}, "is not what was sent"),
        ({"resize2fs": "echo no >&2; exit 1"}, "resize2fs ended with status 1 (no)"),
        long({"resize2fs": "exec sleep 60"}, "resize2fs has not ended"),
        ({"resize2fs": "echo Nothing to do!"}, "resize2fs ended with status 0 (Nothing to do!)"),
    ],
)
def test_a_tool_that_fails_leaves_the_clone(
    scripts: dict[str, str], why: str, debian: Clone, programs: Callable[..., None]
) -> None:
    programs(**scripts)
    as_before(debian.grow(replace(TIMES, growing=5.0 if "sleep" in str(scripts) else 60.0)), debian, why)


@pytest.mark.field
def test_a_journal_that_is_to_be_replayed_is_seen(debian: Clone) -> None:
    with loop(debian.target, "--offset", str(debian.plan.begin)) as device:
        run("debugfs", "-w", "-R", "feature needs_recovery", device)
    changed = debian.target.read_bytes()
    growth = debian.grow()
    assert growth.kind is GrowthKind.FAILED and "journal" in str(growth.sentence)
    assert debian.target.read_bytes()[: len(debian.source)] == changed[: len(debian.source)]


@pytest.mark.field
def test_another_table_is_not_replaced(debian: Clone) -> None:
    with debian.target.open("r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    growth = debian.grow()
    assert growth.kind is GrowthKind.FAILED and "is not the sender's" in str(growth.sentence)


@pytest.mark.field
def test_a_copy_that_differs_is_not_pointed_to(debian: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "copy", lambda *words: False)
    as_before(debian.grow(), debian, "the copy of target3 differs")


class PowerCut(BaseException):
    """Nothing goes on behind it."""


def failing(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException, again: bool = False) -> list[int]:
    """Let the write of this number fail, or all from there on; how many there were."""
    real, count = Disk.write, [0]

    def write(disk: Disk, pieces: Sequence[Piece]) -> None:
        count[0] += 1
        if count[0] == number or (again and count[0] > number):
            if pieces and len(pieces[0].data) > 512:  # a part of it has come to the disk
                real(disk, [Piece(pieces[0].offset, pieces[0].data[:512])])
            raise error
        real(disk, pieces)

    monkeypatch.setattr(Disk, "write", write)
    return count


@pytest.mark.parametrize("number", some(range(1, 7), 5))
def test_a_write_that_fails_leaves_the_clone(number: int, debian: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the partition, two copies (the head and the tail of swap), and the three steps of a GPT."""
    failing(monkeypatch, number, OSError(5, "Input/output error"))
    as_before(debian.grow(), debian, "Input/output error")
    assert same(plan_table(debian.target), debian.plan.old)


@pytest.mark.field
def test_a_table_that_cannot_be_put_back_is_said(debian: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, 5, OSError(5, "Input/output error"), again=True)
    growth = debian.grow()
    assert growth.kind is GrowthKind.BROKEN and "could not be put back" in str(growth.sentence)
    assert "cast again" in str(growth.hint)


@pytest.mark.field
@pytest.mark.parametrize("name", ["gpt, ext4, swap last", "dos, ext4 logical", "dos, swap logical behind"])
@pytest.mark.parametrize("number", range(2, 10))
def test_a_power_cut_between_two_writes_leaves_an_old_or_a_new_table(
    name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every partition is then where the table says."""
    case = CASES[name]
    target, source = clone(tmp_path, case.table, case.kinds, case.size)
    plan = plan_of(tmp_path / "source", len(source), case.size, case.kinds)
    real, left = Disk.write, [number]

    def write(disk: Disk, pieces: Sequence[Piece]) -> None:
        left[0] -= 1
        if not left[0]:
            raise PowerCut
        real(disk, pieces)

    monkeypatch.setattr(Disk, "write", write)
    monkeypatch.setattr(file_systems, "enlarge", lambda *words: (_ for _ in ()).throw(PowerCut()))
    with pytest.raises(PowerCut):
        grow(str(target), plan)
    data = target.read_bytes()
    table = plan_table(target)
    for old, now in zip(plan.old.entries, table.entries, strict=True):
        kind = case.kinds.get(old.number)
        if kind:
            size = min(old.size, now.size) * 512
            ends = (0, size - MIB) if kind == "swap" else (0,)
            for end in ends:
                length = MIB if kind == "swap" else size
                assert data[now.start * 512 + end :][:length] == source[old.start * 512 + end :][:length]
        assert now.size >= old.size


def plan_table(target: Path) -> Table:
    found = read_table(dump(target))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("script", "kind", "why"),
    [
        ("dd if=/dev/zero of=$2 bs=4096 count=300 conv=notrunc; exit 1", GrowthKind.BROKEN, "is broken now"),
        long("dd if=/dev/zero of=$2 bs=4096 count=300 conv=notrunc", GrowthKind.BROKEN, "is broken now"),
        long("tune2fs -L other $2; exit 1", GrowthKind.FAILED, "its file system is whole and has not grown"),
    ],
)
def test_what_a_tool_leaves_is_looked_at(
    script: str, kind: GrowthKind, why: str, debian: Clone, programs: Callable[..., None], tmp_path: Path
) -> None:
    programs(resize2fs=script)
    growth = debian.grow()
    assert growth.kind is kind and why in str(growth.sentence)
    assert same(plan_table(debian.target), debian.plan.new)
    if kind is GrowthKind.FAILED:
        assert contents(debian.ext4(tmp_path), "ext4") == expected("ext4")


def test_an_old_raid_at_the_new_end_is_not_found_again(debian: Clone, tmp_path: Path) -> None:
    """What was on the target before: it would be taken for a part of one."""
    old = tmp_path / "old"
    old.write_bytes(bytes(debian.plan.after))
    md_superblock(old)
    with debian.target.open("r+b") as file:
        file.seek(debian.plan.begin + debian.plan.after - MIB)
        file.write(old.read_bytes()[-MIB:])
    assert "linux_raid_member" in run("wipefs", "--json", debian.ext4(tmp_path))
    assert debian.grow().kind is GrowthKind.GROWN
    assert "linux_raid_member" not in run("wipefs", "--json", debian.ext4(tmp_path))


@pytest.mark.field
def test_a_table_that_changes_meanwhile_is_seen(debian: Clone, programs: Callable[..., None]) -> None:
    programs(resize2fs="/sbin/resize2fs $@; exit 0")
    real = file_systems.enlarge

    def enlarge(*words: object) -> None:
        real(*words)  # type: ignore[arg-type]
        with debian.target.open("r+b") as file:
            file.seek(600)
            file.write(b"another")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_systems, "enlarge", enlarge)
        growth = debian.grow()
    assert growth.kind is GrowthKind.BROKEN and "changed meanwhile" in str(growth.sentence)


@pytest.mark.field
@pytest.mark.parametrize("kind", ["xfs", "noise"])
def test_what_grows_when_it_is_mounted_has_its_room(kind: str, tmp_path: Path) -> None:
    """xfs wants 300 MB; a file system that is sparse will do."""
    if kind == "noise":
        target, source = clone(tmp_path, DEBIAN.table, {**DEBIAN.kinds, 2: "noise"}, DEBIAN.size)
        plan = replace(plan_of(dump(tmp_path / "source"), len(source), DEBIAN.size, {2: "btrfs", 3: "swap"}))
        growth = grow(str(target), plan)
        assert growth.kind is GrowthKind.FAILED and "not what was sent" in str(growth.sentence)
        return
    text = gpt((1, 320, LINUX), (321, 4, SWAP))
    target, source = clone(tmp_path, text, {1: "xfs", 2: "swap"}, 400 * MIB)
    growth = grow(str(target), plan_of(tmp_path / "source", len(source), 400 * MIB, {1: "xfs", 2: "swap"}))
    assert growth.kind is GrowthKind.GROWN
    assert "xfs_growfs" in str(growth.remarks[0])
    assert target.read_bytes()[MIB : 321 * MIB] == source[MIB : 321 * MIB]


def test_sectors_of_4096_bytes_on_a_real_block_device(tmp_path: Path) -> None:
    text = gpt((1, 24, LINUX), (25, 4, SWAP), sector=4096, first=6)
    kinds = {1: "ext4", 2: "swap"}
    image = tmp_path / "image"
    image.write_bytes(b"")
    os.truncate(image, 80 * MIB)
    with loop(image, "--sector-size", "4096") as device:
        _, source = clone(tmp_path, text, kinds, 80 * MIB, device)
        plan = plan_of(dump(device), len(source), 80 * MIB, kinds)
        growth = grow(str(device), plan)
        assert growth.kind is GrowthKind.GROWN, str(growth.sentence)
        assert verified(device) and same(plan_table(device), plan.new)
    check_parts(image, source, plan, kinds, tmp_path)

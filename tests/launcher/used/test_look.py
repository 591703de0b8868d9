"""What is said of whole disks: tables of every kind, partitions beside one another, sectors of both sizes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.used.edges import FIRST, LAST
from launcher.used.look import survey
from tests import disks
from tests.disks import MIB, run, sparse
from tests.launcher.used.doubts import TABLES, TWO, TableCase, bitlocker, hibernate, nested, swsuspend
from tests.launcher.used.making import divided, doubt, free, mkfs, put, surveyed

pytestmark = pytest.mark.netns

FREE_OF_EXT4 = MIB // 2
"""That much at least is free in a new one of 8 MiB."""


def with_ext4(disk: Path, *offsets: int) -> Path:
    """New file systems of 8 MiB at these places of the disk."""
    for offset in offsets:
        put(disk, offset, mkfs(disk.with_name("part"), "ext4", size=8 * MIB))
    return disk


def within(ranges: list[tuple[int, int]], begin: int, end: int) -> int:
    """How many bytes of the ranges are there."""
    return sum(max(0, min(end, last) - max(begin, first)) for first, last in ranges)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A disk of 64 MiB with sectors of 4096 bytes."""
    with disks.loop(sparse(tmp_path / "image", 64 * MIB), "--sector-size", "4096") as device:
        yield str(device)


def test_ext4_swap_and_ntfs_in_one_table(tmp_path: Path) -> None:
    table = "label: gpt\n" + "".join(f"start={at * 2048}, size={16 * 2048}\n" for at in (1, 17, 33))
    disk = divided(tmp_path / "disk", 64 * MIB, table)
    for number, kind in enumerate(("ext4", "swap", "ntfs")):
        put(disk, (1 + 16 * number) * MIB, mkfs(tmp_path / "part", kind))
    before = disk.read_bytes()
    found = surveyed(disk)
    assert [(part.name, part.number, part.kind, part.whole) for part in found.parts] == [
        ("disk1", 1, "ext4", None),
        ("disk2", 2, "swap", None),
        ("disk3", 3, "ntfs", None),
    ]
    assert (found.table_end, found.behind, found.warnings) == (49 * MIB, (), ())
    assert found.table
    assert f"device: {disk}\n" in found.table
    assert f"{disk}1 : start=        2048, size=       32768" in found.table
    assert (17 * MIB + FIRST, 33 * MIB - LAST) in free(found)
    for part in found.parts:
        assert part.used is not None
        assert 0 < part.used < 8 * MIB
        assert not within(free(found), part.offset, part.offset + FIRST)
        assert not within(free(found), part.offset + part.size - LAST, part.offset + part.size)
        assert within(free(found), part.offset, part.offset + part.size) > 4 * MIB
    assert not within(free(found), 0, MIB)
    assert not within(free(found), 49 * MIB, 64 * MIB)
    assert disk.read_bytes() == before


def test_logical_partitions_and_what_links_them(tmp_path: Path) -> None:
    mib = 2048
    table = f"label: dos\nstart={mib}, size={8 * mib}\nstart={9 * mib}, size={20 * mib}, type=5\n"
    table += f"start={10 * mib}, size={8 * mib}\nstart={19 * mib}, size={8 * mib}\n"
    disk = with_ext4(divided(tmp_path / "disk", 40 * MIB, table), MIB, 10 * MIB, 19 * MIB)
    found = surveyed(disk)
    assert [(part.name, part.offset, part.whole) for part in found.parts] == [
        ("disk1", MIB, None),
        ("disk5", 10 * MIB, None),
        ("disk6", 19 * MIB, None),
    ]
    assert found.table_end == 29 * MIB
    for part in found.parts:
        assert within(free(found), part.offset, part.offset + part.size) > FREE_OF_EXT4
    assert not within(free(found), 9 * MIB, 10 * MIB), "the first link"
    assert not within(free(found), 18 * MIB, 19 * MIB), "the second link"


def test_sectors_of_4096_bytes_in_an_image_file(tmp_path: Path, loop: str) -> None:
    run("sfdisk", "--quiet", loop, text="label: gpt\nstart=256, size=2048\nstart=2304, size=2048\n")
    image = with_ext4(tmp_path / "image", MIB)
    found = surveyed(image)
    assert [(part.offset, part.size, part.kind) for part in found.parts] == [
        (MIB, 8 * MIB, "ext4"),
        (9 * MIB, 8 * MIB, ""),
    ]
    assert found.parts[0].whole is None
    assert found.table
    assert "sector-size: 4096" in found.table
    assert found.table_end == 17 * MIB


@pytest.mark.parametrize(("kind", "options"), [("ext4", "-b 4096"), ("ntfs", "-s 4096"), ("xfs", "-s size=4096")])
def test_a_disk_with_sectors_of_4096_bytes(tmp_path: Path, loop: str, kind: str, options: str) -> None:
    run("sfdisk", "--quiet", loop, text="label: gpt\nstart=256, size=8192\n")
    put(tmp_path / "image", MIB, mkfs(tmp_path / "part", kind, *options.split(), size=32 * MIB))
    found = survey(loop, 64 * MIB)
    (part,) = found.parts
    assert (part.name, part.offset, part.size, part.whole) == (f"{Path(loop).name}p1", MIB, 32 * MIB, None)
    assert found.table
    assert f"{loop}p1 : start=" in found.table


def test_a_partition_alone(tmp_path: Path, loop: str) -> None:
    put(tmp_path / "image", 0, mkfs(tmp_path / "part", "ext4", size=64 * MIB))
    (part,) = survey(loop, 64 * MIB).parts
    assert (part.name, part.number, part.whole) == (Path(loop).name, 0, None)


def test_a_disk_without_a_table(tmp_path: Path) -> None:
    found = surveyed(mkfs(tmp_path / "disk", "ntfs"))
    assert [(part.name, part.number, part.whole) for part in found.parts] == [("disk", 0, None)]
    assert (found.table, found.table_end, found.behind) == (None, None, ())
    assert within(free(found), 0, 16 * MIB) > 4 * MIB


def test_without_used_only_the_parts_are_told(tmp_path: Path) -> None:
    disk = with_ext4(divided(tmp_path / "disk", 16 * MIB, "label: gpt\nstart=2048, size=16384\n"), MIB)
    found = survey(str(disk), 16 * MIB, used=False)
    assert [(part.kind, part.used, part.whole) for part in found.parts] == [("ext4", None, None)]
    assert not free(found)
    assert found.table_end == 9 * MIB


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case.name)
def test_a_table_that_is_in_doubt(tmp_path: Path, case: TableCase) -> None:
    disk = with_ext4(divided(tmp_path / "disk", 16 * MIB, case.table), MIB)
    case.change(disk)
    before = disk.read_bytes()
    found = surveyed(disk)
    assert doubt(found) == f"disk: {case.why}, so it is sent whole."
    assert (found.parts[0].number, found.table, found.table_end) == (0, None, None)
    assert disk.read_bytes() == before


def test_a_table_of_a_disk_that_was_smaller(tmp_path: Path) -> None:
    disk = with_ext4(divided(tmp_path / "disk", 16 * MIB, "label: gpt\nstart=2048, size=16384\n"), MIB)
    with disk.open("r+b") as file:
        file.truncate(32 * MIB)
    found = surveyed(disk)
    assert found.parts[0].whole is None
    assert within(free(found), MIB, 9 * MIB) > FREE_OF_EXT4
    assert (found.table_end, found.behind) == (9 * MIB, ())


def beside(tmp_path: Path, *parts: Path) -> list[str]:
    """What is said of file systems of 8 MiB that are partitions of one disk."""
    table = "label: gpt\n" + "".join(f"start={(1 + 8 * at) * 2048}, size={8 * 2048}\n" for at in range(len(parts)))
    disk = divided(tmp_path / "sda", 32 * MIB, table)
    for number, part in enumerate(parts):
        put(disk, (1 + 8 * number) * MIB, part)
    return [str(part.whole) for part in surveyed(disk).parts]


def said(number: int, of: tuple[str, str, str]) -> str:
    _, why, remedy = of
    return f"sda{number}: {why}, so it is sent whole" + (f": {remedy}." if remedy else ".")


SOME = 24
"""MiB of an NTFS that has some which are free, apart from its ends."""


def test_a_hibernated_windows_has_all_ntfs_of_its_disk(tmp_path: Path) -> None:
    data, system = (mkfs(tmp_path / name, "ntfs", size=8 * MIB) for name in ("data", "system"))
    hibernate(system)
    linux = mkfs(tmp_path / "linux", "ext4", size=8 * MIB)
    alone = TWO[0][1].replace(", on sda2", "")
    expected = [said(1, TWO[0]), said(2, ("ntfs", alone, TWO[0][2])), "None"]
    assert beside(tmp_path, data, system, linux) == expected
    assert [part.hibernated for part in surveyed(tmp_path / "sda").parts] == [False, True, False]


@pytest.mark.parametrize(("make", "row"), [(hibernate, TWO[0]), (bitlocker, TWO[1]), (swsuspend, TWO[2])])
def test_a_partition_that_is_sent_alone_has_a_disk_too(
    make: Callable[[Path], object], row: tuple[str, str, str], tmp_path: Path
) -> None:
    data, system = (mkfs(tmp_path / name, "ntfs", size=SOME * MIB) for name in ("data", "system"))
    assert free(surveyed(data))
    make(system)
    size, second = SOME * 2048, (1 + SOME) * 2048
    table = f"label: gpt\nstart=2048, size={size}\nstart={second}, size={size}\n"
    disk = divided(tmp_path / "disk", (4 + 2 * SOME) * MIB, table)
    put(disk, MIB, data)
    put(disk, (1 + SOME) * MIB, system)
    with partitions(disk, (2048, size), (second, size)) as (name, _):
        found = doubt(survey(name, SOME * MIB))
        other = name.removeprefix("/dev/").removesuffix("1") + "2"
        assert found == said(1, row).replace("sda1", Path(name).name).replace("sda2", other)


def test_a_partition_alone_of_a_disk_where_all_is_well(tmp_path: Path) -> None:
    data = mkfs(tmp_path / "data", "ntfs", size=SOME * MIB)
    disk = divided(tmp_path / "disk", (4 + SOME) * MIB, f"label: gpt\nstart=2048, size={SOME * 2048}\n")
    put(disk, MIB, data)
    with partitions(disk, (2048, SOME * 2048)) as (name,):
        assert free(survey(name, SOME * MIB)) == free(surveyed(data)) != []


@contextlib.contextmanager
def partitions(disk: Path, *parts: tuple[int, int]) -> Iterator[list[str]]:
    """The names of the partitions (begin and length in sectors), which the kernel has as well."""
    loop = run("losetup", "--find", "--show", disk).strip()
    try:
        for number, (begin, length) in enumerate(parts, 1):
            run("addpart", loop, str(number), str(begin), str(length))
        yield [f"{loop}p{number}" for number, _ in enumerate(parts, 1)]
    finally:
        run("partx", "--delete", loop)
        run("losetup", "--detach", loop)


def test_behind_bitlocker_a_windows_may_be_hibernated(tmp_path: Path) -> None:
    data, linux = mkfs(tmp_path / "data", "ntfs", size=8 * MIB), mkfs(tmp_path / "linux", "ext4", size=8 * MIB)
    bitlocker(tmp_path / "system")
    expected = [said(1, TWO[1]), "sda2: it is BitLocker, so it is sent whole.", "None"]
    assert beside(tmp_path, data, tmp_path / "system", linux) == expected


def test_a_hibernated_linux_has_all_of_its_disk(tmp_path: Path) -> None:
    swsuspend(tmp_path / "swap")
    parts = [mkfs(tmp_path / kind, kind, size=8 * MIB) for kind in ("ext4", "ntfs")]
    alone = ("swap", "a Linux is hibernated", TWO[2][2])
    expected = [said(1, TWO[2]), said(2, alone), said(3, TWO[2])]
    assert beside(tmp_path, parts[0], tmp_path / "swap", parts[1]) == expected


def test_a_table_inside_of_a_partition(tmp_path: Path) -> None:
    nested(tmp_path / "part")
    assert beside(tmp_path, tmp_path / "part") == [
        "sda1: more than one thing is recognised on it (ext4, dos), so it is sent whole."
    ]


def test_what_is_behind_the_last_partition(tmp_path: Path) -> None:
    disk = with_ext4(divided(tmp_path / "disk", 40 * MIB, "label: gpt\nstart=2048, size=16384\n"), MIB, 9 * MIB)
    assert surveyed(disk).behind == (f"ext4 at byte {9 * MIB + 0x438:,}",)


def test_a_disk_that_cannot_be_read(tmp_path: Path) -> None:
    from launcher.errors import ErrorKind, LauncherError  # noqa: PLC0415

    with pytest.raises(LauncherError) as failed:
        survey(str(tmp_path / "none"), MIB)
    assert failed.value.kind is ErrorKind.DISK_UNREADABLE


def test_no_loop_device_stays(tmp_path: Path) -> None:
    disk = with_ext4(divided(tmp_path / "disk", 16 * MIB, "label: gpt\nstart=2048, size=16384\n"), MIB)
    surveyed(disk)
    shown = subprocess.run(["losetup", "--list", "--noheadings"], check=True, capture_output=True, text=True).stdout
    assert str(tmp_path) not in shown

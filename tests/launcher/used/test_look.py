"""What is said of real disks: file systems that were made a moment ago, in tables of every kind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from launcher.used.look import EDGE, survey
from launcher.used.survey import Survey

MIB = 1 << 20
pytestmark = pytest.mark.netns


def run(*words: str | Path, text: str = "") -> None:
    subprocess.run(words, check=True, capture_output=True, text=True, input=text)


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def surveyed(path: Path) -> Survey:
    return survey(str(path), path.stat().st_size)


def holes(found: Survey) -> list[tuple[int, int]]:
    return [(run.offset, run.length) for run in found.used.runs() if run.hole]


def place(disk: Path, offset: int, part: Path) -> None:
    run("dd", f"if={part}", f"of={disk}", f"seek={offset // 512}", "conv=notrunc,sparse", "status=none")


def test_ext4_swap_and_ntfs_in_one_table(tmp_path: Path) -> None:
    disk = sparse(tmp_path / "disk", 64 * MIB)
    run("sfdisk", disk, text="label: gpt\n" + "".join(f"start={at * 2048}, size={16 * 2048}\n" for at in (1, 17, 33)))
    for number, make in enumerate((["mkfs.ext4", "-q", "-F"], ["mkswap"], ["mkntfs", "-q", "-F", "-f"])):
        part = sparse(tmp_path / f"part{number}", 16 * MIB)
        run(*make, part)
        place(disk, (1 + 16 * number) * MIB, part)
    before = disk.read_bytes()
    found = surveyed(disk)
    assert [(part.name, part.kind, part.whole) for part in found.parts] == [
        ("disk1", "ext4", None),
        ("disk2", "swap", None),
        ("disk3", "ntfs", None),
    ]
    assert found.table_end == 49 * MIB
    assert found.table and f"{disk}1 : start=        2048, size=       32768" in found.table
    assert (18 * MIB, 14 * MIB) in holes(found)
    assert found.used.sent < 40 * MIB
    assert found.parts[0].used is not None and MIB < found.parts[0].used < 8 * MIB
    for one in found.parts:
        for begin, end in ((0, EDGE), (one.size - EDGE, one.size)):
            assert not any(
                offset < one.offset + end and one.offset + begin < offset + length for offset, length in holes(found)
            )
    assert disk.read_bytes() == before

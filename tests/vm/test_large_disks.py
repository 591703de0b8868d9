"""A disk of 2 TB with little on it, cloned in the memory of a small PC: nothing grows with the size of the disk."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from qemu.classroom.classroom import run_classroom
from qemu.classroom.report import Verdict
from qemu.classroom.spec import ClassroomSpec
from qemu.disks.partitions import TYPE_BASIC_DATA, TYPE_LINUX, Partition, write_table
from qemu.disks.raw import MIB, SECTOR, copy_into, create
from qemu.disks.tools import run
from tests.common import PAIR

pytestmark = pytest.mark.faults

SIZE = 2 * 10**12 // MIB * MIB
MEMORY = 192  # MiB


def identity(number: int) -> str:
    return str(uuid.UUID(int=number, version=4)).upper()


def large_disk(path: Path) -> Path:
    """Half of it ntfs, with the bitmap of a small cluster; half of it ext4, with little in many groups."""
    half = SIZE // 2 // MIB * MIB
    ntfs = Partition(1, MIB, half - MIB, TYPE_BASIC_DATA, identity(1), "Windows")
    ext = Partition(2, half, SIZE - half - 2 * MIB, TYPE_LINUX, identity(2), "Linux")
    image, files = create(path, SIZE), path.parent / "files"
    write_table(image, identity(3), (ntfs, ext))
    files.mkdir()
    (files / "a.txt").write_text("one file\n" * 1000)
    made = create(path.parent / "made", ntfs.size)
    geometry = ("-s", "512", "-H", "255", "-S", "63", "-p", str(ntfs.start // SECTOR))
    run(["mkntfs", "--quiet", "--force", "--fast", *geometry, made])
    run(["ntfscp", "--quiet", made, files / "a.txt", "a.txt"])
    copy_into(made, image, ntfs.start)
    made.unlink()
    # A bitmap and the inodes of 4,096 groups side by side: few places, so that few chunks are sent.
    options = f"offset={ext.start},nodiscard,root_owner=0:0"
    words = ["-q", "-F", "-t", "ext4", "-m", "0", "-N", "120000", "-G", "4096", "-J", "size=4", "-E", options]
    run(["mke2fs", *words, "-d", files, image, f"{ext.size >> 10}k"])
    return image


def test_two_terabytes_are_cloned_in_192_mib(tmp_path: Path) -> None:
    model = large_disk(tmp_path / "large.img")
    said: list[str] = []
    spec = ClassroomSpec(
        PAIR, receivers=1, model=model, memory=MEMORY, direct=True, deadline=900, artefacts=tmp_path / "artefacts"
    )
    report = run_classroom(spec, said.append)
    assert report.verdict is Verdict.GOOD, report.problems
    (receiver,) = [seat for seat in report.seats if seat.role.value == "receiver"]
    assert receiver.claim
    assert (receiver.claim.kind, receiver.claim.bytes) == ("equal", SIZE)
    assert receiver.claim.sent is not None
    assert receiver.claim.sent < SIZE // 1000

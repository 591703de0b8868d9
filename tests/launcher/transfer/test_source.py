"""What is on the disk to send, where nobody has looked before: the real wipefs and partx on image files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher import asking
from launcher.errors import ErrorKind, TransferFailed
from launcher.model.plan import Role
from launcher.model.times import TIMES
from launcher.transfer.source import opening
from tests.disks import MIB, run
from tests.launcher.datapath.old_lives import dos, ext4, gpt, intel_raid, md_superblock, nothing, swap
from tests.launcher.transfer.fake_programs import open_descriptors, plan

NOTHING = "No partition table, file system, swap, LUKS, LVM or RAID is recognised on it."
QUICK = replace(TIMES, patience=30.0)


def empty(label: str) -> Callable[[Path], None]:
    """A partition table without partitions."""

    def make(path: Path) -> None:
        run("sfdisk", path, text=f"label: {label}\n")

    return make


def boot_code(path: Path) -> None:
    """A boot sector with code and its mark, and nothing else."""
    with path.open("r+b") as disk:
        disk.write(b"\xeb\x3c\x90" + os.urandom(437) + bytes(70) + b"\x55\xaa")


def random_bytes(path: Path) -> None:
    with path.open("r+b") as disk:
        disk.write(os.urandom(MIB))


def sent(path: Path, make: Callable[[Path], None], blank: bool = False) -> None:
    """Opens the source, or raises."""
    path.write_bytes(b"")
    os.truncate(path, 8 * MIB)
    make(path)
    opening(replace(plan(Role.SEND, path), blank=blank))(str(path), QUICK).close()


@pytest.mark.parametrize("make", [gpt, dos, ext4, swap, md_superblock, intel_raid])
def test_whatever_is_recognised_is_sent(tmp_path: Path, make: Callable[[Path], None]) -> None:
    sent(tmp_path / "disk", make)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, NOTHING),
        (random_bytes, NOTHING),
        (boot_code, "It has a partition table (dos) without partitions, and nothing else is recognised."),
        (empty("gpt"), "It has a partition table (gpt) without partitions, and nothing else is recognised."),
        (empty("dos"), "It has a partition table (dos) without partitions, and nothing else is recognised."),
    ],
    ids=["zeros", "noise", "boot code", "empty gpt", "empty dos"],
)
def test_what_is_not_recognised_is_sent_only_where_that_is_meant(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    before = open_descriptors()
    with pytest.raises(TransferFailed) as caught:
        sent(tmp_path / "disk", make)
    assert caught.value.kind is ErrorKind.SOURCE_BLANK
    assert str(caught.value.sentence) == f"{tmp_path}/disk was not sent. {words}"
    assert "blank=yes sends it all the same" in str(caught.value.hint)
    assert open_descriptors() == before
    sent(tmp_path / "disk", make, blank=True)


def test_where_nobody_can_look_it_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WHERE_ADMINISTRATORS_HAVE_IT", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TransferFailed, match=r"was not sent\. wipefs could not be started"):
        sent(tmp_path / "disk", nothing)
    sent(tmp_path / "disk", nothing, blank=True)


def test_what_the_interview_knows_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.transfer.source.empty_table", lambda path, seconds: pytest.fail("it is"))
    (tmp_path / "disk").write_bytes(bytes(MIB))
    known = replace(plan(Role.SEND, tmp_path / "disk"), blank=False)
    disk = replace(known.target.disk, filesystem="ntfs")
    known = replace(known, target=replace(known.target, disk=disk))
    opening(known)(known.target.path, QUICK).close()

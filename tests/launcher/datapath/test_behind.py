"""What a larger target has behind the clone: old signatures are cleared there, and no byte of the clone changes.

wipefs and sfdisk are the real ones. A RAID superblock is made by hand after md(4), since not every kernel knows RAID;
the tests of real devices ask mdadm about it, where that is installed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher import asking
from launcher.datapath.behind import Behind, tidy
from launcher.datapath.block_device import DiskError, TargetDisk
from launcher.errors import LauncherError
from launcher.hardware.signatures import Signature, parse, signatures
from launcher.model.times import TIMES
from launcher.sentence import say
from tests.disks import MIB
from tests.launcher.datapath.old_lives import OLD_LIVES, SOURCES, gpt, intel_raid, swap, zfs

QUICK = replace(TIMES, partitions=0.3, patience=30.0)
END = 4 * MIB
FOR_ZFS = 32 * MIB  # a disk of less than 64 MiB is too small for it
CASES = (*((old, "GPT") for old in OLD_LIVES), *(("GPT", source) for source in SOURCES))


def kinds(path: Path, end: int = END) -> list[tuple[str, bool]]:
    """What wipefs recognises, and whether it lies behind the clone."""
    return sorted({(one.kind, one.offset >= end) for one in signatures(str(path), 30)})


def digest(path: Path, end: int = END) -> str:
    return hashlib.sha256(path.read_bytes()[:end]).hexdigest()


def cast_over(path: Path, old: Callable[[Path], None], source: Callable[[Path], None], end: int = END) -> TargetDisk:
    """A disk with an `old` life that got a clone of a `source` of half its size."""
    path.write_bytes(b"")
    os.truncate(path, 2 * end)
    old(path)
    other = path.with_name("source")
    other.write_bytes(b"")
    os.truncate(other, end)
    source(other)
    with path.open("r+b") as disk:
        disk.write(other.read_bytes())
    return TargetDisk(str(path), QUICK)


@pytest.mark.parametrize(("old", "source"), CASES)
def test_old_signatures_are_cleared_and_the_clone_stays_as_it_is(tmp_path: Path, old: str, source: str) -> None:
    path, (life, marks) = tmp_path / "disk", OLD_LIVES[old]
    end = FOR_ZFS if old == "ZFS" else END
    target = cast_over(path, life, SOURCES[source], end)
    before, rest = digest(path, end), path.read_bytes()[end:]
    clone = [one for one in kinds(path, end) if not one[1]]
    assert {kind for kind, behind in kinds(path, end) if behind} == marks
    behind = tidy(target, end, QUICK)
    target.close()
    assert {one.kind for one in behind.cleared} == marks
    assert (behind.larger, behind.left, behind.error, behind.stale) == (end, (), None, None)
    assert digest(path, end) == before
    assert kinds(path, end) == clone
    changed = bytearray(rest)
    for one in behind.cleared:
        changed[one.offset - end : one.offset - end + one.length] = bytes(one.length)
    assert path.read_bytes()[end:] == bytes(changed)


def test_two_lives_behind_each_other_are_both_cleared(tmp_path: Path) -> None:
    """The one hides the other from blkid, not from us."""

    def twice(path: Path) -> None:
        zfs(path)
        intel_raid(path)

    target = cast_over(tmp_path / "disk", twice, gpt, FOR_ZFS)
    behind = tidy(target, FOR_ZFS, QUICK)
    target.close()
    assert {one.kind for one in behind.cleared} == {"zfs_member", "isw_raid_member"}


def test_what_reaches_into_the_clone_is_no_old_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these would hurt the clone; the last one lies behind it."""
    target = cast_over(tmp_path / "disk", lambda path: None, swap)
    told = [Signature("a", END - 1, 8), Signature("b", 0, 8), Signature("c", END - 8, 8), Signature("d", END, 8)]
    found = iter([tuple(told), tuple(told[:3])])
    monkeypatch.setattr("launcher.datapath.behind.signatures", lambda path, seconds: next(found))
    before = digest(tmp_path / "disk")
    behind = tidy(target, END, QUICK)
    target.close()
    assert behind.cleared == (Signature("d", END, 8),)
    assert digest(tmp_path / "disk") == before


@pytest.mark.parametrize("end", [None, 2 * END])
def test_without_a_whole_clone_or_room_behind_it_nothing_is_cleared(tmp_path: Path, end: int | None) -> None:
    target = cast_over(tmp_path / "disk", gpt, gpt)
    before = (tmp_path / "disk").read_bytes()
    assert tidy(target, end, QUICK) == Behind()
    target.close()
    assert (tmp_path / "disk").read_bytes() == before


def test_what_cannot_be_cleared_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = cast_over(tmp_path / "disk", gpt, gpt)

    def pwrite(fd: int, data: memoryview, at: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.pwrite", pwrite)
    behind = tidy(target, END, QUICK)
    target.close()
    assert ([one.kind for one in behind.left], behind.cleared) == (["gpt"], ())
    assert str(behind.error) == "Input/output error"


def test_what_does_not_go_away_is_not_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = cast_over(tmp_path / "disk", gpt, gpt)
    monkeypatch.setattr(TargetDisk, "write", lambda self, data, offset: None)
    behind = tidy(target, END, QUICK)
    target.close()
    assert ([one.kind for one in behind.left], behind.cleared, behind.error) == (["gpt"], (), None)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exec sleep 100", "wipefs has not ended for 0 s."),
        ("echo 'wipefs: error: no.' >&2; exit 1", "wipefs failed: wipefs: error: no."),
        ("echo '{\"signatures\": 3}'", "wipefs gave an answer that is none."),
        (None, "wipefs could not be started: No such file or directory."),
    ],
)
def test_a_clone_is_no_worse_where_nobody_can_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, words: str
) -> None:
    target = cast_over(tmp_path / "disk", gpt, gpt)
    monkeypatch.setattr(asking, "WHERE_ADMINISTRATORS_HAVE_IT", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    if script:
        (tmp_path / "wipefs").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (tmp_path / "wipefs").chmod(0o755)
    behind = tidy(target, END, replace(QUICK, patience=0.3))
    target.close()
    assert (str(behind.error), behind.larger, behind.left, behind.cleared) == (words, END, (), ())


def test_without_descriptors_a_clone_is_no_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = cast_over(tmp_path / "disk", gpt, gpt)

    def pipe() -> tuple[int, int]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("os.pipe", pipe)
    behind = tidy(target, END, QUICK)
    target.close()
    assert (str(behind.error), behind.left) == ("wipefs could not be started: Too many open files.", ())


class Partitioned:
    """A disk without room behind the clone, whose partitions are open for a while."""

    def __init__(self, failures: list[int]) -> None:
        self.failures = failures

    def end(self) -> int:
        return END

    def renew_partitions(self) -> None:
        if self.failures:
            number = self.failures.pop(0)
            raise DiskError(0, say("busy {number}", number=number)) from OSError(number, "")


@pytest.mark.parametrize(
    ("failures", "stale", "tried"),
    [
        ([], None, 0),
        ([errno.EBUSY] * 2, None, 2),
        ([errno.EIO, errno.EBUSY], "busy 5", 1),
    ],
)
def test_a_partition_that_is_open_is_waited_for(failures: list[int], stale: str | None, tried: int) -> None:
    disk: Any = Partitioned(list(failures))
    behind = tidy(disk, END, replace(QUICK, partitions=60.0))
    assert (behind.stale and str(behind.stale)) == stale
    assert len(disk.failures) == len(failures) - tried


def test_a_partition_that_stays_open_is_not_waited_for_without_end() -> None:
    disk: Any = Partitioned([errno.EBUSY] * 10_000)
    begun = time.monotonic()
    assert str(tidy(disk, END, replace(QUICK, partitions=0.3)).stale) == "busy 16"
    assert time.monotonic() - begun > 0.3


def test_what_wipefs_says_is_read() -> None:
    said = {
        "signatures": [
            {"offset": "0x200", "length": 8, "type": "gpt", "usage": "partition-table"},
            {"offset": "0x10", "length": "2", "type": "odd", "usage": None},
        ]
    }
    assert parse(json.dumps(said).encode()) == (Signature("gpt", 512, 8, "partition-table"), Signature("odd", 16, 2))
    assert parse(b"\n") == ()
    assert str(Signature("gpt", 5120, 8).words) == "gpt at byte 5,120"


@pytest.mark.parametrize("text", ["{", "[]", '{"signatures": [{"offset": "x"}]}', '{"signatures": [3]}'])
def test_what_is_no_answer_is_an_error(text: str) -> None:
    with pytest.raises(LauncherError, match="gave an answer that is none"):
        parse(text.encode())


def test_the_tool_only_looks(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(MIB))
    swap(path)
    path.chmod(0o444)
    before = path.read_bytes()
    assert [(one.kind, one.usage) for one in signatures(str(path), 30)] == [("swap", "other")]
    assert path.read_bytes() == before
    assert subprocess.run(["wipefs", "--version"], check=True, capture_output=True).stdout

"""Tools that fail, hang, are not there, or say what nobody understands: sent whole, in the tool's words."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.errors import LauncherError
from launcher.hardware.window import Window
from launcher.used.doubt import Doubt, Tools
from launcher.used.look import LOOKS, survey
from tests.disks import MIB
from tests.launcher.used.making import doubt, free, mkfs, surveyed

PROGRAMS = {
    "ext4": ("dumpe2fs",),
    "ntfs": ("ntfs-3g.probe", "ntfsinfo", "ntfsresize", "ntfscat"),
    "xfs": ("xfs_db", "xfs_logprint"),
    "btrfs": ("btrfs",),
}
SIZES = {"xfs": 32 * MIB, "btrfs": 112 * MIB}
WAYS = {
    "fails": "echo it went wrong >&2; exit 1",
    "says nothing": "exit 0",
    "says something else": "echo a new version; echo 1 2 3",
    "is killed": "kill -9 $$",
    "hangs": "exec sleep 1000",
    "never stops to write": "exec yes 'Free blocks: 1-1000'",
    "has no end of the line": "exec tr '\\\\0' x </dev/zero",
}


ENDLESS = {"hangs", "never stops to write", "has no end of the line"}


def put_first(directory: Path, name: str, script: str, patch: pytest.MonkeyPatch) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)
    patch.setenv("PATH", f"{directory}:/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.mark.parametrize(
    ("kind", "program", "way"),
    [
        (kind, program, way)
        for kind, programs in PROGRAMS.items()
        for program in programs
        for way in WAYS
        if not (program == "ntfs-3g.probe" and "says" in way)  # its answer is how it ends
        if program in {"dumpe2fs", "ntfscat"} or way not in ENDLESS
    ],
)
def test_nothing_is_free_then(
    kind: str, program: str, way: str, tmp_path: Path, image: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(tmp_path / "bin", program, WAYS[way], monkeypatch)
    seconds = 0.5 if way in ENDLESS else 60.0
    path = image(kind)
    asked = Tools(time.monotonic() + seconds, lambda command: None, rights=True)
    used: list[int] = []
    with pytest.raises((Doubt, LauncherError)) as why:
        used.append(LOOKS[kind](Window(str(path), path.stat().st_size), asked, lambda begin, end: None))
    assert not used
    assert way != "fails" or "it went wrong" in str(why.value) or program == "ntfsresize"


@pytest.mark.parametrize(
    ("kind", "program"), [("ntfs", "ntfsinfo"), ("ntfs", "ntfsresize"), ("xfs", "xfs_db"), ("btrfs", "btrfs")]
)
def test_an_answer_without_end_is_not_kept(
    kind: str, program: str, tmp_path: Path, image: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fill the memory long before the deadline."""
    put_first(tmp_path / "bin", program, WAYS["never stops to write"], monkeypatch)
    path = image(kind)
    asked = Tools(time.monotonic() + 60.0, lambda command: None, rights=True)
    with pytest.raises(Doubt, match=f"the answer of {program} is not understood"):
        LOOKS[kind](Window(str(path), path.stat().st_size), asked, lambda begin, end: None)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A clean file system of a kind, made once."""
    directory = tmp_path_factory.mktemp("images")

    def made(kind: str) -> Path:
        path = directory / kind
        return path if path.exists() else mkfs(path, kind, size=SIZES.get(kind, 8 * MIB))

    return made


@pytest.mark.netns
def test_a_program_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = mkfs(tmp_path / "disk", "ext4", size=8 * MIB)
    monkeypatch.setattr("launcher.used.ext.PROGRAM", "no-dumpe2fs")
    assert doubt(surveyed(disk)) == (
        "disk: no-dumpe2fs is missing (the initrd was built without it, or it is not installed), so it is sent whole."
    )


@pytest.mark.netns
def test_behind_the_deadline_all_is_whole(tmp_path: Path) -> None:
    disk = mkfs(tmp_path / "disk", "ext4", size=8 * MIB)
    found = survey(str(disk), 8 * MIB, seconds=0.0)
    assert not free(found)
    assert "has not ended for 0 s" in str(found.parts[0].whole)


@pytest.mark.netns
def test_every_command_is_noted(tmp_path: Path) -> None:
    disk = mkfs(tmp_path / "disk", "ext4", size=8 * MIB)
    notes: list[str] = []
    survey(str(disk), 8 * MIB, note=notes.append)
    assert [note.split()[0].rpartition("/")[2] for note in notes] == ["wipefs", "wipefs", "dumpe2fs"]

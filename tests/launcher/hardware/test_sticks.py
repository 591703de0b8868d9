"""A file on a stick: what is offered, and what real FAT and ext file systems then hold."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.asking import Ran
from launcher.hardware import sticks
from launcher.hardware.sticks import FAT, NotSaved, Volume, save, volumes
from launcher.model.machine import BOOT_MEDIUM, Disk, Machine, Partition

TEXT = b'# udpcfg.txt\numode=rcv\ndisk="serial:A B"\n' + b"nic=\xff\n"
SIZE = 3 << 20
STICK = Disk("/dev/sdb", SIZE, model="Ultra", transport="usb", removable=True)


def shell(*words: str | Path, given: bytes = b"") -> bytes:
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    return subprocess.run(words, input=given, stdout=subprocess.PIPE, check=True, env=environment).stdout


def made(path: Path, filesystem: str) -> Volume:
    """A stick without partitions, as a file."""
    with path.open("wb") as file:
        file.truncate(SIZE)
    if filesystem == FAT:
        shell("mformat", "-i", path, "-v", "STICK", "::")
    else:
        shell(f"mkfs.{filesystem}", "-q", path)
    return Volume(str(path), filesystem, SIZE, STICK)


def read(volume: Volume, name: str) -> bytes:
    if volume.filesystem == FAT:
        return shell("mcopy", "-n", "-i", volume.path, f"::/{name}", "-")
    return shell("debugfs", "-R", f"cat /{name}", volume.path)


def checked(volume: Volume) -> None:
    """The file system is as its own checker wants it."""
    words = ("fsck.fat", "-n") if volume.filesystem == FAT else ("e2fsck", "-fn")
    shell(*words, volume.path)


@pytest.fixture(params=[FAT, "ext2", "ext4"])
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Volume:
    return made(tmp_path / "stick.img", request.param)


def test_a_file_is_there_as_it_was_given(volume: Volume) -> None:
    assert save(volume, "udpcfg.txt", TEXT) == "udpcfg.txt"
    assert read(volume, "udpcfg.txt") == TEXT
    checked(volume)


def test_a_file_that_is_there_is_never_touched(volume: Volume) -> None:
    for expected in ("UDPCFG.TXT", "udpcfg-1.txt", "udpcfg-2.txt"):
        assert save(volume, "UDPCFG.TXT" if expected.isupper() else "udpcfg.txt", expected.encode()) == expected
    assert [read(volume, name) for name in ("UDPCFG.TXT", "udpcfg-1.txt", "udpcfg-2.txt")] == [
        *(b"UDPCFG.TXT", b"udpcfg-1.txt", b"udpcfg-2.txt")
    ]
    checked(volume)


def test_a_full_one_is_said_and_left_as_it_was(volume: Volume) -> None:
    save(volume, "other", b"x" * 1_200_000)
    with pytest.raises(NotSaved, match="is full") as caught:
        save(volume, "udpcfg.txt", b"x" * 2_500_000)
    assert str(caught.value.sentence) == f"{volume.path} is full."
    assert read(volume, "other") == b"x" * 1_200_000
    assert save(volume, "udpcfg.txt", TEXT) == "udpcfg.txt"
    checked(volume)


def test_a_stick_that_was_pulled_out_of_a_running_pc_is_said(volume: Volume) -> None:
    if volume.filesystem != "ext4":
        return
    shell("debugfs", "-w", "-R", "feature needs_recovery", volume.path)
    with pytest.raises(NotSaved, match="was not unmounted cleanly"):
        save(volume, "udpcfg.txt", TEXT)


def test_one_that_is_gone_or_write_protected_is_said(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotSaved, match="nowhere is gone"):
        save(replace(volume, path="/dev/nowhere"), "udpcfg.txt", TEXT)
    opened = os.open

    def refusing(path: str, flags: int, *more: int) -> int:
        if path == volume.path:
            raise OSError(30, "Read-only file system")
        return opened(path, flags, *more)

    monkeypatch.setattr("launcher.hardware.sticks.os.open", refusing)
    with pytest.raises(NotSaved, match="is write-protected"):
        save(volume, "udpcfg.txt", TEXT)


def test_what_is_no_file_system_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(SIZE))
    for filesystem in (FAT, "ext4"):
        with pytest.raises(NotSaved) as caught:
            save(Volume(str(tmp_path / "raw"), filesystem, SIZE, STICK), "udpcfg.txt", TEXT)
        assert str(caught.value.sentence).startswith(f"{tmp_path}/raw") and str(caught.value.sentence).isprintable()


def test_what_comes_back_changed_is_not_saved(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sticks, "answer", lambda argv, seconds: TEXT[:-1])
    with pytest.raises(NotSaved, match="gives back is not what was written"):
        save(volume, "udpcfg.txt", TEXT)


def test_a_program_that_ends_with_an_error_is_quoted(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sticks, "run", lambda argv, seconds, given=b"": Ran(1, "bad \x1b[2J thing\n", argv[0], ""))
    with pytest.raises(NotSaved) as caught:
        save(volume, "udpcfg.txt", TEXT)
    assert str(caught.value.sentence).isprintable()


PART = Partition("/dev/sdb1", SIZE, FAT, "STICK")


@pytest.mark.parametrize(
    ("disk", "paths"),
    [
        (replace(STICK, filesystem=FAT), ["/dev/sdb"]),
        (replace(STICK, partitions=(PART, replace(PART, path="/dev/b2", filesystem="ext4"))), ["/dev/sdb1", "/dev/b2"]),
        (replace(STICK, partitions=(replace(PART, filesystem="exfat"), replace(PART, filesystem=None))), []),
        (STICK, []),
        (replace(STICK, filesystem=FAT, refused=BOOT_MEDIUM), []),
        (replace(STICK, filesystem=FAT, transport="sata", removable=False), []),
        (replace(STICK, filesystem=FAT, transport="mmc", removable=False), ["/dev/sdb"]),
        (replace(STICK, filesystem=FAT, transport="emmc", removable=False), []),
        (replace(STICK, filesystem=FAT, path="/dev/sda"), []),
    ],
)  # fmt: skip
def test_what_is_offered(disk: Disk, paths: list[str]) -> None:
    assert [one.path for one in volumes(Machine((disk,)), but="/dev/sda")] == paths

"""A new image file: it bears its name only when it is whole, and takes nobody else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.datapath.block_device import DiskError
from launcher.datapath.new_image import NewImage
from launcher.errors import ErrorKind, TransferFailed


@pytest.fixture
def name(tmp_path: Path) -> Path:
    return tmp_path / "room.img.zst"


def test_a_name_comes_with_the_whole(name: Path) -> None:
    new = NewImage(str(name))
    Path(new.part).write_bytes(b"whole")
    assert [file.name for file in name.parent.iterdir()] == ["room.img.zst.part"]
    assert Path(new.part).stat().st_mode & 0o777 == 0o600
    new.publish()
    new.close()
    assert [(file.name, file.read_bytes()) for file in name.parent.iterdir()] == [("room.img.zst", b"whole")]


def test_what_is_there_is_not_replaced_unasked(name: Path) -> None:
    name.write_bytes(b"before")
    with pytest.raises(TransferFailed, match=r"is there already.* --force") as failed:
        NewImage(str(name))
    assert failed.value.kind is ErrorKind.DISK_UNWRITABLE
    new = NewImage(str(name), replace=True)
    assert name.read_bytes() == b"before"
    Path(new.part).write_bytes(b"after")
    new.publish()
    new.close()
    assert [(file.name, file.read_bytes()) for file in name.parent.iterdir()] == [("room.img.zst", b"after")]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "fifo"])
def test_what_is_no_file_is_not_replaced_at_all(name: Path, make: Callable[[Path], None]) -> None:
    """And that is said before the cast, not behind it."""
    make(name)
    with pytest.raises(TransferFailed, match=r"img.zst is no file of a store; nothing was written"):
        NewImage(str(name), replace=True)
    assert list(name.parent.iterdir()) == [name]


def test_what_came_meanwhile_is_not_replaced(name: Path) -> None:
    new = NewImage(str(name))
    Path(new.part).write_bytes(b"whole")
    name.symlink_to("nowhere")
    with pytest.raises(DiskError, match="File exists"):
        new.publish()
    new.close()
    assert name.is_symlink()
    assert Path(new.part).read_bytes() == b"whole"


def test_where_there_are_no_links_it_is_renamed(name: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(old: str, new: str) -> None:
        raise PermissionError(1, "Operation not permitted")  # as on FAT

    monkeypatch.setattr(os, "link", link)
    new = NewImage(str(name))
    name.write_bytes(b"other")
    with pytest.raises(DiskError, match="File exists"):
        new.publish()
    name.unlink()
    new.publish()
    new.close()
    assert [file.name for file in name.parent.iterdir()] == [name.name]


def test_what_an_interrupted_one_left_is_told_and_removed(name: Path) -> None:
    new = NewImage(str(name))
    assert new.swept is None
    Path(new.part).write_bytes(b"half")
    new.close()  # as the kernel does, of a process that ended
    again = NewImage(str(name))
    assert "room.img.zst.part (4 B). It was removed." in str(again.swept)
    assert Path(again.part).read_bytes() == b""
    again.discard()
    again.close()
    assert not list(name.parent.iterdir())


def test_two_do_not_write_the_same(name: Path) -> None:
    new = NewImage(str(name))
    Path(new.part).write_bytes(b"half")
    with pytest.raises(TransferFailed, match="is being stored by another process"):
        NewImage(str(name))
    assert Path(new.part).read_bytes() == b"half"
    new.close()


def test_what_is_no_file_of_a_store_stays(name: Path) -> None:
    victim = name.parent / "passwd"
    victim.write_bytes(b"precious")
    part = Path(f"{name}.part")
    for make in (part.symlink_to, part.hardlink_to):
        make(victim)
        with pytest.raises(TransferFailed):
            NewImage(str(name))
        part.unlink()
    os.mkfifo(part)
    with pytest.raises(TransferFailed):
        NewImage(str(name))
    assert victim.read_bytes() == b"precious"


def test_where_no_file_can_be_the_sentence_says_why(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none" / "x.zst", "No such file"), (tmp_path / f"{'x' * 252}.zst", "too long")):
        with pytest.raises(TransferFailed, match=why):
            NewImage(str(path))

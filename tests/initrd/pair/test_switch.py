"""Several files are replaced together: killed at every step, with a full disk, and when a name cannot change."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from initrd.pair import switch as switching
from initrd.pair.switch import Change, SourceError, recover, switch
from tests.killing import points

OLD = {"udpcast-linux": "old kernel", "udpcast-initrd": "old initrd", "cfg/01-aa": "old machine", "theirs": "theirs"}
NEW = {**OLD, "udpcast-linux": "new kernel", "udpcast-initrd": "new initrd", "cfg/default": "new", "theirs": "ours"}
NEW = {name: text for name, text in NEW.items() if name != "cfg/01-aa"} | {"theirs.bak": "theirs"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree with the files of `OLD`."""
    (tmp_path / "tree/cfg").mkdir(parents=True)
    for name, text in OLD.items():
        (tmp_path / "tree" / name).write_text(text)
    (tmp_path / "initrd").write_text("new initrd")
    return tmp_path / "tree"


def changes(folder: Path) -> tuple[Change, ...]:
    """What makes `NEW` of `OLD`."""
    return (
        Change("udpcast-linux", b"new kernel"),
        Change("udpcast-initrd", folder.parent / "initrd"),
        Change("theirs", b"ours", backup="theirs.bak"),
        Change("cfg/default", b"new"),
        Change("cfg/01-aa", None),
    )


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if not path.is_dir()}


def test_all_are_changed_and_nothing_is_left(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        switch(folder, changes(folder))
    finally:
        os.umask(before)
    assert content(folder) == NEW
    assert stat.S_IMODE((folder / "cfg/default").stat().st_mode) == 0o644
    assert recover(folder) == ()


def test_other_names_of_a_file_keep_what_they_have(folder: Path) -> None:
    (folder.parent / "other").hardlink_to(folder / "udpcast-linux")
    switch(folder, changes(folder))
    assert (folder.parent / "other").read_text() == "old kernel"


def renew(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_dir():
            path.unlink()
    for name, text in OLD.items():
        (folder / name).write_text(text)


def interrupt(folder: Path) -> None:
    """Leave a switch between its first two renames."""

    class PowerLossError(Exception):
        pass

    carry_out = switching._carry_out

    def first(folder: Path, step: switching._Step) -> None:
        if step.target != "udpcast-linux":
            raise PowerLossError
        carry_out(folder, step)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(PowerLossError):
        patch.setattr(switching, "_carry_out", first)
        patch.setattr(switching, "_undo", lambda *_: None)
        switch(folder, changes(folder))


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.field)])
def test_killed_at_every_step_the_next_run_finishes_or_undoes_it(folder: Path, every: int) -> None:
    seen = set()
    for number in points(lambda: switch(folder, changes(folder)), lambda: renew(folder), every):
        told = recover(folder)
        after = content(folder)
        assert after in (OLD, NEW), number
        assert recover(folder) == ()
        if told:
            assert ("finished" if after == NEW else "removed") in told[0]
        seen.add((after == NEW, bool(told)))
    assert seen >= {(False, True), (True, True)}


@pytest.mark.field
def test_killed_while_it_finishes_the_next_run_finishes(folder: Path) -> None:
    half = folder.parent / "half"
    interrupt(folder)
    folder.rename(half)

    def interrupted() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(half, folder)

    number = 0
    for number in points(lambda: recover(folder), interrupted):
        recover(folder)
        assert content(folder) == NEW, number
    assert number > len(NEW), "it was killed, and more than once for each file"


@pytest.mark.parametrize("name", ["udpcast-initrd", "cfg/default", "cfg/01-aa", "udpcast-linux"])
def test_a_name_that_cannot_change_undoes_all(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out = switching._carry_out

    def refused(folder: Path, step: switching._Step) -> None:
        if step.target == name:
            raise PermissionError(errno.EPERM, "Operation not permitted", name)
        carry_out(folder, step)

    monkeypatch.setattr(switching, "_carry_out", refused)
    with pytest.raises(PermissionError, match=name):
        switch(folder, changes(folder))
    assert content(folder) == OLD
    assert recover(folder) == ()


def test_where_files_have_one_name_only_the_next_run_finishes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links: what was replaced is gone, so there is no way back, only forward."""

    def unknown(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    carry_out = switching._carry_out

    def refused(folder: Path, step: switching._Step) -> None:
        if step.target == "cfg/default":
            raise PermissionError(errno.EPERM, "Operation not permitted", step.target)
        carry_out(folder, step)

    monkeypatch.setattr("os.link", unknown)
    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        patch.setattr(switching, "_carry_out", refused)
        switch(folder, changes(folder))
    assert (folder / switching.JOURNAL).exists()
    recover(folder)
    assert content(folder) == NEW


@pytest.mark.field
def test_killed_while_it_undoes_the_next_run_undoes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out = switching._carry_out

    def refused(folder: Path, step: switching._Step) -> None:
        if step.target == "cfg/default":
            raise PermissionError(errno.EPERM, "Operation not permitted", step.target)
        carry_out(folder, step)

    def work() -> None:
        with pytest.raises(PermissionError):
            switch(folder, changes(folder))

    monkeypatch.setattr(switching, "_carry_out", refused)
    for number in points(work, lambda: renew(folder)):
        monkeypatch.setattr(switching, "_carry_out", carry_out)
        recover(folder)
        monkeypatch.setattr(switching, "_carry_out", refused)
        assert content(folder) in (OLD, NEW), number


def test_a_full_disk_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(switching, "_copy", full)
    with pytest.raises(OSError, match=f"No space left on device: '{folder}/udpcast-linux'"):
        switch(folder, changes(folder))
    assert content(folder) == OLD


def test_a_source_that_cannot_be_read_or_is_another_one_is_no_error_of_writing(folder: Path) -> None:
    with pytest.raises(SourceError, match=f"cannot read {folder}/none: No such file"):
        switch(folder, [Change("udpcast-linux", b"new"), Change("udpcast-initrd", folder / "none")])
    with pytest.raises(SourceError, match=f"cannot read {folder}: Is a directory"):
        switch(folder, [Change("udpcast-linux", b"new"), Change("udpcast-initrd", folder)])
    with pytest.raises(SourceError, match="initrd was changed while it was read"):
        switch(folder, [Change("udpcast-initrd", folder.parent / "initrd", sha256="00")])
    assert content(folder) == OLD


@pytest.mark.parametrize("name", ["udpcast-linux", "cfg/01-aa", "cfg/default"])
def test_what_somebody_changes_while_files_are_copied_stays(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = switching._sync

    def disturbed(*arguments: Any) -> None:
        (folder / name).write_text("by hand")
        sync(*arguments)

    monkeypatch.setattr(switching, "_sync", disturbed)
    with pytest.raises(SourceError, match=f"{name} was changed by somebody else at the same time"):
        switch(folder, changes(folder))
    assert content(folder) == {**OLD, name: "by hand"}


@pytest.mark.parametrize("name", ["theirs", "cfg/default"])
def test_a_file_that_is_not_what_was_decided_about_stays(folder: Path, name: str) -> None:
    with pytest.raises(SourceError, match=f"{name} was changed by somebody else"):
        switch(folder, [Change("udpcast-linux", b"new"), Change(name, b"ours", before=sha256(b"seen").hexdigest())])
    assert content(folder) == OLD
    switch(folder, [Change("theirs", b"ours", before=sha256(b"theirs").hexdigest())])
    switch(folder, [Change("cfg/default", b"ours", before=None)])


def test_what_somebody_changed_after_the_interruption_stays(folder: Path) -> None:
    interrupt(folder)
    (folder / "udpcast-initrd").write_text("by hand")
    (folder / "cfg/01-aa").write_text("by hand")
    recover(folder)
    assert content(folder) == {**NEW, "udpcast-initrd": "by hand", "cfg/01-aa": "by hand"}


def test_what_somebody_changed_after_an_undoing_was_interrupted_stays(folder: Path) -> None:
    (folder / "kept-1").write_text("old initrd")
    (folder / "kept-2").write_text("old kernel")
    (folder / "udpcast-initrd").write_text("by hand")
    (folder / "udpcast-linux").write_text("new kernel")
    steps = [
        switching._Step(name, None, kept, sha256(b"new kernel").hexdigest(), None, None)
        for name, kept in (("udpcast-initrd", "kept-1"), ("udpcast-linux", "kept-2"))
    ]
    switching._write_journal(folder, switching.UNDOING, steps)
    recover(folder)
    assert content(folder) == {**OLD, "udpcast-initrd": "by hand"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "cfg/../../outside"])
def test_a_journal_that_names_what_is_outside_is_none(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_text("stays")
    step = switching._Step(name, None, f"{name}.old", None, None, None)
    switching._write_journal(folder, switching.SWITCHING, [step])
    recover(folder)
    assert (folder.parent / "outside").read_text() == "stays"
    assert content(folder) == OLD


def test_the_journal_of_a_newer_version_is_left_to_it(folder: Path) -> None:
    text = f'{{"format": {switching.FORMAT + 1}, "state": "switching", "moves": []}}'
    (folder / switching.JOURNAL).write_text(text)
    with pytest.raises(SourceError, match="newer version"):
        recover(folder)
    assert content(folder) == {**OLD, switching.JOURNAL: text}

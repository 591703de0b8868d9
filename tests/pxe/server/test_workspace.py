"""Only what is ours and dead is cleared away; a place that dnsmasq's user cannot enter is named."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pxe.server import workspace
from pxe.server.supervisor import User
from pxe.server.workspace import CONFIG, PREFIX, WorkspaceError, clear_leftovers

NOBODY = User("nobody", 65534, 65534)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(workspace, "OTHER_PLACES", ())
    return tmp_path


def fake(name: str, config: Path) -> subprocess.Popen[bytes]:
    """A process that looks like `name` with this configuration."""
    words = [name, "-c", "import time; print(flush=True); time.sleep(60)", f"--conf-file={config}"]
    process = subprocess.Popen(words, executable=sys.executable, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    made: list[subprocess.Popen[bytes]] = []
    yield made
    for process in made:
        process.kill()
        process.communicate()


def test_a_living_one_is_left_alone(place: Path) -> None:
    with workspace.workspace(None, print) as first:
        assert list(clear_leftovers(place)) == []
        assert first.path.stat().st_mode & 0o777 == 0o755
        with workspace.workspace(None, print) as second:
            assert {path.name for path in place.iterdir()} == {first.path.name, second.path.name}
    assert list(place.iterdir()) == []


def test_what_is_not_ours_is_left_alone(place: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    (place / "other").mkdir()
    (place / f"{PREFIX}file").write_text("")
    (place / f"{PREFIX}link").symlink_to(place / "other")
    left = place / f"{PREFIX}left"
    left.mkdir()
    processes += [fake("dnsmasq", place / CONFIG), fake("python3", left / CONFIG)]
    assert list(clear_leftovers(place)) == [f"{left} was left by an earlier boot server that was killed: removed."]
    assert {path.name for path in place.iterdir()} == {"other", f"{PREFIX}file", f"{PREFIX}link"}
    assert [process.poll() for process in processes] == [None, None]


def test_a_dnsmasq_that_lived_on_is_ended_and_said(place: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    left = place / f"{PREFIX}left"
    left.mkdir()
    (left / CONFIG).write_text("")
    processes.append(fake("/usr/sbin/dnsmasq", left / CONFIG))
    said = list(clear_leftovers(place))
    pid = processes[0].pid
    assert said == [
        f"dnsmasq (process {pid}) was still running for an earlier boot server that was killed: ended.",
        f"{left} was left by an earlier boot server that was killed: removed.",
    ]
    assert processes[0].wait(10) < 0


def test_a_folder_of_somebody_else_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / f"{PREFIX}left").mkdir()
    mine = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: mine + 1)
    assert list(clear_leftovers(place)) == []
    assert len(list(place.iterdir())) == 1


def test_one_that_was_removed_before_it_was_locked_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock
    removed: list[Path] = []

    def slow(handle: int, operation: int) -> None:
        lock(handle, operation)
        if not removed:
            removed.append(next(place.iterdir()))
            removed[0].rmdir()

    monkeypatch.setattr("fcntl.flock", slow)
    with workspace.workspace(None, print) as made:
        assert made.path != removed[0]
        assert made.path.is_dir()


def test_a_closed_place_is_left_for_another_and_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened = place / "closed", place / "open"
    for folder in (closed, opened):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    monkeypatch.setattr(workspace, "OTHER_PLACES", (opened,))
    monkeypatch.setattr(workspace, "_may_enter", lambda folder, user: folder != closed)
    said: list[str] = []
    with workspace.workspace(NOBODY, said.append) as made:
        assert made.path.parent == opened
        assert list(closed.iterdir()) == []
    assert said == [f"The files are in {opened} ({closed}: dnsmasq's user nobody may not enter {closed})."]


def test_no_place_at_all_is_one_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "OTHER_PLACES", (place / "absent",))
    monkeypatch.setattr(workspace, "_may_enter", lambda folder, user: False)
    with pytest.raises(WorkspaceError) as caught, workspace.workspace(NOBODY, print):
        pass
    assert str(caught.value) == (
        f"there is no folder for the files: {place}: dnsmasq's user nobody may not enter /; "
        f"{place}/absent: No such file or directory."
    )
    assert list(place.iterdir()) == []


def test_disks_that_are_full_are_one_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", no_room)
    monkeypatch.setattr(workspace, "OTHER_PLACES", (place / "absent",))
    with pytest.raises(WorkspaceError, match="there is no folder for the files: "), workspace.workspace(None, print):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another user")
def test_the_kernel_is_asked_as_that_user(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 1 == 0:
            assert workspace.closed_folder(tmp_path / "below", NOBODY) in (tmp_path, *tmp_path.parents)
    assert workspace.closed_folder(Path("/"), NOBODY) is None

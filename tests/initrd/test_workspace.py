"""Temporary directories: gone at the end, whatever ends the build; those that a killed build left are found."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from initrd import run, workspace
from initrd.errors import BuildError
from initrd.interruption import SIGNALS, Interrupted, interruptible
from tests.common import ROOT

HOLD = """
import sys
from pathlib import Path
from initrd import run, workspace
from initrd.interruption import SIGNALS, Interrupted, interruptible
with workspace.temporary(Path(sys.argv[1])) as path:
    print(path, flush=True)
    {then}
"""


def holder(parent: Path, then: str = "sys.stdin.read()") -> subprocess.Popen[str]:
    """Another program that has a temporary directory in `parent`, and goes on to `then`."""
    words = [sys.executable, "-B", "-c", HOLD.format(then=then), str(parent)]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_it_is_removed_after_a_success_and_after_an_error(tmp_path: Path) -> None:
    with workspace.temporary(tmp_path) as path:
        (path / "deep/er").mkdir(parents=True)
        (path / "deep/link").symlink_to("er")
        (path / "deep/er").chmod(0)
        (path / "deep").chmod(0o500)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), workspace.temporary(tmp_path):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_is_removed_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    killed = holder(tmp_path)
    assert killed.stdout is not None
    left = Path(killed.stdout.readline().strip())
    (left / "half.deb").touch()
    killed.kill()
    killed.communicate()
    with caplog.at_level(logging.WARNING, "initrd"):
        workspace.sweep([tmp_path, tmp_path, tmp_path / "missing"])
    assert caplog.messages == [f"{left} is removed: a build that was killed left it"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_running_build_holds_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    running = holder(tmp_path)
    assert running.stdout is not None
    held = Path(running.stdout.readline().strip())
    workspace.sweep([tmp_path])
    assert held.is_dir()
    running.communicate()
    assert (caplog.messages, list(tmp_path.iterdir())) == ([], [])


def test_what_a_child_of_a_killed_build_may_still_write_to_stays(tmp_path: Path) -> None:
    """Its grandchild: the death of the build ends its own child only."""
    script = "sleep 600 >/dev/null 2>&1 & echo $! >$0/pid; wait"
    killed = holder(tmp_path, f"run.run(['busybox', 'sh', '-c', {script!r}, path])")
    assert killed.stdout is not None
    held = Path(killed.stdout.readline().strip())
    grandchild = number_in(held / "pid")
    killed.kill()
    killed.communicate()
    workspace.sweep([tmp_path])
    assert held.is_dir()
    os.kill(grandchild, signal.SIGKILL)
    subprocess.run(["flock", "-w", "60", held, "true"], check=True)  # nobody has it once the grandchild is dead
    workspace.sweep([tmp_path])
    assert list(tmp_path.iterdir()) == []


def number_in(path: Path) -> int:
    """The number in a file that somebody is about to write."""
    while not (path.exists() and path.read_text().strip()):
        os.sched_yield()
    return int(path.read_text())


def test_what_only_looks_like_ours_stays(tmp_path: Path) -> None:
    (tmp_path / f"{workspace.PREFIX}abcdefgh").write_text("a file")
    (tmp_path / f"{workspace.PREFIX}abcdefghi").mkdir()
    (tmp_path / f"{workspace.PREFIX}ijklmnop").symlink_to(tmp_path)
    before = sorted(tmp_path.iterdir())
    workspace.sweep([tmp_path])
    assert sorted(tmp_path.iterdir()) == before


def test_where_there_are_no_locks_it_is_said_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_locks(*_arguments: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with workspace.temporary(tmp_path) as path:
        workspace.sweep([tmp_path])
        assert path.is_dir()
    assert caplog.messages == [f"{path} may be what a killed build left; delete it when no build runs"]


def test_the_build_is_where_dracut_can_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, odd, link = tmp_path / "a-é+1%", tmp_path / "a b", tmp_path / "link"
    for path in (plain, odd):
        path.mkdir()
    link.symlink_to(odd)
    shell = {"TMPDIR": str(plain)}
    assert workspace.choose(workspace.places(plain, {})) == plain
    for cache in (odd, link, tmp_path / "missing", None):
        assert workspace.choose(workspace.places(cache, shell)) == plain
    assert workspace.places(None, {}) == [Path("/var/tmp"), Path("/tmp")]
    with pytest.raises(BuildError, match=r"there is no directory to build in \(looked in .*a b\)"):
        workspace.choose([odd])
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(BuildError, match="no directory to build in"):
        workspace.choose([plain])


@pytest.mark.parametrize("name", [*(f"a{char}b" for char in " '\"$\\*[;&`(\n"), "\udce9"])
def test_what_a_shell_reads_is_not_plain(name: str) -> None:
    assert not workspace.is_plain(Path("/x") / name)


def test_the_projects_own_path_must_be_utf8() -> None:
    workspace.check_names(Path("/a b'é\""), kernel=Path("/k\udce9"), cache=None)
    with pytest.raises(BuildError, match="the project"):
        workspace.check_names(Path("/\udce9"))


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_what_ends_the_waiting_ends_the_child_and_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that do not heed SIGTERM, and hold a lock as long as they live."""
    monkeypatch.setattr(run, "GRACE", 0.1)
    script = "trap '' TERM; exec 9>$0; flock -x 9; (kill -TERM $PPID; while :; do sleep 600; done) & wait"
    with pytest.raises(Interrupted), interruptible():
        run.run(["busybox", "sh", "-c", script, tmp_path / "held"])
    assert not run.RUNNING
    subprocess.run(["flock", "-w", "60", tmp_path / "held", "true"], check=True)

"""Tools see a part of the disk, cannot change it, and nothing of it stays."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher.confinement import NOBODY
from launcher.hardware import window
from launcher.hardware.window import NoWindow
from launcher.used.doubt import Tools
from launcher.used.look import survey
from launcher.used.source import Source
from tests.common import ROOT
from tests.disks import MIB
from tests.launcher.used.making import free, mkfs

SIZE = 4 * MIB
LONG = 60.0


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(b"".join(bytes([number]) * MIB for number in range(4)))
    return path


def nothing() -> None:
    """No driver needs to be brought."""


def asked(*argv: str) -> bytes:
    pieces: list[bytes] = []
    ended = Tools(time.monotonic() + LONG, lambda command: None).stream(pieces.append, *argv)
    assert ended.status == 0, ended
    return b"".join(pieces)


@pytest.mark.netns
def test_a_tool_without_rights_sees_this_part_alone(disk: Path) -> None:
    with Source(str(disk)).window(MIB, MIB, nothing) as seen:
        assert asked("cat", seen.path) == b"\1" * MIB
        assert Path(seen.path).stat().st_uid == NOBODY
        assert asked("id", "--user") == f"{NOBODY}\n".encode()
    assert Path(seen.path).stat().st_uid == 0


@pytest.mark.netns
def test_nobody_can_write_to_it(disk: Path) -> None:
    with Source(str(disk)).window(MIB, MIB, nothing) as seen:
        subprocess.run(["blockdev", "--setrw", seen.path], check=False, capture_output=True)
        with pytest.raises(OSError) as failed, Path(seen.path).open("r+b") as file:
            file.write(b"changed")
        assert failed.value.errno in {errno.EACCES, errno.EPERM, errno.EROFS}
    assert disk.read_bytes()[MIB : 2 * MIB] == b"\1" * MIB


@pytest.mark.netns
def test_it_goes_with_a_process_that_is_killed(disk: Path) -> None:
    script = f"""
import time
from launcher.used.source import Source
with Source({str(disk)!r}).window(0, {MIB}, lambda: None) as seen:
    print(seen.path, flush=True)
    time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        name = Path(child.stdout.readline().strip()).name
        child.send_signal(signal.SIGKILL)
    backing = Path(f"/sys/block/{name}/loop/backing_file")
    deadline = time.monotonic() + LONG
    while backing.exists() and str(disk) in backing.read_text():
        assert time.monotonic() < deadline, "it stays"
    window.put_right()
    assert (Path("/dev") / name).stat().st_uid == 0


def test_without_loop_devices_all_is_sent_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = mkfs(tmp_path / "disk", "ext4", size=8 * MIB)
    monkeypatch.setattr(window, "CONTROL", str(tmp_path / "none"))
    monkeypatch.setattr("launcher.used.look.DRIVER", ("false",))
    found = survey(str(disk), 8 * MIB)
    (part,) = found.parts
    assert not free(found)
    assert (part.kind, str(part.whole)) == (
        "ext4",
        "disk: no loop device could be had to look at it (No such file or directory), so it is sent whole: "
        "run this as root.",
    )


def test_the_driver_is_brought_where_it_is_missing(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "CONTROL", str(disk.with_name("none")))
    brought: list[bool] = []
    with pytest.raises(NoWindow), Source(str(disk)).window(0, MIB, lambda: brought.append(True)):
        pass
    assert brought == [True]

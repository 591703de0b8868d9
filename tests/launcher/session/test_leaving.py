"""What a process that cannot end looks like, and what is done about it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.exits import Exit
from launcher.model.times import TIMES
from launcher.session import leaving

WAITS = """
import os, sys
print(flush=True)
# The child opens a pipe that nobody writes into, and until it has, the kernel lets this process wait for it (vfork).
os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)])
"""


def test_a_thread_that_nothing_can_end_is_found(tmp_path: Path) -> None:
    times = replace(TIMES, stuck=0.2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen([sys.executable, "-c", WAITS, str(fifo)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        found, end = False, time.monotonic() + 10
        while not found and time.monotonic() < end:
            found = leaving.stuck(Path(f"/proc/{process.pid}"), times)
        os.close(os.open(fifo, os.O_WRONLY))  # and now it goes on
    assert found


def test_a_process_that_sleeps_or_has_ended_is_not_stuck() -> None:
    assert not leaving.stuck()
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not leaving.stuck(Path(f"/proc/{process.pid}"))
        process.kill()


@pytest.mark.parametrize(
    ("status", "key"), [(Exit.REBOOT, "b"), (Exit.POWEROFF, "o"), (Exit.SHELL, None), (Exit.AGAIN, None), (1, None)]
)
def test_only_a_restart_and_a_power_off_are_forced(
    status: int, key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sda/device").mkdir(parents=True)
    monkeypatch.setattr(leaving, "TRIGGER", tmp_path / "trigger")
    monkeypatch.setattr(leaving, "STATES", (tmp_path, "sd*/device/state"))
    (tmp_path / "sda/device/state").write_text("running\n")
    leaving.force(status)
    assert (tmp_path / "sda/device/state").read_text() == ("offline\n" if key == "o" else "running\n")
    assert ((tmp_path / "trigger").read_text() if key else None) == key
    assert (tmp_path / "trigger").exists() == bool(key)

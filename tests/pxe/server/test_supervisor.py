"""Whatever is killed, what was kept dies and is cleared away. With real processes; no root is needed."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pxe.server.supervisor import Command, Supervisor
from tests.common import ROOT

SERVER = """
import os, sys, tempfile
from pathlib import Path
from pxe.server import workspace
from pxe.server.supervisor import Command, Supervisor
workspace.OTHER_PLACES = ()
with workspace.workspace(None, print) as place:
    place.config.write_text("")
    code = "import time; print('on', flush=True); time.sleep(60)"
    words = (sys.executable, "-c", code, f"--conf-file={place.config}")
    kept = Supervisor(Command(words), place.clear, (place.lock,))
    os.read(kept.log, 1)
    print(kept.pid, kept._keeper, place.path, flush=True)
    sys.stdin.read()
    kept.close()
"""


def server(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVER],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(directory)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(kept: Supervisor) -> str:
    """The next line that the command says, without its end."""
    said = b""
    while not said.endswith(b"\n"):
        said += os.read(kept.log, 1) or b"\n"
    return said.decode().rstrip("\n")


def ended(pid: int, seconds: float = 10) -> bool:
    """True when the process ends in that time, or has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def running(directory: Path) -> tuple[subprocess.Popen[str], int, int, Path]:
    process = server(directory)
    assert process.stdout
    command, keeper, path = process.stdout.readline().split()
    return process, int(command), int(keeper), Path(path)


def test_a_boot_server_that_ends_takes_all_with_it(tmp_path: Path) -> None:
    process, command, keeper, _ = running(tmp_path)
    process.communicate("")
    assert process.returncode == 0
    assert ended(command) and ended(keeper)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_boot_server_takes_all_with_it(tmp_path: Path) -> None:
    process, command, keeper, _ = running(tmp_path)
    process.kill()
    process.communicate()
    assert ended(command) and ended(keeper)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_keeper_takes_the_command_with_it(tmp_path: Path) -> None:
    process, command, keeper, _ = running(tmp_path)
    os.kill(keeper, signal.SIGKILL)
    assert ended(command)
    process.communicate("")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_when_both_are_killed_the_next_run_removes_the_files(tmp_path: Path) -> None:
    process, command, keeper, path = running(tmp_path)
    for pid in (process.pid, keeper):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert ended(command) and ended(keeper)
    assert path.is_dir()
    said, _ = server(tmp_path).communicate("")
    assert said.splitlines()[0] == f"{path} was left by an earlier boot server that was killed: removed."
    assert list(tmp_path.iterdir()) == []


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Nothing runs any more, and what is left goes with the next run."""
    chance = random.Random(15)
    whole = 0
    for _ in range(12):
        process = server(tmp_path)
        try:
            process.wait(chance.uniform(0.03, 0.35))
        except subprocess.TimeoutExpired:
            process.kill()
        said, _ = process.communicate()
        pids = [int(word) for line in said.splitlines() for word in line.split()[:2] if word.isdecimal()]
        whole += bool(pids)
        assert all(map(ended, pids))
    last, command, keeper, path = running(tmp_path)
    assert set(tmp_path.iterdir()) == {path}
    assert [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in _read(entry)] == [
        Path(f"/proc/{command}/cmdline")
    ]
    last.communicate("")
    assert ended(command) and ended(keeper)
    assert list(tmp_path.iterdir()) == []


def _read(cmdline: Path) -> str:
    try:
        return cmdline.read_text(errors="replace")
    except OSError:
        return ""


def test_the_status_tells_how_the_command_ended(tmp_path: Path) -> None:
    for code, status in (("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 9)", 137)):
        kept = Supervisor(Command((sys.executable, "-c", code)), lambda: None)
        while os.read(kept.log, 99):
            pass
        assert kept.close() == status


def test_a_program_that_is_not_there_is_said() -> None:
    kept = Supervisor(Command(("/nowhere/dnsmasq",)), lambda: None)
    assert line(kept) == "/nowhere/dnsmasq: No such file or directory"
    assert os.read(kept.log, 99) == b""
    assert kept.close() == 127


SAYS_SIGNALS = (
    "import signal; signal.signal(signal.SIGHUP, lambda *_: print('read again', flush=True));"
    "print('on', flush=True)\nwhile True: signal.pause()"
)


def test_a_signal_reaches_the_command() -> None:
    kept = Supervisor(Command((sys.executable, "-c", SAYS_SIGNALS)), lambda: None)
    assert line(kept) == "on"
    kept.signal(signal.SIGHUP)
    assert line(kept) == "read again"
    kept.close()
    kept.signal(signal.SIGHUP)


def test_the_command_has_none_of_our_descriptors_and_plain_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    code = "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1], os.environ['LC_ALL'], flush=True)"
    read, write = os.pipe()
    os.set_inheritable(write, True)
    kept = Supervisor(Command((sys.executable, "-c", code)), lambda: None)
    assert line(kept) == "[0, 1, 2] C"
    kept.close()
    os.close(read)
    os.close(write)


def test_descriptors_are_allowed_as_far_as_possible() -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], flush=True)"
    kept = Supervisor(Command((sys.executable, "-c", code), descriptors=300), lambda: None)
    assert line(kept) == "300"
    kept.close()

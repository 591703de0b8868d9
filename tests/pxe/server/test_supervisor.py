"""Whatever is killed, what was kept dies and is cleared away. With real processes; no root is needed."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pxe.server.supervisor import Command, Supervisor, other_user
from pxe.server.workspace import PREFIX
from tests.common import ROOT

SERVER = """
import os, sys, tempfile
from pathlib import Path
from pxe.server import workspace
from pxe.server.supervisor import Command, Supervisor, other_user
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


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def running(directory: Path) -> tuple[subprocess.Popen[str], int, int, Path]:
    """One that runs; what it says of earlier ones is left out."""
    process = server(directory)
    assert process.stdout
    words: list[str] = []
    while not (words and words[0].isdecimal()):
        said = process.stdout.readline()
        assert said
        words = said.split()
    return process, int(words[0]), int(words[1]), Path(words[2])


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
    for _ in range(12):
        process = server(tmp_path)
        try:
            process.wait(chance.uniform(0.03, 0.35))
        except subprocess.TimeoutExpired:
            process.kill()
        said, _ = process.communicate()
        pids = [int(word) for line in said.splitlines() for word in line.split()[:2] if word.isdecimal()]
        assert all(map(ended, pids))
    last, command, keeper, path = running(tmp_path)
    # A keeper whose boot server was killed a moment ago may still clear away; a new one leaves that to it.
    until(lambda: _folders(tmp_path) == {path})
    until(lambda: _named(tmp_path) == [Path(f"/proc/{command}/cmdline")])
    last.communicate("")
    assert ended(command) and ended(keeper)
    assert not _folders(tmp_path)


def _folders(directory: Path) -> set[Path]:
    """The boot servers' own. Python, killed while it tries whether it can write there (tempfile), leaves a file."""
    return set(directory.glob(f"{PREFIX}*"))


def _named(directory: Path) -> list[Path]:
    """Whose words name something in the directory."""
    return [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(directory) in _read(entry)]


def _read(cmdline: Path) -> str:
    try:
        return cmdline.read_text(errors="replace")
    except OSError:
        return ""


KILLED = """
import os, signal, time
server, pidfd_open = os.getpid(), os.pidfd_open
def killed(pid):
    if os.getpid() == server:
        os.kill(server, signal.SIGKILL)
    while os.getppid() == server:
        time.sleep(0.01)
    return pidfd_open(pid)
os.pidfd_open = killed
"""
"""The boot server is killed before its keeper can tell it of the command."""


def test_a_keeper_whom_nobody_hears_clears_away(tmp_path: Path) -> None:
    words, env = [sys.executable, "-c", KILLED + SERVER], {**os.environ, "TMPDIR": str(tmp_path)}
    assert subprocess.run(words, cwd=ROOT, env=env, check=False).returncode == -signal.SIGKILL
    until(lambda: list(tmp_path.iterdir()) == [])


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


TELLS = (
    "import time; kept = ('Uid:', 'CapEff:', 'NoNewPrivs:');"
    "print(*(x.split()[1] for x in open('/proc/self/status') if x.startswith(kept)), flush=True); time.sleep(60)"
)


@pytest.mark.skipif(other_user() is None, reason="only the machine's root can become somebody else")
def test_what_is_started_by_root_is_not_root_and_dies_with_its_keeper(tmp_path: Path) -> None:
    """With the capabilities net_bind_service, net_admin and net_raw only; the keeper has no time to end it."""
    user = other_user()
    assert user
    kept = Supervisor(Command(("/usr/bin/python3", "-c", TELLS), user), lambda: None)
    uid, capabilities, no_new_rights = line(kept).split()
    assert (int(uid), int(capabilities, 16), no_new_rights) == (user.uid, 1 << 10 | 1 << 12 | 1 << 13, "1")
    os.kill(kept._keeper, signal.SIGKILL)
    assert ended(kept.pid)
    kept.close()

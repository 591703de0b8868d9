"""Nothing leaks out of a run, however it ends: processes, network devices, files."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qemu.host import sandbox
from qemu.host.event_loop import Deadline
from qemu.host.network import make_bridge
from tests.common import ROOT

pytestmark = pytest.mark.netns

PROGRAM = """
import os, subprocess, sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from qemu.host import sandbox

def run(directory: Path) -> int:
    (directory / "file").write_text("x")
    child = subprocess.Popen(["setsid", "sleep", "600"])
    (directory / "sub").mkdir()
    print(directory, flush=True)
    {body}
    return 7

sys.exit(sandbox.run(run, Path({scratch!r})))
"""


class Run:
    """A run in a process of its own, so that it can be killed. `lifeline` ends when its last process has ended."""

    def __init__(self, scratch: Path, body: str) -> None:
        self.lifeline, theirs = socket.socketpair()
        text = PROGRAM.format(root=str(ROOT), body=body, scratch=str(scratch))
        # As standard input the socket is inherited by everything in there, `sleep 600` included.
        self.process = subprocess.Popen(
            [sys.executable, "-c", text],
            stdin=theirs.fileno(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        theirs.close()
        assert self.process.stdout is not None
        self.directory = Path(self.process.stdout.readline().strip())

    def everything_ended(self) -> bool:
        ready, _, _ = select.select([self.lifeline], [], [], 30)
        return bool(ready) and self.lifeline.recv(1) == b""


def test_a_run_gives_its_status_and_leaves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, "pass")
    assert run.process.wait(30) == 7
    assert run.everything_ended()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, sandbox.STOPPED),
        (signal.SIGTERM, sandbox.STOPPED),
        (signal.SIGHUP, sandbox.STOPPED),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, number: int, status: int) -> None:
    run = Run(tmp_path, "time.sleep(600)")
    assert run.directory.parent == tmp_path
    run.process.send_signal(number)
    assert run.process.wait(30) == status
    assert run.everything_ended()
    # After SIGKILL nobody waits for the guard, which removes the directory.
    deadline = Deadline(10)
    while run.directory.exists() and not deadline.passed:
        select.select([], [], [], 0.02)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_on_a_terminal_reaches_all_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, "time.sleep(600)")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.process.wait(30) == sandbox.STOPPED
    assert run.everything_ended()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", ["raise ValueError('a bug')", "os._exit(5)", "sys.exit(5)"])
def test_a_run_that_breaks_leaves_nothing(tmp_path: Path, body: str) -> None:
    run = Run(tmp_path, body)
    assert run.process.wait(30) in {3, 5}
    assert run.everything_ended()
    assert list(tmp_path.iterdir()) == []


def call(function: Callable[[Path], object]) -> object:
    return sandbox.call(function, (LookupError,))


def test_values_come_back() -> None:
    assert call(lambda directory: {"a": (1, Path("x"))}) == {"a": (1, Path("x"))}


def test_expected_failures_come_back_as_one_sentence() -> None:
    def fail(directory: Path) -> None:
        raise LookupError("no such thing.")

    with pytest.raises(sandbox.RunFailed, match="no such thing") as caught:
        call(fail)
    assert caught.value.kind == "LookupError"


def test_failed_assertions_stay_failed_assertions() -> None:
    def fail(directory: Path) -> None:
        assert False, "it is false"  # noqa: B011

    with pytest.raises(AssertionError, match="it is false"):
        call(fail)


def test_a_bug_is_no_result(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(directory: Path) -> None:
        raise ValueError("a bug")

    with pytest.raises(sandbox.RunFailed, match="harness itself failed"):
        call(fail)
    assert "ValueError: a bug" in capfd.readouterr().err


def test_failures_of_a_sandbox_in_a_sandbox_come_through() -> None:
    def fail(directory: Path) -> object:
        raise LookupError("deep down.")

    with pytest.raises(sandbox.RunFailed, match="deep down") as caught:
        sandbox.call(lambda directory: call(fail), (sandbox.RunFailed,))
    assert caught.value.kind == "LookupError"


def test_temporary_files_of_an_inner_sandbox_are_in_the_outer_one() -> None:
    outer, inner = sandbox.call(lambda outer: (outer, call(lambda inner: inner)), ())
    assert isinstance(inner, Path)
    assert inner.is_relative_to(outer)


def test_a_run_sees_only_itself() -> None:
    def look(directory: Path) -> tuple[int, int, list[str]]:
        names = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
        return (
            os.getpid(),
            len([p for p in Path("/proc").iterdir() if p.name.isdecimal()]),
            names.splitlines(),
        )

    pid, processes, links = sandbox.call(look, ())
    assert pid == 1
    assert processes == 1
    assert [line.split(":")[1].strip() for line in links] == ["lo"]


def test_a_bridge_with_taps_lives_and_dies_in_there() -> None:
    before = sorted(os.listdir("/sys/class/net"))  # noqa: PTH208  # of the namespace this process is in

    def make(directory: Path) -> str:
        make_bridge(3)
        return subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout

    links = sandbox.call(make, ())
    assert [f"tap{n}:" in links for n in range(4)] == [True, True, True, False]
    assert sorted(os.listdir("/sys/class/net")) == before  # noqa: PTH208

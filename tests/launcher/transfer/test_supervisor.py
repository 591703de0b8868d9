"""The processes of a transfer: heard, ended, reaped."""

from __future__ import annotations

import os
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.copying import wide_pipe
from launcher.model.times import TIMES
from launcher.process import FIRST_TO_GO, Process, spawn
from launcher.transfer.supervisor import Ended, Said, Supervisor
from launcher.udpcast.messages import explains

Watched = tuple[list[Process], list[str], list[str]]


def attend(supervisor: Supervisor) -> list[Said | Ended]:
    """All that happens until every process has ended."""
    events: list[Said | Ended] = []
    while supervisor.running:
        events += supervisor.wait(0.1)
    supervisor.close()
    return events


def attended(*processes: tuple[str, ...], stop: int | None = None) -> Watched:
    """Run commands to their end; returns them, what was said, and the notes."""
    notes: list[str] = []
    supervisor = Supervisor()
    null = os.open(os.devnull, os.O_WRONLY)
    members = [spawn(argv, None, null, notes.append) for argv in processes]
    os.close(null)
    for member in members:
        supervisor.add(member)
    if stop is not None:
        supervisor.stop(stop)
    events = attend(supervisor)
    said = [f"{event.process.name}: {event.line}" for event in events if isinstance(event, Said)]
    assert [event.process for event in events if isinstance(event, Ended)] != []
    return members, said, notes


def test_processes_are_heard_and_reaped() -> None:
    members, said, notes = attended(("sh", "-c", "printf 'a\\rb\\n\\nlast' >&2; exit 3"), ("true",))
    assert [member.status for member in members] == [3, 0]
    assert said == ["sh: a", "sh: b", "sh: last"]
    assert shlex.split(notes[0]) == list(members[0].argv)
    for member in members:
        with pytest.raises(ChildProcessError):
            os.waitpid(member.pid, os.WNOHANG)
        member.signal(signal.SIGKILL)


def test_progress_is_nobodys_last_words() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    supervisor = Supervisor()
    process = spawn(("sh", "-c", "printf 'Bad news\\nbytes= 1\\rbytes= 2\\r' >&2; exit 1"), None, null, lambda _: None)
    os.close(null)
    supervisor.add(process)
    heard = [event.line for event in attend(supervisor) if isinstance(event, Said)]
    assert heard == ["Bad news", "bytes= 1", "bytes= 2"]
    stage = supervisor.stage(process)
    assert stage and stage.said == "Bad news"


def test_what_only_reports_explains_no_end() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    supervisor = Supervisor()
    script = "printf 'Udp-receiver 20120424\\nConnected as #0 to 10.0.0.1\\nTransfer complete.\\n' >&2; kill -SEGV $$"
    process = spawn(("sh", "-c", script), None, null, lambda _: None)
    os.close(null)
    supervisor.add(process)
    assert len(attend(supervisor)) == 4
    stage = supervisor.stage(process)
    assert stage and stage.died and str(stage.failure) == "sh was killed by SIGSEGV"


@pytest.mark.parametrize("asked", ["Ready. Press any key to start sending data.", "Press any key to start receiving!"])
def test_what_asks_for_a_key_explains_no_end(asked: str) -> None:
    assert not explains(asked)


def test_whose_signal_ended_a_process_is_known() -> None:
    members, _, _ = attended(("sleep", "100"), stop=signal.SIGTERM)
    assert members[0].sent == {signal.SIGTERM}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may protect a process from the kernel, or give it up")
def test_where_memory_runs_out_the_kernel_takes_a_child_first() -> None:
    _, said, _ = attended(("sh", "-c", "sleep 0.2; cat /proc/self/oom_score_adj >&2"))
    assert said == [f"sh: {FIRST_TO_GO}"]
    assert int(Path("/proc/self/oom_score_adj").read_text()) < FIRST_TO_GO


def test_a_stopped_process_and_its_children_end() -> None:
    members, _, _ = attended(("sh", "-c", "sleep 100 & wait"), stop=signal.SIGTERM)
    assert members[0].status == -signal.SIGTERM


def test_a_process_that_does_not_go_is_killed() -> None:
    supervisor = Supervisor(replace(TIMES, grace=0.3))
    null = os.open(os.devnull, os.O_WRONLY)
    stubborn = spawn(
        ("sh", "-c", "trap '' TERM; echo ready >&2; while :; do sleep 1; done"), None, null, lambda _: None
    )
    os.close(null)
    supervisor.add(stubborn)
    ready: list[str] = []
    while supervisor.running:
        for event in supervisor.wait(0.1):
            if isinstance(event, Said):
                ready.append(event.line)
                supervisor.stop(signal.SIGTERM)
    supervisor.close()
    assert stubborn.status == -signal.SIGKILL
    assert ready == ["ready"]


def test_who_ends_by_itself_is_not_killed_at_once() -> None:
    supervisor = Supervisor(replace(TIMES, grace=0.0))
    null = os.open(os.devnull, os.O_WRONLY)
    process = spawn(("sleep", "0.3"), None, null, lambda _: None)
    os.close(null)
    supervisor.add(process)
    supervisor.let_end()
    assert attend(supervisor)[-1] == Ended(process)
    assert process.status == 0


def test_a_process_inherits_no_descriptor_of_ours() -> None:
    ours = [*wide_pipe(), os.open(os.devnull, os.O_RDONLY)]
    _, said, _ = attended(("sh", "-c", "ls /proc/$$/fd >&2"))
    for fd in ours:
        os.close(fd)
    assert {"0", "1", "2"} <= {line.split()[-1] for line in said}
    assert not {str(fd) for fd in ours} & {line.split()[-1] for line in said}

"""The event log: nobody waits for a sink, no line is torn, and what is missing is counted.

The times here are limits after which a test has failed; none of them is what is tested.
"""

from __future__ import annotations

import errno
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher import events, paths
from launcher.events import Descriptor, EventLog, Sink, named, opened, standard_output
from launcher.exits import Exit
from launcher.session import boot, leaving
from tests.common import ROOT

LIMIT = 30.0  # seconds after which something that should come will not
PLENTY = 1 << 20


@pytest.fixture
def port() -> Iterator[tuple[Path, int]]:
    """A serial port's path, and what is at its other end."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield Path(os.ttyname(theirs)), ours
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Our end to read, and a sink's to write, which it closes."""
    ours, theirs = os.pipe()
    yield ours, theirs
    os.close(ours)


def in_time(work: Callable[[], object]) -> None:
    """Do `work`, which may not wait."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive(), "it waits"


def read_until(fd: int, last: str) -> list[dict[str, Any]]:
    """All events from `fd` up to the first one called `last`; each line must be one."""
    heard, end = b"", time.monotonic() + LIMIT
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            heard += os.read(fd, 65536)
        if heard.endswith(b"\n") and f'"event": "{last}"'.encode() in heard:
            return [json.loads(line) for line in heard.splitlines()]
    raise AssertionError(f"no {last} in {heard[-500:]!r}")


def numbers(seen: list[dict[str, Any]], count: int) -> int:
    """Hold that `seen` has the events 0 to `count` in order, or says where how many are missing; how many are."""
    expected = missing = 0
    for event in seen:
        if event["event"] == "lost":
            expected += event["count"]
            missing += event["count"]
        elif event["event"] == "progress":
            assert event["bytes"] == expected
            expected += 1
    assert expected == count
    return missing


def test_a_stalled_port_holds_nobody_up_tears_no_line_and_is_told_what_it_missed(port: tuple[Path, int]) -> None:
    path, other_end = port
    log, count = EventLog(), 2000
    log.add(opened(path, room=4096))

    def work() -> None:
        for number in range(1, count):
            log.emit("progress", bytes=number, total=None)
        log.emit("outcome", ok=True)

    log.emit("progress", bytes=0, total=None)
    assert select.select([other_end], [], [], LIMIT)[0]
    in_time(work)
    seen = read_until(other_end, "outcome")
    assert 0 < numbers(seen, count) < count
    assert seen[0]["bytes"] == 0
    assert seen[-1] == {"event": "outcome", "t": seen[-1]["t"], "ok": True}
    assert [event["t"] for event in seen] == sorted(event["t"] for event in seen)
    log.emit("after", action="reboot")
    assert [event["event"] for event in read_until(other_end, "after")] == ["after"]
    log.close()


def test_a_line_that_a_stall_cut_is_ended_before_another_one_begins(port: tuple[Path, int]) -> None:
    path, other_end = port
    log, text = EventLog(), "x" * (256 << 10)  # more than any port takes at once
    log.add(opened(path))
    in_time(lambda: log.emit("note", text=text))
    assert select.select([other_end], [], [], LIMIT)[0]
    in_time(lambda: log.emit("outcome", ok=True))
    seen = read_until(other_end, "outcome")
    assert [event["event"] for event in seen] == ["note", "outcome"]
    assert seen[0]["text"] == text
    log.close()


def test_a_stalled_port_holds_no_other_sink_up(port: tuple[Path, int], tmp_path: Path) -> None:
    log, count = EventLog(tmp_path / "events"), 2000
    log.add(opened(port[0], room=4096, patience=0.1))
    for number in range(count):
        log.emit("progress", bytes=number)
    in_time(log.close)
    seen = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert numbers(seen, count) == 0


def test_events_of_several_threads_never_mix_and_keep_their_order(pipe: tuple[int, int]) -> None:
    log, count = EventLog(), 300
    log.add(Sink(Descriptor(pipe[1]), PLENTY, LIMIT))

    def work(who: int) -> None:
        for number in range(count):
            log.emit("note", text=f"{who} é" * 20, who=who, number=number)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.emit("after")
    seen = read_until(pipe[0], "after")
    log.close()
    for who in range(4):
        assert [event["number"] for event in seen if event.get("who") == who] == list(range(count))


def test_the_end_waits_for_a_sink_that_works_and_for_no_other(pipe: tuple[int, int], tmp_path: Path) -> None:
    slow, never = EventLog(), EventLog()
    stalled, its_end = os.pipe()
    slow.add(Sink(Descriptor(pipe[1]), PLENTY, LIMIT))
    never.add(Sink(Descriptor(its_end), PLENTY, 0.1))
    for log in (slow, never):
        log.emit("note", text="x" * (256 << 10))  # more than a pipe holds
        log.emit("outcome", ok=True)
        log.emit("after", action="reboot")
    closing = threading.Thread(target=slow.close)
    closing.start()
    in_time(never.close)
    assert closing.is_alive()
    assert [event["event"] for event in read_until(pipe[0], "after")] == ["note", "outcome", "after"]
    closing.join(LIMIT)
    assert not closing.is_alive()
    slow.emit("note", text="too late")  # no error
    assert os.read(pipe[0], 1) == b""  # it was closed
    os.close(stalled)


def test_who_closes_twice_waits_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher does, at the end of every run."""
    waited: list[float] = []
    monkeypatch.setattr(Sink, "wait", lambda self, seconds: waited.append(seconds))
    stalled, its_end = os.pipe()
    log = EventLog()
    log.add(Sink(Descriptor(its_end), PLENTY, LIMIT))
    log.emit("note", text="x" * (256 << 10))  # more than a pipe holds
    log.close()
    log.emit("note", text="too late")  # no error
    log.close()
    assert len(waited) == 1
    os.close(stalled)


def test_what_an_error_cut_is_ended_before_the_next_line_and_counted(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failing = os.write, threading.Event()
    failing.set()
    failed = threading.Event()

    def write(fd: int, data: bytes) -> int:
        if fd == pipe[1] and failing.is_set():
            if data.startswith(b"{"):
                return real(fd, data[:7])
            failed.set()
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    log = EventLog()
    log.add(Sink(Descriptor(pipe[1]), PLENTY, LIMIT))
    log.emit("note", text="it is cut")
    assert failed.wait(LIMIT)
    failing.clear()
    log.emit("outcome", ok=True)
    log.close()
    cut, *lines = os.read(pipe[0], 65536).splitlines()
    assert cut == b'{"event'
    assert [(event["event"], event.get("count")) for event in map(json.loads, lines)] == [
        ("lost", 1),
        ("outcome", None),
    ]


def test_a_reader_that_has_gone_is_no_error(pipe: tuple[int, int]) -> None:
    log = EventLog()
    gone, its_end = os.pipe()
    os.close(gone)
    log.add(Sink(Descriptor(its_end), PLENTY, LIMIT))
    log.add(Sink(Descriptor(pipe[1]), PLENTY, LIMIT))
    for _ in range(3):
        log.emit("note")
    in_time(log.close)
    assert len(os.read(pipe[0], 65536).splitlines()) == 3


def test_a_pipe_that_another_program_made_non_blocking_gets_everything(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    log = EventLog()
    log.add(Sink(Descriptor(pipe[1]), PLENTY, LIMIT))
    log.emit("note", text="x" * (256 << 10))
    log.emit("after")
    assert [event["event"] for event in read_until(pipe[0], "after")] == ["note", "after"]
    log.close()


SLOWLY_READ = """
import sys
from launcher.events import EventLog, standard_output
log = EventLog()
log.add(standard_output())
for number in range(5000):
    log.emit("progress", bytes=number, total="x" * 50)
print("all is told", file=sys.stderr, flush=True)
log.close()
"""


def test_a_program_that_reads_late_gets_every_event_of_standard_output() -> None:
    command = [sys.executable, "-c", SLOWLY_READ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as told:
        assert told.stdout and told.stderr
        assert told.stderr.readline() == b"all is told\n"  # many times what the pipe holds
        seen = [json.loads(line) for line in told.stdout]
    assert numbers(seen, 5000) == 0
    assert told.returncode == 0


SIGNALLED = """
import os, signal, sys
from pathlib import Path
from launcher.events import EventLog
signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
log = EventLog(Path(os.devnull))
assert signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]) == set()
os.kill(os.getpid(), signal.SIGTERM)
print(signal.sigpending() == {signal.SIGTERM}, flush=True)
"""


def test_a_signal_that_is_held_back_does_not_reach_the_writers() -> None:
    """`transfer` holds them back until it can be ended in an orderly way."""
    done = subprocess.run([sys.executable, "-c", SIGNALLED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_only_a_character_device_is_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "coldplugged").touch()
    monkeypatch.setattr(paths, "COLDPLUGGED", tmp_path / "coldplugged")
    assert named("null")
    assert named("no-such-port") is None
    assert named(f"../{tmp_path}/file") is None
    for word in ("/dev/null", "../dev/null", "zero", "mem", "..", "/", "", "a" * 5000, "\0", "\udcff", "tty/../null"):
        assert (named(word) is not None) is (word == "/dev/null"), word
    assert opened(tmp_path / "no/such/file") is None


@pytest.mark.parametrize("comes", [True, False])
def test_a_port_whose_driver_is_still_to_come_gets_what_was_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, comes: bool
) -> None:
    """A virtio port is there only when udev has loaded its driver, long after the launcher's start."""
    looked, reading, writing = threading.Event(), *os.pipe()

    def port(word: str) -> Path | None:
        looked.set()
        return Path(f"/dev/fd/{writing}") if coldplugged.exists() and comes else None

    coldplugged = tmp_path / "coldplugged"
    monkeypatch.setattr(paths, "COLDPLUGGED", coldplugged)
    monkeypatch.setattr(events, "_port", port)
    log = EventLog()
    log.add(named("late"))
    log.emit_at(1.0, "early")
    assert looked.wait(10)
    coldplugged.touch()
    log.close()
    os.close(writing)
    with os.fdopen(reading) as told:
        assert [json.loads(line)["event"] for line in told] == (["early"] if comes else [])


def test_everything_is_told_before_the_pc_is_restarted_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        time.sleep(0.1)  # nothing is written by itself in time
        return real(fd, data)

    def screens(line: object, log: EventLog) -> int:
        log.emit("after", action="reboot")
        return Exit.REBOOT

    def force(status: int) -> None:
        told.extend(json.loads(line)["event"] for line in (tmp_path / "events.jsonl").read_text().splitlines())

    monkeypatch.setattr(os, "write", write)
    for name, file in (("RUN", ""), ("CRASH", "crash"), ("STAMPS", "stamps"), ("EVENTS", "events.jsonl")):
        monkeypatch.setattr(paths, name, tmp_path / file)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(boot, "_screens", screens)
    monkeypatch.setattr(leaving, "stuck", lambda: True)
    monkeypatch.setattr(leaving, "force", force)
    assert boot.run() == Exit.REBOOT
    assert told == ["python", "after"]


def test_the_reference_is_in_the_documents() -> None:
    assert events.reference() in (ROOT / "docs/events.md").read_text(encoding="utf-8")


def test_the_documents_say_what_is_kept_for_a_sink_and_how_long_it_is_waited_for() -> None:
    said = " ".join((ROOT / "docs/events.md").read_text(encoding="utf-8").split())
    port, reader = named("null"), standard_output()
    assert port
    assert f"{port.room >> 10} KiB of lines are kept for it" in said
    assert f"waits for a port, but no longer than {port.patience:.0f} s." in said
    assert f"keeps {reader.room >> 20} MiB for the program" in said
    assert f"waits for it up to {reader.patience:.0f} s." in said

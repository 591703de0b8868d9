"""The selector loop: deadlines, sockets, deaths of processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from qemu.host.event_loop import Deadline, DeadlinePassed, EventLoop, Stream, watch_process


def test_until_returns_what_the_condition_gives() -> None:
    loop, found = EventLoop(), bytearray()
    near, far = socket.socketpair()
    Stream(loop, near, found.extend)
    far.sendall(b"abc")
    assert loop.until(lambda: bytes(found), Deadline(5), "data") == b"abc"


def test_a_deadline_ends_the_wait_and_says_what_for() -> None:
    with pytest.raises(DeadlinePassed, match="the moon was not there after 0 s"):
        EventLoop().until(lambda: False, Deadline(0.05), "the moon")


def test_a_condition_that_holds_already_needs_no_time() -> None:
    assert EventLoop().until(lambda: "yes", Deadline(0), "nothing") == "yes"


def test_sooner_never_prolongs() -> None:
    deadline = Deadline(1)
    assert deadline.sooner(60).left <= 1
    assert deadline.sooner(0.1).left <= 0.1


def test_the_end_of_a_process_is_an_event() -> None:
    loop, ended = EventLoop(), list[int]()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pidfd = watch_process(loop, process.pid, lambda: ended.append(1))
    assert not loop.turn(0)
    assert process.stdin is not None
    process.stdin.close()
    loop.until(lambda: ended, Deadline(20), "the end of the process")
    process.wait()
    os.close(pidfd)
    assert not loop.turn(0), "one death, one call"


def test_a_callback_may_remove_another_in_the_same_turn() -> None:
    loop = EventLoop()
    pairs = [socket.socketpair() for _ in range(2)]
    seen: list[int] = []

    def handle(own: int, other: int) -> None:
        seen.append(own)
        loop.remove(pairs[other][0])

    for own, other in ((0, 1), (1, 0)):
        loop.add(pairs[own][0], lambda own=own, other=other: handle(own, other))  # type: ignore[misc]
        pairs[own][1].sendall(b"x")
    loop.turn(1)
    assert len(seen) == 1


def test_sending_reads_meanwhile() -> None:
    """Both sides want to send more than the sockets hold: neither may wait for the other."""
    loop, got = EventLoop(), bytearray()
    near, far = socket.socketpair()
    there = bytearray()
    stream = Stream(loop, near, got.extend)
    far_stream = Stream(loop, far, there.extend)
    stream.send(b"x" * 4_000_000, Deadline(20))
    far_stream.send(b"y" * 1000, Deadline(20))
    loop.until(lambda: len(there) == 4_000_000 and len(got) == 1000, Deadline(20), "all of it")


def test_sending_to_a_machine_that_takes_nothing_ends() -> None:
    near, far = socket.socketpair()
    stream = Stream(EventLoop(), near, lambda data: None)
    with pytest.raises(DeadlinePassed, match="took no input"):
        stream.send(b"x" * 10_000_000, Deadline(0.2))
    far.close()


def test_sending_to_a_machine_that_is_gone_is_no_crash() -> None:
    near, far = socket.socketpair()
    stream = Stream(EventLoop(), near, lambda data: None)
    far.close()
    stream.send(b"x", Deadline(1))
    assert stream.closed

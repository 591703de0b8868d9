"""The boot server's event loop: order, timers, ends of descriptors, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from pxe.loop import ENDING, Lines, Loop, Told, told_to_end
from tests.common import ROOT


@pytest.fixture
def loop() -> Iterator[Loop]:
    with closing(Loop()) as made:
        yield made


def test_timers_come_in_their_order_and_again(loop: Loop) -> None:
    seen: list[str] = []
    loop.every(0.02, lambda: seen.append("often"), first=0)
    loop.after(0.01, lambda: seen.append("once"))
    loop.after(0.07, loop.stop)
    loop.run()
    assert seen[:2] == ["often", "once"]
    assert seen.count("once") == 1
    assert seen.count("often") >= 2


def test_lines_come_whole_and_the_end_is_told(loop: Loop) -> None:
    read, write = os.pipe()
    seen: list[str] = []
    Lines(loop, read, seen.append, loop.stop)
    os.write(write, b"one\nt")

    def more() -> None:
        os.write(write, b"wo\n\xff\nlast")
        os.close(write)

    loop.after(0, more)
    loop.run()
    assert seen == ["one", "two", "\N{REPLACEMENT CHARACTER}", "last"]


def test_what_is_removed_in_the_same_turn_is_not_called(loop: Loop) -> None:
    pipes = [os.pipe(), os.pipe()]
    seen: list[int] = []

    def one(number: int) -> None:
        seen.append(number)
        for read, _ in pipes:
            loop.unwatch(read)
        loop.after(0, loop.stop)

    for number, (read, write) in enumerate(pipes):
        os.write(write, b"x")
        loop.watch(read, lambda number=number: one(number))  # type: ignore[misc]
    loop.run()
    assert len(seen) == 1


def test_the_first_error_is_raised(loop: Loop) -> None:
    def stop() -> None:
        loop.stop(ValueError("first"))
        loop.stop(KeyError("second"))

    loop.after(0, stop)
    with pytest.raises(ValueError, match="first"):
        loop.run()


def test_what_a_callback_raises_ends_the_loop(loop: Loop) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    loop.after(0, fail)
    with pytest.raises(ZeroDivisionError):
        loop.run()


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_the_loop_and_a_second_one_disturbs_nothing(loop: Loop, number: signal.Signals) -> None:
    seen: list[str] = []

    def told() -> None:
        os.kill(os.getpid(), number)
        seen.append("the callback ran to its end")

    before = signal.getsignal(number)
    with told_to_end():
        loop.after(0, told)
        loop.run()
        os.kill(os.getpid(), number)
        seen.append("cleared away")
    assert seen == ["the callback ran to its end", "cleared away"]
    assert signal.getsignal(number) == before


def test_a_signal_without_a_loop_is_raised_once() -> None:
    with pytest.raises(Told), told_to_end():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)


IGNORED = """
import os, signal
from pxe.loop import Loop, told_to_end
loop = Loop()
with told_to_end():
    loop.after(0, lambda: os.kill(os.getpid(), signal.SIGHUP))
    loop.after(0.05, lambda: print("still there") or loop.stop())
    loop.run()
"""


def test_nohup_is_respected() -> None:
    argv = ["env", "--ignore-signal=HUP", sys.executable, "-c", IGNORED]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("still there\n", "", 0)

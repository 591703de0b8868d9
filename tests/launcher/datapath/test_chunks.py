"""Chunks between two threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from launcher.datapath.block_device import DiskError
from launcher.datapath.chunks import CHUNKS, BufferedCopy
from launcher.datapath.copying import Stalled
from launcher.sentence import verbatim

DEADLINE = 20.0  # seconds, after which something is broken


def test_buffered_copy_gives_everything_in_order() -> None:
    chunks = [os.urandom(1 + number) for number in range(40)]
    left = list(chunks)
    got: list[bytes] = []

    def fill(buffer: memoryview) -> int:
        data = left.pop(0) if left else b""
        buffer[: len(data)] = data
        return len(data)

    BufferedCopy(fill, lambda memory, count: got.append(bytes(memory[:count]))).run()
    assert got == chunks


@pytest.mark.parametrize("who", ["fill", "user"])
def test_buffered_copy_ends_when_one_fails(who: str) -> None:
    def fill(buffer: memoryview) -> int:
        if who == "fill":
            raise DiskError(7, verbatim("broken"))
        return len(buffer)

    def user(_: memoryview, count: int) -> None:
        raise DiskError(7, verbatim("broken"))

    with pytest.raises(DiskError):
        BufferedCopy(fill, user).run()
    assert "chunks" not in [thread.name for thread in threading.enumerate()]


class Watched(BufferedCopy[int]):
    """Tells when a chunk has come back, and when one of the two has failed."""

    def __init__(self, fill: Callable[[memoryview], int], use: Callable[[memoryview, int], None]) -> None:
        self.back, self.failed = threading.Semaphore(0), threading.Event()
        super().__init__(fill, use)

    def _release(self, memory: memoryview) -> None:
        super()._release(memory)
        self.back.release()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_failure" and value:
            self.failed.set()


def test_buffered_copy_fills_again_the_chunk_that_was_used_last() -> None:
    filled: list[int] = []

    def fill(buffer: memoryview) -> int:
        if filled:
            assert copy.back.acquire(timeout=DEADLINE)
        else:
            for _ in range(CHUNKS):  # all were handed out before the first one is filled
                assert copy.back.acquire(timeout=DEADLINE)
        filled.append(id(buffer))
        return 1 if len(filled) < 20 else 0

    copy = Watched(fill, lambda memory, count: None)
    copy.run()
    assert len(set(filled)) <= 3  # of eight


def test_of_two_failures_buffered_copy_raises_the_first() -> None:
    filled, using = list[int](), threading.Event()

    def fill(buffer: memoryview) -> int:
        filled.append(len(buffer))
        if len(filled) == 1:
            return len(buffer)
        assert using.wait(DEADLINE)
        raise Stalled

    def use(_: memoryview, count: int) -> None:
        using.set()
        assert copy.failed.wait(DEADLINE)
        raise DiskError(7, verbatim("broken"))

    copy = Watched(fill, use)
    with pytest.raises(Stalled):
        copy.run()
    assert len(filled) == 2


def test_a_failure_of_the_user_is_raised_though_filling_fails_behind_it() -> None:
    filled, filling = list[int](), threading.Event()

    def fill(buffer: memoryview) -> int:
        filled.append(len(buffer))
        if len(filled) == 1:
            return len(buffer)
        filling.set()
        assert copy.failed.wait(DEADLINE)
        raise Stalled

    def use(_: memoryview, count: int) -> None:
        assert filling.wait(DEADLINE)
        raise DiskError(7, verbatim("broken"))

    copy = Watched(fill, use)
    with pytest.raises(DiskError):
        copy.run()
    assert len(filled) == 2

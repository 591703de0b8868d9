"""Chunks between two threads."""

from __future__ import annotations

import os
import threading
import time

import pytest

from launcher.datapath.block_device import DiskError
from launcher.datapath.chunks import BufferedCopy
from launcher.datapath.copying import Stalled
from launcher.sentence import verbatim


def test_buffered_copy_gives_everything_in_order() -> None:
    chunks = [os.urandom(1 + number) for number in range(40)]
    left = list(chunks)
    got: list[bytes] = []

    def fill(buffer: memoryview) -> int:
        data = left.pop(0) if left else b""
        buffer[: len(data)] = data
        return len(data)

    BufferedCopy(fill, lambda data: got.append(bytes(data))).run()
    assert got == chunks


@pytest.mark.parametrize("who", ["fill", "user"])
def test_buffered_copy_ends_when_one_fails(who: str) -> None:
    def fill(buffer: memoryview) -> int:
        if who == "fill":
            raise DiskError(7, verbatim("broken"))
        return len(buffer)

    def user(_: memoryview) -> None:
        raise DiskError(7, verbatim("broken"))

    with pytest.raises(DiskError):
        BufferedCopy(fill, user).run()
    assert "chunks" not in [thread.name for thread in threading.enumerate()]


def test_buffered_copy_fills_again_the_chunk_that_was_used_last() -> None:
    used = threading.Semaphore(1)
    filled: list[int] = []

    def fill(buffer: memoryview) -> int:
        used.acquire()
        time.sleep(0.01)  # so that the chunk is back
        filled.append(id(buffer))
        return 1 if len(filled) < 20 else 0

    BufferedCopy(fill, lambda data: used.release()).run()
    assert len(set(filled)) <= 3  # of eight


def test_of_two_failures_buffered_copy_raises_the_first() -> None:
    used = threading.Event()

    def fill(buffer: memoryview) -> int:
        if used.wait(0.2):
            raise Stalled
        return len(buffer)

    def use(_: memoryview) -> None:
        used.set()
        time.sleep(0.3)
        raise DiskError(7, verbatim("broken"))

    def use_first(_: memoryview) -> None:
        try:
            raise DiskError(7, verbatim("broken"))
        finally:
            threading.Timer(0.1, used.set).start()

    with pytest.raises(Stalled):
        BufferedCopy(fill, use).run()
    used.clear()
    with pytest.raises(DiskError):
        BufferedCopy(fill, use_first).run()

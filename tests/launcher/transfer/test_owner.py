"""The thread that owns a transfer, its messages and its workers; and opening a disk that takes its time."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.block_device import SourceDisk
from launcher.errors import TransferFailed
from launcher.model.times import TIMES, Times
from launcher.transfer.liveness import Tick
from launcher.transfer.opening import opened
from launcher.transfer.owner import Asked, BeginCast, Cancel, Descriptors, Inbox, Owner, Worker

DEADLINE = 10.0
QUICK = replace(TIMES, tick=0.05)


def until(done: Callable[[], object], owner: Owner | None = None) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end
        if owner:
            owner.wait()
        time.sleep(0.005)


def test_messages_arrive_in_their_order_and_wake_the_owner() -> None:
    inbox = Inbox()
    assert not select.select([inbox], [], [], 0)[0]
    assert inbox.post(BeginCast()) and inbox.post(Cancel())
    assert select.select([inbox], [], [], 0)[0]
    assert inbox.take() == [BeginCast(), Cancel()]
    assert not select.select([inbox], [], [], 0)[0]
    inbox.close()
    inbox.close()
    assert not inbox.post(Cancel())


def test_who_asks_waits_for_the_answer_and_need_not_go_on_when_there_is_no_owner() -> None:
    inbox, answers = Inbox(), list[bool]()
    asking = threading.Thread(target=lambda: answers.append(inbox.ask(Tick(1.0))))
    asking.start()
    until(lambda: select.select([inbox], [], [], 0)[0])
    (asked,) = inbox.take()
    assert isinstance(asked, Asked) and asked.event == Tick(1.0)
    assert answers == []
    asked.answer.put(True)
    asking.join(DEADLINE)
    assert answers == [True]
    again = threading.Thread(target=lambda: answers.append(inbox.ask(Tick(2.0))))
    again.start()
    until(lambda: select.select([inbox], [], [], 0)[0])
    inbox.close()
    again.join(DEADLINE)
    assert answers == [True, False]
    assert not inbox.ask(Tick(3.0))


def test_a_worker_is_over_when_the_owner_has_got_its_message() -> None:
    owner, go_on = Owner(QUICK), threading.Event()
    worker = owner.start("disk", lambda: go_on.wait(DEADLINE))
    assert not worker.over
    go_on.set()
    until(lambda: worker.over, owner)
    assert worker.result() is True
    assert "disk" not in [thread.name for thread in threading.enumerate()]
    owner.leave()


def test_what_a_worker_raises_comes_to_who_wants_its_result() -> None:
    owner = Owner(QUICK)

    def fail() -> None:
        raise ZeroDivisionError

    worker: Worker[None] = owner.start("disk", fail)
    until(lambda: worker.over, owner)
    with pytest.raises(ZeroDivisionError):
        worker.result()
    owner.leave()


def test_a_descriptor_is_closed_once_however_often_that_is_asked_for() -> None:
    descriptors = Descriptors()
    inlet, outlet = descriptors.pipe()
    descriptors.close(inlet, inlet)
    other = os.dup(outlet)
    assert other == inlet
    descriptors.close(inlet)
    os.fstat(other)
    os.close(other)
    descriptors.close_all()
    descriptors.close_all()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(outlet)


class Thing:
    def __init__(self) -> None:
        self.closings: list[str] = []

    def close(self) -> None:
        self.closings.append("closed")


def test_what_is_open_is_closed_when_the_owner_leaves() -> None:
    owner, thing = Owner(QUICK), Thing()
    worker = owner.start("open", lambda: thing, close=Thing.close)
    until(lambda: worker.over, owner)
    inlet, _ = owner.descriptors.pipe()
    assert thing.closings == []
    owner.leave()
    assert thing.closings == ["closed"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(inlet)


def test_behind_the_owner_the_last_worker_closes_what_is_open() -> None:
    owner, first, second, thing = Owner(QUICK), threading.Event(), threading.Event(), Thing()
    owner.start("disk", lambda: first.wait(DEADLINE))

    def find() -> Thing:
        second.wait(DEADLINE)
        return thing

    owner.start("open", find, close=Thing.close)
    inlet, _ = owner.descriptors.pipe()
    owner.leave()
    os.fstat(inlet)
    first.set()
    until(lambda: "disk" not in [thread.name for thread in threading.enumerate()])
    os.fstat(inlet)
    assert thing.closings == []
    second.set()
    until(lambda: thing.closings == ["closed"])  # also what was only opened then
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(inlet)


# --- opening ------------------------------------------------------------------------------------------------------


def test_a_disk_is_opened_or_said_why_not(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x" * 9)
    owner = Owner(QUICK)
    disk = opened(SourceDisk, str(tmp_path / "disk"), owner, QUICK)
    assert disk and disk.head == b"x" * 9
    with pytest.raises(TransferFailed, match="cannot be read"):
        opened(SourceDisk, str(tmp_path / "disks"), owner, QUICK)
    owner.leave()
    assert disk.fd == -1


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_disk_is_opened_patiently_but_not_for_ever(tmp_path: Path, cancelled: bool) -> None:
    (tmp_path / "disk").write_bytes(b"x" * 9)
    path, go_on, late = str(tmp_path / "disk"), threading.Event(), list[SourceDisk]()

    def slow(path: str, times: Times) -> SourceDisk:
        go_on.wait(DEADLINE)
        late.append(SourceDisk(path, times))
        return late[-1]

    owner = Owner(QUICK)
    if cancelled:
        owner.inbox.post(Cancel())
        assert opened(slow, path, owner, QUICK) is None
    else:
        with pytest.raises(TransferFailed, match=f"{path} cannot be opened: it has not answered for 0 seconds"):
            opened(slow, path, owner, replace(QUICK, patience=0.1))
    owner.leave()
    go_on.set()
    until(lambda: [disk.fd for disk in late] == [-1])  # closed by itself, so that it is not in use for ever

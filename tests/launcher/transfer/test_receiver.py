"""What a receiver makes of udp-receiver's words, without a udp-receiver."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from launcher.datapath.copying import wide_pipe
from launcher.events import EventLog
from launcher.model.machine import Disk, Nic
from launcher.model.outcome import OutcomeKind
from launcher.model.plan import Address, AddressSource, Plan, Role, Target
from launcher.transfer.receiver import Receiver
from launcher.transfer.status import Status

DISK = Disk("/dev/sda", 1 << 20)
PLAN = Plan(
    Role.RECEIVE, Target(DISK.path, DISK.size, DISK), Nic("eth0", "52:54:00:75:64:01"), Address(AddressSource.GIVEN)
)


class LateDisk:
    """Answers its first request only when `wakes`."""

    size = 1 << 20

    def __init__(self) -> None:
        self.asked, self.wakes = threading.Event(), threading.Event()
        self.closed = False

    def write(self, data: memoryview, offset: int) -> None:
        self.asked.set()
        self.wakes.wait()

    def flush(self) -> None: ...

    def close(self) -> None:
        assert not self.closed
        self.closed = True


def test_a_disk_that_answers_after_all_is_closed_by_who_waited_for_it() -> None:
    receiver: Any = Receiver(PLAN, Status(None), EventLog(Path("/dev/null")))
    receiver._target = disk = LateDisk()
    receiver._inlet, receiver._outlet = inlet, outlet = wide_pipe()
    os.write(outlet, bytes(8192))
    work = threading.Thread(target=receiver._work)
    work.start()
    assert disk.asked.wait(10)
    receiver._hung = 301.0  # nobody waits any more: `run` would end here
    assert not disk.closed
    disk.wakes.set()
    work.join(10)
    assert not work.is_alive()
    assert bool(disk.closed)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(inlet)
    receiver._supervisor.close()


@pytest.mark.parametrize("ended_by_us", [False, True])
def test_what_udp_receiver_says_of_its_end_is_no_complaint_when_the_time_was_over(ended_by_us: bool) -> None:
    """It is ended with SIGINT where its own clock has begun anew, and then says "Cancelled by user"."""
    receiver: Any = Receiver(PLAN, Status(None), EventLog(Path("/dev/null")))
    receiver._udpcast = SimpleNamespace(status=1, pid=0, name="udp-receiver")
    receiver._timed_out = ended_by_us
    receiver._hear(receiver._udpcast, "Signal 2: Cancelled by user")
    kind = receiver._judge().kind
    receiver._supervisor.close()
    assert kind is (OutcomeKind.NO_SENDER if ended_by_us else OutcomeKind.STAGE_FAILED)


def test_what_was_said_before_udp_receiver_ended_is_heard_and_nothing_behind_that() -> None:
    receiver: Any = Receiver(PLAN, Status(None), EventLog(Path("/dev/null")))
    done: list[str] = []
    receiver._own = SimpleNamespace(
        waiting_is_over=lambda: None, listen=lambda: done.append("listen"), close=lambda: done.append("close")
    )
    receiver._begun = True
    receiver._udpcast = SimpleNamespace(status=None)
    receiver._tick()
    receiver._udpcast.status = 0
    receiver._tick()
    receiver._supervisor.close()
    assert done == ["listen", "listen", "close"]

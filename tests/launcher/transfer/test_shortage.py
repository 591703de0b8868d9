"""What a PC can run out of, at every moment of a transfer: a sentence, nothing left open, no thread that waits."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.errors import ErrorKind, TransferFailed
from launcher.events import EventLog
from launcher.model.outcome import OutcomeKind
from launcher.model.plan import Role
from launcher.model.times import TIMES
from launcher.transfer import sender
from launcher.transfer.transfer import Transfer
from tests.launcher.transfer.fake_programs import open_descriptors, plan, put_first
from tests.launcher.transfer.test_receiver import CONNECTS
from tests.launcher.transfer.test_sender import CASTS, COMPLETE, DEADLINE, Silence, until

K = OutcomeKind
TIMES_HERE = replace(TIMES, tick=0.05, look_out=0.1, grace=0.3, late=0.3, listen=0.0, tie=0.0, listen_tick=0.01)
GOOD = {Role.RECEIVE: K.WRITTEN, Role.SEND: K.SENT}
SIZE = 100_000

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture(params=[Role.RECEIVE, Role.SEND])
def role(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Role, Path]:
    """A side whose transfer succeeds within a moment, with a disk of its own."""
    monkeypatch.setattr(sender, "RivalMonitor", Silence)
    put_first(
        monkeypatch,
        tmp_path,
        udp_receiver=f"{CONNECTS}; head -c {SIZE} /dev/zero | zstd -qc",
        udp_sender=f"{CASTS}; cat > /dev/null; {COMPLETE}",
    )
    (tmp_path / "disk").write_bytes(bytes(SIZE))
    return request.param, tmp_path / "disk"


def came_to(a_role: Role, disk: Path) -> OutcomeKind | ErrorKind:
    """The kind of what came of a transfer; its sentence is one."""
    try:
        transfer = Transfer(plan(a_role, disk), EventLog(), TIMES_HERE)
        transfer.start()
    except TransferFailed as error:
        assert str(error.sentence).endswith(".")
        return error.kind
    try:
        outcome = transfer.wait(DEADLINE)
    except TransferFailed as error:
        return error.kind
    finally:
        transfer.close()
    assert outcome and str(outcome.sentence).endswith(".")
    return outcome.kind


@contextmanager
def descriptors(more: int) -> Iterator[None]:
    """Only so many more can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, open_descriptors()))
    filled: list[int] = []
    while not filled or filled[-1] < highest:
        filled.append(os.open(os.devnull, os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (filled[-1] + 1 + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in filled:
            os.close(fd)


def test_where_too_few_files_can_be_open_a_sentence_says_so(role: tuple[Role, Path]) -> None:
    """However many there are."""
    before, more = open_descriptors(), 0
    kinds: list[OutcomeKind | ErrorKind] = []
    while not kinds or kinds[-1] is not GOOD[role[0]]:
        with descriptors(more):
            kinds.append(came_to(*role))
        until(lambda: open_descriptors() == before)
        more += 1
    assert ErrorKind.SHORTAGE in kinds and more > 10
    assert set(kinds) <= {
        *(ErrorKind.SHORTAGE, ErrorKind.PROGRAM_FAILED, ErrorKind.DISK_UNREADABLE, ErrorKind.DISK_UNWRITABLE),
        *(K.STAGE_FAILED, K.READ_BACK_ERROR, K.WRITE_ERROR, GOOD[role[0]]),
    }, kinds


def test_where_no_thread_can_be_started_a_sentence_says_so(
    role: tuple[Role, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever it is."""
    real, left = threading.Thread.start, [0]

    def start(thread: threading.Thread) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    before, number = open_descriptors(), 0
    kinds: list[OutcomeKind | ErrorKind] = []
    while not kinds or left[0] < 0:
        left[0] = number
        kinds.append(came_to(*role))
        until(lambda: open_descriptors() == before)
        until(lambda: not {"stream", "disk", "open", "transfer"} & {one.name for one in threading.enumerate()})
        number += 1
    assert kinds[0] is ErrorKind.SHORTAGE and kinds[1] is GOOD[role[0]], "a transfer, but no events of progress"
    assert {K.STAGE_FAILED, ErrorKind.PROGRAM_FAILED} <= set(kinds)
    assert set(kinds) <= {ErrorKind.SHORTAGE, ErrorKind.PROGRAM_FAILED, K.STAGE_FAILED, GOOD[role[0]]}, kinds


def test_where_no_process_can_be_started_a_sentence_says_so(role: tuple[Role, Path]) -> None:
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
    try:
        assert came_to(*role) in (ErrorKind.PROGRAM_FAILED, ErrorKind.SHORTAGE)
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    until(lambda: open_descriptors() == before)


def test_a_missing_program_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_bytes(bytes(SIZE))
    monkeypatch.setenv("PATH", str(tmp_path))
    before = open_descriptors()
    for a_role in Role:
        assert came_to(a_role, tmp_path / "disk") is ErrorKind.PROGRAM_MISSING
    assert open_descriptors() == before

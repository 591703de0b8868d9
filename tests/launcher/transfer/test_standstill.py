"""Everything comes to an end by our own clock: programs that live, and through which nothing moves any more."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import xxhash

from launcher.datapath.framing import Manifest, Trailer, manifest_frame, trailer_frame
from launcher.datapath.worker import WORKER
from launcher.events import EventLog
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Plan, Role
from launcher.model.times import TIMES, Times
from launcher.process import spawn
from launcher.transfer import attendance, reception
from launcher.transfer import link as links
from launcher.transfer import sender as senders
from launcher.transfer.evidence import Stood
from launcher.transfer.liveness import Event, Packet
from launcher.transfer.standstill import Standstill, is_full
from launcher.transfer.status import Status
from launcher.transfer.transfer import Transfer
from tests.launcher.transfer.fake_programs import plan, put_first
from tests.launcher.transfer.test_receiver import CONNECTS
from tests.launcher.transfer.test_receiver import Silence as NoSender
from tests.launcher.transfer.test_sender import CASTS, COMPLETE, DEADLINE
from tests.launcher.transfer.test_sender import Silence as NoRival

K = OutcomeKind
SIZE = 4_000_000
SOON = replace(
    TIMES,
    tick=0.05,
    look_out=0.1,
    grace=0.3,
    late=0.3,
    listen=0.0,
    listen_tick=0.01,
    more_patient=0.2,
    standstill=1.0,
    standstill_named=0.3,
    linger=0.3,
)
PATIENT = replace(SOON, standstill=3.0)
STUCK = "exec sleep 100"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(os.urandom(SIZE))
    return tmp_path / "disk"


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is heard all the time, whatever it sends; nobody is heard by a sender."""

    class Alive(NoSender):
        def drain(self) -> Iterator[Event]:
            yield Packet(time.monotonic())

    monkeypatch.setattr(links, "SenderMonitor", Alive)
    monkeypatch.setattr(senders, "RivalMonitor", NoRival)
    for name in ("send_notice", "send_heartbeat"):
        monkeypatch.setattr(attendance, name, lambda *_: None)


def over(a_plan: Plan, times: Times = SOON) -> tuple[Outcome, list[str]]:
    """What it came to, and what was noted on the screen meanwhile."""
    transfer = Transfer(a_plan, EventLog(), times)
    transfer.start()
    noted: list[str] = []
    end = time.monotonic() + DEADLINE
    while not (outcome := transfer.wait(0.05)):
        noted += map(str, transfer.snapshot().notes)
        assert time.monotonic() < end
    transfer.close()
    return outcome, noted


def quiet(role: Role, path: Path, compression: Compression | None = None, start_timeout: int = 3600) -> Plan:
    return replace(plan(role, path, compression, start_timeout), silence=0)


@pytest.mark.parametrize(("says", "had"), [("", "No receiver has connected"), (CASTS.partition(";")[0], "1 had conn")])
def test_a_udp_sender_that_never_begins_is_ended_by_our_clock(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, had: str
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"{says}\n{STUCK}")
    outcome, _ = over(quiet(Role.SEND, disk, start_timeout=3))
    assert outcome.kind is K.NO_RECEIVERS and had in str(outcome.sentence)


@pytest.mark.parametrize(
    ("udp_sender", "pigz", "culprit"),
    [
        (f"{CASTS}; {STUCK}", "", "udp-sender"),
        (f"{CASTS}; cat > /dev/null; {STUCK}", "", "udp-sender"),
        (f"{CASTS}; cat > /dev/null; {STUCK}", f"head -c 100000 | cat; {STUCK}", "pigz"),
        (f"{CASTS}; cat > /dev/null; {STUCK}", f"cat; {STUCK}", "pigz"),
    ],
)
def test_a_sender_names_who_stands_still(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, udp_sender: str, pigz: str, culprit: str
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=udp_sender, **({"pigz": pigz} if pigz else {}))
    outcome, noted = over(quiet(Role.SEND, disk, Compression.GZIP if pigz else None))
    assert outcome.kind is K.STAGE_FAILED
    assert f"The cast stood still. Nothing has moved through {culprit} for " in str(outcome.sentence)
    assert any(f"Nothing has moved through {culprit} for " in note for note in noted), "before its end"


def test_bytes_that_udp_sender_has_sent_are_progress(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its own accord it can take long over what is in its buffers."""
    slowly = 'for n in 1 2 3 4 5 6 7 8; do printf "bytes= $n 000K\\r" >&2; sleep 0.5; done'
    put_first(monkeypatch, tmp_path, udp_sender=f"{CASTS}; cat > /dev/null; {slowly}; {COMPLETE}")
    assert over(quiet(Role.SEND, disk), PATIENT)[0].kind is K.SENT


def test_a_sender_whose_process_does_not_go_has_sent_all_the_same(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"{CASTS}; cat > /dev/null; {COMPLETE}; {STUCK}")
    assert over(quiet(Role.SEND, disk), replace(SOON, standstill=3600.0))[0].kind is K.SENT


def cast(directory: Path, data: bytes) -> str:
    """A command that puts out a whole stream with a manifest and a trailer, as a launcher sends it."""
    (directory / "data").write_bytes(data)
    (directory / "head").write_bytes(manifest_frame(Manifest(len(data), 512, "token", "1")))
    (directory / "tail").write_bytes(trailer_frame(Trailer(len(data), xxhash.xxh3_128(data).hexdigest(), "token")))
    return f"cd {directory}; {CONNECTS}; cat head; /usr/bin/zstd -qc data; cat tail"


@pytest.mark.parametrize(
    ("behind", "unpacks", "culprit"),
    [
        ("", f"head -c 10 > /dev/null; {STUCK}", WORKER),
        ("", f"cat > /dev/null; {STUCK}", WORKER),
        ("; head -c 1 data; {STUCK}", "", "udp-receiver"),
    ],
)
def test_a_receiver_names_who_stands_still(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: str, unpacks: str, culprit: str
) -> None:
    stream = cast(tmp_path, os.urandom(SIZE)) + behind.format(STUCK=STUCK)
    put_first(monkeypatch, tmp_path, udp_receiver=stream)
    if unpacks:
        monkeypatch.setattr(reception, "worker", lambda: ("sh", "-c", unpacks))
    outcome, noted = over(quiet(Role.RECEIVE, disk))
    assert outcome.kind is K.STAGE_FAILED
    assert f"Nothing has moved through {culprit} for " in str(outcome.sentence)
    assert any(f"Nothing has moved through {culprit} for " in note for note in noted), "before its end"


def test_a_stream_that_stops_in_its_first_bytes_is_over(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is known of it."""
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; printf x; {STUCK}")
    outcome, _ = over(quiet(Role.RECEIVE, disk))
    assert outcome.kind is K.STAGE_FAILED and "through udp-receiver" in str(outcome.sentence)


@pytest.mark.parametrize("how", [STUCK, f"exec >&-; {STUCK}"])
def test_a_udp_receiver_that_gave_everything_and_does_not_go_has_given_everything(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    data = os.urandom(SIZE)
    put_first(monkeypatch, tmp_path, udp_receiver=f"{cast(tmp_path, data)}; {how}")
    outcome, _ = over(replace(quiet(Role.RECEIVE, disk), verify=False))
    assert outcome.kind is K.ARRIVED, outcome
    assert disk.read_bytes() == data


def test_without_a_trailer_a_process_that_does_not_go_leaves_the_result_as_it_is(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; head -c {SIZE} /dev/zero; exec >&-; {STUCK}")
    outcome, _ = over(quiet(Role.RECEIVE, disk))
    assert outcome.kind is K.WRITTEN
    assert disk.read_bytes() == bytes(SIZE)


def test_a_disk_that_takes_long_is_not_counted(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, slow = os.pwrite, iter([3.5])

    def pwrite(fd: int, data: memoryview, at: int) -> int:
        time.sleep(next(slow, 0.0))
        return real(fd, data, at)

    monkeypatch.setattr("os.pwrite", pwrite)
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; head -c {SIZE} /dev/zero")
    assert over(quiet(Role.RECEIVE, disk), PATIENT)[0].kind is K.WRITTEN


def test_standing_still_is_counted_from_the_last_byte_or_answer() -> None:
    status, times = Status(None), replace(TIMES, standstill=300.0, standstill_named=30.0)
    null = os.open(os.devnull, os.O_WRONLY)
    process = spawn(("sleep", "0"), None, null, lambda _: None)
    os.close(null)
    process.reap()
    watch = Standstill(status, times)

    def look(now: float, moved: int, asked: bool = False) -> Stood | None:
        return watch.look(now, (moved, 7), asked, 40.0, process)

    assert look(1000.0, 1) is None and look(1339.0, 1) is None
    assert [str(note) for note in status.snapshot().notes] == ["Nothing has moved through sleep for 339 seconds."]
    assert look(1339.5, 2) is None and status.snapshot().notes == ()
    assert look(1600.0, 2) is None and look(1679.0, 2, asked=True) is None
    assert look(2018.9, 2) is None
    assert look(2019.0, 2) == Stood("sleep", 340.0)
    assert look(2019.5, 2) is None, "the others may end behind it"
    status.close()


def test_a_pipe_is_full_when_nobody_reads() -> None:
    inlet, outlet = os.pipe()
    os.set_blocking(outlet, False)
    assert not is_full(outlet)
    for _ in itertools.count():
        try:
            os.write(outlet, bytes(4096))
        except BlockingIOError:
            break
    assert is_full(outlet)
    os.close(inlet)
    assert not is_full(outlet), "who writes hears of it"
    os.close(outlet)

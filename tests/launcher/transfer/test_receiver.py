"""A reception with a script in the place of udp-receiver: its stages, what is heard meanwhile, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xxhash

from launcher.datapath.behind import Behind
from launcher.datapath.block_device import ReadBack, TargetDisk
from launcher.datapath.chunks import CHUNK
from launcher.datapath.framing import Manifest, Trailer, disk_label, manifest_frame, trailer_frame
from launcher.errors import TransferFailed
from launcher.events import EventLog, opened
from launcher.hardware.signatures import signatures
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Holes, Plan, Require, Role
from launcher.model.times import TIMES
from launcher.transfer import link as links
from launcher.transfer import receiver
from launcher.transfer.link import Link
from launcher.transfer.liveness import EndNotice, Event
from launcher.transfer.monitor import SenderMonitor
from launcher.transfer.owner import Job, Owner
from launcher.transfer.receiver import DiskReception
from launcher.transfer.receiver_signals import Alive, Announced, FirstByte
from launcher.transfer.status import Status
from launcher.transfer.transfer import Transfer
from tests.launcher.datapath.disks import Disk, some_disk
from tests.launcher.datapath.old_lives import gpt
from tests.launcher.transfer.fake_programs import open_descriptors, plan, put_first

DEADLINE = 300.0  # seconds after which a test has failed: a busy disk may take long to flush
K = OutcomeKind
QUICK = replace(TIMES, tick=0.05, look_out=0.1, grace=0.3, late=0.3, ask_every=0.02, start_every=0.05)
CONNECTS = "echo 'Connected as #0 to 10.0.0.1' >&2"


class Silence:
    """A monitor that is told what to listen to, and hears what a test puts into `air`."""

    hears = True

    def __init__(self, *_: object) -> None:
        self.calls: list[str] = []
        self.air: list[Event] = []

    def listen(self, address: str) -> None:
        self.calls.append(f"listen {address}")

    def stop_waiting(self) -> None:
        self.calls.append("stop waiting")

    def stop_listening(self) -> None:
        self.calls.append("stop listening")

    def look_out(self, address: str | None) -> None:
        self.calls.append(f"look out {address}")

    def look_in(self) -> None:
        self.calls.append("look in")

    def drain(self) -> Iterator[Event]:
        self.calls.append("drain")
        while self.air:
            yield self.air.pop(0)

    def close(self) -> None: ...


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").write_bytes(b"\xaa" * 100_000)
    return tmp_path / "target"


def received(a_plan: Plan, events: Path | None = None) -> Outcome:
    log = EventLog()
    log.add(opened(events, patience=DEADLINE) if events else None)
    transfer = Transfer(a_plan, log, QUICK)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    log.close()
    assert outcome
    return outcome


class LateDisk:
    """Answers its first request only when `wakes`."""

    size, head = 100_000, b""

    def __init__(self) -> None:
        self.asked, self.wakes = threading.Event(), threading.Event()
        self.closed = False

    @property
    def hung(self) -> float | None:
        return 301.0 if self.asked.is_set() else None

    def write(self, data: memoryview, offset: int) -> None:
        self.asked.set()
        self.wakes.wait()

    def hurry(self) -> None: ...

    def close(self) -> None:
        assert not self.closed
        self.closed = True


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("stream", ["head -c 8192 /dev/zero", "head -c 8192 /dev/zero | zstd -qc"])
def test_a_disk_that_answers_after_all_is_closed_by_who_waited_for_it(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {stream}")
    before = open_descriptors()
    disk: Any = LateDisk()
    owner = Owner(QUICK)
    owner.start("open", lambda: disk, close=LateDisk.close)
    job = Job(plan(Role.RECEIVE, target), Status(None), EventLog(), QUICK, owner)
    outcome = DiskReception(job, disk, time.monotonic()).run()
    owner.leave()
    assert outcome.kind is K.WRITE_ERROR
    assert "it has not answered for 301 seconds" in str(outcome.sentence)
    assert not disk.closed
    disk.wakes.set()
    until(lambda: disk.closed)
    job.status.close()
    until(lambda: open_descriptors() == before)


@pytest.mark.parametrize("ended_by_us", [False, True])
def test_what_udp_receiver_says_of_its_end_is_no_complaint_when_the_time_was_over(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended_by_us: bool
) -> None:
    """It is ended with SIGINT where its own clock has begun anew, and then says "Cancelled by user"."""
    says = "echo 'Signal 2: Cancelled by user' >&2; exit 1"
    put_first(monkeypatch, tmp_path, udp_receiver=f'trap "{says}" INT; sleep 100 & wait' if ended_by_us else says)
    outcome = received(plan(Role.RECEIVE, target, start_timeout=1 if ended_by_us else 3600))
    assert outcome.kind is (K.NO_SENDER if ended_by_us else K.STAGE_FAILED)
    assert target.read_bytes() == b"\xaa" * 100_000


def test_what_was_said_before_udp_receiver_ended_is_heard_and_nothing_behind_that(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver="exec sleep 100")
    owner, monitor = Owner(QUICK), Silence()
    monkeypatch.setattr(links, "SenderMonitor", lambda *_: monitor)
    job = Job(plan(Role.RECEIVE, target), Status(None), EventLog(), QUICK, owner)
    link = Link(job, time.monotonic())
    assert link.take(FirstByte(time.monotonic()))
    link.take(Announced("any", None))
    monitor.calls.clear()
    link.tick()
    monitor.air.append(EndNotice(time.monotonic(), "any", "cancelled"))
    link.ended(link.process)
    assert monitor.calls == ["drain", "drain", "stop listening"]
    assert link.heard.end_notice == "cancelled"
    owner.leave()
    job.status.close()


def test_a_sender_that_is_given_up_is_looked_for_again_into_the_same_pipe(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first udp-receiver would wait for ever; the second one gets everything."""
    again = f"test -e again && {{ {CONNECTS}; head -c 50000 /dev/zero; exit; }}"
    put_first(monkeypatch, tmp_path, udp_receiver=f"cd {tmp_path}; {again}; touch again; {CONNECTS}; exec sleep 100")

    class SaysGoodbye(Silence):
        def listen(self, address: str) -> None:
            if not (tmp_path / "listened").exists():
                (tmp_path / "listened").touch()
                self.air.append(EndNotice(time.monotonic(), "any", "cancelled"))

    monkeypatch.setattr(links, "SenderMonitor", SaysGoodbye)
    outcome = received(plan(Role.RECEIVE, target), tmp_path / "events")
    assert outcome.kind is K.WRITTEN
    assert target.read_bytes() == bytes(50_000) + b"\xaa" * 50_000
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [event["event"] for event in told if event["event"] != "progress"] == [
        *("transfer", "command", "connected", "disconnected", "command", "connected", "cast"),
        *("phase", "phase", "behind", "outcome"),
    ]
    (gone,) = (event for event in told if event["event"] == "disconnected")
    assert (gone["address"], gone["number"], gone["reason"]) == ("10.0.0.1", None, "ended before the cast")
    timeouts = [event["command"].split()[-1] for event in told if event["event"] == "command"]
    assert int(timeouts[1]) < int(timeouts[0]) == 3600


WAITS = "echo 'UDP receiver for stdout at 10.0.0.2 on eth0' >&2"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("echo 'recvfrom to locate server: Success' >&2; exit 1", "recvfrom to locate server"),
        ("echo 'Too many clients already connected' >&2; exit 1", "Too many clients already connected"),
        ("kill -SEGV $$", "udp-receiver ended, and begins anew."),
        (f"{CONNECTS}; kill -FPE $$", "The sender 10.0.0.1 sent nothing"),
        (f"{CONNECTS}; exit", "The sender 10.0.0.1 sent nothing"),
    ],
)
def test_whatever_ends_a_udp_receiver_that_waits_the_next_cast_is_received(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, words: str
) -> None:
    """Twice; the second time the operator is not told the same again."""
    last = f"test -e two && {{ {WAITS}; {CONNECTS}; head -c 50000 /dev/zero; exit; }}"
    put_first(
        monkeypatch,
        tmp_path,
        udp_receiver=f"cd {tmp_path}; {last}; test -e one && touch two; touch one; {WAITS}; {end}",
    )
    monkeypatch.setattr(links, "SenderMonitor", Silence)
    outcome = received(plan(Role.RECEIVE, target), tmp_path / "events")
    assert outcome.kind is K.WRITTEN
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert len([event for event in told if event["event"] == "command"]) == 3
    heard = [event["sentence"] for event in told if event["event"] == "heard"]
    assert set(heard) == {heard[0]}
    assert words in heard[0]
    assert len(heard) == 1 or "Connected" in end


def test_who_waits_may_cancel_while_udp_receiver_does_not_run(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{WAITS}; exit 1")
    transfer = Transfer(plan(Role.RECEIVE, target), EventLog(), replace(QUICK, start_every=3600.0))
    transfer.start()
    until(lambda: len(transfer.snapshot().messages) >= 2)
    transfer.cancel()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.CANCELLED


def test_start_timeout_ends_who_waits_while_udp_receiver_does_not_run(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{WAITS}; echo 'Bad server reply 0006.' >&2; exit 1")
    outcome = received(plan(Role.RECEIVE, target, start_timeout=2))
    assert outcome.kind is K.NO_SENDER
    assert str(outcome.sentence).startswith("No sender was found within the time given")


def test_the_outcome_is_the_last_that_is_told(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the thread takes that tells how far it is."""
    target.write_bytes(bytes(3 * CHUNK))
    stream = (
        f"head -c {2 * CHUNK} /dev/zero; until test -e {tmp_path}/go; do sleep 0.02; done"  # whole chunks are written
    )
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {stream}")
    told: list[str] = []
    outcome_told = threading.Event()

    class SlowLog(EventLog):
        def emit(self, event: str, **fields: object) -> None:
            if event == "progress":
                (tmp_path / "go").touch()
                outcome_told.wait(2)
            told.append(event)
            if event == "outcome":
                outcome_told.set()

    transfer = Transfer(plan(Role.RECEIVE, target), SlowLog(), replace(QUICK, report=0.01))
    transfer.start()
    assert transfer.wait(DEADLINE)
    transfer.close()
    until(lambda: "progress" not in {thread.name for thread in threading.enumerate()})
    assert "progress" in told and told[-1] == "outcome"


def test_a_udp_receiver_that_cannot_be_started_anew_ends_everything(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for its stream as well."""
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; exec sleep 100")
    before = open_descriptors()

    class SaysGoodbye(Silence):
        def listen(self, address: str) -> None:
            (tmp_path / "udp-receiver").write_bytes(b"\x7fELF is no program")
            self.air.append(EndNotice(time.monotonic(), "any", "cancelled"))

    monkeypatch.setattr(links, "SenderMonitor", SaysGoodbye)
    transfer = Transfer(plan(Role.RECEIVE, target), EventLog(), QUICK)
    transfer.start()
    with pytest.raises(TransferFailed, match="udp-receiver could not be started"):
        transfer.wait(DEADLINE)
    transfer.close()
    until(lambda: open_descriptors() == before)
    until(lambda: not {"stream", "disk", "open", "transfer"} & {thread.name for thread in threading.enumerate()})


OLD_MANIFEST = manifest_frame(Manifest(100_000, 512, "mine", "1", format=2))


@pytest.mark.parametrize("stream", ["head -c 50000 /dev/zero", "head -c 50000 /dev/zero | zstd -qc"])
@pytest.mark.parametrize("session", ["mine", "another"])
def test_an_end_notice_of_another_session_does_not_end_a_stream_that_is_quiet_for_a_while(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str, session: str
) -> None:
    """The session is known from the manifest; without one from a sign of life, which "mine" is here."""
    framed = "zstd" in stream
    (tmp_path / "manifest").write_bytes(OLD_MANIFEST if framed else b"")
    script = f"{CONNECTS}; cat {tmp_path}/manifest; {stream}; sleep 1; {stream}"
    put_first(monkeypatch, tmp_path, udp_receiver=script)

    class HearsOne(Silence):
        def listen(self, address: str) -> None:
            self.air.append(Alive(time.monotonic(), "mine"))

        def look_out(self, address: str | None) -> None:
            super().look_out(address)
            if "look in" in self.calls:  # it looks out a second time: nothing comes
                self.air.append(EndNotice(time.monotonic(), session, "read-error"))

    monkeypatch.setattr(links, "SenderMonitor", HearsOne)
    outcome = received(plan(Role.RECEIVE, target))
    if session == "another":
        assert target.read_bytes() == bytes(100_000)  # all of it came, though no trailer
        assert outcome.kind is (K.TRUNCATED if framed else K.WRITTEN)
        assert not framed or "before its end" in str(outcome.sentence)
    else:
        assert "its disk could not be read" in str(outcome.sentence)
        assert target.read_bytes()[50_000:] == b"\xaa" * 50_000
        assert outcome.kind is K.TRUNCATED


@pytest.mark.parametrize("when", ["before", "during"])
def test_who_cancels_ends_everything_and_leaves_nothing_open(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    data = "head -c 50000 /dev/zero;" if when == "during" else ""
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {data} exec sleep 100")
    before = open_descriptors()
    transfer = Transfer(plan(Role.RECEIVE, target), EventLog(), QUICK)
    transfer.start()
    until(lambda: len(transfer.snapshot().messages) >= (3 if data else 2))
    transfer.cancel()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.CANCELLED
    assert ("is not whole" if data else "was not written to") in str(outcome.sentence)
    until(lambda: not {"stream", "disk", "open", "transfer"} & {thread.name for thread in threading.enumerate()})
    assert open_descriptors() == before


def test_what_happens_is_told_in_its_order(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; sleep 0.2; head -c 50000 /dev/zero | zstd -qc")
    assert received(plan(Role.RECEIVE, target), tmp_path / "events").kind is K.WRITTEN
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [event["event"] for event in told if event["event"] != "progress"] == [
        *("transfer", "command", "connected", "command", "cast", "phase", "phase", "behind", "outcome")
    ]
    assert [event["phase"] for event in told if event["event"] == "phase"] == ["flushing", "verifying"]


def test_who_cancels_before_it_begins_starts_nothing(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"touch {tmp_path}/ran")
    transfer = Transfer(plan(Role.RECEIVE, target), EventLog(), QUICK)
    transfer.cancel()
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.CANCELLED
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("program", ["zstd", "lzop"])
def test_a_decompressor_that_cannot_be_started_is_a_result(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    stream = f"head -c 50000 /dev/zero | /usr/bin/{program} -qc"
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {stream}", lzop="")
    (tmp_path / "lzop").write_bytes(b"\x7fELF is no program")
    monkeypatch.setattr("sys.executable", str(tmp_path / "lzop"))
    outcome = received(plan(Role.RECEIVE, target))
    assert outcome.kind is K.STAGE_FAILED
    assert "could not be started" in str(outcome.sentence) and "Nothing was written." in str(outcome.sentence)
    assert target.read_bytes() == b"\xaa" * 100_000


def test_the_real_monitor_has_what_the_false_one_has() -> None:
    assert {name for name in vars(Silence) if not name.startswith("_")} == {
        name for name in vars(SenderMonitor) if not name.startswith("_")
    }


def test_a_stream_that_contradicts_the_plan_is_refused(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; head -c 50000 /dev/zero; exec sleep 100")
    outcome = received(plan(Role.RECEIVE, target, Compression.GZIP))
    assert outcome.kind is K.WRONG_STREAM
    assert target.read_bytes() == b"\xaa" * 100_000


def cast_of(disk: bytes, label: tuple[str | None, str | None], tmp_path: Path) -> str:
    """A command that writes the stream of `disk`, with manifest and trailer, as format 2 has it."""
    manifest = Manifest(len(disk), 512, "token", "1", *label, format=2)
    body = subprocess.run(("zstd", "-qc"), input=disk, check=True, capture_output=True).stdout
    trailer = trailer_frame(Trailer(len(disk), xxhash.xxh3_128(disk).hexdigest(), "token", format=2))
    (tmp_path / "stream").write_bytes(manifest_frame(manifest) + body + trailer)
    return f"cat {tmp_path}/stream"


@pytest.mark.parametrize("verify", [True, False])
def test_a_larger_target_with_an_old_life_is_equal_and_nothing_is_recognised_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: bool
) -> None:
    source, target = tmp_path / "source", tmp_path / "disk"
    for path, size in ((source, 4 << 20), (target, 8 << 20)):
        path.write_bytes(b"")
        os.truncate(path, size)
        gpt(path)
    data = source.read_bytes()
    with target.open("r+b") as disk:
        disk.write(data[: 1 << 20])  # a clone of the same disk, once more
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {cast_of(data, disk_label(data, 512), tmp_path)}")
    log = EventLog()
    log.add(opened(tmp_path / "events", patience=DEADLINE))
    transfer = Transfer(replace(plan(Role.RECEIVE, target), verify=verify), log, QUICK)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    log.close()
    assert outcome and outcome.kind is (K.EQUAL if verify else K.ARRIVED), outcome
    assert target.read_bytes()[: len(data)] == data
    assert [one.offset < len(data) for one in signatures(str(target), DEADLINE)] == [True, True]
    (larger, cleared) = map(str, outcome.remarks)
    assert larger == f"{target} is 4.2 MB larger than what was sent."
    assert cleared == "Old signatures behind the clone were cleared: gpt at byte 8,388,096."
    before, behind = map(str, transfer.snapshot().notes)
    assert "already has the disk identifier of the sender's disk" in before
    assert "4.2 MB larger than the sender's disk" in behind
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    by_name = {event["event"]: event for event in told}
    assert by_name["same-disk-id"]["table"] == "gpt"
    assert by_name["behind"]["cleared"] == [{"kind": "gpt", "offset": 8_388_096}]
    assert by_name["outcome"]["remarks"] == [larger, cleared]
    assert [event["text"] for event in told if event["event"] == "note"] == [before, behind]


def test_a_cast_that_fails_clears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "disk"
    target.write_bytes(b"")
    os.truncate(target, 8 << 20)
    gpt(target)
    cast = cast_of(bytes(4 << 20), (None, None), tmp_path)
    cut = (tmp_path / "stream").read_bytes()[:-256]
    (tmp_path / "stream").write_bytes(cut)
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {cast}")
    outcome = received(plan(Role.RECEIVE, target), tmp_path / "events")
    assert (outcome.kind, outcome.remarks) == (K.TRUNCATED, ())
    assert [one.kind for one in signatures(str(target), DEADLINE)] == ["gpt"]


def test_a_disk_that_hangs_once_it_is_compared_is_equal_all_the_same(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, hung = threading.Event(), threading.Event()

    def hangs(*_: object) -> Behind:
        asked.set()
        hung.wait()
        return Behind()

    monkeypatch.setattr(receiver, "tidy", hangs)
    for disk in (TargetDisk, ReadBack):
        monkeypatch.setattr(disk, "hung", property(lambda self: 301.0 if asked.is_set() else None))
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; {cast_of(bytes(50_000), (None, None), tmp_path)}")
    transfer = Transfer(plan(Role.RECEIVE, target), EventLog(), replace(QUICK, patience=0.5))
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    hung.set()
    transfer.close()
    assert outcome and outcome.kind is K.EQUAL
    (remark,) = map(str, outcome.remarks)
    assert remark == "Old signatures behind the clone were not looked for: it has not answered for 1 second."


def test_a_udp_receiver_that_crashes_is_named_and_not_its_sender(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; kill -SEGV $$")
    outcome = received(plan(Role.RECEIVE, target))
    assert outcome.kind is K.STAGE_FAILED
    assert "udp-receiver was killed by SIGSEGV; " in str(outcome.sentence)


@pytest.mark.parametrize("stream", ["gzip -1c", "zstd -qc", "lzop -1c"])
def test_what_follows_a_stream_makes_it_a_failure(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    put_first(
        monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; head -c 50000 /dev/zero | {stream}; echo something else"
    )
    outcome = received(plan(Role.RECEIVE, target))
    assert outcome.kind is K.DIFFERENT and "no part of the stream any more" in str(outcome.sentence), outcome


def test_what_cannot_be_compared_is_not_written_where_equal_is_required(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; head -c 50000 /dev/urandom | zstd -qc; exec sleep 100")
    outcome = received(replace(plan(Role.RECEIVE, target), require=Require.EQUAL))
    assert outcome.kind is K.NOT_COMPARED
    assert target.read_bytes() == b"\xaa" * 100_000


def cast(
    disk: Disk, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_plan: Plan | None = None
) -> Outcome:
    """What a receiver makes of the stream of `disk`."""
    (tmp_path / "stream").write_bytes(disk.stream())
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; cat {tmp_path}/stream")
    return received(a_plan or plan(Role.RECEIVE, target), tmp_path / "events")


def test_what_is_used_is_written_and_equal_and_holes_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, target = some_disk(), tmp_path / "disk"
    before = os.urandom(len(disk.content) + 4096)
    target.write_bytes(before)
    outcome = cast(disk, target, tmp_path, monkeypatch)
    assert outcome.kind is K.EQUAL, outcome
    assert target.read_bytes() == disk.on(before)
    assert (outcome.bytes, outcome.sent, outcome.total) == (len(disk.content), disk.used.sent, len(disk.content))
    assert (outcome.used, outcome.read_back, outcome.xxh128) == (disk.used.sent, True, disk.digest)


def test_what_is_not_used_is_zeroed_once_all_data_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, target = some_disk(), tmp_path / "disk"
    target.write_bytes(os.urandom(len(disk.content)))
    outcome = cast(disk, target, tmp_path, monkeypatch, replace(plan(Role.RECEIVE, target), holes=Holes.ZERO))
    assert outcome.kind is K.EQUAL, outcome
    assert target.read_bytes() == disk.on(bytes(len(disk.content)))
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [event["phase"] for event in told if event["event"] == "phase"] == ["clearing", "flushing", "verifying"]


def changed(frame: bytes, place: int) -> bytes:
    """One bit of it is another."""
    new = bytearray(frame)
    new[place] ^= 1
    return bytes(new)


def spoiled(pieces: list[bytes], hole: bool, place: int) -> list[bytes]:
    """The frames of a disk, of which the first with a hole, or with data, differs by a bit at `place`."""
    number = next(at for at, frame in enumerate(pieces[1:], 1) if (len(frame) < 4096) is hole)
    return [*pieces[:number], changed(pieces[number], place), *pieces[number + 1 :]]


@pytest.mark.parametrize(
    ("hole", "place"),
    [(True, 20), (True, -1), (True, -8), (False, 1000), (False, -1)],
    ids=["hole frame", "zero frame's byte", "zero frame's head", "data", "data's checksum"],
)
def test_a_bit_that_flips_on_the_way_is_never_equal(
    hole: bool, place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, target = some_disk(), tmp_path / "disk"
    target.write_bytes(b"\xaa" * len(disk.content))
    outcome = cast_frames(spoiled(disk.pieces(), hole, place), target, tmp_path, monkeypatch)
    assert outcome.kind is K.DIFFERENT, outcome


@pytest.mark.parametrize("lost", [0, 1, 9])
def test_a_stream_without_its_trailer_is_cut(lost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or without the end of what is before it."""
    disk, target = some_disk(), tmp_path / "disk"
    target.write_bytes(b"\xaa" * len(disk.content))
    frames = b"".join(disk.pieces()[:-1])
    outcome = cast_frames([frames[: len(frames) - lost]], target, tmp_path, monkeypatch)
    assert outcome.kind is K.TRUNCATED, outcome


def cast_frames(frames: list[bytes], target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What a receiver makes of these."""
    (tmp_path / "stream").write_bytes(b"".join(frames))
    put_first(monkeypatch, tmp_path, udp_receiver=f"{CONNECTS}; cat {tmp_path}/stream")
    return received(plan(Role.RECEIVE, target))


def test_a_hole_that_lies_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that are all right, of another disk: a used chunk became a hole."""
    disk, target = some_disk(), tmp_path / "disk"
    target.write_bytes(b"\xaa" * len(disk.content))
    other = Disk(disk.content, ((1, 4), *disk.free[1:]))
    frames = [disk.pieces()[0], *other.pieces()[1:-1], disk.pieces()[-1]]
    assert cast_frames(frames, target, tmp_path, monkeypatch).kind is K.DIFFERENT

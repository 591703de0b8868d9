"""A cast with a script in the place of udp-sender: above all, that its input ends only when everything went in."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath import zstd
from launcher.datapath.framing import MANIFEST_BYTES, TRAILER_BYTES, read_manifest, read_trailer
from launcher.errors import TransferFailed
from launcher.events import EventLog
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Options, Plan, Role
from launcher.model.times import TIMES, Times
from launcher.transfer import attendance, sender
from launcher.transfer.heartbeat import Notice
from launcher.transfer.liveness import Greeting
from launcher.transfer.monitor import RivalMonitor
from launcher.transfer.transfer import Transfer
from tests.launcher.transfer.fake_programs import open_descriptors, plan, put_first

DEADLINE = 20.0
K = OutcomeKind
SIZE = 3_000_000
QUICK = replace(TIMES, tick=0.05, listen=0.0, listen_tick=0.01, grace=0.3, alive_every=0.05, greet_every=0.05)
COMPRESSIONS = (Compression.NONE, Compression.GZIP, Compression.ZSTD)
CASTS = "echo 'New connection from 10.0.0.2  (#0) 00000009' >&2; echo 'Starting transfer: 00000009' >&2"
TAKES = "cat > taken; touch ended"
COMPLETE = "echo 'Transfer complete.' >&2; echo 'Disconnecting #0 (10.0.0.2)' >&2"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").write_bytes(os.urandom(SIZE))
    return tmp_path / "source"


class Silence:
    """Hears nobody."""

    def __init__(self, *_: object) -> None:
        self.air: list[Greeting] = []

    def drain(self) -> Iterator[Greeting]:
        while self.air:
            yield self.air.pop(0)

    def close(self) -> None:
        self.air.clear()


@pytest.fixture(autouse=True)
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """The kinds of outcome that were said, and to whom."""
    said: list[tuple[str, tuple[str, ...]]] = []

    def send(notice: Notice, addresses: tuple[str, ...], *_: object) -> None:
        said.append((notice.kind, addresses))

    monkeypatch.setattr(attendance, "send_notice", send)
    return said


@pytest.fixture(autouse=True)
def heartbeats(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Who was sent signs of life."""
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(attendance, "send_heartbeat", lambda addresses, *_: said.append(addresses))
    return said


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def sent(a_plan: Plan, events: Path | None = None, times: Times = QUICK) -> Outcome:
    log = EventLog(*([events] if events else []))
    transfer = Transfer(a_plan, log, times)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    log.close()
    assert outcome
    return outcome


def fails_at(offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk cannot be read from this byte on."""
    real = os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        if at >= offset:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_udp_sender_gets_everything_and_then_the_end(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compression: Compression,
    notices: list[tuple[str, tuple[str, ...]]],
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    outcome = sent(plan(Role.SEND, source, compression), tmp_path / "events")
    assert outcome.kind is K.SENT, outcome
    assert (outcome.bytes, outcome.receivers, outcome.lost) == (SIZE, ("10.0.0.2",), ())
    assert (tmp_path / "ended").exists()
    taken = (tmp_path / "taken").read_bytes()
    data = source.read_bytes()
    if compression is Compression.NONE:
        assert taken == data
    if compression is Compression.ZSTD:
        manifest = read_manifest(taken[:MANIFEST_BYTES])
        assert manifest and (manifest.length, manifest.used) == (SIZE, SIZE)
        trailer = read_trailer(taken[-TRAILER_BYTES:], manifest.session)
        assert trailer and (trailer.length, trailer.sent, trailer.xxh128) == (SIZE, SIZE, outcome.xxh128)
        assert subprocess.run(["zstd", "-dc"], input=taken, check=True, capture_output=True).stdout == data
    told = [json.loads(line)["event"] for line in (tmp_path / "events").read_text().splitlines()]
    looks = told[: told.index("used")]
    assert looks[0] == "transfer" and set(looks[1:]) <= {"command"}
    commands = ["command"] * (2 if compression is Compression.GZIP else 1)
    assert [name for name in told[len(looks) :] if name != "progress"] == [
        *("used", *commands, "connected", "cast", "outcome")
    ]
    assert notices == [("sent", ())]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("harm", ["disk", "short", "cancel"])
def test_an_input_that_is_not_whole_never_ends_for_udp_sender(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compression: Compression,
    harm: str,
    notices: list[tuple[str, tuple[str, ...]]],
) -> None:
    """It would take that for the end of the disk, and its receivers a cut disk for a whole one."""
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    a_plan = plan(Role.SEND, source, compression)
    if harm == "disk":
        fails_at(SIZE // 2, monkeypatch)
    if harm == "short":
        a_plan = replace(a_plan, target=replace(a_plan.target, size=SIZE + 1))
    before = open_descriptors()
    transfer = Transfer(a_plan, EventLog(), QUICK)
    if harm == "cancel":
        hold = threading.Event()
        real = os.preadv

        def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
            if at >= SIZE // 2:
                transfer.cancel()
                hold.wait(0.5)
            return real(fd, buffers, at)

        monkeypatch.setattr("os.preadv", preadv)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is (K.CANCELLED if harm == "cancel" else K.READ_ERROR), outcome
    assert not (tmp_path / "ended").exists()
    assert notices[-1][0] == outcome.kind.value
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ("exit 1", "The compressor failed: pigz ended with status 1"),
        ("kill -9 $$", "The compressor failed: pigz was killed by SIGKILL"),
        ("exit 0", "The cast broke off: udp-sender was killed by SIGKILL"),
    ],
)
def test_a_compressor_that_ends_early_ends_no_input(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str, says: str
) -> None:
    """Even if it calls that a success."""
    udp_sender = f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}"
    put_first(monkeypatch, tmp_path, udp_sender=udp_sender, pigz=f"head -c 100000; {ends}")
    outcome = sent(plan(Role.SEND, source, Compression.GZIP))
    assert outcome.kind is K.STAGE_FAILED
    assert says in str(outcome.sentence)
    assert not (tmp_path / "ended").exists()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_udp_sender_that_dies_ends_everything(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: Compression
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"{CASTS}; head -c 100000 > /dev/null; kill -9 $$")
    outcome = sent(plan(Role.SEND, source, compression))
    assert outcome.kind is K.STAGE_FAILED
    assert "udp-sender was killed by SIGKILL" in str(outcome.sentence)


def test_who_leaves_before_all_is_acknowledged_is_lost_or_near_the_end(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = "echo 'Disconnecting #0 (10.0.0.2)' >&2"
    put_first(
        monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {leaves}; echo 'Transfer complete.' >&2"
    )
    outcome = sent(plan(Role.SEND, source))
    assert (outcome.kind, outcome.lost) == (K.RECEIVER_LOST, ())
    assert "10.0.0.2 left near its end" in str(outcome.sentence)


def test_signs_of_life_are_sent_while_the_disk_is_read(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heartbeats: list[tuple[str, ...]]
) -> None:
    real = os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        if at:
            until(lambda: len(heartbeats) > 2)
        return real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    assert sent(plan(Role.SEND, source)).kind is K.SENT
    assert set(heartbeats) == {("10.0.0.2",)}


@pytest.mark.parametrize("begun", [False, True])
def test_another_sender_is_given_way_to(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun: bool,
    notices: list[tuple[str, tuple[str, ...]]],
) -> None:
    """Also while this one waits already, with receivers: they are told that they may look for the other one."""
    here = "echo 'New connection from 10.0.0.2  (#0) 00000009' >&2"
    waits = "until test -e begin; do sleep 0.02; done"
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; touch started; {here}; {waits}; {TAKES}")

    class Rival(Silence):
        def drain(self) -> Iterator[Greeting]:
            if not begun or (tmp_path / "started").exists():
                yield Greeting(time.monotonic(), "10.0.0.9", "52:54:00:00:00:00")

    monkeypatch.setattr(sender, "RivalMonitor", Rival)
    times = replace(QUICK, listen=0.0 if begun else DEADLINE)
    outcome = sent(plan(Role.SEND, source), times=times)
    assert outcome.kind is K.OTHER_SENDER
    assert "Another sender, 10.0.0.9, is waiting for receivers on port 9000; nothing was sent." in str(outcome.sentence)
    assert (tmp_path / "started").exists() == begun
    assert not (tmp_path / "ended").exists()
    assert [kind for kind, _ in notices] == ["other-sender"]


def test_who_is_heard_only_when_the_listening_is_over_is_not_given_way_to_if_his_address_is_higher(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late one looks: of two that began at the same time exactly one stays. It says what it hears."""
    told = tmp_path / "events"

    class Rival(Silence):
        def drain(self) -> Iterator[Greeting]:
            if (tmp_path / "started").exists():
                yield Greeting(time.monotonic(), "10.0.0.9", "52:54:00:ff:ff:ff")
            if told.exists() and '"rival"' in told.read_text():
                (tmp_path / "go").touch()

    monkeypatch.setattr(sender, "RivalMonitor", Rival)
    waits = "touch started; until test -e go; do sleep 0.02; done"
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {waits}; {CASTS}; {TAKES}; {COMPLETE}")
    assert sent(plan(Role.SEND, source), told).kind is K.SENT
    (rival,) = (one for one in map(json.loads, told.read_text().splitlines()) if one["event"] == "rival")
    assert (rival["address"], rival["mac"]) == ("10.0.0.9", "52:54:00:ff:ff:ff")


def test_one_stray_greeting_stops_no_cast(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rival(Silence):
        def __init__(self, *_: object) -> None:
            super().__init__()
            self.air.append(Greeting(time.monotonic(), "10.0.0.9", "52:54:00:00:00:00"))

    monkeypatch.setattr(sender, "RivalMonitor", Rival)
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    assert sent(plan(Role.SEND, source), times=replace(QUICK, listen=0.2)).kind is K.SENT


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_stranger_that_begins_the_cast_for_nobody_does_not_end_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: Compression
) -> None:
    """udp-sender ends with status 0 then, and has taken nothing of its input."""
    nobody = "if ! test -e again; then touch again; echo 'No participants... exiting' >&2; exit 0; fi"
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {nobody}; {CASTS}; {TAKES}; {COMPLETE}")
    assert sent(plan(Role.SEND, source, compression), tmp_path / "events").kind is K.SENT
    if compression is Compression.NONE:
        assert (tmp_path / "taken").read_bytes() == source.read_bytes()
    told = map(json.loads, (tmp_path / "events").read_text().splitlines())
    assert sum("udp-sender" in one["command"] for one in told if one["event"] == "command") == 2


def test_who_writes_to_a_udp_sender_that_waits_sees_its_end_when_the_disk_hangs(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, real = threading.Event(), os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        if at >= 2 << 20:  # what was read before is more than a pipe holds
            answer.wait(DEADLINE)
        return real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)
    put_first(monkeypatch, tmp_path, udp_sender="exec sleep 60")
    try:
        outcome = sent(plan(Role.SEND, source, Compression.GZIP), times=replace(QUICK, patience=0.5))
        assert outcome.kind is K.READ_ERROR
        until(lambda: "stream" not in {thread.name for thread in threading.enumerate()})
    finally:
        answer.set()


def test_a_disk_that_hangs_is_seen_though_frames_wait_to_be_taken(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who reads it ends, with its threads, should it answer after all."""
    answer, real = threading.Event(), os.preadv

    def preadv(fd: int, buffers: list[memoryview], at: int) -> int:
        if at >= 2 << 20:
            answer.wait(DEADLINE)
        return real(fd, buffers, at)

    monkeypatch.setattr("os.preadv", preadv)
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    before = open_descriptors()
    try:
        outcome = sent(plan(Role.SEND, source), times=replace(QUICK, patience=0.5))
        assert outcome.kind is K.READ_ERROR
        assert "it has not answered for" in str(outcome.sentence)
        assert not (tmp_path / "ended").exists()
    finally:
        answer.set()
    until(lambda: not {"stream", "pack"} & {thread.name for thread in threading.enumerate()})
    until(lambda: open_descriptors() == before)


def test_without_the_library_that_is_said_before_anything_is_sent(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zstd, "LIBRARY", "libzstd.so.none")
    zstd._library.cache_clear()
    try:
        with pytest.raises(TransferFailed, match=r"libzstd\.so\.none is missing"):
            Transfer(plan(Role.SEND, source), EventLog(), QUICK)
    finally:
        monkeypatch.undo()
        zstd._library.cache_clear()


def test_a_cast_that_begins_by_itself_for_nobody_is_over(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender="echo 'No participants... exiting' >&2")
    a_plan = replace(plan(Role.SEND, source), options=Options(("--autostart", "3"), autostart=3))
    assert sent(a_plan).kind is K.NO_RECEIVERS


def test_the_key_is_pressed_when_somebody_is_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is asked for before: that is answered in words."""
    comes = "until test -e come; do sleep 0.02; done; echo 'New connection from 10.0.0.2  (#0) 00000009' >&2"
    key = "stty -icanon < /dev/tty 2> /dev/null; head -c 1 < /dev/tty > key; echo 'Starting transfer: 00000009' >&2"
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {comes}; {key}; {TAKES}; {COMPLETE}")
    transfer = Transfer(plan(Role.SEND, source), EventLog(), QUICK)
    transfer.start()
    transfer.begin_cast()
    until(lambda: "No receiver has connected yet." in map(str, transfer.snapshot().messages))
    (tmp_path / "come").touch()
    until(lambda: transfer.snapshot().receivers)
    transfer.begin_cast()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.SENT
    assert (tmp_path / "key").read_bytes() == b" "


def test_where_no_key_is_read_that_is_said(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"until test -e {tmp_path}/go; do sleep 0.02; done")
    a_plan = replace(plan(Role.SEND, source), options=Options(("--nokbd",), nokbd=True))
    transfer = Transfer(a_plan, EventLog(), QUICK)
    transfer.start()
    for _ in range(2):  # while it listens, and when udp-sender runs
        count = len(transfer.snapshot().messages)
        transfer.begin_cast()
        until(lambda: len(transfer.snapshot().messages) > count)  # noqa: B023 - it is called here
        assert "reads no key" in str(transfer.snapshot().messages[-1])
    (tmp_path / "go").touch()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.NO_RECEIVERS


def test_who_cancels_while_it_listens_starts_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, tmp_path, udp_sender=f"touch {tmp_path}/started")
    transfer = Transfer(plan(Role.SEND, source), EventLog(), replace(QUICK, listen=3600.0))
    transfer.start()
    transfer.cancel()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is K.CANCELLED
    assert not (tmp_path / "started").exists()


def test_the_real_monitor_has_what_the_false_one_has() -> None:
    assert {name for name in vars(Silence) if not name.startswith("_")} == {
        name for name in vars(RivalMonitor) if not name.startswith("_")
    }

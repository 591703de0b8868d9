"""A sender's look at what is used: it costs no time, it stops no cast, and whatever is sent whole is said."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.asking import Stopped, ask
from launcher.datapath import unchanged
from launcher.datapath.framing import SentPart, read_manifest, skippable_size
from launcher.errors import ErrorKind, TransferFailed
from launcher.events import EventLog
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Compression, Plan, Role
from launcher.model.times import TIMES, Times
from launcher.sentence import say
from launcher.transfer import attendance, looking, sender
from launcher.transfer.looking import said_whole
from launcher.transfer.status import Status, TransferState
from launcher.transfer.transfer import Transfer
from launcher.used.survey import Part, Survey
from launcher.used.used_map import UsedMap
from tests.launcher.transfer.fake_programs import plan, put_first
from tests.launcher.transfer.test_sender import CASTS, COMPLETE, TAKES, Silence

DEADLINE = 20.0
MIB = 1 << 20
SIZE = 6 * MIB
QUICK = replace(TIMES, tick=0.05, listen=0.0, listen_tick=0.01, grace=0.3)
K = OutcomeKind


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A disk that a script in the place of udp-sender sends."""
    monkeypatch.setattr(sender, "RivalMonitor", Silence)
    monkeypatch.setattr(attendance, "send_notice", lambda *_: None)
    put_first(monkeypatch, tmp_path, udp_sender=f"cd {tmp_path}; {CASTS}; {TAKES}; {COMPLETE}")
    (tmp_path / "source").write_bytes(b"x" * SIZE)
    return tmp_path / "source"


def sent(a_plan: Plan, directory: Path, times: Times = QUICK) -> tuple[Outcome, dict[str, object], TransferState]:
    """The outcome, the event ``used``, and what was to be seen at the end."""
    log = EventLog(directory / "events")
    transfer = Transfer(a_plan, log, times)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    state = transfer.snapshot()
    transfer.close()
    log.close()
    assert outcome
    told = map(json.loads, (directory / "events").read_text().splitlines())
    return outcome, next((one for one in told if one["event"] == "used"), {}), state


def finds(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Survey]) -> list[bool]:
    """Whether only what is used was asked for, each time."""
    asked = []

    def survey(path: str, length: int, *, used: bool, note: object, stop: int) -> Survey:
        asked.append(used)
        return look()

    monkeypatch.setattr(looking, "survey", survey)
    return asked


def half() -> Survey:
    """The second half is free, of a disk with one partition that is sent whole."""
    used = UsedMap(SIZE)
    used.free(3 * MIB, SIZE)
    parts = (
        Part("sda1", 1, MIB, MIB, "xfs", None, say("sda1 is sent whole: nobody knows.")),
        Part("sda2", 2, 2 * MIB, 4 * MIB, "ext4", MIB),
    )
    return Survey(used, parts, "label: gpt\n", SIZE - 4096, ("zfs_member",), (say("It will not start."),))


def test_what_is_used_is_sent_and_said(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finds(monkeypatch, half) == []
    outcome, told, state = sent(plan(Role.SEND, source), tmp_path)
    assert outcome.kind is K.SENT
    assert (outcome.bytes, outcome.sent, outcome.used, outcome.total) == (SIZE, 3 * MIB, 3 * MIB, SIZE)
    assert (told["used"], told["total"]) == (3 * MIB, SIZE)
    whole = "sda1 is sent whole: nobody knows."
    assert told["parts"] == [
        {"name": "sda1", "kind": "xfs", "size": MIB, "used": None, "whole": whole},
        {"name": "sda2", "kind": "ext4", "size": 4 * MIB, "used": MIB, "whole": None},
    ]
    assert list(map(str, state.whole)) == [whole]
    assert list(map(str, state.notes)) == ["It will not start."]
    assert (state.bytes, state.total, state.sent, state.used) == (SIZE, SIZE, 3 * MIB, 3 * MIB)
    stream = (tmp_path / "taken").read_bytes()
    manifest = read_manifest(stream)
    assert manifest
    assert (manifest.used, manifest.table_text, manifest.table_end) == (3 * MIB, "label: gpt\n", SIZE - 4096)
    assert (manifest.behind, manifest.made is not None) == (("zfs_member",), True)
    assert manifest.parts == (
        SentPart("sda1", 1, MIB, MIB, "xfs", None, whole),
        SentPart("sda2", 2, 2 * MIB, 4 * MIB, "ext4", MIB),
    )
    plain = subprocess.run(["zstd", "-dc"], input=stream, check=True, capture_output=True).stdout
    assert plain == b"x" * (3 * MIB) + bytes(3 * MIB)


def test_what_is_small_and_never_anything_else_does_not_hide_the_rest() -> None:
    """On the screen; the event has each with its reason."""
    large = Part("sda3", 3, 0, 100 << 30, "ntfs", None, say("sda3: Windows is hibernated, so it is sent whole."))
    small = (
        Part("sda1", 1, 0, 512 * MIB, "vfat", None, say("sda1: it is vfat, so it is sent whole.")),
        Part("sda2", 2, 0, 16 * MIB, "", None, say("sda2: nothing is recognised on it, so it is sent whole.")),
    )
    boot = Part("sda4", 4, 0, 512 * MIB, "ext4", None, say("sda4: it was not unmounted, so it is sent whole."))
    common = "sda1, sda2: sent whole, being small, and of a kind that does not tell what is used."
    for parts in ((*small, large, boot), tuple(map(as_sent, (*small, large, boot)))):
        assert list(map(str, said_whole(parts))) == [str(large.whole), str(boot.whole), common]
    data = replace(small[0], size=2 << 30)  # a large one is somebody's data
    stick = replace(small[0], number=0)  # and where there is no table, it is all that there is
    for one in (data, stick):
        assert said_whole((one,)) == (one.whole,)


def as_sent(part: Part) -> SentPart:
    """As a stored image has it."""
    return SentPart(part.name, part.number, part.offset, part.size, part.kind, part.used, str(part.whole))


def test_a_disk_that_is_written_to_since_is_no_success(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is new would lie in what is called free."""

    def look() -> Survey:
        found = half()
        with source.open("r+b") as disk:
            disk.seek(4 * MIB)
            disk.write(b"a new file")
        os.utime(source, (7, 7))
        return found

    finds(monkeypatch, look)
    outcome, _, _ = sent(plan(Role.SEND, source), tmp_path)
    assert outcome.kind is K.READ_ERROR
    assert "was written to since its free blocks were looked at" in str(outcome.sentence)
    assert not (tmp_path / "ended").exists()


def test_a_disk_whose_writes_are_not_counted_is_sent_whole(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would see that a file is new in what is called free."""
    finds(monkeypatch, half)
    monkeypatch.setattr(unchanged, "_counts", lambda fd: False)
    outcome, told, state = sent(plan(Role.SEND, source), tmp_path)
    assert (outcome.kind, outcome.used, told["used"]) == (K.SENT, SIZE, SIZE)
    assert list(map(str, state.whole)) == [
        "sda1 is sent whole: nobody knows.",
        "sda2 is sent whole: it is not counted what is written to it.",
    ]


def unreadable() -> Survey:
    raise TransferFailed(ErrorKind.DISK_UNREADABLE, say("It cannot be read."))


def short_of_memory() -> Survey:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


def resized() -> Survey:
    return Survey(UsedMap(SIZE - MIB))


@pytest.mark.parametrize(
    ("look", "why"),
    [
        (unreadable, "It cannot be read"),
        (short_of_memory, "Cannot allocate memory"),
        (resized, "its size has changed"),
    ],
)
def test_a_look_that_fails_sends_all_of_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[[], Survey], why: str
) -> None:
    finds(monkeypatch, look)
    outcome, told, state = sent(plan(Role.SEND, source), tmp_path)
    assert (outcome.kind, outcome.used) == (K.SENT, SIZE)
    assert told["used"] == SIZE
    assert why in str(state.whole[0])
    assert "is sent whole" in str(state.whole[0])


def test_a_look_that_hangs_sends_all_of_it(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def hang() -> Survey:
        go.wait(DEADLINE)
        return half()

    finds(monkeypatch, hang)
    monkeypatch.setattr(looking, "LONG", 0.0)
    monkeypatch.setattr(Status, "begin", lambda status: None)
    try:
        outcome, told, state = sent(plan(Role.SEND, source), tmp_path, replace(QUICK, survey=0.3))
    finally:
        go.set()
    assert (outcome.kind, outcome.used, told["used"]) == (K.SENT, SIZE, SIZE)
    assert "took too long" in str(state.whole[0])
    said = [one for one in state.messages if "Looking at what is used of" in str(one)]
    assert said and set(said) <= state.over


def test_a_bug_in_the_look_is_no_reason_to_send_all_of_it_silently(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> Survey:
        raise ValueError("a bug")

    finds(monkeypatch, bug)
    transfer = Transfer(plan(Role.SEND, source), EventLog(), QUICK)
    transfer.start()
    with pytest.raises(ValueError, match="a bug"):
        transfer.wait(DEADLINE)
    transfer.close()
    assert not (tmp_path / "taken").exists()


def test_the_look_goes_on_while_another_sender_is_listened_for(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin at once; and who gives way, or is cancelled, does not wait for its end."""
    go, looks = threading.Event(), threading.Event()

    def look() -> Survey:
        looks.set()
        go.wait(DEADLINE)
        return half()

    finds(monkeypatch, look)
    transfer = Transfer(plan(Role.SEND, source), EventLog(), replace(QUICK, listen=3600.0))
    transfer.start()
    assert looks.wait(DEADLINE)
    begun = time.monotonic()
    transfer.cancel()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    go.set()
    assert outcome and outcome.kind is K.CANCELLED
    assert time.monotonic() - begun < DEADLINE / 2


@pytest.mark.parametrize("cancelled", [True, False])
def test_the_tools_of_a_look_that_nobody_waits_for_are_ended(
    source: Path, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    """The operator has ended the cast, or it takes too long."""
    looks, ended = threading.Event(), threading.Event()

    def survey(path: str, length: int, *, used: bool, note: object, stop: int) -> Survey:
        try:
            ask(("sh", "-c", "echo begun; exec sleep 1000"), lambda piece: looks.set(), 1000.0, stop=stop)
        except Stopped:
            ended.set()
            raise
        return half()

    monkeypatch.setattr(looking, "survey", survey)
    transfer = Transfer(plan(Role.SEND, source), EventLog(), replace(QUICK, survey=1000.0 if cancelled else 1.0))
    transfer.start()
    assert looks.wait(DEADLINE)
    if cancelled:
        transfer.cancel()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome and outcome.kind is (K.CANCELLED if cancelled else K.SENT)
    assert ended.wait(DEADLINE)


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.LZOP, Compression.NONE])
def test_another_compression_has_no_holes(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: Compression
) -> None:
    asked = finds(monkeypatch, half)
    a_plan = plan(Role.SEND, source, compression)
    outcome, told, state = sent(a_plan, tmp_path)
    assert (outcome.kind, outcome.used, told["used"]) == (K.SENT, SIZE, SIZE)
    assert f"with compr={compression.value} no block can be left out" in str(state.whole[0])
    _, _, state = sent(replace(a_plan, used=False), tmp_path)
    assert state.whole == ()
    assert asked == []


def test_who_wants_all_of_it_still_says_which_partitions_there_are(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = finds(monkeypatch, lambda: Survey(UsedMap(SIZE), half().parts[1:], "label: gpt\n", SIZE))
    outcome, told, state = sent(replace(plan(Role.SEND, source), used=False), tmp_path)
    assert (outcome.kind, outcome.used, told["used"], state.whole) == (K.SENT, SIZE, SIZE, ())
    assert asked == [False]
    manifest = read_manifest((tmp_path / "taken").read_bytes())
    assert manifest and manifest.table_text == "label: gpt\n"


@pytest.mark.parametrize(
    ("count", "text", "said"), [(300, 9, (0, True)), (200, 300, (0, True)), (2, 70_000, (0, False))]
)
def test_what_has_no_room_in_the_manifest_is_left_out(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, text: int, said: tuple[int, bool]
) -> None:
    """Without the table there is no second digest either: no smaller target is taken."""
    parts = tuple(Part(f"sda{n}", n, n, n, "x" * text, None) for n in range(count))
    finds(monkeypatch, lambda: Survey(UsedMap(SIZE), parts, "t" * text, SIZE))
    assert sent(plan(Role.SEND, source), tmp_path)[0].kind is K.SENT
    stream = (tmp_path / "taken").read_bytes()
    manifest = read_manifest(stream)
    assert manifest
    assert (len(manifest.parts), manifest.table_text is not None) == said
    assert (skippable_size(stream) or 0) <= 64 << 10
    assert (b'xxh128_table_end":null' in stream) is not said[1]

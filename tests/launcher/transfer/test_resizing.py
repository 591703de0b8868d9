"""A whole reception on targets of other sizes: what the sender makes of a real disk, written, compared, made to fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath import framing, rereading
from launcher.datapath.block_device import SourceDisk
from launcher.datapath.framing import Trailer, trailer_frame
from launcher.events import EventLog
from launcher.model.growth import GrowthKind
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Grow, Plan, Role
from launcher.model.times import TIMES
from launcher.resize import rewrite
from launcher.resize.table import read_table, same
from launcher.transfer import stream as streams
from launcher.transfer.transfer import Transfer
from launcher.used.look import survey
from tests.disks import MIB
from tests.launcher.resize.clones import clone, contents, expected, part_of
from tests.launcher.resize.tables import ESP, LINUX, SWAP, dos, dump, gpt, verified
from tests.launcher.transfer.fake_programs import plan, put_first
from tests.launcher.transfer.test_receiver import CONNECTS, DEADLINE, Silence

pytestmark = pytest.mark.netns

QUICK = replace(TIMES, tick=0.05, look_out=0.1, grace=0.3)
GPT = gpt((1, 2, ESP), (3, 24, LINUX), (27, 4, SWAP))
DOS = dos((1, 1, 24, "83, bootable"), (2, 26, 5, "5"), (5, 27, 4, "82"))
KINDS = {GPT: {1: "vfat", 2: "ext4", 3: "swap"}, DOS: {1: "ext4", 5: "swap"}}
END = 31 * MIB


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.transfer.link.SenderMonitor", Silence)


def stream(tmp_path: Path, text: str) -> tuple[Path, bytes]:
    """What a sender casts of a disk with this table, and the disk."""
    _, data = clone(tmp_path, text, KINDS[text], 64 * MIB)
    source = tmp_path / "source"
    wanted = plan(Role.SEND, source)
    disk = SourceDisk(str(source))
    made = streams.DiskCast(wanted, disk, survey(str(source), len(data)))
    path = tmp_path / "stream"
    with path.open("wb") as sink:
        moved = streams.cast(made, "session", sink.fileno(), lambda count, holes: None)
    disk.close()
    assert moved.whole and path.stat().st_size < len(data) // 2
    return path, data


def received(path: Path, target: Path, size: int, monkeypatch: pytest.MonkeyPatch, grow: Grow = Grow.ASK) -> Outcome:
    """The stream at `path` on a target of `size` bytes, which had other things on it."""
    target.write_bytes(b"\xaa" * size)
    put_first(monkeypatch, path.parent, udp_receiver=f"{CONNECTS}; cat {path}")
    wanted: Plan = replace(plan(Role.RECEIVE, target), grow=grow)
    transfer = Transfer(wanted, EventLog(), QUICK)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome
    return outcome


@pytest.mark.parametrize(("text", "size"), [(GPT, END + 33 * 512), (DOS, END)])
def test_a_smaller_target(text: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, data = stream(tmp_path, text)
    target = tmp_path / "small"
    outcome = received(path, target, size, monkeypatch)
    assert outcome.kind is OutcomeKind.EQUAL and outcome.read_back, str(outcome.sentence)
    assert (outcome.bytes, outcome.total) == (END, len(data))
    assert outcome.rewritten == (size if text == GPT else None)
    assert outcome.up_to == END
    assert f"equal in every used block up to the end of the last partition ({END:,} bytes)" in str(outcome.sentence)
    assert (f"table rewritten for {size:,} bytes" in str(outcome.sentence)) is (text == GPT)
    known, found = read_table(dump(tmp_path / "source")), read_table(dump(target))
    assert known and found and same(known, found) and verified(target)
    assert target.read_bytes()[:440] == data[:440]
    for one in known.entries:
        kind = KINDS[text].get(one.number)
        part = part_of(target, one.start * 512, one.size * 512, tmp_path / "part")
        if kind == "ext4":
            assert contents(part, kind) == expected(kind)
        elif kind == "vfat":
            assert part.read_bytes() == data[one.start * 512 : one.end * 512]


def test_one_byte_too_few_is_refused_and_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = stream(tmp_path, GPT)
    target, size = tmp_path / "small", END + 33 * 512 - 1
    outcome = received(path, target, size, monkeypatch)
    assert outcome.kind is OutcomeKind.TOO_SMALL and "1 byte too few" in str(outcome.sentence)
    assert target.read_bytes() == b"\xaa" * size


@pytest.mark.field
def test_a_second_digest_that_is_another_is_no_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = framing.trailer_frame

    def other(trailer: Trailer) -> bytes:
        assert trailer.xxh128_table_end
        return real(replace(trailer, xxh128_table_end="0" * 32))

    monkeypatch.setattr(streams, "trailer_frame", other)
    path, _ = stream(tmp_path, GPT)
    outcome = received(path, tmp_path / "small", 32 * MIB, monkeypatch)
    assert outcome.kind is OutcomeKind.DIFFERENT
    assert trailer_frame is real


@pytest.mark.field
def test_a_table_that_cannot_be_written_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = stream(tmp_path, GPT)
    monkeypatch.setattr(rewrite, "sectors", lambda *words: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    outcome = received(path, tmp_path / "small", 32 * MIB, monkeypatch)
    assert outcome.kind is OutcomeKind.WRITE_ERROR and outcome.rewritten is None
    assert "its partition table could not be made" in str(outcome.sentence)


@pytest.mark.field
def test_a_disk_that_loses_what_is_before_the_end_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read back as far as it was written."""
    path, _ = stream(tmp_path, GPT)
    real = rereading.read_back

    def spoiled(disk: object, *words: object) -> object:
        with (tmp_path / "small").open("r+b") as file:
            file.seek(END - 512)
            file.write(b"another")
        return real(disk, *words)  # type: ignore[arg-type]

    monkeypatch.setattr("launcher.transfer.receiver.read_back", spoiled)
    outcome = received(path, tmp_path / "small", 32 * MIB, monkeypatch)
    assert outcome.kind is OutcomeKind.CHANGED and outcome.rewritten is None


@pytest.mark.parametrize(
    "grow", [Grow.YES, *(pytest.param(one, marks=pytest.mark.field) for one in (Grow.ASK, Grow.NO))]
)
def test_a_larger_target(grow: Grow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, data = stream(tmp_path, GPT)
    target = tmp_path / "large"
    outcome = received(path, target, 80 * MIB, monkeypatch, grow)
    assert outcome.kind is OutcomeKind.EQUAL
    if grow is Grow.YES:
        assert outcome.growth and outcome.growth.kind is GrowthKind.GROWN and outcome.offer is None
        found = read_table(dump(target))
        assert found and found.entries[1].size > 60 * MIB // 512 and verified(target)
        part = part_of(target, 3 * MIB, found.entries[1].size * 512, tmp_path / "part")
        assert contents(part, "ext4") == expected("ext4")
        return
    assert (outcome.offer is None) is (grow is Grow.NO) and outcome.growth is None
    assert target.read_bytes()[3 * MIB : 4 * MIB] == data[3 * MIB : 4 * MIB]
    if outcome.offer:
        assert outcome.offer.grow(lambda step: None).kind is GrowthKind.GROWN
    assert target.stat().st_size == 80 * MIB


def test_without_a_manifest_it_is_said_that_nothing_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of gzip, or of a plain udp-sender."""
    _, data = stream(tmp_path, GPT)
    plain = tmp_path / "plain"
    plain.write_bytes(data)
    outcome = received(plain, tmp_path / "large", 80 * MIB, monkeypatch, Grow.YES)
    assert outcome.kind is OutcomeKind.WRITTEN, str(outcome.sentence)
    assert outcome.growth and outcome.growth.kind is GrowthKind.NOT_GROWN
    outcome = received(plain, tmp_path / "equal", len(data), monkeypatch, Grow.YES)
    assert outcome.kind is OutcomeKind.WRITTEN and outcome.growth is None


@pytest.mark.parametrize("field", ["uuid=", "start=", "label-id: ", "size="])
def test_a_table_that_changed_on_the_way_is_no_equal(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what is written; the disk's own is in no digest of a smaller target."""
    path, _ = stream(tmp_path, GPT)
    data = bytearray(path.read_bytes())
    begin = data.index(field.encode()) + len(field)
    at = next(place for place in range(begin, begin + 40) if data[place] in b"2468")
    data[at] ^= 1
    path.write_bytes(data)
    target = tmp_path / "small"
    outcome = received(path, target, END + 33 * 512, monkeypatch)
    assert outcome.kind is not OutcomeKind.EQUAL, str(outcome.sentence)

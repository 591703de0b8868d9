"""Used blocks on real block devices that had other lives, of other sizes, with each way to treat what is not used."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from launcher.datapath.block_device import SourceDisk
from launcher.events import EventLog
from launcher.hardware.signatures import signatures
from launcher.model.machine import Disk
from launcher.model.outcome import Outcome, OutcomeKind
from launcher.model.plan import Grow, Holes, Role, Target
from launcher.transfer.stream import DiskCast, cast
from launcher.transfer.transfer import Transfer
from launcher.used.look import survey
from launcher.used.used_map import Run
from tests.disks import MIB, loop, run
from tests.launcher.datapath.old_lives import md_superblock, zfs
from tests.launcher.resize.clones import clone, part_of
from tests.launcher.resize.tables import LINUX, SWAP, gpt
from tests.launcher.transfer.fake_programs import plan, put_first
from tests.launcher.transfer.test_receiver import CONNECTS, DEADLINE, Silence
from tests.launcher.transfer.test_resizing import QUICK

pytestmark = pytest.mark.netns

TABLE = gpt((1, 20, LINUX), (21, 12, SWAP))
PARTS = ((1 * MIB, 20 * MIB), (21 * MIB, 12 * MIB))
END = 33 * MIB
SOURCE = 35 * MIB
STALE = b"\xaa"


@dataclass(frozen=True)
class Made:
    """The stream of a disk, the disk's bytes, and what of them was used."""

    stream: Path
    disk: bytes
    runs: tuple[Run, ...]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.transfer.link.SenderMonitor", Silence)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return stream_of(tmp_path_factory.mktemp("source"))


def stream_of(directory: Path, *more: tuple[int, int]) -> Made:
    """What a sender casts of a disk with ext4 and swap; without the ranges `more` as well, from begin to end."""
    _, data = clone(directory, TABLE, {1: "ext4", 2: "swap"}, SOURCE)
    source = directory / "source"
    disk, found = SourceDisk(str(source)), survey(str(source), len(data))
    assert [part.whole for part in found.parts] == [None, None]
    for begin, end in more:
        found.used.free(begin, end)
    path = directory / "stream"
    with path.open("wb") as sink:
        cast(DiskCast(plan(Role.SEND, source), disk, found), "session", sink.fileno(), lambda count, holes: None)
    disk.close()
    return Made(path, data, tuple(found.used.runs()))


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Path]:
    """Where a target's image may be."""
    yield tmp_path / "image"
    (tmp_path / "image").unlink(missing_ok=True)


def received(
    made: Made, device: Path, size: int, holes: Holes, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> Outcome:
    shutil.copy(made.stream, scripts / "sent")  # where who has no rights may read it
    put_first(monkeypatch, scripts, udp_receiver=f"{CONNECTS}; cat {scripts / 'sent'}")
    disk = Disk(str(device), size, 512)
    wanted = replace(plan(Role.RECEIVE, device), target=Target(disk.path, size, disk), holes=holes, grow=Grow.NO)
    transfer = Transfer(wanted, EventLog(), QUICK)
    transfer.start()
    outcome = transfer.wait(DEADLINE)
    transfer.close()
    assert outcome
    return outcome


def marks(begin: int) -> Iterator[tuple[int, bytes]]:
    """By what libblkid recognises somebody at the beginning of something at byte `begin`: where, and what."""
    yield begin, b"XFSB"
    yield begin + 512, b"LABELONE" + bytes(16) + b"LVM2 001"
    yield begin + 1080, b"\x53\xef"  # ext4
    yield begin + 4096, struct.pack("<II", 0xA92B4EFC, 1)  # md 1.2
    yield begin + (64 << 10) + 64, b"_BHRfS_M"  # btrfs
    yield begin + (128 << 10), struct.pack("<QQ", 0x00BAB10C, 5000)  # ZFS
    yield begin + MIB, struct.pack("<I", 0xC001D00D)  # VMFS, and the member of one
    yield begin + 2 * MIB, struct.pack("<I", 0x2FABF15E)
    for offset in (16 << 10, MIB + 4096, 4 * MIB):
        yield begin + offset, luks2(offset)


def luks2(offset: int) -> bytes:
    """A second header of LUKS, which stands `offset` bytes from the beginning (cryptsetup's lib/luks2/luks2.h)."""
    header = bytearray(512)
    header[:8] = b"SKUL\xba\xbe" + struct.pack(">H", 2)
    header[8:16] = header[256:264] = struct.pack(">Q", offset)
    header[168:204] = b"12345678-1234-1234-1234-123456789012"
    return bytes(header)


def live(image: Path, size: int) -> None:
    """Earlier lives: at the disk's ends, at those of the partitions to come, and at each MiB, so that all holes have
    some."""
    image.write_bytes(STALE * size)
    with image.open("r+b") as disk:
        for begin in (0, *range(MIB // 2, size, MIB), *(begin for begin, _ in PARTS)):
            for place, mark in marks(begin):
                if place + len(mark) <= size:
                    disk.seek(place)
                    disk.write(mark)
        for offset, length in PARTS:
            alone = image.with_name("end")
            alone.write_bytes(bytes(length))
            md_superblock(alone)
            zfs(alone)
            disk.seek(offset + length - MIB)
            disk.write(alone.read_bytes()[-MIB:])
    md_superblock(image)
    zfs(image)


def told(path: Path) -> tuple[str, set[tuple[str, int]]]:
    """What blkid takes it for, and all signatures."""
    found = run("blkid", "--probe", "--output", "export", path).partition("\n")[2]
    return found, {(one.kind, one.offset) for one in signatures(str(path), 20)}


def holes_of(made: Made, end: int = SOURCE) -> Iterator[tuple[int, int]]:
    for one in made.runs:
        if one.hole and one.offset < end:
            yield one.offset, min(one.length, end - one.offset)


def test_of_a_target_with_many_earlier_lives_only_the_clone_is_recognised(
    made: Made, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = SOURCE + 3 * MIB
    live(images, size)
    before = images.read_bytes()
    with loop(images) as device:
        outcome = received(made, device, size, Holes.KEEP, tmp_path, monkeypatch)
        assert outcome.kind is OutcomeKind.EQUAL and outcome.read_back, str(outcome.sentence)
        assert {kind for kind, _ in told(device)[1]} == {"gpt", "PMBR"}
    after = images.read_bytes()
    for offset, length in holes_of(made):
        assert after[offset : offset + length] == before[offset : offset + length], "holes stay as they were"
    for (offset, length), kind in zip(PARTS, ("ext4", "swap"), strict=True):
        there = told(part_of(images, offset, length, tmp_path / "there"))
        assert there == told(part_of(made.stream.with_name("source"), offset, length, tmp_path / "here"))
        assert f"TYPE={kind}\n" in there[0]


def field(*values: object) -> object:
    return pytest.param(*values, marks=pytest.mark.field)


@pytest.mark.parametrize(
    ("holes", "size"),
    [
        (Holes.DISCARD, SOURCE + 3 * MIB),
        (Holes.ZERO, END + 33 * 512),
        field(Holes.DISCARD, END + 33 * 512),
        field(Holes.ZERO, SOURCE + 3 * MIB),
        field(Holes.ZERO, SOURCE),
    ],
)
def test_holes_are_treated_as_was_asked_for_and_nothing_else(
    holes: Holes, size: int, made: Made, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    treated(made, holes, size, images, tmp_path, monkeypatch)


@pytest.mark.parametrize("holes", [Holes.ZERO, field(Holes.DISCARD), field(Holes.KEEP)])
def test_of_a_hole_that_crosses_the_end_only_what_is_before_it_is_treated(
    holes: Holes, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    made = stream_of(tmp_path / "source", (END - MIB, END + MIB))
    assert any(one.hole and one.offset < END < one.offset + one.length for one in made.runs)
    treated(made, holes, END + 33 * 512, images, tmp_path, monkeypatch)


def treated(made: Made, holes: Holes, size: int, image: Path, scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone on a device of `size` bytes; each of its bytes is what it has to be."""
    image.write_bytes(STALE * size)
    blocks = image.stat().st_blocks
    smaller = size < SOURCE
    end = END if smaller else SOURCE
    with loop(image) as device:
        outcome = received(made, device, size, holes, scripts, monkeypatch)
    assert outcome.kind is OutcomeKind.EQUAL and outcome.read_back, str(outcome.sentence)
    assert (outcome.rewritten, outcome.up_to) == ((size, END) if smaller else (None, None))
    wanted = bytearray(made.disk[:end] + STALE * (size - end))
    gone = 0
    for offset, length in holes_of(made, end):
        wanted[offset : offset + length] = (STALE if holes is Holes.KEEP else bytes(1)) * length
        gone += length
    got = image.read_bytes()
    table = MIB if smaller else 0  # it is written for this size
    assert got[table:end] == wanted[table:end]
    assert got[end : size - 33 * 512] == wanted[end : size - 33 * 512]
    assert gone > 10 * MIB
    if holes is Holes.DISCARD:
        assert image.stat().st_blocks <= blocks - gone // 512 + 64, "the device below has no blocks there any more"

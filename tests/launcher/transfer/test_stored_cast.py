"""A stored image as a source: the content decides, and what is not whole is refused before anything is started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.datapath.block_device import SourceDisk
from launcher.datapath.frames import seek_table
from launcher.datapath.framing import MANIFEST_MOST, read_manifest, read_trailer
from launcher.datapath.moved import Moved
from launcher.datapath.stored_stream import StoredSource
from launcher.errors import ErrorKind, TransferFailed
from launcher.events import EventLog
from launcher.model.plan import Compression, Role
from launcher.model.times import TIMES
from launcher.transfer.owner import Job, Owner
from launcher.transfer.source import opening
from launcher.transfer.status import Status
from launcher.transfer.stored_cast import StoredCast
from tests.launcher.datapath import streams
from tests.launcher.transfer.fake_programs import plan

DISK, USED = streams.disk(3, (1, 2))
IMAGE = streams.image(DISK, USED, host="pc07", made=1_700_000_000)
ANOTHER = "fedcba9876543210"


def opened(path: Path, image: bytes, compression: Compression | None = None, *, blank: bool = False) -> SourceDisk:
    path.write_bytes(image)
    wanted = replace(plan(Role.SEND, path, compression), blank=blank)
    return opening(wanted)(str(path), TIMES)


def test_the_content_decides(tmp_path: Path) -> None:
    for name in ("room.img.zst", "room"):
        source = opened(tmp_path / name, IMAGE)
        assert isinstance(source, StoredSource)
        source.close()
    source = opened(tmp_path / "other.zst", DISK, blank=True)
    assert not isinstance(source, StoredSource)
    source.close()


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.LZOP, Compression.NONE])
def test_it_is_cast_with_zstd_only(tmp_path: Path, compression: Compression) -> None:
    with pytest.raises(TransferFailed, match=f"is a stored image.* compr={compression.value} cannot be.*Leave compr"):
        opened(tmp_path / "room", IMAGE, compression)


def test_what_is_not_whole_is_refused_whatever_is_said(tmp_path: Path) -> None:
    """Also where its beginning is damaged, so that it would be taken for a disk; blank=yes means disks."""
    damaged = bytearray(IMAGE)
    damaged[9] ^= 1
    without_manifest = IMAGE[len(streams.parts_of(DISK, USED)[0]) :]
    for image in (IMAGE[:-1], IMAGE[:30], bytes(damaged), IMAGE[:2] + b"x" + IMAGE[3:], without_manifest):
        with pytest.raises(TransferFailed) as failed:
            opened(tmp_path / "room", image, blank=True)
        assert failed.value.kind is ErrorKind.SOURCE_REFUSED
        assert "no whole stored image" in str(failed.value)
    source = opened(tmp_path / "other", DISK + seek_table(b""), blank=True)  # somebody else's
    assert not isinstance(source, StoredSource)
    source.close()


def test_a_manifest_that_somebody_filled_ends_no_cast(tmp_path: Path) -> None:
    path = tmp_path / "room"
    room = MANIFEST_MOST - len(streams.parts_of(DISK, USED, host="x" * 1024)[0])
    source = opened(path, streams.image(DISK, USED, host="x" * (1024 + room)))
    assert isinstance(source, StoredSource)
    job = Job(plan(Role.SEND, path), Status(None), EventLog(), TIMES, Owner(TIMES))
    manifest = read_manifest(StoredCast(job, source).manifest(ANOTHER))
    assert manifest and (manifest.session, manifest.length, manifest.host) == (ANOTHER, len(DISK), None)
    source.close()


def test_manifest_and_trailer_are_this_cast_s_and_say_what_the_image_s_say(tmp_path: Path) -> None:
    path = tmp_path / "room"
    source = opened(path, IMAGE)
    assert isinstance(source, StoredSource)
    status, owner = Status(None), Owner(TIMES)
    job = Job(plan(Role.SEND, path), status, EventLog(), TIMES, owner)
    stored, stream = source.stored, StoredCast(job, source)
    manifest = read_manifest(stream.manifest(ANOTHER))
    assert manifest
    assert manifest.session == ANOTHER
    assert manifest.source
    same = ("length", "used", "host", "made", "parts", "table_text")
    assert [getattr(manifest, name) for name in same] == [getattr(stored.manifest, name) for name in same]
    trailer = read_trailer(stream.trailer(Moved(len(DISK), "x"), ANOTHER), ANOTHER)
    assert trailer == replace(stored.trailer, session=ANOTHER)
    assert stream.tell() == USED.sent
    state = status.snapshot()
    assert (state.total, state.used) == (len(DISK), USED.sent)
    assert "is a stored image (made 2023-11-1" in str(state.notes[0])
    assert "on pc07): it is cast as it is" in str(state.notes[0])
    owner.leave()
    status.close()
    source.close()

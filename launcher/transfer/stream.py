"""What a cast with zstd puts into udp-sender: manifest, frames, trailer, each only behind the one before it.

`Stream` is all that the cast knows of it. `DiskCast` makes one of a disk, of which a survey says what is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from .. import VERSION
from ..datapath.block_device import DiskError, SourceDisk, whereabouts
from ..datapath.copying import write_all
from ..datapath.digests import TableEndDigest, table_head
from ..datapath.framing import (
    PARTS_MOST,
    SECTOR,
    Manifest,
    SentPart,
    Trailer,
    disk_label,
    manifest_frame,
    trailer_frame,
)
from ..datapath.moved import Moved
from ..datapath.sending import DiskStream
from ..model.plan import Plan
from ..used.survey import Part, Survey

Progress = Callable[[int, int], None]
"""Told how far the disk is, and how many bytes before that were holes."""


class Stream(Protocol):
    """A stream that can be cast once. A worker calls it."""

    def manifest(self, session: str) -> bytes:
        """The frame before the data."""

    def send(self, sink: int, progress: Progress) -> Moved:
        """All data frames and holes into the pipe `sink`; how far it came, and why it stopped."""

    def trailer(self, moved: Moved, session: str) -> bytes:
        """The frame behind the data that `moved` whole."""


def cast(stream: Stream, session: str, sink: int, progress: Progress) -> Moved:
    """All of `stream` into the pipe `sink`. Only where what comes back is whole is the trailer there as well."""
    moved = Moved(broken=True)
    try:
        write_all(sink, stream.manifest(session))
        moved = stream.send(sink, progress)
        if moved.whole:
            write_all(sink, stream.trailer(moved, session))
    except BrokenPipeError:
        return replace(moved, broken=True)
    return moved


class DiskCast:
    """The disk that `plan` names, opened as `source`. `unchanged`: whether the survey still holds."""

    def __init__(
        self, plan: Plan, source: SourceDisk, survey: Survey, unchanged: Callable[[], bool] | None = None
    ) -> None:
        self._plan = plan
        self._source = source
        self._survey = survey
        self._unchanged = unchanged
        self._stream: DiskStream | None = None

    def manifest(self, session: str) -> bytes:
        """What is said of the disk. What has no room is left out: first the list of parts, then the table."""
        manifest = self._manifest(session)
        for less in (manifest, replace(manifest, parts=()), replace(manifest, parts=(), table_text=None)):
            try:
                frame = manifest_frame(less)
            except ValueError:
                continue
            table_end = less.table_end if less.table_text else None
            head = table_head(less.table, less.sector_size)
            second = TableEndDigest(head, table_end) if table_end else None
            self._stream = DiskStream(self._source, self._survey.used, second, self._unchanged)
            return frame
        raise ValueError("a manifest without a table has no room in its frame")

    def send(self, sink: int, progress: Progress) -> Moved:
        """What is used of the disk."""
        assert self._stream
        return self._stream.send(sink, progress)

    def trailer(self, moved: Moved, session: str) -> bytes:
        """What the data was."""
        assert self._stream
        assert moved.digest
        sent, second = moved.count - self._stream.holes, self._stream.table_end_digest
        return trailer_frame(Trailer(moved.count, moved.digest, session, sent, second))

    def _manifest(self, session: str) -> Manifest:
        plan, survey = self._plan, self._survey
        sector = plan.target.disk.sector_size
        table, disk_id = self._label(sector)
        return Manifest(
            length=plan.target.size,
            sector_size=sector,
            session=session,
            version=VERSION,
            table=table,
            disk_id=disk_id,
            source=whereabouts(plan.target) or None,
            silence=plan.silence,
            used=survey.used.sent,
            table_text=survey.table,
            table_end=survey.table_end,
            behind=survey.behind,
            parts=tuple(map(_part, survey.parts)) if len(survey.parts) <= PARTS_MOST else (),
            host=os.uname().nodename or None,
            model=plan.target.disk.model or None,
            made=int(time.time()),
        )

    def _label(self, sector: int) -> tuple[str | None, str | None]:
        head = memoryview(bytearray(2 * (sector or SECTOR)))
        try:
            return disk_label(bytes(head[: self._source.read(head, 0)]), sector or SECTOR)
        except DiskError:
            return None, None  # who reads all of it will meet the same error, and report it


def _part(part: Part) -> SentPart:
    whole = None if part.whole is None else str(part.whole)
    return SentPart(
        part.name, part.number, part.offset, part.size, part.kind, part.used, whole, part.hibernated or None
    )

"""A stored image that is cast: its frames as they are, between a manifest and a trailer of this cast.

The manifest says all that the image's own says of the disk, the trailer has the image's digests: those that the first
sender formed of the disk itself. So every receiver compares what it has with that disk.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace

from .. import VERSION
from ..datapath.block_device import SourceDisk, whereabouts
from ..datapath.framing import Manifest, manifest_frame, trailer_frame
from ..datapath.moved import Moved
from ..datapath.stored import is_ours, was_ours
from ..datapath.stored_stream import StoredSource, StoredStream
from ..errors import ErrorKind, TransferFailed
from ..model.plan import Plan
from ..model.times import Times
from ..model.wording import moment
from ..sentence import Sentence, say
from .looking import is_framed, record, said_whole
from .owner import Job
from .stream import Progress


def is_stored(source: SourceDisk) -> bool:
    """Whether the file that is open is meant to be a stored image, whole or not; a disk never is."""
    if source.is_block:
        return False
    size = os.fstat(source.fd).st_size
    with contextlib.suppress(OSError):  # who reads all of it will meet the same error, and report it
        return is_ours(source.head) or was_ours(lambda offset, count: os.pread(source.fd, count, offset), size)
    return False


def stored_source(plan: Plan, source: SourceDisk, times: Times) -> StoredSource:
    """The image that `source` is, open to be cast by `plan`; `source` is closed. Raises TransferFailed."""
    if not is_framed(plan):
        assert plan.compression
        sentence = say(
            "{path} is a stored image, which is cast as it is, with zstd; compr={compression} cannot be, and nothing "
            "was sent.",
            path=source.path,
            compression=plan.compression.value,
        )
        raise TransferFailed(ErrorKind.SOURCE_REFUSED, sentence, say("Leave compr out."))
    source.close()
    return StoredSource(source.path, times)


class StoredCast:
    """The image of `source`, for one cast: a `Stream`."""

    def __init__(self, job: Job, source: StoredSource) -> None:
        self._job = job
        self._stored = source.stored
        self._stream = StoredStream(source)

    def manifest(self, session: str) -> bytes:
        """The image's, with what is this cast's own."""
        plan = self._job.plan
        source = whereabouts(plan.target) or None
        manifest = replace(self._stored.manifest, session=session, source=source, silence=plan.silence, version=VERSION)
        with contextlib.suppress(ValueError):  # all was full, or somebody filled it
            return manifest_frame(manifest)
        bare = replace(manifest, parts=(), table_text=None, table=None, disk_id=None, behind=(), host=None, model=None)
        return manifest_frame(bare)

    def send(self, sink: int, progress: Progress) -> Moved:
        """The frames."""
        return self._stream.send(sink, progress)

    def trailer(self, moved: Moved, session: str) -> bytes:
        """The image's, for this cast."""
        return trailer_frame(replace(self._stored.trailer, session=session))

    def is_over(self) -> bool:
        """Nobody has to look at what is used: the image tells."""
        return True

    def end(self) -> None:
        """Nothing goes on."""

    def tell(self) -> int:
        """Say what is cast. Gives the bytes that are used."""
        manifest = self._stored.manifest
        used = self._stored.pieces.sent
        self._job.status.expect(manifest.length, used, said_whole(manifest.parts))
        note = of_image(self._job.plan.target.path, manifest)
        self._job.status.note(note)
        self._job.log.emit("note", text=str(note))
        parts = [record(part) for part in manifest.parts]
        self._job.log.emit("used", used=used, total=manifest.length, seconds=0.0, parts=parts)
        return used


def of_image(path: str, manifest: Manifest) -> Sentence:
    """What is said of an image that is cast."""
    return say(
        "{path} is a stored image (made {when} on {host}): it is cast as it is, and nothing is packed again.",
        path=path,
        when=moment(manifest.made) if manifest.made else "?",
        host=manifest.host or "?",
    )

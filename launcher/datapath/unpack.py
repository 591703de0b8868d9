"""The worker that unpacks a stream: a program of its own, without rights and without the disk.

Standard input is a stream of zstd or gzip from its first byte on; standard output are `records`. What the wire says is
parsed here, where nothing can be lost. Rules, in one place:

* Before the first byte is read all rights are given up. Until then only our own code runs, which may lie where nobody
  else can read it.
* The manifest is given on first, before more of the stream is needed, and the trailer behind the data, as they came.
* No stream goes on for ever without data (`stream_ends`), and none takes more memory than its kind may.
* The end is told where the input has ended at a place where it may, and else never.
* Last words go to standard error; the status says what was wrong (`udpcast.unpacking`).
"""

from __future__ import annotations

import ctypes
import signal
import sys

from ..confinement import give_up_rights
from ..model.plan import Compression
from ..udpcast.unpacking import STATUSES, Complaint
from .framing import MANIFEST_MOST, Manifest, read_manifest, recognise, skippable_size
from .records import Kind
from .stream_ends import Refused, Sink, Source, is_ours
from .worker import FIRST_BYTES, UNPACKED

NAME = b"unpack"
"""As ps(1) shows it."""
_PR_SET_NAME = 15


def main() -> None:
    """From standard input to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    give_up_rights()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, NAME)
    try:
        unpack(Source(0), Sink(1))
    except Refused as refused:
        _fail(str(refused), STATUSES[refused.complaint])
    except MemoryError:
        _fail("not enough memory", STATUSES[Complaint.OTHER])
    except OSError as error:
        _fail(error.strerror or str(error), STATUSES[Complaint.OTHER])


def unpack(source: Source, sink: Sink) -> None:
    """All of the stream. Raises Refused, OSError, MemoryError."""
    compression = recognise(source.head(10))
    if compression not in UNPACKED:
        raise Refused(Complaint.BEHIND, "unsupported format")
    manifest = _manifest(source, sink)
    if compression is Compression.GZIP:
        from .plain import unpack_gzip  # noqa: PLC0415 - one of the three is needed

        unpack_gzip(source, sink)
    elif manifest and manifest.used is not None:
        from .walk import Walk  # noqa: PLC0415 - one of the three is needed

        Walk(source, sink, manifest).run()
    else:
        from .plain import unpack_zstd  # noqa: PLC0415 - one of the three is needed

        unpack_zstd(source, sink, manifest)
    sink.end()


def _manifest(source: Source, sink: Sink) -> Manifest | None:
    """The manifest, taken and given on, or an empty one."""
    if not is_ours(source.head(FIRST_BYTES)):
        sink.frame(Kind.MANIFEST, b"")
        return None
    size = skippable_size(source.head(8)) or 0
    if size <= MANIFEST_MOST and not source.need(size):
        raise Refused(Complaint.CUT, "unexpected end in the manifest")
    frame = bytes(source.there[: min(size, MANIFEST_MOST)])
    manifest = read_manifest(frame)
    if manifest is None:
        raise Refused(Complaint.DAMAGED, "corrupt: its manifest cannot be read; or a newer launcher sends it")
    source.take(size, 0)
    sink.frame(Kind.MANIFEST, frame)
    sink.limit = manifest.length
    return manifest


def _fail(words: str, status: int) -> None:
    sys.stderr.write(f"{words}\n")
    sys.exit(status)

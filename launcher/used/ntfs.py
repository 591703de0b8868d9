"""NTFS: which clusters are free, by the programs of ntfs-3g.

The gate: ``ntfs-3g.probe --readwrite`` would mount it (neither hibernated nor unclean), ``ntfsinfo --mft`` shows no
flag of the volume, and ``ntfsresize --info``, which adds up the clusters of all files, finds none that is used and free
in ``$Bitmap``, or the other way round. Then ``$Bitmap`` is believed where it is as long as it says, and has as many
free clusters as ``ntfsinfo`` counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..asking import Ended
from ..hardware.window import Window
from ..sentence import Sentence, say, verbatim
from .doubt import Doubt, Tools, failed, unknown
from .used_map import GRANULE

PROBE, RESIZE, INFO, CAT = "ntfs-3g.probe", "ntfsresize", "ntfsinfo", "ntfscat"
INVALID, HIBERNATED, UNCLEAN = 12, 14, 15
"""What ntfs-3g.probe ends with (ntfs-3g.probe(8))."""
BITMAP = "$Bitmap"
DIRTY = 1
"""The flag of a volume that Windows is to check when it starts."""

_ZEROS = re.compile(rb"\0+")


def shut_down(other: str = "") -> Doubt:
    """Windows has it still, and keeps in memory what is not on it; it was seen on the partition `other`."""
    why = say("Windows is hibernated (fast startup)")
    if other:
        why = say("Windows is hibernated (fast startup, on {other})", other=other)
    return Doubt(why, say("shut it down with {command}", command=verbatim("`shutdown /s /t 0`")))


def hibernated(window: Window, tools: Tools) -> bool:
    """Whether a Windows is, on this one. Raises LauncherError."""
    return _probe(window, tools).status == HIBERNATED


def look(window: Window, tools: Tools, free: Callable[[int, int], None]) -> int:
    """Tell `free` what is free (begin and end, in bytes); the bytes that are used. Raises Doubt and LauncherError."""
    _mountable(_probe(window, tools))
    volume = gate(tools.text(INFO, "--mft", "--force", window.path), window.length)
    text, checked = tools.both(RESIZE, "--info", "--no-progress-bar", window.path)
    if checked.status:
        raise Doubt(say("{program} finds errors in it", program=RESIZE), _check())
    agree(volume, text)
    size = volume.cluster
    bits = Bits(volume.clusters, max(1, GRANULE // size), lambda begin, end: free(begin * size, end * size))
    ended = tools.stream(bits.take, CAT, window.path, BITMAP)
    if ended.status:
        raise failed(CAT, ended)
    if (bits.bytes, bits.end()) != (volume.bitmap, volume.free):
        raise unknown(CAT)
    return (volume.clusters - volume.free) * size


@dataclass(frozen=True)
class Volume:
    """What ntfsinfo says: bytes of a sector and a cluster, how many clusters there are and are free, bytes of the
    bitmap."""

    sector: int
    cluster: int
    clusters: int
    free: int
    bitmap: int

    @property
    def size(self) -> int:
        """All clusters, and behind them the copy of the first sector."""
        return self.cluster * self.clusters + self.sector


def gate(text: str, length: int) -> Volume:
    """What ntfsinfo says of a volume in a partition of `length` bytes. Raises Doubt."""
    about, _, bitmap = text.partition("FILE_Bitmap Data Attribute Information")
    flags = _number(about, r"Volume Flags: 0x([0-9a-fA-F]+)", 16)
    if flags & DIRTY:
        raise Doubt(say("it is marked to be checked"), _check())
    if flags:
        raise Doubt(say("it has flags that are not known here ({flags})", flags=f"{flags:#06x}"), _check())
    volume = Volume(
        _number(about, r"Sector Size: (\d+)"),
        _number(about, r"Cluster Size: (\d+)"),
        _number(about, r"Volume Size in Clusters: (\d+)"),
        _number(bitmap, r"Free Clusters: (\d+)"),
        _number(bitmap, r"Attribute Data Size: (\d+)"),
    )
    if volume.size > length:
        raise Doubt(say("the file system is larger than the partition"), _check())
    if volume.cluster < 256 or volume.free >= volume.clusters or volume.bitmap * 8 < volume.clusters:
        raise unknown(INFO)
    return volume


def agree(volume: Volume, text: str) -> None:
    """Doubt where ntfsresize speaks of another volume."""
    found = [
        _number(text, pattern) for pattern in (r"Cluster size +: (\d+) bytes", r"Current volume size: (\d+) bytes")
    ]
    if found != [volume.cluster, volume.size]:
        raise unknown(RESIZE)


class Bits:
    """Free clusters from the pieces of ``$Bitmap``, the lowest bit of a byte first. `free` is told the runs (begin and
    end, in clusters) of at least so many, if a whole byte of the bitmap is in them. `bytes`: how many came."""

    def __init__(self, clusters: int, least: int, free: Callable[[int, int], None]) -> None:
        self.bytes = 0
        self._clusters = clusters
        self._least = least
        self._free = free
        self._count = 0
        self._last = 0xFF  # the byte before the next piece
        self._begin: int | None = None  # of the run that it is in

    def take(self, piece: bytes) -> None:
        """The next piece, which has bytes."""
        first = 8 * self.bytes
        self.bytes += len(piece)
        bits = min(max(0, self._clusters - first), 8 * len(piece))
        self._count += bits - (int.from_bytes(piece, "little") & (1 << bits) - 1).bit_count()
        if piece[0]:
            self._ends(first, piece[0])
        for run in _ZEROS.finditer(piece):
            begin, end = run.span()
            if self._begin is None:
                before = piece[begin - 1] if begin else self._last
                self._begin = first + 8 * begin - (8 - before.bit_length())
            if end < len(piece):
                self._ends(first + 8 * end, piece[end])
        self._last = piece[-1]

    def end(self) -> int:
        """Behind the last piece: how many clusters are free."""
        self._ends(8 * self.bytes, 0xFF)
        return self._count

    def _ends(self, cluster: int, byte: int) -> None:
        """Before that cluster all are free, and then so many as `byte` has low bits that are 0."""
        end = min(cluster + (byte & -byte).bit_length() - 1, self._clusters)
        if self._begin is not None and end - self._begin >= self._least:
            self._free(self._begin, end)
        self._begin = None


def _probe(window: Window, tools: Tools) -> Ended:
    return tools.both(PROBE, "--readwrite", window.path)[1]


def _mountable(ended: Ended) -> None:
    if ended.status == HIBERNATED:
        raise shut_down()
    if ended.status == UNCLEAN:
        raise Doubt(say("Windows was not shut down cleanly"), say("start Windows and shut it down"))
    if ended.status == INVALID:
        raise Doubt(say("it is damaged, or larger than the partition"), _check())
    if ended.status:
        raise failed(PROBE, ended)


def _check() -> Sentence:
    return say("run {command} in Windows and shut it down", command=verbatim("`chkdsk /f`"))


def _number(text: str, pattern: str, base: int = 10) -> int:
    found = re.findall(pattern, text)
    if len(found) != 1:
        raise unknown(INFO)
    return int(found[0], base)

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
from ..sentence import Sentence, say, verbatim
from .doubt import Doubt, Tools, failed, unknown
from .used_map import GRANULE
from .window import Window

PROBE, RESIZE, INFO, CAT = "ntfs-3g.probe", "ntfsresize", "ntfsinfo", "ntfscat"
INVALID, HIBERNATED, UNCLEAN = 12, 14, 15
"""What ntfs-3g.probe ends with (ntfs-3g.probe(8))."""
BITMAP = "$Bitmap"
DIRTY = 1
"""The flag of a volume that Windows is to check when it starts."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


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
    """Free clusters from the pieces of ``$Bitmap``, the lowest bit of a byte first: runs of at least `least` clusters
    (in them, begin and end) are told to `free`. `bytes`: how many came."""

    def __init__(self, clusters: int, least: int, free: Callable[[int, int], None]) -> None:
        self.bytes = 0
        self._clusters = clusters
        self._free = free
        self._count = 0
        self._begin: int | None = None  # of the run that reaches to the end of what came
        self._least = least
        self._runs = re.compile(f"0{{{least},}}")

    def take(self, piece: bytes) -> None:
        """The next piece."""
        first = self.bytes * 8
        self.bytes += len(piece)
        length = min(self._clusters - first, 8 * len(piece))
        if length <= 0:
            return
        if self._begin is None:
            self._begin = first
        if piece.count(0) == len(piece):
            self._count += length
            return
        bits = f"{int.from_bytes(piece.translate(_REVERSED), 'big'):0{8 * len(piece)}b}"[:length]
        self._count += bits.count("0")
        head, tail = len(bits) - len(bits.lstrip("0")), len(bits.rstrip("0"))
        if not tail:  # what is not zero is behind the last cluster
            return
        self._close(first + head)
        for run in self._runs.finditer(bits, head, tail):
            self._free(first + run.start(), first + run.end())
        self._begin = first + tail

    def end(self) -> int:
        """Behind the last piece: how many clusters are free."""
        self._close(min(self._clusters, self.bytes * 8))
        return self._count

    def _close(self, end: int) -> None:
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

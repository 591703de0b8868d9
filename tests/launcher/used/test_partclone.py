"""Of clean file systems, partclone's map says the same, before ranges shrink to granules. (Of others it is no source:
where a log has to be replayed, its map misses what comes then.)"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.hardware.window import Window
from launcher.used import ext, ntfs, xfs
from launcher.used.doubt import Tools
from launcher.used.source import Source
from tests.disks import MIB, run
from tests.launcher.used.making import fill, inside, mkfs

pytestmark = pytest.mark.field

CLEAN = (
    *(
        ("ext4", options)
        for options in ("", "-b 1024", "-O meta_bg,^resize_inode", "-O uninit_bg,^metadata_csum", "-O ^64bit")
    ),
    *(("ext3", ""), ("ext2", ""), ("ntfs", ""), ("ntfs", "-c 512"), ("ntfs", "-c 65536")),
    *(("xfs", options) for options in ("", "-b size=1024", "-d agcount=2", "-m rmapbt=1")),
)


@pytest.mark.parametrize(("kind", "options"), CLEAN)
def test_partclone_says_the_same(kind: str, options: str, tmp_path: Path) -> None:
    disk = mkfs(tmp_path / "disk", kind, *options.split(), size=48 * MIB)
    inside(disk, kind, lambda root: fill(root, 3))
    ours = bytearray(b"\1" * (disk.stat().st_size // 512))

    def free(begin: int, end: int) -> None:
        ours[begin // 512 : end // 512] = bytes((end - begin) // 512)

    source = Source(str(disk))
    with source.window(0, source.size, lambda: None) as window:
        exact(kind, window, free)
    source.close()
    run(f"partclone.{kind}", "-D", "-F", "-L", tmp_path / "log", "-s", disk, "-O", tmp_path / "map")
    theirs = domain(tmp_path / "map", len(ours))
    kept = [sector for sector in range(len(ours)) if ours[sector] and not theirs[sector]]
    assert not [sector for sector in range(len(ours)) if theirs[sector] and not ours[sector]]
    alone = ours_alone(kind, disk)
    if kind == "ntfs":  # a run without a whole byte of the bitmap is too small to be looked for
        assert kept[-alone:] == list(range(len(ours) - alone, len(ours)))
        assert all(count < 15 * cluster(disk) // 512 for count in lengths(kept[:-alone]))
    else:
        assert len(kept) == alone


def exact(kind: str, window: Window, free: Callable[[int, int], None]) -> None:
    tools = Tools(time.monotonic() + 60, lambda command: None)
    if kind != "ntfs":
        (xfs if kind == "xfs" else ext).look(window, tools, free)
        return
    volume = ntfs.gate(tools.text("ntfsinfo", "--mft", window.path), window.length)
    bits = ntfs.Bits(volume.clusters, 1, lambda begin, end: free(begin * volume.cluster, end * volume.cluster))
    tools.stream(bits.take, "ntfscat", window.path, "$Bitmap")
    assert bits.end() == volume.free


def ours_alone(kind: str, disk: Path) -> int:
    """Sectors that partclone leaves out and we send: the blocks that an xfs keeps for its own trees, and what is behind
    the last cluster of an NTFS, where the copy of its first sector is."""
    if kind == "ntfs":
        about = run("ntfsinfo", "--mft", disk)
        clusters, size = (int(re.findall(rf"{name}: (\d+)", about)[0]) for name in ("Size in Clusters", "Cluster Size"))
        return (disk.stat().st_size - clusters * size) // 512
    if kind == "xfs":
        groups = run("xfs_db", "-r", "-c", "sb 0", "-c", "print agcount blocksize", disk)
        count, block = map(int, re.findall(r"\d+", groups))
        words = [word for number in range(count) for word in ("-c", f"agf {number}", "-c", "print flcount")]
        return sum(map(int, re.findall(r"\d+", run("xfs_db", "-r", *words, disk)))) * block // 512
    return 0


def cluster(disk: Path) -> int:
    return int(re.findall(r"Cluster Size: (\d+)", run("ntfsinfo", "--mft", disk))[0])


def lengths(sectors: list[int]) -> list[int]:
    """Of the runs of neighbours among them."""
    found: list[int] = []
    for number, sector in enumerate(sectors):
        if number and sector == sectors[number - 1] + 1:
            found[-1] += 1
        else:
            found.append(1)
    return found


def domain(path: Path, sectors: int) -> bytearray:
    """A byte for each sector: whether it is used (GNU ddrescue's domain)."""
    found = bytearray(sectors)
    lines = [line.split() for line in path.read_text().split("\n") if line and not line.startswith("#")]
    for begin, length, mark in (line[:3] for line in lines[1:]):
        if mark == "+":
            first, count = int(begin, 16) // 512, int(length, 16) // 512
            found[first : first + count] = b"\1" * count
    return found

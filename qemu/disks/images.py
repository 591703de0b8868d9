"""The disks of a run: an overlay that shows every write to the source, and blank targets.

The source is opened by QEMU through a qcow2 overlay of the run's own. So the file itself cannot be written, and
whatever the sender's machine writes is allocated in the overlay: even a write of the same bytes is seen, which a
comparison of contents would miss.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..machine.spec import SpecError
from .likeness import Likeness, Source, likeness
from .parts import Range
from .raw import CHUNK, xxh128
from .tools import DiskError, run

BLOCK = 4096  # bytes: a page, the least that a guest writes


@dataclass(frozen=True)
class Image:
    """A target as the host sees it. `xxh128` over the source's length, None when the disk is shorter than that.

    `first_difference` is the first byte in which it differs from the source, `differing_blocks` how many blocks of
    4096 bytes do; `blank`: it holds nothing but zeros, as at the start. `alike`: the digest of the source that it has
    in every used block and every file, where it has not every byte (`likeness`), `grown`: some of its partitions have
    grown or moved; `unlike`: why it has none.
    """

    path: str
    size: int
    xxh128: str | None
    first_difference: int | None = None
    differing_blocks: int = 0
    blank: bool = False
    alike: str | None = None
    grown: bool = False
    unlike: str = ""


def require_raw(path: Path) -> int:
    """The size in bytes of the raw image `path`. Raises SpecError when it is another format or no whole sectors."""
    if not path.is_file():
        raise SpecError(f"model disk {path} does not exist.")
    kind = json.loads(run(["qemu-img", "info", "--output=json", path]))["format"]
    if kind != "raw":
        raise SpecError(f"model disk {path} is {kind}, a raw image was expected: `qemu-img convert -O raw` makes one.")
    size = path.stat().st_size
    if size == 0 or size % 512:
        raise SpecError(f"model disk {path} has {size} bytes, which is no whole number of 512-byte sectors.")
    return size


def overlay(source: Path, path: Path) -> Path:
    """Make a qcow2 image at `path` that reads as `source` (raw) and keeps all writes to itself."""
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", source.absolute(), "-F", "raw", path])
    return path


def written(path: Path) -> int:
    """How many bytes the overlay `path` holds itself, in whole clusters (64 KiB): what a guest wrote or discarded."""
    extents = json.loads(run(["qemu-img", "map", "--output=json", path]))
    return sum(extent["length"] for extent in extents if extent["depth"] == 0 and extent.get("present", True))


def target(path: Path, source: Path, wanted: str, sources: Mapping[str, Source] | None = None) -> Image:
    """The target `path`, held against the raw image `source`, whose digest is `wanted`; and by what is used against
    each of `sources` (by digest)."""
    try:
        digest = xxh128(path, source.stat().st_size)
    except DiskError:
        digest = None
    size = path.stat().st_size
    if digest == wanted:
        return Image(str(path), size, digest)
    main = (sources or {}).get(wanted)
    found = Image(str(path), size, digest, *differences(path, source, main.used if main else None), blank(path))
    for name, one in (sources or {}).items():
        kind, why = likeness(path, one)
        if kind is not Likeness.NONE:
            return dataclasses.replace(found, alike=name, grown=kind is Likeness.GROWN, unlike="")
        found = dataclasses.replace(found, unlike=found.unlike or why)
    return found


def differences(path: Path, source: Path, ranges: Sequence[Range] | None = None) -> tuple[int | None, int]:
    """The first byte in which two images differ, as far as both reach, and the number of blocks that do; of `ranges`,
    where there are any."""
    first, blocks = None, 0
    with path.open("rb") as one, source.open("rb") as other:
        for begin, end in ranges or [(0, source.stat().st_size)]:
            for at in range(begin, end, BLOCK):
                one.seek(at)
                other.seek(at)
                mine, theirs = one.read(min(BLOCK, end - at)), other.read(min(BLOCK, end - at))
                if mine != theirs[: len(mine)]:
                    blocks += 1
                    if first is None:
                        first = at + len(list(itertools.takewhile(_same, zip(mine, theirs, strict=False))))
    return first, blocks


def _same(pair: tuple[int, int]) -> bool:
    return pair[0] == pair[1]


def blank(path: Path) -> bool:
    """Whether the image holds nothing but zeros, as a new target does."""
    with path.open("rb") as file:
        return not any(data.strip(b"\0") for data in iter(lambda: file.read(CHUNK), b""))


def noise(path: Path, size: int, seed: int) -> Path:
    """Make an image that no compressor makes smaller, so that what is sent is as long as the disk."""
    path.write_bytes(random.Random(seed).randbytes(size))
    return path

"""A model disk with holes: a GPT, an ext4 with files, and a swap behind it, as most PCs have it. It does not boot.

What no file system uses is stale noise, or zeros: what lies there from earlier is what a clone must not need.
"""

from __future__ import annotations

import os
import random
import tempfile
import uuid
from pathlib import Path

from .partitions import TYPE_LINUX, TYPE_SWAP, Partition, write_table
from .parts import parts
from .raw import CHUNK, MIB, copy_out, create, replacing
from .tools import run

SWAP = 8 * MIB
FIRST = MIB
"""Where the ext4 begins."""

_FILE = 16 * MIB


def disk_with_holes(
    path: Path, size: int, used: int, seed: int = 1, *, stale: bool = True, text: bool = False, behind: int = MIB
) -> Path:
    """Make a disk of `size` bytes with about `used` bytes of files at the begin of its ext4.

    The files are noise, of `text` every other one is text. With `stale`, noise is all over the rest. `behind`: so many
    bytes are left behind the last partition. The same arguments give the same files. Raises DiskError.
    """
    rng = random.Random(seed)
    root = Partition(1, FIRST, size - SWAP - FIRST - behind, TYPE_LINUX, _uuid(rng), "Linux")
    swap = Partition(2, root.start + root.size, SWAP, TYPE_SWAP, _uuid(rng), "Swap")
    with tempfile.TemporaryDirectory(prefix="holes-", dir=path.parent) as name, replacing(path) as image:
        tree = _tree(Path(name) / "tree", used, rng, text)
        if stale:
            _noise(image, size, rng)
        else:
            create(image, size)
        write_table(image, _uuid(rng), (root, swap))
        options = f"offset={root.start},nodiscard,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"
        words = ["-q", "-F", "-t", "ext4", "-m", "0", "-L", "HOLES", "-U", _uuid(rng), "-J", "size=4", "-E", options]
        run(["mke2fs", *words, "-d", tree, image, f"{root.size >> 10}k"])
        _swap(image, swap, Path(name) / "swap", _uuid(rng))
    return path


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4)).upper()


def _tree(tree: Path, used: int, rng: random.Random, text: bool) -> Path:
    """Files of 16 MiB and smaller ones, in two folders; also an empty one, one with a hole, one of zeros, and links."""
    (tree / "home/pupil").mkdir(parents=True)
    (tree / "etc").mkdir()
    words = _words(rng, _FILE) if text else b""
    left, number = used, 0
    while left > 0:
        length = min(_FILE if number % 4 else _FILE // 8, left)
        content = words[:length] if text and number % 2 else rng.randbytes(length)
        (tree / f"home/pupil/{number}.bin").write_bytes(content)
        left, number = left - length, number + 1
    (tree / "etc/hostname").write_text("model-pc\n")
    (tree / "etc/empty").touch()
    (tree / "etc/zeros").write_bytes(bytes(MIB))
    create(tree / "etc/sparse", 4 * MIB)
    (tree / "etc/localtime").symlink_to("/usr/share/zoneinfo/UTC")
    os.link(tree / "etc/hostname", tree / "etc/hostname.again")
    return tree


def _words(rng: random.Random, length: int) -> bytes:
    """Text that compresses about 3 to 1."""
    words = [rng.randbytes(rng.choice((2, 3, 4, 6, 9))).hex().encode() for _ in range(2000)]
    return b" ".join(rng.choices(words, k=length // 8))[:length]


def _noise(image: Path, size: int, rng: random.Random) -> None:
    block = rng.randbytes(8 * CHUNK)
    with image.open("wb") as file:
        for at in range(0, size, len(block)):
            file.write(block[: min(len(block), size - at)])


def _swap(image: Path, part: Partition, made: Path, identity: str) -> None:
    """A swap in its place, over what was there."""
    copy_out(image, part.start, part.size, made)
    run(["mkswap", "--quiet", "-L", "SWAP", "-U", identity.lower(), made])
    with made.open("rb") as reader, image.open("r+b") as writer:
        writer.seek(part.start)
        writer.write(reader.read())


def make_dirty(image: Path) -> None:
    """Let the ext4 look as if it had not been unmounted."""
    run(["debugfs", "-w", "-R", "set_super_value state 0", f"{image}?offset={FIRST}"])


def suspend(image: Path) -> None:
    """Let the swap look as if it held a system that was suspended to disk (util-linux's libblkid, swap.c)."""
    swap = parts(image)[-1]
    with image.open("r+b") as file:
        file.seek(swap.start + PAGE - len(SUSPENDED))
        file.write(SUSPENDED)


PAGE, SUSPENDED = 4096, b"S1SUSPEND\0"

"""Small disks with real file systems, as clones on larger targets, and what is in them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from launcher.resize.growth import Content, GrowthPlan, growth
from launcher.resize.table import read_table
from tests.disks import MIB, environment, loop, run
from tests.launcher.resize.tables import disk, dump

SWAP_UUID = "cccccccc-0000-4000-8000-000000000001"


def files() -> dict[str, bytes]:
    """What stands in every file system: small ones, one larger, one in a directory."""
    return {"a": b"a\n", "big": bytes(range(256)) * 4096, "sub/deep": b"deep" * 999, "empty": b""}


@lru_cache
def made(kind: str, size: int) -> bytes:
    """A file system of `kind` with `files`, in `size` bytes; or bytes that are none, for "noise"."""
    with tempfile.TemporaryDirectory() as name:
        return _made(Path(name), kind, size)


def _made(place: Path, kind: str, size: int) -> bytes:
    image, tree = place / f"{kind}.part", place / "tree"
    image.write_bytes(b"")
    os.truncate(image, size)
    for name, data in files().items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    match kind:
        case "ext4":
            run("mkfs.ext4", "-q", "-b", "4096", "-d", tree, image)
        case "ntfs":
            run("mkntfs", "-q", "-F", "-f", image)
            for name in files():
                if "/" not in name:
                    run("ntfscp", "-q", image, tree / name, name)
        case "swap":
            run("mkswap", "-q", "-U", SWAP_UUID, "-L", "room", image)
        case "xfs":
            run("mkfs.xfs", "-q", image)
        case "noise":
            image.write_bytes((bytes(range(1, 251)) * (size // 250 + 1))[:size])
        case "vfat":
            run("mkfs.vfat", image)
    return image.read_bytes()


def clone(place: Path, table: str, kinds: dict[int, str], size: int, target: Path | None = None) -> tuple[Path, bytes]:
    """A target of `size` bytes (or the disk `target`) with the clone of a disk that ends 2 MiB behind its last
    partition; and that disk."""
    known = read_table(table)
    assert known is not None
    source = disk(place / "source", known.end + 2 * MIB, table) if known.sector == 512 else coarse(place, table)
    with source.open("r+b") as file:
        for one in known.entries:
            if one.number in kinds:
                file.seek(one.start * known.sector)
                file.write(made(kinds[one.number], one.size * known.sector))
    data = source.read_bytes()
    target = target or place / "target"
    with target.open("r+b" if target.exists() else "wb") as file:
        file.write(data)
    if target.is_file():
        os.truncate(target, size)
    return target, data


def coarse(place: Path, table: str) -> Path:
    """The same with sectors of 4096 bytes, which only a block device can have."""
    known = read_table(table)
    assert known is not None
    source = place / "source"
    source.write_bytes(bytes(440 * [7]))
    os.truncate(source, known.end + 2 * MIB)
    with loop(source, "--sector-size", str(known.sector)) as device:
        subprocess.run(
            ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", str(device)],
            input=known.script(),
            text=True,
            check=True,
            env=environment(),
        )
        run("sync", device)
    return source


def plan_of(source: Path | str, length: int, size: int, kinds: dict[int, str]) -> GrowthPlan:
    """The plan; there must be one."""
    text = source if isinstance(source, str) else dump(source)
    contents = tuple(Content(number, "" if kind == "noise" else kind) for number, kind in kinds.items())
    found = growth(text, length, size, contents)
    assert isinstance(found, GrowthPlan), found
    return found


def part_of(target: Path, offset: int, size: int, place: Path) -> Path:
    """A partition's bytes as a file of their own."""
    place.mkdir(exist_ok=True)
    image = place / "found"
    with target.open("rb") as file:
        file.seek(offset)
        image.write_bytes(file.read(size))
    return image


def contents(image: Path, kind: str) -> dict[str, bytes]:
    """Every file of the file system in `image`."""
    if kind == "ntfs":
        names = [name for name in files() if "/" not in name]
        return {name: _bytes("ntfscat", "-f", image, name) for name in names}
    return {name: _bytes("debugfs", "-R", f"cat /{name}", image) for name in files()}


def _bytes(*words: str | Path) -> bytes:
    done = subprocess.run(list(map(str, words)), check=True, capture_output=True, env=environment())
    return done.stdout


def expected(kind: str) -> dict[str, bytes]:
    """What `contents` must be."""
    return {name: data for name, data in files().items() if kind != "ntfs" or "/" not in name}

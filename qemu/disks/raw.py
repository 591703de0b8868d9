"""Raw disk images: sparse files, their digests, and copies that keep the holes.

An image is a plain file whose byte N is byte N of the disk. Images are sparse: what was never written takes no
room and reads as zeros. Nothing here needs root, a loop device or a mount.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .tools import DiskError

SECTOR = 512
MIB = 1024 * 1024
CHUNK = 4 * MIB
LARGE = 64 << 30


def create(path: Path, size: int) -> Path:
    """Make (or replace) a blank disk of `size` bytes, a whole number of sectors, that takes no room yet."""
    if size <= 0 or size % SECTOR:
        raise DiskError(f"{path}: a disk of {size} bytes is no whole number of {SECTOR}-byte sectors.")
    with path.open("wb") as file:
        file.truncate(size)
    return path


def used_bytes(path: Path) -> int:
    """How much room the image takes on the host, in bytes."""
    return path.stat().st_blocks * 512  # st_blocks counts 512 bytes, whatever the file system's block (stat(2))


def _extents(descriptor: int, end: int) -> Iterator[tuple[int, int]]:
    """The (start, end) byte ranges before `end` that may hold something else than zeros."""
    position = 0
    while position < end:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            raise
        if start >= end:
            return
        position = min(os.lseek(descriptor, start, os.SEEK_HOLE), end)
        yield start, position


def _pieces(descriptor: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """What is between `start` and `end`, as (position, at most CHUNK bytes)."""
    while start < end:
        data = os.pread(descriptor, min(CHUNK, end - start), start)
        if not data:
            raise DiskError(f"the image became shorter than {end} bytes while it was read.")
        yield start, data
        start += len(data)


def _blocks(descriptor: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The whole blocks of CHUNK bytes that are not zero, as (position, data)."""
    done = 0
    for start, stop in _extents(descriptor, end):
        begin = max(start // CHUNK * CHUNK, done)
        done = max(done, -(-stop // CHUNK) * CHUNK)
        for position, data in _pieces(descriptor, begin, min(done, end)):
            if data.count(0) != len(data):
                yield position, data


def xxh128(path: Path, length: int | None = None) -> str:
    """The XXH128 of the first `length` bytes (default: all), in hexadecimal.

    Holes are hashed as the zeros they are, without being read; of more than `LARGE` bytes, where that takes minutes,
    only the blocks that are not zero are hashed, with their places. Raises `DiskError` when the image is shorter.
    """
    import xxhash  # noqa: PLC0415 - no help needs it

    digest = xxhash.xxh3_128()
    zeros = memoryview(bytes(CHUNK))

    def skip(count: int) -> None:
        while count > 0:
            digest.update(zeros[: min(CHUNK, count)])
            count -= CHUNK

    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        end = size if length is None else length
        if end > size:
            raise DiskError(f"{path} has {size} bytes; {end} were to be compared.")
        if end > LARGE:
            for position, data in _blocks(file.fileno(), end):
                digest.update(position.to_bytes(8, "little") + data)
            return digest.hexdigest()
        done = 0
        for start, stop in _extents(file.fileno(), end):
            skip(start - done)
            for _position, data in _pieces(file.fileno(), start, stop):
                digest.update(data)
            done = stop
        skip(end - done)
    return digest.hexdigest()


def copy_into(source: Path, target: Path, offset: int = 0) -> None:
    """Write the image `source` into the existing image `target` at byte `offset`, leaving out the holes.

    The place in `target` must be blank. Raises `DiskError` when it does not fit.
    """
    with source.open("rb") as reader, target.open("r+b") as writer:
        size = os.fstat(reader.fileno()).st_size
        room = os.fstat(writer.fileno()).st_size - offset
        if size > room:
            raise DiskError(f"{source} has {size} bytes, {target} has room for {room} at byte {offset}.")
        for start, stop in _extents(reader.fileno(), size):
            for position, data in _pieces(reader.fileno(), start, stop):
                os.pwrite(writer.fileno(), data, offset + position)


def copy_out(source: Path, start: int, size: int, path: Path) -> Path:
    """Make an image at `path` of `size` bytes of `source` from byte `start` on, with its holes."""
    create(path, size)
    with source.open("rb") as reader, path.open("r+b") as writer:
        for begin, end in _extents(reader.fileno(), start + size):
            for position, data in _pieces(reader.fileno(), max(begin, start), end):
                os.pwrite(writer.fileno(), data, position - start)
    return path


def first_difference(one: Path, other: Path, ranges: Iterable[tuple[int, int]]) -> int | None:
    """The first byte of `ranges` (begin, end) in which two images differ, None where they do not."""
    with one.open("rb", buffering=0) as mine, other.open("rb", buffering=0) as theirs:
        for begin, end in ranges:
            for at in range(begin, end, CHUNK):
                length = min(CHUNK, end - at)
                left, right = os.pread(mine.fileno(), length, at), os.pread(theirs.fileno(), length, at)
                if left != right or len(left) != length:
                    pairs = enumerate(zip(left, right, strict=False))
                    return at + next((place for place, pair in pairs if pair[0] != pair[1]), min(len(left), len(right)))
    return None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` only when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)

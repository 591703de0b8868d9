"""Disks and file systems for the tests: made by the systems' own tools, filled, copied amid a write, poisoned."""

from __future__ import annotations

import ctypes
import hashlib
import os
import pickle
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from launcher.used.look import survey
from launcher.used.survey import Survey
from tests.disks import MIB, run, sparse

T = TypeVar("T")
CLONE_NEWNS = 0x20000  # linux/sched.h
POISON = b"\xa5POISON\x5a"
TINY_XFS = {"TEST_DIR": "/", "TEST_DEV": "/", "QA_CHECK_FS": "1"}
"""mkfs.xfs makes small ones only for those who test it."""


def mkfs(path: Path, kind: str, *options: str, size: int = 16 * MIB) -> Path:
    """A file system in a new file."""
    sparse(path, size)
    match kind:
        case "ext2" | "ext3" | "ext4":
            run(f"mkfs.{kind}", "-q", "-F", *options, path)
        case "ntfs":
            run("mkntfs", "--quiet", "--fast", "--force", *options, path)
        case "xfs":
            run("mkfs.xfs", "-q", *options, path, **TINY_XFS)
        case "btrfs":
            run("mkfs.btrfs", "-q", *options, path)
        case "swap":
            run("mkswap", *options, path)
        case _:
            run(f"mkfs.{kind}", *options, path)
    return path


def divided(path: Path, size: int, table: str) -> Path:
    """A disk with this table, in sfdisk's words."""
    run("sfdisk", "--quiet", sparse(path, size), text=table)
    return path


def put(disk: Path, offset: int, part: Path) -> None:
    """Write `part` onto the disk; its holes stay such."""
    run("dd", f"if={part}", f"of={disk}", f"seek={offset // 512}", "conv=notrunc,sparse", "status=none")


def surveyed(path: Path) -> Survey:
    """What is said of all of it."""
    return survey(str(path), path.stat().st_size)


def doubt(found: Survey) -> str:
    """Why the one part that there is, is sent whole."""
    (part,) = found.parts
    assert not any(run.hole or run.blank for run in found.used.runs())
    assert part.used is None
    return str(part.whole)


def free(found: Survey) -> list[tuple[int, int]]:
    """Begin and end of all that is not sent, or sent as zeros."""
    ranges: list[tuple[int, int]] = []
    for one in found.used.runs():
        inside = ((0, one.length),) if one.hole else one.blank
        ranges += [(one.offset + begin, one.offset + end) for begin, end in inside]
    return ranges


def poisoned(disk: Path, found: Survey, copy: Path) -> Path:
    """A copy in which all that is not used is something else."""
    shutil.copyfile(disk, copy)
    with copy.open("r+b") as file:
        for begin, end in free(found):
            file.seek(begin)
            file.write((POISON * ((end - begin) // len(POISON) + 1))[: end - begin])
    return copy


def inside(image: Path, kind: str, do: Callable[[Path], T]) -> T:
    """What `do` gives where the file system in `image` can be seen, and its log is replayed.

    In a process with a mount namespace of its own: nothing stays mounted, and nobody else holds it."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if not child:
        answer: tuple[bool, object] = (False, None)
        try:
            answer = True, _mounted(image, kind, do)
        except BaseException as error:
            answer = False, repr(error)
        finally:
            with open(outlet, "wb") as pipe:  # noqa: PTH123 - a descriptor
                pickle.dump(answer, pipe)
            os._exit(0)
    os.close(outlet)
    with open(inlet, "rb") as pipe:  # noqa: PTH123 - a descriptor
        good, result = pickle.load(pipe)
    os.waitpid(child, 0)
    assert good, result
    return cast(T, result)


def _mounted(image: Path, kind: str, do: Callable[[Path], T]) -> T:
    ctypes.CDLL(None).unshare(CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")
    point = image.with_name(image.name + ".mounted")
    point.mkdir(exist_ok=True)
    run("mount", "-t", "ntfs-3g" if kind == "ntfs" else kind, "-o", "loop", image, point)
    try:
        return do(point)
    finally:
        run("umount", point)
        if kind == "btrfs":  # the kernel knows a disk of that name, until it is told to forget it
            subprocess.run(["btrfs", "device", "scan", "--forget"], check=False, capture_output=True)


def fill(root: Path, seed: int, most: int = 40) -> None:
    """Small files and large ones, links, a sparse file; then some are deleted, so that there are stale blocks."""
    draw = random.Random(seed)
    for number in range(most):
        directory = root / f"d{seed}-{number % 5}" / "sub"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file {number}").write_bytes(draw.randbytes(draw.choice((0, 10, 3000, 60_000, 300_000))))
    (root / f"link{seed}").symlink_to(f"d{seed}-0/sub/file 0")
    os.link(root / f"d{seed}-1/sub/file 1", root / f"hard{seed}")
    with (root / f"sparse{seed}").open("wb") as file:
        file.seek(3 * MIB)
        file.write(b"the end of a sparse file")
    for number in range(0, most, 3):
        (root / f"d{seed}-{number % 5}/sub/file {number}").unlink()


def synced(root: Path) -> None:
    """Write some files, each of which is on the disk for certain (fsync)."""
    draw = random.Random(7)
    new = root / "new"
    new.mkdir()
    for number in range(12):
        with (new / f"n{number}").open("wb") as file:
            file.write(draw.randbytes(draw.randrange(1, 120_000)))
            file.flush()
            os.fsync(file.fileno())
    directory = os.open(new, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def contents(root: Path) -> dict[str, str]:
    """Every file, with what is in it."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "directory"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def files(image: Path, kind: str) -> dict[str, str]:
    """Every file of the file system in `image`, behind a replay of its log."""
    return inside(image, kind, contents)


def power_loss(image: Path, kind: str, copy: Path) -> Path:
    """What is on the disk when the power goes, a moment after files were synced."""

    def write(root: Path) -> None:
        synced(root)
        shutil.copyfile(image, copy)

    inside(image, kind, write)
    return copy


class Ntfs:
    """Bytes of an NTFS that no tool changes (ntfs-3g's layout.h), for test inputs."""

    def __init__(self, image: Path) -> None:
        self.image = image
        boot = image.read_bytes()[:512]
        sector, sectors = struct.unpack_from("<HB", boot, 11)
        self.cluster = int(sector * sectors)
        self._table, self._mirror = (one * self.cluster for one in struct.unpack_from("<QQ", boot, 48))
        (size,) = struct.unpack_from("<b", boot, 64)
        self._record = size * self.cluster if size > 0 else 1 << -size

    def flags(self, flags: int) -> None:
        """Set the volume's."""
        for table in (self._table, self._mirror):
            attribute = self._attribute(3, 0x70, table)
            self._put(attribute + self._number("<H", attribute + 20) + 10, struct.pack("<H", flags))

    def unclean_log(self) -> None:
        """A log that somebody has open: two restart pages, with one client."""
        size = self._number("<Q", self._attribute(2, 0x80) + 48)
        page = bytearray(4096)
        struct.pack_into("<4sHHQIIHHH", page, 0, b"RSTR", 30, 9, 0, 4096, 4096, 48, 1, 1)
        bits = 67 - size.bit_length()
        struct.pack_into("<QHHHHIHHQIHH", page, 48, 1 << 20, 1, 0xFFFF, 0, 0, bits, 208, 48, size, 0, 48, 64)
        struct.pack_into("<QQHHH", page, 96, 0, 1 << 20, 0xFFFF, 0xFFFF, 0)
        struct.pack_into("<I", page, 124, 8)
        page[128:136] = "NTFS".encode("utf-16-le")
        struct.pack_into("<H", page, 30, 1)
        for sector in range(8):
            page[32 + 2 * sector : 34 + 2 * sector] = page[512 * sector + 510 : 512 * sector + 512]
            struct.pack_into("<H", page, 512 * sector + 510, 1)
        self._put(self._place(2), bytes(page) * 2)

    def forget(self, clusters: int) -> None:
        """Let the bitmap miss so many of the clusters that are used."""
        place = self._place(6)
        size = self._number("<Q", self._attribute(6, 0x80) + 48)
        bitmap = bytearray(self._get(place, size))
        for byte in (number for number, one in enumerate(bitmap) if one == 0xFF and number):
            for bit in range(8):
                if clusters:
                    bitmap[byte] &= ~(1 << bit)
                    clusters -= 1
        self._put(place, bytes(bitmap))

    def _attribute(self, number: int, kind: int, table: int | None = None) -> int:
        """Where an attribute of a file begins."""
        record: int = (self._table if table is None else table) + number * self._record
        place = record + self._number("<H", record + 20)
        while (found := self._number("<I", place)) != kind:
            assert found != 0xFFFFFFFF
            place += self._number("<I", place + 4)
        return place

    def _place(self, number: int) -> int:
        """Where the data of a file begins, by the first of its runs."""
        attribute = self._attribute(number, 0x80)
        pairs = attribute + self._number("<H", attribute + 32)
        (head,) = self._get(pairs, 1)
        lengths, places = head & 15, head >> 4
        first = int.from_bytes(self._get(pairs + 1 + lengths, places), "little", signed=True)
        return first * self.cluster

    def _number(self, form: str, place: int) -> int:
        (number,) = struct.unpack(form, self._get(place, struct.calcsize(form)))
        return int(number)

    def _get(self, place: int, size: int) -> bytes:
        with self.image.open("rb") as file:
            file.seek(place)
            return file.read(size)

    def _put(self, place: int, data: bytes) -> None:
        with self.image.open("r+b") as file:
            file.seek(place)
            file.write(data)

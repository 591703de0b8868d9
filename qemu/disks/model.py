"""Raw disk images of the classroom: sparse files, digests, partition tables, and the small model disk.

An image is a plain file whose byte N is byte N of the disk. Images are sparse: what was never written takes no
room and reads as zeros. Nothing here needs root, a loop device or a mount: every file system is made in a file of
its own and copied to its place in the image.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import random
import shlex
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import xxhash

log = logging.getLogger(__name__)

SECTOR = 512
MIB = 1024 * 1024
CHUNK = 4 * MIB

# GPT partition types and the attribute that gptmbr.bin looks for, by sfdisk's names (UEFI specification 2.10, 5.3).
TYPE_ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
TYPE_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
TYPE_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
TYPE_LINUX_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
TYPE_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
LEGACY_BOOT = "LegacyBIOSBootable"

SYSLINUX_MBR = Path("/usr/lib/syslinux/mbr/gptmbr.bin")
MBR_CODE = 440  # bytes of code before the disk signature and the protective partition table
MADE_AT = "2024-01-01 00:00:00"  # every time stamp inside a small model


class DiskError(Exception):
    """An image cannot be made or read; one sentence for the operator."""


@dataclass(frozen=True)
class Partition:
    """One GPT partition; `start` and `size` in bytes, `type` and `uuid` in capital letters."""

    number: int
    start: int
    size: int
    type: str
    uuid: str
    name: str
    attributes: str = ""


@dataclass(frozen=True)
class ModelDisk:
    """A disk that boots by itself; `boot_line` is on its serial console (ttyS0, 115200) once it has booted."""

    path: Path
    size: int
    boot_line: str


def run(argv: Sequence[str | Path], *, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed.

    The command goes to the log in a form that a shell takes. Raises `DiskError` with the command's last line of
    complaint when it is missing or fails.
    """
    words = [str(word) for word in argv]
    log.debug("$ %s", shlex.join(words))
    try:
        done = subprocess.run(
            words,
            input=stdin,
            env=env,
            check=False,
            text=True,
            capture_output=True,
        )
    except FileNotFoundError:
        raise DiskError(f"{words[0]} is not installed; tests/run and qemu/demo install what is missing.") from None
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise DiskError(f"{shlex.join(words)} ended with status {done.returncode}: {complaint}")
    return done.stdout


# --- images ---------------------------------------------------------------------------------------------------------


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


def xxh128(path: Path, length: int | None = None) -> str:
    """The XXH128 of the first `length` bytes (default: all), in hexadecimal.

    Holes are hashed as the zeros they are, without being read. Raises `DiskError` when the image is shorter.
    """
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


# --- partition tables -----------------------------------------------------------------------------------------------


def write_table(path: Path, disk_id: str, partitions: Sequence[Partition]) -> None:
    """Write a GPT with exactly these partitions to the image."""
    lines = ["label: gpt", f"label-id: {disk_id}", "unit: sectors", ""]
    for part in partitions:
        fields = [
            f"start={part.start // SECTOR}",
            f"size={part.size // SECTOR}",
            f"type={part.type}",
            f"uuid={part.uuid}",
            f'name="{part.name}"',
        ]
        if part.attributes:
            fields.append(f'attrs="{part.attributes}"')
        lines.append(f"{part.number} : {', '.join(fields)}")
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path], stdin="\n".join(lines) + "\n")


def read_table(path: Path) -> tuple[Partition, ...]:
    """The partitions of the image, in the order of the table, as sfdisk reads them."""
    table = json.loads(run(["sfdisk", "--json", path]))["partitiontable"]
    return tuple(
        Partition(
            number=int(entry["node"].removeprefix(str(path)).lstrip("p")),
            start=entry["start"] * SECTOR,
            size=entry["size"] * SECTOR,
            type=entry["type"],
            uuid=entry.get("uuid", ""),
            name=entry.get("name", ""),
            attributes=entry.get("attrs", ""),
        )
        for entry in table["partitions"]
    )


def write_boot_code(path: Path, code: bytes) -> None:
    """Put `code` into the first 440 bytes of the disk, which the partition table leaves free."""
    if len(code) > MBR_CODE:
        raise DiskError(f"the boot code has {len(code)} bytes; {MBR_CODE} fit before the partition table.")
    with path.open("r+b") as file:
        file.write(code)


# --- the small model ------------------------------------------------------------------------------------------------

SMALL_SIZE = 96 * MIB
SMALL_RANDOM = 10 * MIB  # in each of ext4 and NTFS: bytes that no compressor makes smaller

_SYSLINUX_CONFIG = """\
SERIAL 0 115200
DEFAULT model
PROMPT 0
LABEL model
  LINUX linux
  INITRD initrd
  APPEND console=ttyS0,115200 quiet panic=-1
"""

_INIT = """\
#!/bin/busybox sh
echo "{boot_line}" >/dev/console
while :; do /bin/busybox sleep 3600; done
"""


def small_model(path: Path, kernel: Path, seed: int = 1) -> ModelDisk:
    """Make a disk of 96 MiB that boots by itself: an ESP with SYSLINUX, an ext4 and an NTFS, all with files.

    It starts `kernel` with an initrd of its own, which writes `MODEL DISK BOOTED <seed>` to ttyS0. The same kernel,
    tools and seed give the same bytes. Takes about a second. Raises `DiskError`.
    """
    if not kernel.is_file():
        raise DiskError(f"{kernel}: no kernel there for the model disk; build the pair first.")
    model = ModelDisk(path, SMALL_SIZE, f"MODEL DISK BOOTED {seed}")
    rng = random.Random(seed)
    esp, ext4, ntfs = _small_partitions(rng)
    with tempfile.TemporaryDirectory(prefix="model-disk-") as name, replacing(path) as image:
        scratch = Path(name)
        create(image, SMALL_SIZE)
        write_table(image, _uuid(rng), (esp, ext4, ntfs))
        write_boot_code(image, _syslinux_mbr())
        for part, made in (
            (esp, _make_esp(scratch, esp, kernel, model.boot_line, rng)),
            (ext4, _make_ext4(scratch, ext4, rng)),
            (ntfs, _make_ntfs(scratch, ntfs, rng)),
        ):
            copy_into(made, image, part.start)
    return model


def _small_partitions(rng: random.Random) -> tuple[Partition, Partition, Partition]:
    end_of_esp, end_of_ext4, end_of_ntfs = 25 * MIB, 61 * MIB, 95 * MIB
    return (
        Partition(1, MIB, end_of_esp - MIB, TYPE_ESP, _uuid(rng), "EFI system", LEGACY_BOOT),
        Partition(2, end_of_esp, end_of_ext4 - end_of_esp, TYPE_LINUX, _uuid(rng), "Linux"),
        Partition(3, end_of_ext4, end_of_ntfs - end_of_ext4, TYPE_BASIC_DATA, _uuid(rng), "Basic data partition"),
    )


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4)).upper()


def _syslinux_mbr() -> bytes:
    try:
        return SYSLINUX_MBR.read_bytes()
    except OSError as error:
        raise DiskError(f"{SYSLINUX_MBR}: {error.strerror}; it is in the package syslinux-common.") from None


def _at_made_time(*argv: str | Path, stdin: str = "") -> None:
    """Run a tool that writes the present time into what it makes, with the clock standing at MADE_AT."""
    run(["faketime", "-f", MADE_AT, *argv], stdin=stdin, env={**os.environ, "TZ": "UTC"})


def _make_esp(scratch: Path, part: Partition, kernel: Path, boot_line: str, rng: random.Random) -> Path:
    image = create(scratch / "esp", part.size)
    config = scratch / "syslinux.cfg"
    config.write_text(_SYSLINUX_CONFIG, encoding="ascii")
    # The hidden sectors tell SYSLINUX's boot sector where on the disk it is.
    hidden = str(part.start // SECTOR)
    serial = f"{rng.getrandbits(32):08x}"
    run(["mkfs.vfat", "--invariant", "-F", "16", "-n", "ESP", "-i", serial, "-h", hidden, image])
    files = {kernel: "::/linux", _make_initrd(scratch, boot_line): "::/initrd", config: "::/syslinux.cfg"}
    for source, target in files.items():
        _at_made_time("mcopy", "-i", image, source, target)
    _at_made_time("syslinux", "--install", image)
    return image


def _make_initrd(scratch: Path, boot_line: str) -> Path:
    """A gzip'd cpio archive of busybox, its libraries and an /init that prints the line."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise DiskError("busybox is not installed; the package is called busybox.")
    root = scratch / "initrd-root"
    (root / "bin").mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for library in _libraries(busybox):
        target = root / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    init = root / "init"
    init.write_text(_INIT.format(boot_line=boot_line), encoding="ascii")
    init.chmod(0o755)
    members = sorted(root.rglob("*"))
    for member in members:
        os.utime(member, (0, 0))
    names = "".join(f"{member.relative_to(root)}\n" for member in members)
    archive = scratch / "initrd"
    run(
        ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "--reproducible", "-D", root, "-F", archive],
        stdin=names,
    )
    return archive


def _libraries(program: str) -> tuple[Path, ...]:
    """The shared libraries and the loader that `program` names; none for a static one (which makes ldd fail)."""
    try:
        listing = run(["ldd", program])
    except DiskError:
        return ()
    return tuple(Path(word) for line in listing.splitlines() for word in line.split() if word.startswith("/"))


def _make_ext4(scratch: Path, part: Partition, rng: random.Random) -> Path:
    tree = scratch / "ext4-root"
    for folder in ("etc", "home/pupil", "var/log"):
        (tree / folder).mkdir(parents=True)
    (tree / "etc/hostname").write_text("model-pc\n", encoding="ascii")
    (tree / "home/pupil/film.bin").write_bytes(rng.randbytes(SMALL_RANDOM))
    (tree / "home/pupil/blank.bin").write_bytes(bytes(2 * MIB))
    (tree / "var/log/syslog").write_text(_text(30_000, rng), encoding="ascii")
    (tree / "etc/localtime").symlink_to("/usr/share/zoneinfo/UTC")
    members = sorted(tree.rglob("*"))
    for member in reversed(members):
        os.utime(member, (0, 0), follow_symlinks=False)
    image = create(scratch / "ext4", part.size)
    extended = f"hash_seed={_uuid(rng)},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0"
    options = ["-L", "MODEL", "-U", _uuid(rng), "-E", extended]
    _at_made_time("mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", tree, image)
    # mke2fs -d takes over the inodes' change times, which nobody can set on the host.
    times = "".join(f"set_inode_field /{member.relative_to(tree)} ctime @0\n" for member in members)
    _at_made_time("debugfs", "-w", "-f", "-", image, stdin=times)
    return image


def _make_ntfs(scratch: Path, part: Partition, rng: random.Random) -> Path:
    image = create(scratch / "ntfs", part.size)
    geometry = ["-s", "512", "-H", "255", "-S", "63", "-p", str(part.start // SECTOR)]
    _at_made_time("mkntfs", "--quiet", "--force", "--fast", "--zero-time", "--label", "WINDOWS", *geometry, image)
    files = {"pagefile.sys": rng.randbytes(SMALL_RANDOM), "setup.log": _text(20_000, rng).encode("ascii")}
    for name, content in files.items():
        source = scratch / name
        source.write_bytes(content)
        _at_made_time("ntfscp", "--quiet", image, source, name)
    return image


def _text(lines: int, rng: random.Random) -> str:
    """Log lines: text as compressors meet it."""
    words = ("disk", "card", "link", "lease", "room", "seat", "cast", "boot")
    return "".join(f"Jan  1 00:00:{n % 60:02} model-pc {rng.choice(words)}[{n}]: ready\n" for n in range(lines))

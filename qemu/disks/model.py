"""The small model disk: it boots by itself, and has the file systems that a cloned PC has.

Every file system is made in a file of its own and copied to its place in the image, without root or a mount.
"""

from __future__ import annotations

import os
import random
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import busybox, uefi
from .partitions import (
    LEGACY_BOOT,
    TYPE_BASIC_DATA,
    TYPE_ESP,
    TYPE_LINUX,
    Partition,
    write_boot_code,
    write_table,
)
from .raw import MIB, SECTOR, copy_into, create, replacing
from .tools import DiskError, run

SYSLINUX_MBR = Path("/usr/lib/syslinux/mbr/gptmbr.bin")
MADE_AT = "2024-01-01 00:00:00"  # every time stamp inside a small model
SMALL_SIZE = 96 * MIB
SMALL_RANDOM = 10 * MIB  # in each of ext4 and NTFS: bytes that no compressor makes smaller

_LINE = "console=ttyS0,115200 quiet panic=-1 no_timer_check"
# no_timer_check: the kernel panics where its test of the timer runs while the host is too busy to emulate one.
_SYSLINUX_CONFIG = """\
SERIAL 0 115200
DEFAULT model
PROMPT 0
LABEL model
  LINUX linux
  INITRD initrd
  APPEND {line}
"""

_GRUB_CONFIG = """\
linux /linux {line}
initrd /initrd
boot
"""

_INIT = """\
#!/bin/busybox sh
echo "{boot_line}" >/dev/console
while :; do /bin/busybox sleep 3600; done
"""


@dataclass(frozen=True)
class ModelDisk:
    """A disk that boots by itself; `boot_line` is on its serial console (ttyS0, 115200) once it has booted."""

    path: Path
    size: int
    boot_line: str


def small_model(path: Path, kernel: Path, seed: int = 1) -> ModelDisk:
    """Make a disk of 96 MiB that boots by itself, by BIOS and by UEFI with Secure Boot or without: an ESP with
    SYSLINUX and GRUB, an ext4 and an NTFS, all with files.

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


def at_made_time(*argv: str | Path, stdin: str = "") -> None:
    """Run a tool that writes the present time into what it makes, with the clock standing at MADE_AT."""
    run(["faketime", "-f", MADE_AT, *argv], stdin=stdin, env={**os.environ, "TZ": "UTC"})


def _make_esp(scratch: Path, part: Partition, kernel: Path, boot_line: str, rng: random.Random) -> Path:
    image = create(scratch / "esp", part.size)
    config = scratch / "syslinux.cfg"
    config.write_text(_SYSLINUX_CONFIG.format(line=_LINE), encoding="ascii")
    grub_config = scratch / "grub.cfg"
    grub_config.write_text(_GRUB_CONFIG.format(line=_LINE), encoding="ascii")
    # The hidden sectors tell SYSLINUX's boot sector where on the disk it is.
    hidden = str(part.start // SECTOR)
    serial = f"{rng.getrandbits(32):08x}"
    run(["mkfs.vfat", "--invariant", "-F", "16", "-n", "ESP", "-i", serial, "-h", hidden, image])
    initrd = scratch / "initrd"
    initrd.write_bytes(busybox.initrd(scratch, _INIT.format(boot_line=boot_line)))
    files = {kernel: "::/linux", initrd: "::/initrd", config: "::/syslinux.cfg"}
    for source, target in files.items():
        at_made_time("mcopy", "-i", image, source, target)
    uefi.put(image, grub_config, at_made_time)
    at_made_time("syslinux", "--install", image)
    return image


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
    at_made_time("mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", tree, image)
    # mke2fs -d takes over the inodes' change times, which nobody can set on the host.
    times = "".join(f"set_inode_field /{member.relative_to(tree)} ctime @0\n" for member in members)
    at_made_time("debugfs", "-w", "-f", "-", image, stdin=times)
    return image


def _make_ntfs(scratch: Path, part: Partition, rng: random.Random) -> Path:
    image = create(scratch / "ntfs", part.size)
    geometry = ["-s", "512", "-H", "255", "-S", "63", "-p", str(part.start // SECTOR)]
    at_made_time("mkntfs", "--quiet", "--force", "--fast", "--zero-time", "--label", "WINDOWS", *geometry, image)
    files = {"pagefile.sys": rng.randbytes(SMALL_RANDOM), "setup.log": _text(20_000, rng).encode("ascii")}
    for name, content in files.items():
        source = scratch / name
        source.write_bytes(content)
        at_made_time("ntfscp", "--quiet", image, source, name)
    return image


def _text(lines: int, rng: random.Random) -> str:
    """Log lines: text as compressors meet it."""
    words = ("disk", "card", "link", "lease", "room", "seat", "cast", "boot")
    return "".join(f"Jan  1 00:00:{n % 60:02} model-pc {rng.choice(words)}[{n}]: ready\n" for n in range(lines))

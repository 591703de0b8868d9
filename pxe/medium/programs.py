"""The programs and boot loaders that images are made with: found, or missed with their Debian packages; and started.

A program gets a list of words and a small environment of its own, so that the bytes it writes depend on nobody's
settings: no configuration file, no time zone, and one time stamp for everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import showable

from ..entries.grub import GRUBS, SHIMS
from ..entries.pxelinux import MENU_FILES

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Debian's own programs: what somebody put into /usr/local may write other bytes."""

EPOCH = 1_700_000_000
"""Time stamp of all files in an image, seconds since 1970, unless SOURCE_DATE_EPOCH is set; as the builder's."""

FULL = ("No space left on device", "Disk quota exceeded", "Disk full", "Insufficient space", "exceeds free space")


class MediumError(Exception):
    """One sentence: why no image was made, and what to do."""


@dataclass(frozen=True)
class Part:
    """What an image is made with: the file `name` in `place`, or (None) a program; and the Debian package with it."""

    name: str
    package: str
    place: Path | None = None

    @property
    def path(self) -> Path | None:
        """Where it is; None where it is not installed."""
        if self.place is not None:
            path = self.place / self.name
            return path if path.is_file() else None
        found = shutil.which(self.name, path=SYSTEM_PATH)
        return Path(found) if found else None


MFORMAT, MMD, MCOPY = (Part(name, "mtools") for name in ("mformat", "mmd", "mcopy"))
XORRISO = Part("xorriso", "xorriso")
SHIM = Part("shimx64.efi.signed", "shim-signed", SHIMS)
GRUB = Part("gcdx64.efi.signed", "grub-efi-amd64-signed", GRUBS)
"""GRUB as Debian signs it for discs: it looks for its configuration where it was loaded from, and has no HTTP."""
GRUB_NET = Part("grubnetx64.efi.signed", "grub-efi-amd64-signed", GRUBS)
"""GRUB as Debian signs it for the network: it has TFTP, by which it reads a machine's own file."""
ISOLINUX = Part("isolinux.bin", "isolinux", Path("/usr/lib/ISOLINUX"))
HYBRID = Part("isohdpfx.bin", "isolinux", Path("/usr/lib/ISOLINUX"))
"""The boot sector by which a BIOS boots the image from a stick."""
LDLINUX = Part("ldlinux.c32", "syslinux-common", Path("/usr/lib/syslinux/modules/bios"))
MENU = tuple(Part(name, "syslinux-common", Path("/usr/lib/syslinux/modules/bios")) for name in MENU_FILES)

FAT_PARTS = (MFORMAT, MMD, MCOPY, SHIM, GRUB)
HTTP_PARTS = (MFORMAT, MMD, MCOPY, SHIM, GRUB_NET)
ISO_PARTS = (*FAT_PARTS, XORRISO, ISOLINUX, HYBRID, LDLINUX, *MENU)


def missing(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Those that are not installed."""
    return tuple(part for part in parts if part.path is None)


def find(parts: Iterable[Part]) -> dict[Part, Path]:
    """Where these are. Raises MediumError that names all that are missing, and their packages."""
    found = {part: part.path for part in parts}
    lacking = [part for part, path in found.items() if path is None]
    if lacking:
        names = ", ".join(dict.fromkeys(part.name for part in lacking))
        packages = " ".join(dict.fromkeys(part.package for part in lacking))
        verb = "is" if len(lacking) == 1 else "are"
        raise MediumError(f"{names} {verb} missing here: apt-get install {packages}")
    return {part: path for part, path in found.items() if path is not None}


def epoch() -> int:
    """SOURCE_DATE_EPOCH, or ours. Raises MediumError for what no file system here can keep."""
    given = os.environ.get("SOURCE_DATE_EPOCH", str(EPOCH))
    if not (given.isascii() and given.isdigit() and EARLIEST <= int(given) < 2**32):
        raise MediumError(
            f"SOURCE_DATE_EPOCH is {showable(given)}; whole seconds since 1970 were expected, from {EARLIEST} (FAT has "
            "no time before 1980) and below 2^32."
        )
    return int(given)


EARLIEST = 315_532_800


def run(program: Part, words: Sequence[str | Path], folder: Path, time: int, text: bytes | None = None) -> None:
    """Run `program` in `folder`, with `text` to read. Raises MediumError with what it said, OSError."""
    path = find([program])[program]
    environment = {
        "PATH": SYSTEM_PATH,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": "/nonexistent",  # ~/.mtoolsrc, ~/.xorrisorc
        "MTOOLSRC": "/dev/null",
        "MTOOLS_SKIP_CHECK": "1",
        "SOURCE_DATE_EPOCH": str(time),
    }
    command = [str(path), *(str(word) for word in words)]
    done = subprocess.run(command, capture_output=True, cwd=folder, env=environment, check=False, input=text or b"")
    said = (done.stderr + done.stdout).decode(errors="replace")
    if done.returncode:
        raise MediumError(_failure(program.name, done.returncode, said))


def _failure(name: str, status: int, said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        if any(words in line for words in FULL):
            return f"the disk is full ({name}: {showable(line)}): make room there, or name another place."
    reason = next((line for line in lines if "FAILURE" in line or "SORRY" in line), lines[-1] if lines else "")
    return f"{name} failed with status {status}: {showable(reason) or 'it said nothing'}."

"""A second archive behind a seat's initrd: the kernel unpacks it over the first, so that its files win."""

from __future__ import annotations

import io
import re
from pathlib import Path

from initrd.cpio import write_archive
from pxe.entries.boot_entry import INITRD
from pxe.entries.loaders import machine_file

from .seat_spec import SeatSpec


def add(tree: Path, seat: SeatSpec, files: Path, name: str) -> None:
    """Let `seat` boot with everything below `files` as well; `name` tells the archives of one seat apart.

    `tree` is the TFTP tree, which has a configuration for the seat.
    """
    archive = io.BytesIO()
    write_archive(files, archive, 0)
    extra = f"{seat.name}-{name}.cpio"
    (tree / extra).write_bytes(archive.getvalue())
    config = _config(tree, seat)
    config.write_text(config.read_text().replace(f"initrd={INITRD}", f"initrd={INITRD},{extra}"))


def joined(tree: Path, seat: SeatSpec) -> Path:
    """The initrd of `seat` with its further archives as one file, as PXELINUX puts them into the machine's memory."""
    (names,) = re.findall(r"initrd=(\S+)", _config(tree, seat).read_text())
    parts: list[str] = names.split(",")
    if len(parts) == 1:
        return tree / parts[0]
    whole = tree / f"{seat.name}-initrd"
    whole.write_bytes(b"".join(_padded((tree / part).read_bytes()) for part in parts))
    return whole


def _padded(archive: bytes) -> bytes:
    """The kernel looks for the next archive at a multiple of four bytes (initramfs buffer format)."""
    return archive + bytes(-len(archive) % 4)


def _config(tree: Path, seat: SeatSpec) -> Path:
    return tree / "pxelinux.cfg" / machine_file(seat.mac)

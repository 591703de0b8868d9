"""A second archive behind a seat's initrd: the kernel unpacks it over the first, so that its files win."""

from __future__ import annotations

import io
from pathlib import Path

from initrd.cpio import write_archive
from pxe.boot_entry import INITRD
from pxe.tree import machine_file

from .seat import SeatSpec


def add(tree: Path, seat: SeatSpec, files: Path, name: str) -> None:
    """Let `seat` boot with everything below `files` as well; `name` tells the archives of one seat apart.

    `tree` is the TFTP tree, which has a configuration for the seat.
    """
    archive = io.BytesIO()
    write_archive(files, archive, 0)
    extra = f"{seat.name}-{name}.cpio"
    (tree / extra).write_bytes(archive.getvalue())
    config = tree / "pxelinux.cfg" / machine_file(seat.mac)
    config.write_text(config.read_text().replace(f"initrd={INITRD}", f"initrd={INITRD},{extra}"))

"""A second archive behind a seat's initrd: the kernel unpacks it over the first, so that its files win."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from initrd.cpio import write_archive
from pxe.entries.boot_entry import INITRD
from pxe.entries.loaders import GRUB, LOADERS, PXELINUX, Loader

from ..machine.spec import SpecError
from .seat_spec import SeatSpec

_WITH: Mapping[str, tuple[str, str]] = {
    PXELINUX.name: (rf"(initrd={INITRD}\S*)", r"\1,{extra}"),
    GRUB.name: (rf"(initrd /{INITRD}[^;]*);", r"\1 /{extra};"),
}
"""How each loader's configuration names one archive more: what is found there, and what is put in its place."""


def add(tree: Path, seat: SeatSpec, files: Path, name: str) -> None:
    """Let `seat` boot with everything below `files` as well; `name` tells the archives of one seat apart.

    `tree` is the TFTP tree, which has a configuration for the seat.
    """
    archive = io.BytesIO()
    write_archive(files, archive, 0)
    extra = f"{seat.name}-{name}.cpio"
    (tree / extra).write_bytes(archive.getvalue())
    for loader in LOADERS:
        config = _config(tree, seat, loader)
        if config.is_file():
            if loader.name not in _WITH:
                raise SpecError(f"{loader.name} is given no second archive here: {', '.join(_WITH)} are.")
            found, wanted = _WITH[loader.name]
            text, changed = re.subn(found, wanted.format(extra=extra), config.read_text())
            if not changed:
                raise SpecError(f"{config} names no initrd behind which another could stand.")
            config.write_text(text)


def joined(tree: Path, seat: SeatSpec) -> Path:
    """The initrd of `seat` with its further archives as one file, as PXELINUX puts them into the machine's memory."""
    (names,) = re.findall(r"initrd=(\S+)", _config(tree, seat, PXELINUX).read_text())
    parts: list[str] = names.split(",")
    if len(parts) == 1:
        return tree / parts[0]
    whole = tree / f"{seat.name}-initrd"
    whole.write_bytes(b"".join(_padded((tree / part).read_bytes()) for part in parts))
    return whole


def _padded(archive: bytes) -> bytes:
    """The kernel looks for the next archive at a multiple of four bytes (initramfs buffer format)."""
    return archive + bytes(-len(archive) % 4)


def _config(tree: Path, seat: SeatSpec, loader: Loader) -> Path:
    return tree / loader.machine(seat.mac)

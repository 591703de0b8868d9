"""A second archive is named by the configuration of whichever loader a seat has."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_cmdline import parse
from pxe.entries.boot_entry import INITRD, KERNEL, BootEntry
from pxe.entries.loaders import GRUB, IPXE, PXELINUX, Loader
from qemu.classroom import second_initrd
from qemu.classroom.report import Role
from qemu.classroom.seat_spec import SeatSpec
from qemu.machine.spec import SpecError

SEAT = SeatSpec(1, Role.RECEIVER, "umode=rcv")


def tree(folder: Path, loader: Loader) -> Path:
    """With a configuration for the seat, as `pxe tree` writes it; the path of that."""
    config = folder / loader.machine(SEAT.mac)
    config.parent.mkdir(parents=True)
    config.write_text(loader.own(BootEntry(parse("umode=rcv")), 0))
    return config


@pytest.mark.parametrize(
    ("loader", "named"),
    [
        (PXELINUX, f"initrd={INITRD},receiver-1-a.cpio,receiver-1-b.cpio "),
        (GRUB, f"if initrd /{INITRD} /receiver-1-a.cpio /receiver-1-b.cpio; then boot; fi"),
    ],
)
def test_one_more_each_time(loader: Loader, named: str, tmp_path: Path) -> None:
    config = tree(tmp_path, loader)
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a", "b"):
        second_initrd.add(tmp_path, SEAT, files, name)
        assert (tmp_path / f"receiver-1-{name}.cpio").is_file()
    assert named in config.read_text()
    assert config.read_text().count(KERNEL) == 1


def test_a_loader_that_is_given_none_is_one_sentence(tmp_path: Path) -> None:
    tree(tmp_path, IPXE)
    (tmp_path / "files").mkdir()
    with pytest.raises(SpecError, match="iPXE is given no second archive here: PXELINUX, GRUB are"):
        second_initrd.add(tmp_path, SEAT, tmp_path / "files", "a")


def test_a_configuration_that_cannot_name_another_is_one_sentence(tmp_path: Path) -> None:
    tree(tmp_path, GRUB).write_text("boot\n")
    (tmp_path / "files").mkdir()
    with pytest.raises(SpecError, match="names no initrd"):
        second_initrd.add(tmp_path, SEAT, tmp_path / "files", "a")

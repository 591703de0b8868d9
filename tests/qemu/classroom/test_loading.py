"""What a virtual machine loads first, by firmware and way."""

from __future__ import annotations

import pytest

from pxe.entries.architectures import ARCHITECTURES, HTTP_IMAGE
from pxe.entries.loaders import LOADERS
from pxe.server.offers import offers
from qemu.classroom.loading import FIRST_FILES, loading
from qemu.machine.firmware import MEDIA, Boot, Firmware
from qemu.machine.spec import SpecError

THERE = {file for loader in LOADERS for file in (*loader.files, *loader.also)} | {HTTP_IMAGE, "boot.ipxe"}


def first(number: int, firmware: Firmware, boot: Boot, loader: str = "") -> str:
    """What a client of this kind (option 93) is given."""
    given = offers(THERE, loading(firmware, boot, loader).chosen)
    return next(offer.file for offer in given if number in offer.kind.numbers)


@pytest.mark.parametrize(
    ("number", "firmware", "boot", "loader", "file"),
    [
        (0, Firmware.BIOS, Boot.PXE, "", "pxelinux.0"),
        (0, Firmware.BIOS, Boot.HTTP, "", "lpxelinux.0"),
        (0, Firmware.BIOS, Boot.PXE, "undionly.kpxe", "undionly.kpxe"),
        (7, Firmware.UEFI, Boot.PXE, "", "shimx64.efi"),
        (9, Firmware.SECURE_BOOT, Boot.PXE, "", "shimx64.efi"),
        (7, Firmware.UEFI, Boot.PXE, "snponly.efi", "snponly.efi"),
        (16, Firmware.SECURE_BOOT, Boot.HTTP, "", HTTP_IMAGE),
    ],
)
def test_each_kind_of_client_gets_its_file(number: int, firmware: Firmware, boot: Boot, loader: str, file: str) -> None:
    assert first(number, firmware, boot, loader) == file
    assert any(number in kind.numbers for kind in ARCHITECTURES)


def test_http_is_there_where_something_loads_by_it() -> None:
    assert not loading(Firmware.UEFI, Boot.PXE).http
    assert loading(Firmware.UEFI, Boot.HTTP).http
    assert loading(Firmware.UEFI, Boot.PXE, "snponly.efi").http


@pytest.mark.parametrize("firmware", Firmware)
@pytest.mark.parametrize("boot", [boot for boot in Boot if boot not in MEDIA])
def test_a_tree_has_what_is_offered(firmware: Firmware, boot: Boot) -> None:
    made = loading(firmware, boot)
    files = {file for loader in made.loaders for file in (*loader.files, *loader.also)}
    assert set(made.chosen.values()) <= files


def test_a_loader_of_no_tree_is_one_sentence() -> None:
    with pytest.raises(SpecError, match=r"no boot loader of a tree: .*grubx64\.efi"):
        loading(Firmware.BIOS, Boot.PXE, "ldlinux.c32")
    assert all(loading(Firmware.BIOS, Boot.PXE, file) for file in FIRST_FILES)

"""The real loaders: they hand on odd values as they are, and a PC that is done comes to the system on its disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kernel_cmdline import parse
from pxe.entries.loaders import GRUB, IPXE, PXELINUX, Loader
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.disks.model import small_model
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.spec import mac
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.hardware

ODD = r'a=$b;c{}[]*?~|&<>!%n@x^`y`(z) empty= bare="" blanks="x y; {z} $prefix"'
ONLY_GRUB = 'umlaut="é ü" all="${root} || a  b && c ; #d" tab="a b\tc"'
ONLY_IPXE = 'quote="it\'s" backslash=a\\b inner=a"b"c'

CARRIED = {
    "GRUB": (Firmware.UEFI, "", ONLY_GRUB),
    "iPXE by BIOS": (Firmware.BIOS, "undionly.kpxe", ONLY_IPXE),
    "iPXE by UEFI": (Firmware.UEFI, "snponly.efi", ONLY_IPXE),
    "PXELINUX": (Firmware.BIOS, "", f"{ONLY_GRUB} {ONLY_IPXE}"),
}


def machine(firmware: Firmware, boot: Boot = Boot.PXE, loader: str = "", **changes: Any) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    memory = 384 if firmware is Firmware.BIOS else 512
    return SingleSpec(
        kernel, initrd, boot=boot, firmware=firmware, loader=loader, memory=memory, deadline=250.0, **changes
    )


def line_inside(vm: VM) -> str:
    wait_event(vm, ("cmdline",))
    event = vm.events.first("cmdline")
    assert event
    return event.text("text")


@pytest.mark.parametrize(("firmware", "loader", "more"), CARRIED.values(), ids=CARRIED)
def test_odd_values_come_through(firmware: Firmware, loader: str, more: str, tmp_path: Path) -> None:
    given = parse(f"{more} {ODD}")
    text = run_machine(machine(firmware, loader=loader, append=f"{more} {ODD}"), line_inside, tmp_path / "artefacts")
    found = [(one.name, one.value, one.init) for one in parse(text)]
    missing = [one for one in given if (one.name, one.value, one.init) not in found]
    assert not missing, text


DISKS = {
    "BIOS by TFTP": (Firmware.BIOS, Boot.PXE, "", PXELINUX),
    "BIOS by HTTP": (Firmware.BIOS, Boot.HTTP, "", PXELINUX),
    "BIOS, iPXE": (Firmware.BIOS, Boot.PXE, "undionly.kpxe", IPXE),
    "UEFI": (Firmware.UEFI, Boot.PXE, "", GRUB),
    "Secure Boot": (Firmware.SECURE_BOOT, Boot.PXE, "", GRUB),
    "Secure Boot by HTTP": (Firmware.SECURE_BOOT, Boot.HTTP, "", GRUB),
}


@pytest.mark.parametrize(("firmware", "boot", "first", "loader"), DISKS.values(), ids=DISKS)
def test_a_pc_that_is_done_boots_its_disk(
    firmware: Firmware, boot: Boot, first: str, loader: Loader, tmp_path: Path
) -> None:
    model = small_model(tmp_path / "model.img", of_pair(PAIR)[0])
    (tmp_path / "own").write_text(loader.disk)
    spec = machine(firmware, boot, first, disks=(model.path,), files=((str(loader.machine(mac(0))), tmp_path / "own"),))

    def boots(vm: VM) -> None:
        vm.console.expect(model.boot_line, deadline=vm.deadline)
        assert vm.events.first("cmdline") is None

    run_machine(spec, boots, tmp_path / "artefacts")

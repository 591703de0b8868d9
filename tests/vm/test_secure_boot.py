"""PCs as they are sold: UEFI with Secure Boot, cloned as any other, and what the kernel then allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.classroom import run_classroom
from qemu.classroom.report import Verdict, table
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.classroom.spec import ClassroomSpec
from qemu.classroom.starting import boot_clones
from qemu.machine import variables
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.storage import Bus
from qemu.machine.vm import VM
from tests.common import PAIR
from tests.vm.test_one_machine import sees, to_the_shell, types

SMALL = "MODEL DISK BOOTED 1"


@pytest.mark.vm
def test_a_room_with_secure_boot_becomes_equal_with_nobody_there(tmp_path: Path) -> None:
    report = run_classroom(
        ClassroomSpec(PAIR, receivers=1, firmware=Firmware.SECURE_BOOT, artefacts=tmp_path, deadline=600.0)
    )
    assert report.verdict is Verdict.GOOD, table(report)
    for seat in report.seats:
        reached = [stage.name for stage in seat.stages]
        assert reached[:6] == ["firmware", "dhcp", "shimx64.efi sent", "grubx64.efi sent", "kernel sent", "initrd sent"]


@pytest.mark.hardware
@pytest.mark.parametrize("firmware", [Firmware.UEFI, Firmware.SECURE_BOOT])
def test_a_clone_boots_by_uefi_from_its_own_disk(firmware: Firmware, tmp_path: Path) -> None:
    spec = ClassroomSpec(
        PAIR, receivers=1, bus=Bus.NVME, firmware=firmware, keep=True, artefacts=tmp_path, deadline=900.0
    )
    report = run_classroom(spec)
    assert report.verdict is Verdict.GOOD, table(report)
    (booted,) = boot_clones((tmp_path / "receiver-1.img",), SMALL, report.accel, print, ask=False, firmware=firmware)
    assert booted.problem == ""


MODULES = "head -c 4096 /dev/zero > /run/b.ko; insmod /run/b.ko; modprobe e1000; echo signed $?"
"""What is not signed is refused before it is looked at: else its format would be what is wrong with it. kmod itself
refuses a file that is too short for its first bytes to be told, and asks no kernel then."""
LOOK = (
    "mount -t securityfs none /sys/kernel/security; cat /sys/kernel/security/lockdown; "
    "echo modules `grep -cE '^(virtio_net|ahci|sd_mod) ' /proc/modules`; "
    "dd if=/dev/urandom of=/dev/sda bs=1M count=8 conv=fsync && echo written $?"
)


def looks(vm: VM) -> dict[str, bytes]:
    """What the kernel allows, as a shell sees it; the machine's variables then."""
    wait_event(vm, ("devices",))
    sees(vm, "What is this PC?", "/dev/sda")
    to_the_shell(vm)
    types(vm, LOOK)
    vm.console.expect(r"none \[integrity\] confidentiality", deadline=vm.deadline)
    vm.console.expect("modules 3", deadline=vm.deadline)
    vm.console.expect("written 0", deadline=vm.deadline)
    types(vm, MODULES)
    vm.console.expect(r"b\.ko'?: (Operation not permitted|Key was rejected)", deadline=vm.deadline)
    vm.console.expect("signed 0", deadline=vm.deadline)
    assert vm.spec.variables
    return variables.read(vm.spec.variables)


@pytest.mark.hardware
def test_the_kernel_is_locked_down_and_still_drives_cards_and_disks(tmp_path: Path) -> None:
    kernel, initrd = of_pair(PAIR)
    spec = SingleSpec(kernel, initrd, "", Boot.PXE, Firmware.SECURE_BOOT, (1 << 26,), memory=512, deadline=300.0)
    found = run_machine(spec, looks, tmp_path / "artefacts")
    assert variables.secure_boot(found)
    assert "SbatLevel" in " ".join(found), "shim has looked for loaders of an old generation"

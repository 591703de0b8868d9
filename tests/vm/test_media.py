"""A disc and a stick boot by every firmware, with the launcher's parameters on them, and are no disk of the PC."""

from __future__ import annotations

import pytest

from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.storage import Bus
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.hardware

DISK = 64 << 20
UNATTENDED = "auto=yes umode=rcv"
NOT_MEANT = "it is the medium that this PC was booted from, or a copy of it"


def machine(firmware: Firmware, boot: Boot, line: str, *disks: int, bus: Bus = Bus.AHCI) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(
        kernel, initrd, f"quiet {line}", boot=boot, firmware=firmware, disks=disks, bus=bus, deadline=400.0
    )


def sees(vm: VM, *texts: str) -> None:
    for text in texts:
        vm.console.expect_screen(text, deadline=vm.deadline)


def told(vm: VM) -> dict[str, object]:
    """What is said of the medium; the screen shows the only disk, and where the port is from."""
    wait_event(vm, ("screen:umode",))
    wait_event(vm, ("devices",))
    sees(vm, "What is this PC?", "(the only disk)", "DISK0", "9002", "(udpcfg.txt)")
    medium = vm.events.first("medium")
    assert medium
    return dict(medium.fields)


@pytest.mark.parametrize("boot", [Boot.ISO, Boot.USB], ids=lambda boot: str(boot.value))
@pytest.mark.parametrize("firmware", list(Firmware), ids=lambda firmware: str(firmware.value))
def test_it_boots_and_says_what_the_pc_is_to_do(firmware: Firmware, boot: Boot) -> None:
    said = run_machine(machine(firmware, boot, "port=9002", DISK), told)
    assert said["found"] is True and said["warnings"] == []


def error_of(spec: SingleSpec) -> str:
    return run_machine(spec, _error)


def _error(vm: VM) -> str:
    vm.wait(lambda: vm.events.first("error") is not None, vm.deadline, "an error")
    error = vm.events.first("error")
    assert error
    return f"{error.text('sentence')} {error.text('hint')}"


def test_a_stick_that_is_the_only_disk_is_no_target() -> None:
    said = error_of(machine(Firmware.BIOS, Boot.USB, UNATTENDED))
    assert NOT_MEANT in said


def test_a_stick_that_is_named_is_no_target() -> None:
    said = error_of(machine(Firmware.BIOS, Boot.USB, f"{UNATTENDED} disk=/dev/sda"))
    assert f"/dev/sda cannot be used: {NOT_MEANT}." in said


def offered(vm: VM) -> bool:
    wait_event(vm, ("screen:umode",))
    wait_event(vm, ("devices",))
    sees(vm, "(the only disk)", "usb", "DISK0")
    return True


def test_another_usb_disk_is_offered() -> None:
    assert run_machine(machine(Firmware.BIOS, Boot.USB, "lang=EN", DISK, bus=Bus.USB), offered)

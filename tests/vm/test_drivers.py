"""Drivers that the line names, loaded by the initrd's own modprobe before the first question, with their parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from qemu.classroom.single import run_machine, wait_event
from qemu.machine.vm import VM
from tests.vm.test_one_machine import machine, sees, to_the_shell, types

NAMED = 'lang=EN netmodule=e1000,e100 modparm="e1000.copybreak=300 e100.use_io=1" diskmodule=usb-storage'
LOOK = (
    "until grep 1 /sys/class/net/eth0/carrier; do sleep 0.1; done; "  # a link takes its time after the driver
    "cat /sys/module/e1000/parameters/copybreak; cat /run/udpcast/drivers; "
    "grep -cE '^(e100|usb_storage) ' /proc/modules"
)


def loads(vm: VM) -> None:
    """The card's driver has its parameter, though udev may have loaded it first; and the card has its link."""
    wait_event(vm, ("drivers", "screen:umode", "devices"))
    sees(vm, "What is this PC?", "eth0", "/dev/sda")
    to_the_shell(vm)
    types(vm, LOOK)
    vm.console.expect(r"\s1\s+300\s+e1000 copybreak=300\s+e100 use_io=1\s+2\s", deadline=vm.deadline)


@pytest.mark.languages
def test_a_driver_is_loaded_by_name_with_a_parameter(tmp_path: Path) -> None:
    run_machine(machine(NAMED, 1 << 26, nic="e1000", memory=256), loads, tmp_path / "artefacts")


def refuses(vm: VM) -> None:
    """An unattended run stops at the names that are none, and says which are near."""
    vm.events.wait(vm.loop, ("error",), ("crash", "plan", "screen:umode"), vm.deadline)
    sees(vm, "There is no driver e1000x in this initrd.", "e1000e", "has no parameter copybrake", "copybreak")


@pytest.mark.languages
def test_an_unknown_driver_and_an_unknown_parameter_are_named(tmp_path: Path) -> None:
    line = "lang=EN auto=yes umode=rcv netmodule=e1000x,e1000 modparm=e1000.copybrake=300"
    run_machine(machine(line, 1 << 26, nic="e1000", memory=256), refuses, tmp_path / "artefacts")

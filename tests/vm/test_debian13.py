"""The short form of `tests/run debian13`: the pair with Debian 13's kernel, on whatever Debian this machine has; and
this kernel with the initrd of another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initrd import apt
from initrd.build import MANIFEST
from qemu import pair
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.machine.vm import VM
from tests.common import PAIR

RELEASE, SERIES = "trixie", "6.12."
LINE = "load_ramdisk=1 root=01:00 ip=10.77.0.9:10.77.0.1:10.77.0.1:255.255.255.0"


@pytest.fixture
def directory() -> Path:
    """The pair that all tests boot where this machine is a Debian 13, or else one beside it."""
    name = "pair" if apt.this_release() == RELEASE else f"pair-{RELEASE}"
    pair.ensure(pair.CACHE / name, None if name == "pair" else RELEASE)
    return pair.CACHE / name


def role_screen(vm: VM) -> str:
    """Wait for the first screen, and until it names the disk and the card that the kernel's drivers found."""
    wait_event(vm, ("screen:umode",))
    for text in ("What is this PC?", "[S] SENDER", "[R] RECEIVER", "/dev/sda", "DISK0", "10.77.0.9/24", "eth0"):
        vm.console.expect_screen(text, deadline=vm.deadline)
    return vm.console.screen.text


@pytest.mark.vm
def test_it_boots_to_the_role_screen_and_finds_disk_and_card(directory: Path, tmp_path: Path) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    assert manifest["kernel"].startswith(SERIES)
    kernel, initrd = of_pair(directory)
    spec = SingleSpec(kernel, initrd, LINE, disks=(1 << 26,), deadline=120.0)
    run_machine(spec, role_screen, tmp_path / "artefacts")


def mixed(vm: VM) -> tuple[str, str]:
    """What an unattended machine says, which finds neither disk nor card."""
    error = vm.events.wait(vm.loop, ("error",), ("crash", "outcome", "screen:umode"), vm.deadline)
    vm.console.expect_screen("do not belong together", deadline=vm.deadline)
    return error.text("kind"), error.text("sentence")


@pytest.mark.faults
@pytest.mark.skipif(apt.this_release() == RELEASE, reason="both pairs have one kernel here")
def test_a_kernel_with_the_initrd_of_another_one_says_so_instead_of_no_disk(directory: Path, tmp_path: Path) -> None:
    built = json.loads((PAIR / MANIFEST).read_text())["kernel"]
    running = json.loads((directory / MANIFEST).read_text())["kernel"]
    kernel, initrd = of_pair(directory)[0], of_pair(PAIR)[1]
    spec = SingleSpec(kernel, initrd, f"{LINE} auto=yes umode=rcv", disks=(1 << 26,), deadline=120.0)
    assert run_machine(spec, mixed, tmp_path / "artefacts") == (
        "mixed-pair",
        "Kernel and initrd do not belong together, so no driver can be loaded: the kernel that runs is "
        f"{running}, and the initrd was built for {built}.",
    )

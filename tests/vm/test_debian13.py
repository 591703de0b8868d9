"""The short form of `tests/run debian13`: the pair with Debian 13's kernel, on whatever Debian this machine has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initrd import apt
from initrd.build import MANIFEST
from qemu import pair
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.machine.vm import VM

pytestmark = pytest.mark.vm

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


def test_it_boots_to_the_role_screen_and_finds_disk_and_card(directory: Path, tmp_path: Path) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    assert manifest["kernel"].startswith(SERIES)
    kernel, initrd = of_pair(directory)
    spec = SingleSpec(kernel, initrd, LINE, disks=(1 << 26,), deadline=120.0)
    run_machine(spec, role_screen, tmp_path / "artefacts")

"""Every kind of PC comes to the role choice, and tells meanwhile what it waits for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qemu.bench import situations
from qemu.bench.hardware import measure
from qemu.bench.hardware_lines import Line, economical, impossible
from qemu.classroom.single import SingleSpec, of_pair, run_machine
from qemu.host.network import make_tap
from qemu.machine import available
from qemu.machine.spec import QEMU
from qemu.machine.storage import Bus
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.hardware

UNATTENDED = "quiet auto=yes umode=rcv ip=dhcp after=menu,menu"
SINCE = {"igb": (8, 0), "emmc": (9, 1)}
"""The first version of QEMU's that has the device."""


DEVICES = available.devices() if shutil.which(QEMU) else None


@pytest.mark.parametrize("line", economical(DEVICES), ids=lambda line: line.name)
def test_it_comes_to_the_role_choice(line: Line, tmp_path: Path) -> None:
    row = measure(PAIR, line, tmp_path / "artefacts")
    assert row.yes or not row.could, row.why


def test_what_this_qemu_has_not_came_with_a_later_one() -> None:
    here = tuple(map(int, available.version().split(".")[:2]))
    for line in economical(DEVICES):
        why = impossible(line, available.devices(), available.version())
        missing = {device for device in SINCE if f"no {device}" in why}
        assert bool(why) is bool(missing), why
        assert all(here < SINCE[device] for device in missing), why


def said(vm: VM, *texts: str) -> None:
    for text in texts:
        vm.console.expect_screen(text, deadline=vm.deadline)


def waits(vm: VM) -> None:
    """An unattended receiver that has its card and its address stands where it waits for a sender."""
    said(vm, "RECEIVING to /dev/", "Waiting for the sender")
    assert vm.events.first("error") is None


def without_a_card(vm: VM) -> None:
    said(vm, "No network card", "Waiting up to")
    situations.plug_in_card(vm)
    waits(vm)


def behind_a_switch(vm: VM) -> None:
    vm.wait(lambda: vm.events.first("plan") is not None, vm.deadline, "the plan, before anybody is asked")
    situations.block()
    said(vm, "Asking for an address by DHCP", "spanning tree", "Waiting up to")
    waits(vm)


def with_the_second_cable(vm: VM) -> None:
    waits(vm)
    network = vm.events.first("network")
    assert network
    said(vm, "52:54:00:75:64:01")


def with_another_card(vm: VM) -> None:
    """The only card has no cable; another one comes that has."""
    said(vm, "Waiting for a link on eth0", "Is its cable plugged in", "Waiting up to")
    make_tap(1)
    situations.plug_in_card(vm, 1)
    waits(vm)
    said(vm, "52:54:00:75:64:01")


def spec(**options: object) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(kernel, initrd, UNATTENDED, disks=(1 << 26,), bus=Bus.USB, deadline=300.0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "play"),
    [
        pytest.param({"nic": None}, without_a_card, id="a card that comes later"),
        pytest.param({}, behind_a_switch, id="a switch with spanning tree"),
        pytest.param({"cable": False}, with_another_card, id="another card than the one without a cable"),
        pytest.param({"cable": False, "more_nics": ("e1000e",)}, with_the_second_cable, id="the second card is wired"),
    ],
)
def test_an_unattended_pc_tells_what_it_waits_for_and_goes_on(
    options: dict[str, object], play: Callable[[VM], None], tmp_path: Path
) -> None:
    run_machine(spec(**options), play, tmp_path / "artefacts")

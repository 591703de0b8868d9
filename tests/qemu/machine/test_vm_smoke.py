"""The harness with real machines, but without our initrd: a bare busybox that answers."""

from __future__ import annotations

import dataclasses
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qemu.bench.floor import write_floor_initrd
from qemu.classroom.single import SingleSpec, run_machine, wait_event
from qemu.commands.options import DEFAULT_PAIR
from qemu.host.event_loop import Deadline
from qemu.host.sandbox import RunFailed
from qemu.machine.firmware import Boot
from qemu.machine.storage import Bus
from qemu.machine.vm import VM

pytestmark = pytest.mark.vm


def kernel() -> Path | None:
    """The pair's kernel, or the host's own."""
    found = [DEFAULT_PAIR / "udpcast-linux", *sorted(Path("/boot").glob("vmlinuz-*"))]
    return next((path for path in found if path.is_file()), None)


@pytest.fixture(scope="module")
def bare() -> Iterator[SingleSpec]:
    image = kernel()
    if image is None or shutil.which("busybox") is None:
        pytest.skip("no kernel (`python3 -m initrd build -o .cache/pair`) or no busybox")
    with tempfile.TemporaryDirectory() as scratch:
        initrd = write_floor_initrd(Path(scratch, "initrd"), Path(scratch))
        yield SingleSpec(image, initrd, disks=(64 << 20,), memory=128, deadline=120)


def test_console_events_keys_and_screen_of_a_direct_boot(bare: SingleSpec, tmp_path: Path) -> None:
    def drive(vm: VM) -> tuple[float, bool]:
        wait_event(vm, ("init",))
        vm.console.expect("FLOOR", "Kernel panic", deadline=vm.deadline)
        vm.console.press(*"hello", "enter")
        vm.console.expect_screen("heard: hello", deadline=vm.deadline)
        shot = vm.screendump(tmp_path / "screen.png")
        vm.console.press(*"off", "enter")
        vm.wait_end(vm.deadline)
        event = vm.events.first("init")
        assert event
        assert vm.qmp.shutdown_reason == "guest-shutdown"
        return event.t, shot

    t, shot = run_machine(bare, drive)
    assert 0 < t < 60
    assert shot
    width, height = struct.unpack(">II", (tmp_path / "screen.png").read_bytes()[16:24])
    assert (tmp_path / "screen.png").read_bytes().startswith(b"\x89PNG")
    assert (width, height) >= (640, 400)


@pytest.mark.parametrize("nic", ["e1000", "virtio-net-pci", "rtl8139"])
def test_a_card_boots_over_the_network_from_its_own_rom(bare: SingleSpec, nic: str) -> None:
    def drive(vm: VM) -> str:
        wait_event(vm, ("init",))
        return vm.console.transcript.decode(errors="replace")

    transcript = run_machine(dataclasses.replace(bare, boot=Boot.PXE, nic=nic), drive)
    # Of the loaders only PXELINUX writes it so. (Its banner goes over the firmware's mirror, and was not always there.)
    assert "BOOT_IMAGE=udpcast-linux initrd=" in transcript
    assert "BOOTIF=01-52-54-00-75-64-00" in transcript
    assert "events=ttyS1" in transcript


@pytest.mark.parametrize("bus", [Bus.AHCI, Bus.NVME, Bus.VIRTIO, Bus.SCSI, Bus.USB])
def test_qemu_accepts_two_disks_on_a_bus(bare: SingleSpec, bus: Bus) -> None:
    sector = 512 if bus is Bus.AHCI else 4096
    spec = dataclasses.replace(bare, bus=bus, sector=sector, disks=(64 << 20, 64 << 20))

    def blocks(vm: VM) -> int:
        return len(vm.qmp.execute("query-block", deadline=Deadline(10)))

    assert run_machine(spec, blocks) == 2


def test_a_guest_that_panics_is_told_from_one_that_is_late(bare: SingleSpec, tmp_path: Path) -> None:
    def drive(vm: VM) -> None:
        vm.console.expect("never", "Kernel panic", deadline=vm.deadline)

    with pytest.raises(RunFailed, match="Kernel panic") as caught:
        run_machine(dataclasses.replace(bare, append="rdinit=/nowhere root=/dev/none"), drive, tmp_path)
    assert caught.value.kind == "Unexpected"
    assert "Kernel panic" in (tmp_path / "transcript.txt").read_text(errors="replace")
    assert (tmp_path / "screen.png").exists()


def test_a_guest_that_restarts_is_a_lost_machine(bare: SingleSpec) -> None:
    def drive(vm: VM) -> None:
        vm.wait(lambda: False, vm.deadline, "the moon")

    with pytest.raises(RunFailed, match=r"the guest ended it \(guest-reset\)") as caught:
        run_machine(dataclasses.replace(bare, append="rdinit=/nowhere root=/dev/none panic=-1"), drive)
    assert caught.value.kind == "LostMachine"


def test_a_cable_that_is_not_plugged_in_and_a_deadline(bare: SingleSpec, tmp_path: Path) -> None:
    spec = dataclasses.replace(bare, boot=Boot.PXE, cable=False, deadline=15)

    def drive(vm: VM) -> None:
        vm.console.expect("Link:down", deadline=vm.deadline.sooner(14))
        wait_event(vm, ("init",))

    with pytest.raises(RunFailed, match="init was not there") as caught:
        run_machine(spec, drive)
    assert caught.value.kind == "DeadlinePassed"

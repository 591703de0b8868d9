"""What faults make of a seat before it is switched on."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from initrd.cpio import write_archive
from pxe.entries.boot_entry import INITRD
from pxe.entries.loaders import machine_file
from qemu.classroom import equipment
from qemu.classroom.faults import parse_fault
from qemu.classroom.report import Role
from qemu.classroom.seat_spec import SeatSpec
from qemu.machine.spec import Bus, Drive, MachineSpec
from tests.pairs import make_pair

MIB = 1 << 20

MACHINE = MachineSpec("receiver-1", drives=(Drive(Path("/d")),))


def made(*texts: str, machine: MachineSpec = MACHINE) -> MachineSpec:
    return equipment.machine(machine, 1000 * 512, tuple(map(parse_fault, texts)))


def test_without_faults_of_its_own_a_machine_is_as_it_was() -> None:
    assert made("write-error:receiver-2@0", "memory:sender:100", "4kn:receiver-2") == MACHINE


def test_hardware_faults() -> None:
    assert made("memory:receiver-1:160").memory == 160
    (drive,) = made("4kn:receiver-1").drives
    assert (drive.sector, drive.bus) == (4096, Bus.SCSI)
    (drive,) = made("4kn:receiver-1", machine=replace(MACHINE, drives=(Drive(Path("/d"), Bus.NVME),))).drives
    assert (drive.sector, drive.bus) == (4096, Bus.NVME)
    (drive,) = made("write-error:receiver-1@50%", "read-error:receiver-1@512").drives
    assert (drive.read_errors, drive.write_errors) == ((512,), (500 * 512,))


def test_a_smaller_target_has_whole_sectors() -> None:
    faults = (parse_fault("smaller:receiver-1:1"),)
    assert equipment.target_size("receiver-1", 1024, faults) == 512
    assert equipment.target_size("receiver-2", 1024, faults) == 1024


@pytest.mark.parametrize(("kind", "deed"), [("kill-program", "kill -9 -$$"), ("exhaust", "mount -t ramfs")])
def test_only_the_seat_with_such_a_program_gets_a_second_initrd(tmp_path: Path, kind: str, deed: str) -> None:
    root, tree = tmp_path / "root", tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/zstd").write_text("the real one")
    (root / "init").write_text("the first one")
    with (tmp_path / "cpio").open("wb") as out:
        write_archive(root, out, 0)
    seat, other = SeatSpec(0, Role.SENDER, ""), SeatSpec(1, Role.RECEIVER, "")
    (tree / "pxelinux.cfg").mkdir(parents=True)
    for one in (seat, other):
        (tree / "pxelinux.cfg" / machine_file(one.mac)).write_text(f"append initrd={INITRD} umode=snd\n")
    packed = subprocess.run(["zstd", "-qc", tmp_path / "cpio"], capture_output=True, check=True).stdout
    make_pair(tree, archive=packed)
    given = (parse_fault(f"{kind}:sender:zstd@50%"),)
    for one in (seat, other):
        equipment.add_programs(tree, one, 8 * MIB, given, tmp_path)
    text = (tree / "pxelinux.cfg" / machine_file(seat.mac)).read_text()
    assert text == f"append initrd={INITRD},sender-programs.cpio umode=snd\n"
    assert "programs" not in (tree / "pxelinux.cfg" / machine_file(other.mac)).read_text()
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    with (tree / "sender-programs.cpio").open("rb") as archive:
        subprocess.run(["cpio", "-id", "--quiet", "-D", unpacked], stdin=archive, check=True)
    assert (unpacked / "usr/lib/udpcast-fault/zstd").read_text() == "the real one"
    script = (unpacked / "usr/bin/zstd").read_text()
    assert "count=64 " in script and deed in script
    subprocess.run(["sh", "-n", unpacked / "usr/bin/zstd"], check=True)
    assert (unpacked / "init.first").read_text() == "the first one"
    assert "exec busybox sh /init.first" in (unpacked / "init").read_text()

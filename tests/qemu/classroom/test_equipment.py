"""What faults make of a seat before it is switched on."""

from __future__ import annotations

import json
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
from qemu.disks.holes import disk_with_holes
from qemu.disks.parts import parts, probe
from qemu.disks.raw import create
from qemu.machine.spec import Drive, MachineSpec
from qemu.machine.storage import Bus
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
    assert equipment.target_size("receiver-1", 1024, (parse_fault("larger:receiver-1:1K"),)) == 2048


def second_initrd(tmp_path: Path, text: str) -> Path:
    """What is unpacked over the initrd of the seat that the fault names; nothing of another one's changes."""
    root, tree = tmp_path / "root", tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    for name in ("pigz", "udp-receiver"):
        (root / "usr/bin" / name).write_text("the real one")
    (root / "init").write_text("the first one")
    with (tmp_path / "cpio").open("wb") as out:
        write_archive(root, out, 0)
    seats = (SeatSpec(0, Role.SENDER, ""), SeatSpec(1, Role.RECEIVER, ""))
    (tree / "pxelinux.cfg").mkdir(parents=True)
    for one in seats:
        (tree / "pxelinux.cfg" / machine_file(one.mac)).write_text(f"append initrd={INITRD} umode=snd\n")
    packed = subprocess.run(["zstd", "-qc", tmp_path / "cpio"], capture_output=True, check=True).stdout
    make_pair(tree, archive=packed)
    given = parse_fault(text)
    for one in seats:
        equipment.add_programs(tree, one, 8 * MIB, (given,), tmp_path)
        line = (tree / "pxelinux.cfg" / machine_file(one.mac)).read_text()
        assert ("programs" in line) == (one.name == given.seat)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    with (tree / f"{given.seat}-programs.cpio").open("rb") as archive:
        subprocess.run(["cpio", "-id", "--quiet", "-D", unpacked], stdin=archive, check=True)
    assert (unpacked / "init.first").read_text() == "the first one"
    assert "exec busybox sh /init.first" in (unpacked / "init").read_text()
    return unpacked


@pytest.mark.parametrize(("kind", "deed"), [("kill-program", "kill -9 -$$"), ("exhaust", "mount -t ramfs")])
def test_only_the_seat_with_such_a_program_gets_a_second_initrd(tmp_path: Path, kind: str, deed: str) -> None:
    unpacked = second_initrd(tmp_path, f"{kind}:sender:pigz@50%")
    assert (unpacked / "usr/lib/udpcast-fault/pigz").read_text() == "the real one"
    script = (unpacked / "usr/bin/pigz").read_text()
    assert "count=64 " in script and deed in script
    subprocess.run(["sh", "-n", unpacked / "usr/bin/pigz"], check=True)


@pytest.mark.parametrize(
    ("text", "words", "deed"),
    [
        ("spoil:receiver-1:hole", "hole 1048576", ""),
        ("cut:receiver-1", "cut 0", ""),
        ("kill-program:receiver-1:unpack@50%", "deed 4194304", "kill -9 $pids"),
        ("exhaust:receiver-1:unpack@50%", "deed 4194304", "mount -t ramfs"),
    ],
)
def test_what_befalls_the_stream_stands_behind_udp_receiver(tmp_path: Path, text: str, words: str, deed: str) -> None:
    unpacked = second_initrd(tmp_path, text)
    place = unpacked / "usr/lib/udpcast-fault"
    assert (place / "udp-receiver").read_text() == "the real one"
    assert f"stream_filter.py {words} " in (unpacked / "usr/bin/udp-receiver").read_text()
    assert (place / "stream_filter.py").is_file()
    assert deed in (place / "deed").read_text()
    script = (place / "deed").read_text().replace("/dev/ttyS1", str(tmp_path / "told")).replace("kill", "echo kill")
    subprocess.run(["busybox", "sh", "-c", script.split("(")[0]], check=True)
    assert json.loads((tmp_path / "told").read_text())["program"] == "unpack"


def test_a_source_that_is_not_clean_and_a_target_with_an_earlier_life(tmp_path: Path) -> None:
    source, target = disk_with_holes(tmp_path / "source", 80 * MIB, MIB, stale=False), tmp_path / "target"
    given = tuple(map(parse_fault, ("dirty:sender", "hibernated:sender", "signatures:receiver-1")))
    assert equipment.prepare_source(source, "sender-2", given) == ()
    assert [part.kind for part in parts(source)] == ["ext4", "swap"]
    assert equipment.prepare_source(source, "sender", given) == (1, 2)
    assert [part.kind for part in parts(source)] == ["ext4", "swsuspend"]
    state = subprocess.run(["dumpe2fs", "-h", f"{source}?offset={MIB}"], capture_output=True, text=True, check=True)
    assert "not clean" in state.stdout
    create(target, 80 * MIB)  # ZFS has at least 64 MiB
    equipment.prepare_target(target, source, "receiver-1", given)
    found = subprocess.run(["wipefs", "-n", "-O", "TYPE", target], capture_output=True, text=True, check=True).stdout
    assert {"linux_raid_member", "LVM2_member", "zfs_member"} <= set(found.split())
    root = parts(source)[0]
    assert probe(target, root.start, root.size)["TYPE"] == "linux_raid_member"

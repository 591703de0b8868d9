"""The grammar of faults, and what they make of a classroom's hardware."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from initrd.cpio import write_archive
from kernel_cmdline import parse
from pxe.boot_entry import INITRD
from pxe.loaders import machine_file
from qemu import commands
from qemu.classroom import injection
from qemu.classroom.classroom import ClassroomSpec, command, seats
from qemu.classroom.faults import GRAMMAR, RULES, Fault, FaultError, Kind, Position, check, parse_fault
from qemu.classroom.report import Role
from qemu.classroom.seat import SeatSpec
from qemu.machine.spec import Bus, Drive, MachineSpec, SpecError, drive_argv

HALF = Position(50, percent=True)
MIB = 1 << 20

EXAMPLES = {
    "kill:receiver-1@30%": Fault(Kind.KILL, "receiver-1", None, Position(30, percent=True)),
    "kill:sender@connected": Fault(Kind.KILL, "sender", None, Position(moment="connected")),
    "kill:receiver-12@verifying": Fault(Kind.KILL, "receiver-12", None, Position(moment="verifying")),
    "restart:sender@cast": Fault(Kind.RESTART, "sender", None, Position(moment="cast")),
    "unplug:receiver-1:5s@52428800": Fault(Kind.UNPLUG, "receiver-1", 5.0, Position(50 * MIB)),
    "unplug:sender:0.5s@50%": Fault(Kind.UNPLUG, "sender", 0.5, HALF),
    "unplug:sender@50%": Fault(Kind.UNPLUG, "sender", None, HALF),
    "kill-program:sender:zstd@50%": Fault(Kind.KILL_PROGRAM, "sender", "zstd", HALF),
    "exhaust:receiver-1:zstd@50%": Fault(Kind.EXHAUST, "receiver-1", "zstd", HALF),
    "read-error:sender@50%": Fault(Kind.READ_ERROR, "sender", None, HALF),
    "write-error:receiver-1@12.5%": Fault(Kind.WRITE_ERROR, "receiver-1", None, Position(12.5, percent=True)),
    "flip:receiver-1@0": Fault(Kind.FLIP, "receiver-1", None, Position(0)),
    "smaller:receiver-1:1048576": Fault(Kind.SMALLER, "receiver-1", float(MIB)),
    "4kn:receiver-1": Fault(Kind.SECTORS_4K, "receiver-1"),
    "memory:receiver-1:160": Fault(Kind.MEMORY, "receiver-1", 160.0),
    "compr:receiver-1:gzip": Fault(Kind.COMPRESSION, "receiver-1", "gzip"),
    "absent:receiver-1": Fault(Kind.ABSENT, "receiver-1"),
    "late:receiver-2@50%": Fault(Kind.LATE, "receiver-2", None, HALF),
    "second-sender": Fault(Kind.SECOND_SENDER, "sender-2"),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_fault_is_read_and_written_the_same(text: str) -> None:
    assert parse_fault(text) == EXAMPLES[text]
    assert str(EXAMPLES[text]) == text


def test_every_kind_is_in_the_examples_and_in_the_grammar() -> None:
    assert {fault.kind for fault in EXAMPLES.values()} == set(Kind) == set(RULES)
    assert all(rule.form in GRAMMAR and rule.meaning in GRAMMAR for rule in RULES.values())


def test_sizes_are_powers_of_1024_as_those_of_disks_are() -> None:
    assert parse_fault("smaller:receiver-1:1M").value == MIB
    assert parse_fault("flip:receiver-1@64K").position == Position(65536)
    assert parse_fault("kill:sender@1G").position == Position(1 << 30)


@pytest.mark.parametrize(("position", "offset"), [(HALF, 500), (Position(33.3, percent=True), 333), (Position(7), 7)])
def test_a_position_is_a_byte_of_the_source(position: Position, offset: int) -> None:
    assert position.offset(1000) == offset


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is not known; kill, restart, unplug,'),
        ("explode:sender@30%", '"explode" is not known'),
        ("kill", "kill:SEAT@WHEN was expected"),
        ("kill:sender", "kill:SEAT@WHEN was expected"),
        ("kill:teacher@30%", "kill:SEAT@WHEN was expected"),
        ("kill:receiver-0@30%", "kill:SEAT@WHEN was expected"),
        ("kill:sender:9@30%", "kill:SEAT@WHEN was expected"),
        (
            "kill:sender@soon",
            '"soon" is not a byte, a percentage or a moment (transfer, connected, cast, flushing, verifying)',
        ),
        ("kill:sender@", '"" is not a byte'),
        ("kill:sender@100%", '"100%" is not'),
        ("kill:sender@-1", '"-1" is not'),
        ("flip:sender@1", "flip:RECEIVER@BYTE was expected"),
        ("flip:receiver-1@cast", '"cast" is not a byte or percentage'),
        ("unplug:sender:5@30%", '"5" is not seconds like 5s'),
        ("unplug:sender:0s@30%", '"0s" is not seconds'),
        ("smaller:receiver-1", "smaller:RECEIVER:SIZE was expected"),
        ("smaller:receiver-1:1M@30%", "smaller:RECEIVER:SIZE was expected"),
        ("smaller:receiver-1:1T", '"1T" is not a size'),
        ("memory:receiver-1:lots", '"lots" is not a number of MiB'),
        ("kill-program:sender:bash@1", '"bash" is not zstd or'),
        ("compr:receiver-1:xz", '"xz" is not none or gzip'),
        ("second-sender:sender", "second-sender stands alone"),
        ("second-sender@30%", "second-sender stands alone"),
    ],
)
def test_what_is_not_understood_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_fault(text)
    assert words in str(error.value)
    assert str(error.value).startswith(f'fault "{text}"') and str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["kill:receiver-3@1"], "there is no receiver-3"),
        (["kill:sender-2@1"], "there is no sender-2"),
        (["late:sender@1"], "after the sender"),
        (["memory:sender:200", "memory:sender:300"], "given twice"),
        (
            ["exhaust:sender:zstd@1", "kill-program:sender:zstd@2"],
            "only one thing can happen within the zstd of sender",
        ),
    ],
)
def test_faults_must_fit_the_classroom(texts: list[str], words: str) -> None:
    with pytest.raises(FaultError, match=words):
        check([parse_fault(text) for text in texts], receivers=2)


def test_a_second_sender_may_have_faults_too() -> None:
    check([parse_fault("second-sender"), parse_fault("late:sender-2@1")], receivers=1)


def spec(*texts: str) -> ClassroomSpec:
    return ClassroomSpec(Path("/pair"), faults=tuple(map(parse_fault, texts)))


def test_the_command_repeats_the_faults() -> None:
    made = spec("kill:receiver-1@30%", "unplug:receiver-2:5s@cast")
    options = commands.parser().parse_args(shlex.split(command(made))[3:])
    assert tuple(options.fault) == made.faults


def test_the_second_sender_is_the_last_seat_and_sends_on_the_same_port() -> None:
    plan = seats(spec("second-sender"))
    assert [seat.name for seat in plan] == ["sender", "receiver-1", "receiver-2", "sender-2"]
    assert plan[3].append == plan[0].append and plan[3].role is Role.SENDER
    assert len({seat.mac for seat in plan}) == 4


def test_a_cast_with_faults_has_a_middle() -> None:
    assert "--max-bitrate 60m" in seats(spec("kill:receiver-1@30%"))[0].append
    assert "--max-bitrate" not in seats(spec())[0].append


def test_compression_is_on_the_line_of_its_seat_only() -> None:
    lines = [parse(seat.append).last("compr") for seat in seats(spec("compr:receiver-1:gzip"))]
    assert [line and line.value for line in lines] == [None, "gzip", None]


MACHINE = MachineSpec("receiver-1", drives=(Drive(Path("/d")),))


def made(*texts: str, machine: MachineSpec = MACHINE) -> MachineSpec:
    return injection.machine(machine, 1000 * 512, tuple(map(parse_fault, texts)))


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
    assert injection.target_size("receiver-1", 1024, faults) == 512
    assert injection.target_size("receiver-2", 1024, faults) == 1024


def test_io_errors_lie_above_the_image_where_the_guests_offsets_hold() -> None:
    words = drive_argv(Drive(Path("/d"), format="qcow2", read_errors=(1536,), write_errors=(1 << 20,)), 0)
    node = json.loads(words[1])
    assert (node["driver"], node["node-name"], node["image"]["driver"]) == ("blkdebug", "disk0", "qcow2")
    assert node["inject-error"] == [
        {"event": "none", "iotype": "read", "sector": 3},
        {"event": "none", "iotype": "write", "sector": 2048},
    ]


def test_a_disk_with_a_rate_has_a_group_that_limits_it() -> None:
    words = drive_argv(Drive(Path("/d"), rate=20_000_000), 1)
    group, node = json.loads(words[1]), json.loads(words[3])
    assert (words[0], group["id"], group["limits"]) == ("-object", "rate1", {"bps-total": 20_000_000})
    assert (node["driver"], node["node-name"], node["throttle-group"]) == ("throttle", "disk1", "rate1")
    for wrong in ({"read_errors": (512,)}, {"write_errors": (512,)}, {"read_only": True, "bus": Bus.SCSI}, {"rate": 0}):
        with pytest.raises(SpecError, match="a disk with a rate"):
            drive_argv(Drive(Path("/d"), **{"rate": 1, **wrong}), 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "deed"), [("kill-program", "kill -9 0"), ("exhaust", "mount -t ramfs")])
def test_only_the_seat_with_such_a_program_gets_a_second_initrd(tmp_path: Path, kind: str, deed: str) -> None:
    root, tree = tmp_path / "root", tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/zstd").write_text("the real one")
    with (tmp_path / "cpio").open("wb") as out:
        write_archive(root, out, 0)
    seat, other = SeatSpec(0, Role.SENDER, ""), SeatSpec(1, Role.RECEIVER, "")
    (tree / "pxelinux.cfg").mkdir(parents=True)
    for one in (seat, other):
        (tree / "pxelinux.cfg" / machine_file(one.mac)).write_text(f"append initrd={INITRD} umode=snd\n")
    subprocess.run(["zstd", "-q", tmp_path / "cpio", "-o", tree / INITRD], check=True)
    given = (parse_fault(f"{kind}:sender:zstd@50%"),)
    for one in (seat, other):
        injection.add_programs(tree, one, 8 * MIB, given, tmp_path)
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

"""The classroom's values: seats with their append lines, and the command that repeats a run."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_cmdline import parse
from qemu.classroom.faults import parse_fault
from qemu.classroom.report import Role
from qemu.classroom.spec import ClassroomSpec, command, seats
from qemu.commands.commands import parser
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.spec import SpecError
from qemu.machine.storage import Bus

SPEC = ClassroomSpec(Path("/pair"))


def values(append: str) -> dict[str, str | None]:
    return {parameter.key: parameter.value for parameter in parse(append)}


def test_by_default_nobody_is_needed_and_the_sender_waits_for_all() -> None:
    sender, first, second = seats(SPEC)
    assert values(sender.append) == {
        "umode": "snd",
        "auto": "yes",
        "disk": "/dev/sda",
        "udpcparam": "--min-receivers 2",
        "console": "ttyS0,115200",
        "events": "ttyS1",
        "no_timer_check": None,
    }
    assert values(first.append)["umode"] == "rcv"
    assert (sender.role, first.role) == (Role.SENDER, Role.RECEIVER)
    assert (first.name, second.name) == ("receiver-1", "receiver-2")
    assert len({sender.mac, first.mac, second.mac}) == 3


@pytest.mark.parametrize(
    ("bus", "disk"), [(Bus.NVME, "/dev/nvme0n1"), (Bus.VIRTIO, "/dev/vda"), (Bus.SCSI, "/dev/sda")]
)
def test_the_senders_disk_is_named_as_its_bus_names_it(bus: Bus, disk: str) -> None:
    assert values(seats(ClassroomSpec(Path("/pair"), bus=bus))[0].append)["disk"] == disk


def test_given_lines_are_taken_as_they_are_with_the_console_added() -> None:
    spec = ClassroomSpec(Path("/pair"), append_sender="load_ramdisk=1", append_receiver='udpcparam="a b"', receivers=1)
    sender, receiver = seats(spec)
    assert sender.append == "load_ramdisk=1 console=ttyS0,115200 events=ttyS1 no_timer_check"
    assert values(receiver.append)["udpcparam"] == "a b"


def test_a_classroom_has_1_to_254_receivers() -> None:
    assert len(seats(ClassroomSpec(Path("/pair"), receivers=254))) == 255
    for number in (0, 255):
        with pytest.raises(SpecError, match="1 to 254"):
            seats(ClassroomSpec(Path("/pair"), receivers=number))


def test_the_command_repeats_the_run() -> None:
    spec = ClassroomSpec(
        Path("/a pair"),
        receivers=3,
        append_sender='umode=snd udpcparam="--min-receivers 3"',
        append_receiver="",
        model=Path("/m"),
        target_size=1 << 30,
        memory=256,
        nic="rtl8139",
        bus=Bus.NVME,
        firmware=Firmware.SECURE_BOOT,
        boot=Boot.HTTP,
        loader="snponly.efi",
        deadline=77.5,
    )
    words = shlex.split(command(spec))
    assert words[:4] == ["python3", "-m", "qemu", "classroom"]
    options = parser().parse_args(words[3:])
    again = ClassroomSpec(
        options.pair,
        options.receivers,
        options.append_sender,
        options.append_receiver,
        options.model_disk,
        options.target_size,
        options.memory,
        options.nic,
        options.bus,
        options.firmware,
        options.boot,
        options.loader,
        options.deadline,
    )
    assert again == spec


def spec(*texts: str) -> ClassroomSpec:
    return ClassroomSpec(Path("/pair"), faults=tuple(map(parse_fault, texts)))


def test_the_command_repeats_the_faults() -> None:
    made = spec("kill:receiver-1@30%", "unplug:receiver-2:5s@cast")
    options = parser().parse_args(shlex.split(command(made))[3:])
    assert tuple(options.fault) == made.faults


def test_the_second_sender_is_the_last_seat_and_sends_on_the_same_port() -> None:
    plan = seats(spec("second-sender"))
    assert [seat.name for seat in plan] == ["sender", "receiver-1", "receiver-2", "sender-2"]
    assert plan[3].append == plan[0].append and plan[3].role is Role.SENDER
    assert len({seat.mac for seat in plan}) == 4


@pytest.mark.parametrize(
    ("firmware", "boot", "is_good"),
    [
        (Firmware.UEFI, Boot.PXE, True),
        (Firmware.BIOS, Boot.HTTP, True),
        (Firmware.UEFI, Boot.HTTP, False),
        (Firmware.BIOS, Boot.USB, False),
    ],
)
def test_what_befalls_a_program_needs_initrds_that_are_single_files(
    firmware: Firmware, boot: Boot, is_good: bool
) -> None:
    made = replace(spec("kill-program:sender:pigz@30%"), firmware=firmware, boot=boot)
    if is_good:
        assert seats(made)
        return
    with pytest.raises(SpecError, match=r"kill-program:sender:pigz.* goes with `--boot pxe` only"):
        seats(made)


def test_a_cast_with_faults_has_a_middle() -> None:
    assert "--max-bitrate 60m" in seats(spec("kill:receiver-1@30%"))[0].append
    assert "--max-bitrate" not in seats(spec())[0].append


def test_compression_is_on_the_line_of_its_seat_only() -> None:
    lines = [parse(seat.append).last("compr") for seat in seats(spec("compr:receiver-1:gzip"))]
    assert [line and line.value for line in lines] == [None, "gzip", None]

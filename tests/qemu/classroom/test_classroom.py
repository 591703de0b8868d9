"""The classroom's values: append lines, the command that repeats a run, the boot server's log, memory search."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kernel_cmdline import parse
from qemu import commands
from qemu.classroom.classroom import ClassroomSpec, command, seats
from qemu.classroom.report import Role
from qemu.host.network import Served, parse_server_line, server_settings
from qemu.machine.spec import Bus, SpecError

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
        deadline=77.5,
    )
    words = shlex.split(command(spec))
    assert words[:4] == ["python3", "-m", "qemu", "classroom"]
    options = commands.parser().parse_args(words[3:])
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
        options.deadline,
    )
    assert again == spec


@pytest.mark.parametrize(
    ("line", "served"),
    [
        (
            "dnsmasq-dhcp[17]: 864504691 DHCPACK(br0) 10.77.1.234 52:54:00:75:64:00 ",
            Served("dhcp", "10.77.1.234", "52:54:00:75:64:00"),
        ),
        (
            "dnsmasq-tftp[17]: sent /var/tmp/udpcast-x/tftp/udpcast-linux to 10.77.1.234",
            Served("udpcast-linux", "10.77.1.234"),
        ),
        ("dnsmasq-dhcp[17]: DHCPOFFER(br0) 10.77.1.234 52:54:00:75:64:00", None),
        ("dnsmasq-tftp[17]: file /x/pxelinux.cfg/default not found for 10.77.1.234", None),
        ("", None),
    ],
)
def test_the_boot_servers_log(line: str, served: Served | None) -> None:
    assert parse_server_line(line) == served


def test_there_are_leases_for_every_seat() -> None:
    settings = server_settings(Path("/run"), Path("/run/tftp"))
    assert settings.first and settings.last
    assert int(settings.last) - int(settings.first) >= 256

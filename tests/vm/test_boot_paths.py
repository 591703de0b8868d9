"""Every way by which a PC comes to the launcher: what stands on its line then, whatever loader wrote it there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_cmdline import CommandLine, parse
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.host.network import ROUTER, SERVER
from qemu.machine.firmware import MEDIA, Boot, Firmware
from qemu.machine.spec import mac
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.hardware

OWN = 'umode=rcv udpcparam="--min-receivers 3 --max-wait 600" locale=en'
"""A machine's own line, with blanks in a value."""


@dataclass(frozen=True)
class Way:
    """Firmware, way, and the loader if it is not the usual one."""

    firmware: Firmware
    boot: Boot
    loader: str = ""


WAYS = {
    "BIOS by TFTP": Way(Firmware.BIOS, Boot.PXE),
    "BIOS by HTTP": Way(Firmware.BIOS, Boot.HTTP),
    "BIOS, iPXE": Way(Firmware.BIOS, Boot.PXE, "undionly.kpxe"),
    "UEFI by TFTP": Way(Firmware.UEFI, Boot.PXE),
    "Secure Boot by TFTP": Way(Firmware.SECURE_BOOT, Boot.PXE),
    "UEFI, iPXE": Way(Firmware.UEFI, Boot.PXE, "snponly.efi"),
    "UEFI by HTTP": Way(Firmware.UEFI, Boot.HTTP),
    "Secure Boot by HTTP": Way(Firmware.SECURE_BOOT, Boot.HTTP),
    "UEFI from a disc": Way(Firmware.UEFI, Boot.ISO),
    "Secure Boot from a stick": Way(Firmware.SECURE_BOOT, Boot.USB),
}


def line_inside(vm: VM) -> str:
    """Up to the role's screen, with an address."""
    wait_event(vm, ("cmdline",))
    event = vm.events.first("cmdline")
    assert event
    wait_event(vm, ("devices",))
    return event.text("text")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_line_arrives_with_address_and_card(way: Way, tmp_path: Path) -> None:
    kernel, initrd = of_pair(PAIR)
    memory = 384 if way.firmware is Firmware.BIOS else 512
    machine = SingleSpec(
        kernel, initrd, OWN, way.boot, way.firmware, (1 << 26,), memory, loader=way.loader, deadline=200.0
    )
    text = run_machine(machine, line_inside, tmp_path / "artefacts")
    line = parse(text)
    if way.boot in MEDIA:
        assert line.last("ip") is None and line.last("BOOTIF") is None
        return
    holds_own_line(line)
    client, server, router, mask = value(line, "ip").split(":")
    assert ipaddress.ip_address(client) in SERVER.network
    assert (server, router, mask) == (str(SERVER.ip), str(ROUTER), str(SERVER.netmask))
    assert value(line, "BOOTIF").lower() == f"01-{mac(0).replace(':', '-')}"


def holds_own_line(line: CommandLine) -> None:
    for parameter in parse(OWN):
        assert value(line, parameter.name) == parameter.value


def value(line: CommandLine, name: str) -> str:
    """The parameter is there once, so that nobody else's wins."""
    (found,) = (one for one in line if one.name == name)
    return found.value or ""

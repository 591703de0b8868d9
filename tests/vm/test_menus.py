"""Boot menus on the real loaders: what stands on the screen, and what is booted by a key, or without one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_cmdline import parse
from pxe.entries.menu import ALL, Choice, Menu
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.disks.model import small_model
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.languages

LINE = 'disk=/dev/sda udpcparam="--min-receivers 2 --max-wait 600" lang=FR x=$y'
SHOWN = {
    "fr": ("RÉCEPTEUR : son disque est ÉCRASÉ par celui de l'émetteur", "ÉMETTEUR : son disque est lu"),
    "fr in ASCII": ("RECEPTEUR : son disque est ECRASE par celui de l'emetteur", "EMETTEUR : son disque est lu"),
    "fr, GRUB": (
        "RECEPTEUR : son disque est ECRASE par",
        "EMETTEUR : son disque",
        "L'entree selectionnee sera executee",
    ),
    "de, GRUB": ("EMPFAENGER: seine Platte wird mit", "UEBERSCHRIEBEN", "Der hervorgehobene Eintrag wird automatisch"),
}
BOOTED = {Choice.ASK: ("consent=ask",), Choice.RECEIVE: ("consent=ask", "umode=rcv"), Choice.SEND: ("umode=snd",)}


@dataclass(frozen=True)
class Case:
    """A way to the menu, the language `lang` that it has of its own, what it shows (of `SHOWN`), the `keys` that are
    pressed, and what is booted then; the time-out takes `RECEIVE`."""

    firmware: Firmware
    boot: Boot
    shown: str
    keys: tuple[str, ...]
    booted: Choice
    loader: str = ""
    lang: str = ""


CASES = {
    "PXELINUX, arrow": Case(Firmware.BIOS, Boot.PXE, "fr", ("down", "enter"), Choice.SEND),
    "GRUB under Secure Boot, time-out": Case(
        Firmware.SECURE_BOOT, Boot.PXE, "de, GRUB", (), Choice.RECEIVE, lang="de_DE.UTF-8"
    ),
    "GRUB by HTTP, digit": Case(Firmware.UEFI, Boot.HTTP, "fr, GRUB", ("3",), Choice.SEND),
    "iPXE, time-out": Case(Firmware.BIOS, Boot.PXE, "fr in ASCII", (), Choice.RECEIVE, "undionly.kpxe"),
    "iPXE by UEFI, digit": Case(Firmware.UEFI, Boot.PXE, "fr in ASCII", ("1",), Choice.ASK, "snponly.efi"),
    "a disc, arrow": Case(Firmware.BIOS, Boot.ISO, "fr", ("up", "enter"), Choice.ASK),
    "a stick under Secure Boot, digit": Case(Firmware.SECURE_BOOT, Boot.USB, "fr, GRUB", ("2",), Choice.RECEIVE),
}


def machine(case: Case, menu: Menu, *disks: Path | int) -> SingleSpec:
    memory = 384 if case.firmware is Firmware.BIOS else 512
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(
        kernel, initrd, LINE, case.boot, case.firmware, disks, memory, loader=case.loader, menu=menu, deadline=300.0
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_menu_is_shown_and_boots_what_is_chosen(case: Case, tmp_path: Path) -> None:
    def chosen(vm: VM) -> str:
        for title in SHOWN[case.shown]:
            vm.console.expect_screen(title, deadline=vm.deadline)
        vm.press(*case.keys, vga=True)
        wait_event(vm, ("cmdline",))
        event = vm.events.first("cmdline")
        assert event
        if case.booted is Choice.RECEIVE and case.boot is Boot.PXE:
            wait_event(vm, ("screen:confirm",))  # although the line names role and disk
        return event.text("text")

    menu = Menu(ALL, Choice.RECEIVE, 60 if case.keys else 6, case.lang)
    line = parse(run_machine(machine(case, menu, 1 << 26), chosen, tmp_path / "artefacts"))
    found = [(one.name, one.value) for one in line if one.name in ("umode", "consent", "auto")]
    assert found == [(one.name, one.value) for one in parse(" ".join(BOOTED[case.booted]))]
    if case.boot in (Boot.PXE, Boot.HTTP):
        assert all(one in line.parameters for one in parse(LINE)) and line.last("BOOTIF")
    else:
        assert line.last("x") and line.last("medium")  # the rest is in udpcfg.txt


DISKS = {
    "PXELINUX, time-out": Case(Firmware.BIOS, Boot.PXE, "fr", (), Choice.DISK),
    "GRUB under Secure Boot, digit": Case(Firmware.SECURE_BOOT, Boot.PXE, "fr, GRUB", ("4",), Choice.DISK),
}


@pytest.mark.parametrize("case", DISKS.values(), ids=DISKS)
def test_the_disk_can_be_chosen(case: Case, tmp_path: Path) -> None:
    model = small_model(tmp_path / "model.img", of_pair(PAIR)[0])

    def boots(vm: VM) -> None:
        vm.console.expect_screen(SHOWN[case.shown][1], deadline=vm.deadline)
        vm.press(*case.keys, vga=True)
        vm.console.expect(model.boot_line, deadline=vm.deadline)
        assert vm.events.first("cmdline") is None

    menu = Menu(ALL, Choice.ASK, 60) if case.keys else Menu(ALL, Choice.DISK, 5)
    run_machine(machine(case, menu, model.path), boots, tmp_path / "artefacts")

"""Files of answers on real machines: fetched from the boot server before the first question, and saved on a stick."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qemu.classroom.single import run_machine, wait_event
from qemu.machine.firmware import Boot
from qemu.machine.storage import Bus
from qemu.machine.vm import VM
from tests.vm.test_one_machine import machine, sees

pytestmark = pytest.mark.languages

SERVER = "10.77.0.1"
DISK = 64 << 20


def plans(vm: VM) -> dict[str, object]:
    """What was fetched, and the plan that came of it with nobody there."""
    vm.events.wait(vm.loop, ("plan",), ("crash", "error", "screen:umode"), vm.deadline)
    fetched, plan = vm.events.first("config"), vm.events.first("plan")
    assert fetched and plan
    return {**fetched.fields, **plan.fields}


def test_a_pc_that_pxe_booted_fetches_its_answers_from_the_boot_server(tmp_path: Path) -> None:
    file = tmp_path / "udpcfg.txt"
    file.write_bytes(b"# room 12\r\numode=rcv\r\nport=9004\r\nnic=eth7\r\nevents=ttyS9\r\n")
    spec = machine("auto=yes lang=EN config=udpcfg.txt", DISK, boot=Boot.PXE, files=(("udpcfg.txt", file),), memory=256)
    plan = run_machine(spec, plans, tmp_path / "artefacts")
    place = f"tftp://{SERVER}/udpcfg.txt"
    assert (plan["name"], plan["found"]) == (place, True)
    assert (plan["role"], plan["port"], plan["nic"]) == ("rcv", 9004, "eth0")
    assert plan["warnings"] == [
        f"{place}:4: nic=eth7 is not used: the network was set up before this file was fetched.",
        f"{place}:5: events=ttyS9 is not used: it is read from the command line only.",
    ]


def stops(vm: VM) -> None:
    vm.events.wait(vm.loop, ("error",), ("crash", "plan", "screen:umode"), vm.deadline)
    sees(vm, "STOPPED", f"tftp://{SERVER}/absent.txt was not fetched", "not found", "Try again")


def test_without_the_file_nothing_goes_on_unattended(tmp_path: Path) -> None:
    spec = machine("auto=yes umode=rcv lang=EN config=absent.txt", DISK, boot=Boot.PXE, memory=256)
    run_machine(spec, stops, tmp_path / "artefacts")


def saves(vm: VM) -> bytes:
    """The file as the stick has it when the machine is switched off."""
    wait_event(vm, ("screen:umode",))
    wait_event(vm, ("devices",))
    sees(vm, "What is this PC?")
    vm.press("r")
    wait_event(vm, ("screen:disk",))
    sees(vm, "serial DISK0", "serial DISK1", "STICK")
    vm.settle()
    first, second = (vm.console.screen.text.index(f"serial {name}") for name in ("DISK0", "DISK1"))
    vm.press(*(["enter"] if first < second else ["down", "enter"]))
    wait_event(vm, ("screen:confirm",))
    vm.press("m")
    sees(vm, "Menu", "Save the answers")
    vm.press("down", "down", "enter")
    sees(vm, "As an append line:", "disk=serial:DISK0", "Save udpcfg.txt on /dev/sd", "STICK")
    vm.press("enter")
    wait_event(vm, ("saved",))
    sees(vm, "was read back, and is right", "pulled out.")
    image = vm.spec.drives[1].image
    assert isinstance(image, Path)
    vm.stop()
    raw = image.with_suffix(".raw")
    subprocess.run(["qemu-img", "convert", "-O", "raw", image, raw], check=True)
    return subprocess.run(
        ["mcopy", "-n", "-i", str(raw), "::/udpcfg.txt", "-"], check=True, stdout=subprocess.PIPE
    ).stdout


def test_the_answers_are_saved_on_a_stick(tmp_path: Path) -> None:
    stick = tmp_path / "stick.img"
    with stick.open("wb") as file:
        file.truncate(DISK)
    subprocess.run(["mformat", "-i", stick, "-v", "STICK", "::"], check=True)
    spec = machine("lang=EN port=9004", DISK, stick, bus=Bus.USB, nic="e1000", memory=256)
    text = run_machine(spec, saves, tmp_path / "artefacts").decode()
    assert "\nlang=EN\numode=rcv\ndisk=serial:DISK0\nport=9004\n" in text and "\n#compr=" in text

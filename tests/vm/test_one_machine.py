"""The pair on one real (virtual) machine, driven by keys: what the operator sees from the kernel on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.machine.vm import VM
from tests.common import PAIR

DOCUMENTED = "load_ramdisk=1 root=01:00 ip=10.77.0.9:10.77.0.1:10.77.0.1:255.255.255.0"


def machine(append: str, *disks: Path | int, **options: object) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(kernel, initrd, append, disks=disks, deadline=120.0, **options)  # type: ignore[arg-type]


def sees(vm: VM, *texts: str) -> None:
    for text in texts:
        vm.console.expect_screen(text, deadline=vm.deadline)


def types(vm: VM, text: str) -> None:
    vm.console.send(f"{text}\r".encode())


def to_the_shell(vm: VM) -> None:
    vm.press("m")
    sees(vm, "Menu", "Shell", "Restart this PC", "Power off")
    vm.press("down", "down", "down", "enter")
    sees(vm, "A shell. `exit` comes back")


LOOK = (
    'echo rights `id -u` `grep -cE \\"^Cap(Inh|Prm|Eff|Bnd|Amb):.0{16}\\" /proc/self/status` '
    '`grep -c \\"^NoNewPrivs:.1\\" /proc/self/status`; udp-receiver -k -i nosuch > /dev/null 2>&1; echo ran $?; '
    "head -c1 /dev/sda || dd if=/dev/zero of=/dev/sda count=1 || echo shut out"
)
CONFINED = (
    "python3 -s -S -P -c 'from launcher.process import spawn; "
    f'spawn(("sh", "-c", "{LOOK}"), None, 1, print, rights=False).reap()\''
)


def confined(vm: VM) -> None:
    """What starts the transfer's programs gives them no rights here, and lets them run."""
    sees(vm, "/ #")
    types(vm, CONFINED)
    vm.console.expect(r"rights 65534 5 1\s+ran 1\s+shut out", deadline=vm.deadline)


def operate(vm: VM) -> str:
    """From the first screen through confirmation, menu, shell and a crash; the result is the disk's digest then."""
    wait_event(vm, ("screen:umode",))
    sees(vm, "What is this PC?", "[S] SENDER", "/dev/sda", "DISK0", "10.77.0.9/24", "eth0", "9000")
    vm.press("r")
    sees(vm, "Overwrite /dev/sda?", "> NO, go back", "serial DISK0")
    vm.press("enter")  # one key too many is harmless
    sees(vm, "What is this PC?")
    vm.press("ctrl c")
    to_the_shell(vm)
    confined(vm)
    types(vm, "cd /usr/lib/python3*; mv launcher away; exit")
    sees(vm, "The launcher stopped with status", "b restart")  # PID 1 lives and says what happened
    vm.press("s")
    sees(vm, "A shell. `exit` comes back")
    types(vm, "cd /usr/lib/python3*; mv away launcher; mv /usr/bin/udp-sender /; sha256sum /dev/sda")
    digest = vm.console.expect(r"[0-9a-f]{64}", deadline=vm.deadline)
    types(vm, "exit")
    sees(vm, "What is this PC?")
    vm.press("s")
    sees(vm, "Nothing is recognised on /dev/sda")
    vm.press("down", "enter")
    sees(vm, "STOPPED", "udp-sender is missing", "Try again", "Shell", "Restart this PC")
    return digest


@pytest.mark.vm
def test_the_role_screen_is_first_and_no_key_does_harm(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(range(256)) * 4096 * 32)
    digest = run_machine(machine(DOCUMENTED, disk), operate, tmp_path / "artefacts")
    assert digest == hashlib.sha256(disk.read_bytes()).hexdigest()


def failure(vm: VM) -> str:
    """What an unattended machine says that gets no address; then it is switched off, as its line says of failures."""
    outcome = vm.events.wait(vm.loop, ("outcome",), ("crash", "error", "transfer", "screen:umode"), vm.deadline)
    assert (outcome.name, outcome.text("kind")) == ("outcome", "not-begun")
    sees(vm, "FAILED", "Nothing was sent or written.", "This PC is switched off in")
    vm.wait_end(vm.deadline)
    assert vm.qmp.shutdown_reason == "guest-shutdown"
    return outcome.text("sentence")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"cable": False}, "eth0", id="no link", marks=pytest.mark.vm),
        pytest.param({"dhcp": False}, "DHCP", id="no DHCP answer", marks=pytest.mark.faults),
    ],
)
def test_without_a_network_an_unattended_machine_says_why(
    options: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    spec = replace(machine("auto=yes umode=rcv ip=dhcp after=menu,poweroff", 1 << 26, **options), deadline=300.0)
    assert sentence in run_machine(spec, failure, tmp_path / "artefacts")

"""What operators read and type on real consoles: fonts, keymaps, serial lines, two consoles at once, and no shell.

What stands on the PC's own screen is read from its picture, by the font that it must be drawn with.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from initrd import consoles
from initrd.consoles import Font
from qemu.classroom.single import SingleSpec, of_pair, run_machine, wait_event
from qemu.machine.firmware import Boot, Firmware
from qemu.machine.glyphs import bios_font, read_screen
from qemu.machine.vm import VM
from tests.common import PAIR

pytestmark = pytest.mark.languages

FONT = consoles.read(consoles.FONTS["font16"])
BIOS_FONT = bios_font(FONT)
"""What English is drawn with."""
LINE = "load_ramdisk=1 ip=10.77.0.9:10.77.0.1:10.77.0.1:255.255.255.0"


def machine(append: str, **options: object) -> SingleSpec:
    kernel, initrd = of_pair(PAIR)
    return SingleSpec(kernel, initrd, f"{LINE} {append}", disks=(1 << 26,), deadline=240.0, **options)  # type: ignore[arg-type]


def picture(vm: VM, *fonts: Font) -> str:
    """What stands on the PC's own screen, drawn with one of `fonts`."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "screen.png")
        assert vm.screendump(path)
        return "\n".join(read_screen(path, *(fonts or (FONT, BIOS_FONT))))


def until_seen(vm: VM, *texts: str, gone: tuple[str, ...] = (), fonts: tuple[Font, ...] = ()) -> str:
    """Wait until all `texts` stand on the PC's own screen, and none of those `gone`."""
    while True:
        screen = picture(vm, *fonts)
        if all(text in screen for text in texts) and not any(text in screen for text in gone):
            return screen
        assert vm.deadline.left > 0, f"{texts} did not come:\n{screen}"
        vm.settle(0.3)


def on_serial(vm: VM, *texts: str) -> None:
    for text in texts:
        vm.console.expect_screen(text, deadline=vm.deadline)


# --- keyboards --------------------------------------------------------------------------------------------------------

KEYS = {
    "lang=FR kbmap=FR": (
        ["q", "a", "w", "z", ";", *"1", *"!@#$%^&*()", "<", ">", ".", "8", "altgr 0", "altgr 8", "6", "-", "2"],
        "aqzwm&1234567890./:_@\\-)é",
    ),
    "kbmap=fr-latin1": (["q", "!", ">", "["], "a1/"),
    "lang=DE": (["y", "z", "&", "-", "_", "[", "{", "`", "altgr q", "altgr ]", ">", ")"], "zy/ß?üÜ^@~:="),
    "kbmap=de-latin1-nodeadkeys": (["y", "z", "_", "&", "`"], "zy?/^"),
    "lang=FR kbmap=BE": (["q", "a", ";", *"!@#$%^&*()", "<", ">", "+", "=", "altgr 2"], "aqm1234567890./_-@"),
    "lang=fr_CH": (["y", "z", "[", "'", "/", "&", "altgr 2"], "zyèà-/@"),
    "lang=en kbmap=US": (["q", "y", "m", ".", ":", "/", "_", "@"], "qym.:/_@"),
}
"""By the words of the line, keys by what is on them in America, and what they type."""


def types(vm: VM, keys: list[str], typed: str) -> None:
    wait_event(vm, ("screen:umode",))
    until_seen(vm, "9000", "DISK0", "1000 Mbit")  # a page that is asked again would forget what was typed
    vm.press(*["down"] * 5, vga=True)
    vm.press("enter", vga=True)
    until_seen(vm, "> 9000")
    vm.press(*["backspace"] * 4, vga=True)
    until_seen(vm, gone=("> 9000",))
    for key in keys:
        vm.press(key, vga=True)
        vm.settle(0.2)
    until_seen(vm, f"> {typed}")


@pytest.mark.parametrize("words", KEYS)
def test_keys_type_what_is_printed_on_them(words: str, tmp_path: Path) -> None:
    keys, typed = KEYS[words]
    drive = partial(types, keys=keys, typed=typed)
    run_machine(machine(words, serial=False), drive, tmp_path / "artefacts")


# --- fonts and lines --------------------------------------------------------------------------------------------------

TITLES = {
    "FR": ("Quel est le rôle de ce PC ?", "ÉMETTEUR", "RÉCEPTEUR"),
    "DE": ("Was ist dieser PC?", "SENDER", "EMPFÄNGER"),
    "ES": ("¿",),
    "PT": ("ã",),
    "DA": ("æ", "Hvad er denne pc?"),
}
"""What stands on the role screen."""


def reads(vm: VM, texts: tuple[str, ...]) -> str:
    wait_event(vm, ("screen:umode",))
    return until_seen(vm, *texts, "─", fonts=(FONT,))


@pytest.mark.parametrize("lang", TITLES)
def test_a_vga_screen_shows_every_letter(lang: str, tmp_path: Path) -> None:
    screen = run_machine(
        machine(f"lang={lang}", serial=False), partial(reads, texts=TITLES[lang]), tmp_path / "artefacts"
    )
    assert "\N{REPLACEMENT CHARACTER}" not in screen


@pytest.mark.parametrize("lang", ["FR", "DE"])
def test_a_framebuffer_shows_every_letter(lang: str, tmp_path: Path) -> None:
    spec = machine(f"lang={lang}", serial=False, firmware=Firmware.UEFI, boot=Boot.PXE)
    screen = run_machine(spec, partial(reads, texts=TITLES[lang]), tmp_path / "artefacts")
    assert "\N{REPLACEMENT CHARACTER}" not in screen


def transcript(vm: VM, text: bytes) -> bytes:
    wait_event(vm, ("screen:umode",))
    vm.wait(lambda: text in vm.console.transcript, vm.deadline, repr(text))
    seen = bytes(vm.console.transcript)
    return seen[seen.rindex(b"udpcast-launcher") :]


@pytest.mark.parametrize(
    ("lang", "text", "lacks"),
    [
        ("FR", "RÉCEPTEUR".encode(), b"\xc9"),
        ("fr_FR.UTF-8", "RÉCEPTEUR".encode(), b"RECEPTEUR"),
        ("fr_FR.ISO-8859-1", "RÉCEPTEUR".encode("latin-1"), b"\xc3"),
        ("fr_FR.ASCII", b"RECEPTEUR", b"\xc3"),
        ("de_DE@euro", "EMPFÄNGER".encode("latin-1"), b"\xc3"),
    ],
)
def test_a_serial_line_gets_the_characters_that_its_terminal_has(
    lang: str, text: bytes, lacks: bytes, tmp_path: Path
) -> None:
    seen = run_machine(machine(f"lang={lang}"), partial(transcript, text=text), tmp_path / "artefacts")
    assert lacks not in seen
    if "ASCII" in lang:
        assert seen.isascii()


# --- two consoles -----------------------------------------------------------------------------------------------------


def two(vm: VM) -> None:
    wait_event(vm, ("screen:umode",))
    on_serial(vm, "RÉCEPTEUR")
    until_seen(vm, "RÉCEPTEUR", "ttyS0")
    vm.press("enter", vga=True)  # takes over, and chooses nothing
    until_seen(vm, "RÉCEPTEUR", gone=("ttyS0",))
    on_serial(vm, "tty1")
    vm.press("r", vga=True)
    until_seen(vm, "/dev/sda", gone=("ÉMETTEUR",))
    on_serial(vm, "/dev/sda", "tty1")
    vm.press("esc", vga=True)
    until_seen(vm, "RÉCEPTEUR")
    vm.press("m", vga=True)
    vm.settle(1.0)
    vm.press("down", "down", "down", "enter", vga=True)
    until_seen(vm, "/ #")  # the shell is where it was asked for
    vm.press("e", "x", "i", "t", "enter", vga=True)
    until_seen(vm, "RÉCEPTEUR", gone=("ttyS0",))
    on_serial(vm, "RÉCEPTEUR", "tty1")
    vm.press("enter")
    on_serial(vm, "RÉCEPTEUR")
    until_seen(vm, "ttyS0")


def test_two_consoles_show_the_same_and_each_can_take_over(tmp_path: Path) -> None:
    run_machine(machine("lang=FR kbmap=us console=tty0", memory=200), two, tmp_path / "artefacts")


def shells(vm: VM) -> None:
    wait_event(vm, ("screen:umode",))
    until_seen(vm, "RÉCEPTEUR", "DISK0")
    for terminal in ("alt f2", "alt f3", "alt f4"):
        vm.press(terminal, vga=True)
        until_seen(vm, "shell", gone=("RÉCEPTEUR", "/ #"))
        vm.press("enter", vga=True)
        assert "BusyBox" not in until_seen(vm, "/ #")  # which speaks English
        vm.press("t", "t", "y", "enter", vga=True)
        until_seen(vm, f"/dev/tty{terminal[-1]}")
    vm.press("alt f1", vga=True)
    until_seen(vm, "RÉCEPTEUR")


def test_there_are_shells_on_the_next_three_terminals(tmp_path: Path) -> None:
    run_machine(machine("lang=FR kbmap=us", serial=False, memory=200), shells, tmp_path / "artefacts")


# --- no shell ---------------------------------------------------------------------------------------------------------


def locked(vm: VM) -> None:
    wait_event(vm, ("screen:umode",))
    role = ("RECEIVER", "DISK0")
    until_seen(vm, *role)
    for key in ("alt f2", "alt f4", "alt right", "sysrq k", "sysrq e", "sysrq i", "ctrl c", "ctrl z", "ctrl \\"):
        vm.press(key, vga=True)
        vm.settle(0.5)
        until_seen(vm, *role)
    vm.press("m", vga=True)
    until_seen(vm, "Restart this PC", "Power off", gone=("Shell",))
    vm.press("esc", vga=True)
    until_seen(vm, *role)
    assert not [event for event in vm.events.events if event.name in ("crash", "python")][1:]
    vm.press("ctrl alt delete", vga=True)  # the one way that is left, beside the menu's
    vm.wait_end(vm.deadline)
    assert vm.qmp.shutdown_reason == "guest-reset"


def test_without_a_shell_only_restart_and_power_off_are_left(tmp_path: Path) -> None:
    run_machine(machine("shell=no", serial=False), locked, tmp_path / "artefacts")


LINE_KEYS = ("ctrl c", "ctrl z", "ctrl \\")


def break_and(vm: VM, key: str) -> None:
    """What has the kernel take a key that comes on a serial line for itself (SysRq)."""
    vm.qmp.execute("chardev-send-break", deadline=vm.deadline.sooner(10), id="console")
    vm.press(key)


def locked_line(vm: VM) -> None:
    wait_event(vm, ("screen:umode",))
    on_serial(vm, "RECEIVER", "DISK0")
    for key in "bk":  # restart, and an end to all that has the line
        break_and(vm, key)
        vm.settle(1.0)
    vm.press(*LINE_KEYS)
    vm.settle(1.0)
    vm.press("m")
    on_serial(vm, "Restart this PC", "Power off")
    assert "Shell" not in vm.console.screen.text
    assert vm.running
    assert not [event for event in vm.events.events if event.name in ("crash", "python")][1:]


def test_without_a_shell_a_line_has_no_other_way_out_either(tmp_path: Path) -> None:
    run_machine(machine("shell=no"), locked_line, tmp_path / "artefacts")


def emergency(vm: VM) -> None:
    wait_event(vm, ("screen:umode",))
    on_serial(vm, "RECEIVER", "DISK0")
    break_and(vm, "b")
    vm.wait_end(vm.deadline)
    assert vm.qmp.shutdown_reason == "guest-reset"


def test_with_shells_the_kernels_emergency_keys_are_there(tmp_path: Path) -> None:
    run_machine(machine(""), emergency, tmp_path / "artefacts")


def after_shell(vm: VM) -> None:
    wait_event(vm, ("screen:result", "screen:error", "outcome"))
    vm.settle(15.0)
    assert "/ #" not in picture(vm)


def test_a_shell_afterwards_is_none_either(tmp_path: Path) -> None:
    spec = machine("shell=no auto=yes umode=rcv ip=dhcp after=shell", serial=False, cable=False)
    run_machine(spec, after_shell, tmp_path / "artefacts")

"""``python3 -m qemu boot`` and ``screenshot``: one machine, on this terminal or for a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..classroom import single
from ..machine.cards import ANY_NIC, NIC_MODELS
from ..machine.firmware import Boot, Firmware
from ..machine.keys import UnknownKey, serial
from .options import BOOTS, boot, command, loader_option, run_options


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    boot = command(commands, "boot", _boot, "one machine, its console on this terminal")
    run_options(boot, 86400)
    _hardware_options(boot)
    boot.add_argument("--vga", action="store_true", help="the launcher on the VGA screen, shown in a window")
    boot.add_argument(
        "--until", action="append", default=[], metavar="EVENT", help='end at this event, e.g. "screen:umode"'
    )
    shot = command(commands, "screenshot", _screenshot, "a picture of one of the launcher's screens")
    run_options(shot, 300)
    _hardware_options(shot)
    shot.add_argument("--until-screen", default="umode", metavar="NAME", help="the screen (default: umode)")
    shot.add_argument(
        "--press",
        action="append",
        default=[],
        type=_presses,
        metavar="SCREEN=KEY,KEY",
        help='keys for a screen that comes before, e.g. "umode=s"; in the order in which the screens come',
    )
    shot.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.png")


def _boot(options: argparse.Namespace) -> int:
    spec = _spec(options, serial_console=not options.vga, window=options.vga)
    if sys.stdin.isatty():
        print("Ctrl-] ends the machine", file=sys.stderr)
    single.run_machine(spec, lambda vm: single.interactive(vm, tuple(options.until)), options.artefacts)
    return 0


def _screenshot(options: argparse.Namespace) -> int:
    output: Path = options.output.absolute()
    presses = dict(options.press)
    spec = _spec(options, serial_console=False)
    single.run_machine(spec, lambda vm: single.screenshot(vm, options.until_screen, presses, output), options.artefacts)
    print(output)
    return 0


def _spec(options: argparse.Namespace, *, serial_console: bool, window: bool = False) -> single.SingleSpec:
    kernel, initrd = options.kernel, options.initrd
    if kernel is None or initrd is None:
        pair = single.of_pair(options.pair)
        kernel, initrd = kernel or pair[0], initrd or pair[1]
    return single.SingleSpec(
        kernel=kernel,
        initrd=initrd,
        append=options.append,
        boot=options.boot or (Boot.PXE if options.firmware is not Firmware.BIOS else None),
        firmware=options.firmware,
        loader=options.loader,
        disks=tuple(options.disk),
        memory=options.memory,
        nic=None if options.nic == "none" else options.nic,
        bus=options.bus,
        sector=options.sector,
        cable=not options.no_cable,
        dhcp=not options.no_dhcp,
        serial=serial_console,
        window=window,
        deadline=options.deadline,
    )


def _hardware_options(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add(
        "--boot",
        type=boot,
        metavar="PATH",
        help=f"what the firmware starts: {BOOTS} (default: kernel and initrd, which QEMU loads; with UEFI pxe)",
    )
    loader_option(made)
    add("--kernel", type=Path, metavar="FILE", help="instead of the pair's")
    add("--initrd", type=Path, metavar="FILE", help="instead of the pair's")
    add("--append", default="", metavar="TEXT", help="the append line")
    add(
        "--disk",
        action="append",
        default=[],
        type=single.parse_disk,
        metavar="FILE|SIZE",
        help="a raw image (it is not written) or a blank disk of a size like 2G; may be repeated",
    )
    add("--sector", type=int, choices=(512, 4096), default=512, help="logical sector size (default: 512)")
    models = ("none", ANY_NIC, *NIC_MODELS)
    add("--nic", choices=models, default=ANY_NIC, metavar="MODEL", help=f"{', '.join(models)} (default: auto)")
    add("--no-cable", action="store_true", help="the card's cable is not plugged in")
    add("--no-dhcp", action="store_true", help="nobody answers on the network")


def _presses(text: str) -> tuple[str, tuple[str, ...]]:
    screen, equals, keys = text.partition("=")
    names = tuple(keys.split(","))
    try:
        for name in names:
            serial(name)
    except UnknownKey as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not screen or not equals:
        raise argparse.ArgumentTypeError(f'"{text}" is not SCREEN=KEY,KEY')
    return screen, names

"""Options that several commands have, how their values are read, and what all commands print.

A reader gives argparse its sentence for a wrong value (argparse.ArgumentTypeError).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from kernel_cmdline import showable_lines

from ..classroom import single
from ..classroom.loading import FIRST_FILES
from ..machine.firmware import Boot, Firmware
from ..machine.storage import Bus

STATUSES = """\
exit status:
  0    good: what was asked for was reached; in a classroom, every seat succeeded and every disk is equal;
       with faults, every fault came and every seat told the truth; `faults`: every row as the table says
  1    a machine failed, disks differ, or something was not reached before the deadline
  2    wrong usage
  3    the harness itself could not work; one sentence on standard error says why
  4    FALSE SUCCESS: a seat reported success although its disk differs from the source
  130  stopped (Ctrl-C, SIGTERM)

environment:
  UDPCAST_ACCEL=kvm|tcg  the accelerator; without it KVM is used if a probe machine boots with it, else TCG
  TMPDIR                 where disk images and sockets of a run are (default /var/tmp); nothing is left there

Everything runs in namespaces of its own, with or without root (then with a user namespace), and ends with the run.
"""
RAW = argparse.RawDescriptionHelpFormatter
DEFAULT_PAIR = Path(__file__).resolve().parents[2] / ".cache" / "pair"
_BUSES = ", ".join(bus.value for bus in Bus)
_FIRMWARE = ", ".join(firmware.value for firmware in Firmware)
BOOTS = ", ".join(boot.value for boot in Boot)


def command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    words: str,
    description: str | None = None,
) -> argparse.ArgumentParser:
    """A new command with the options that all have. `function` carries it out and returns the exit status."""
    made = commands.add_parser(
        name,
        help=words,
        description=description or words[0].upper() + words[1:] + ".",
        epilog=STATUSES,
        formatter_class=RAW,
    )
    made.add_argument("-v", "--verbose", action="store_true", help="show every command that is run")
    made.set_defaults(run=function)
    return made


def pair_option(made: argparse.ArgumentParser) -> None:
    """Of a command that boots the pair."""
    made.add_argument(
        "--pair", type=Path, default=DEFAULT_PAIR, metavar="DIR", help="where the pair is (default: %(default)s)"
    )


def machine_options(made: argparse.ArgumentParser) -> None:
    """Of a command that makes machines: which pair they boot, and their memory."""
    pair_option(made)
    made.add_argument("--memory", type=positive, default=384, metavar="MIB", help="of each machine (default: 384)")


def run_options(made: argparse.ArgumentParser, deadline: float) -> None:
    """Of a command that is one run of machines."""
    machine_options(made)
    add = made.add_argument
    add("--deadline", type=seconds, default=deadline, metavar="S", help="of the whole run (default: %(default)s)")
    add("--bus", type=bus, default=Bus.AHCI, metavar="BUS", help=f"{_BUSES} (default: ahci)")
    add(
        "--firmware",
        type=firmware,
        default=Firmware.BIOS,
        metavar="KIND",
        help=f"{_FIRMWARE} (default: bios)",
    )
    add(
        "--artefacts",
        type=Path,
        metavar="DIR",
        help="where transcripts, screens and events of a failure go (default: a new directory in /tmp for a"
        " classroom, nowhere for one machine)",
    )


def loader_option(made: argparse.ArgumentParser) -> None:
    """Of a command whose machines boot over the network."""
    made.add_argument(
        "--loader",
        choices=FIRST_FILES,
        default="",
        metavar="FILE",
        help=f"what they load first: {', '.join(FIRST_FILES)} (default: the usual one for firmware and way)",
    )


def json_option(made: argparse.ArgumentParser, what: str) -> None:
    """Of a command whose result may go to a file as well."""
    made.add_argument("--json", type=Path, metavar="FILE", help=f"write the {what} there")


def show(options: argparse.Namespace, table: str, json: str) -> None:
    """A result: the table for the reader, the whole of it in a file if that was asked for (`json_option`)."""
    if options.json:
        options.json.write_text(json)
    print(showable_lines(table), end="")


def tell(line: str) -> None:
    """What goes on, on standard error."""
    print(showable_lines(line), file=sys.stderr, flush=True)


def positive(text: str) -> int:
    """A number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is no positive number')
    return int(text)


def seconds(text: str) -> float:
    """A time above 0 that ends."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text}" is no positive number of seconds')
    return number


def size(text: str) -> int:
    """A disk's size in bytes."""
    number = single.parse_disk(text)
    if isinstance(number, Path):
        number = int(text) if text.isdecimal() else 0
    if number == 0 or number % 512:
        raise argparse.ArgumentTypeError(f'"{text}" is no size: bytes in whole sectors of 512, or 2G, 512M')
    return number


def bus(text: str) -> Bus:
    """How disks are attached."""
    try:
        return Bus(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no bus: {_BUSES}') from None


def firmware(text: str) -> Firmware:
    """What starts the machines."""
    try:
        return Firmware(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no firmware: {_FIRMWARE}') from None


def boot(text: str) -> Boot:
    """What the firmware starts."""
    try:
        return Boot(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no way to boot: {BOOTS}') from None

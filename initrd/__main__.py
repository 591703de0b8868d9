"""python3 -m initrd build -o DIR: builds the pair."""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
from pathlib import Path

from kernel_cmdline import showable, showable_lines
from kernel_cmdline.arguments import ArgumentParser

from . import apt, firmware
from .build import DEBIAN_PACKAGES, build
from .errors import BuildError
from .interruption import Interrupted, interruptible

PROG = "python3 -m initrd"
DESCRIPTION = "Write udpcast-linux, udpcast-initrd and udpcast-manifest.json to a directory."
STATUSES = (
    "Exit status: 0 the pair is written, 1 it could not be built, 2 wrong usage, or a kernel or driver that cannot be "
    "used. "
    "Whenever it is not 0, the directory holds what it held before."
)


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    main_parser: argparse.ArgumentParser = ArgumentParser(prog=prog, description=DESCRIPTION, epilog=STATUSES)
    add_commands(main_parser.add_subparsers(dest="command", required=True))
    return main_parser


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands with their options; the parser that they are added to names the program."""
    make = commands.add_parser("build", help="build the pair", description=DESCRIPTION, epilog=STATUSES)
    make.set_defaults(usage_error=make.error)
    make.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where the three files go")
    make.add_argument(
        "-k",
        "--kernel",
        type=Path,
        metavar="FILE",
        help="a bzImage; default: the distribution's current kernel",
    )
    make.add_argument(
        "-m",
        "--modules",
        type=Path,
        metavar="DIR",
        help="its modules; default: lib/modules/VERSION near FILE, then /",
    )
    make.add_argument(
        "-r",
        "--release",
        metavar="NAME",
        help="take the current kernel of this Debian release (such as trixie)\ninstead of this machine's",
    )
    make.add_argument(
        "--add-driver",
        action="append",
        default=[],
        metavar="NAME",
        help="a kernel module that goes in as well",
    )
    make.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="kernel packages are kept here; default: udpcast-launcher in $XDG_CACHE_HOME or ~/.cache",
    )  # fmt: skip
    make.add_argument("-v", "--verbose", action="store_true", help="show every command that is run")
    commands.add_parser(
        "packages",
        help="print the Debian packages that a build needs, one a line",
        description="Print the Debian packages that a build needs, one a line, for apt-get install.",
    )


def main(arguments: list[str] | None = None, prog: str = PROG) -> int:
    """Run the command in `arguments`. `prog` is what the usage and the manifest call the program."""
    words = sys.argv[1:] if arguments is None else arguments
    options = parser(prog).parse_args(words)
    if options.command == "packages":
        print("\n".join(DEBIAN_PACKAGES))
        return 0
    if options.modules and not options.kernel:
        options.usage_error("--modules goes with --kernel: it names that kernel's modules")
    if options.release and options.kernel:
        options.usage_error("--release and --kernel both say which kernel goes in; give one of them")
    if options.release and not re.fullmatch("[a-z]+", options.release):
        options.usage_error(f"--release {options.release} is no code name of a Debian release, such as trixie")
    logging.basicConfig(format="%(message)s", level=logging.DEBUG if options.verbose else logging.WARNING)
    try:
        with interruptible():
            result = build(
                options.output,
                options.kernel,
                options.modules,
                release=options.release,
                cache=options.cache,
                drivers=options.add_driver,
                command=f"{prog} {shlex.join(words)}",
            )
    except Interrupted as signal:
        print(f"initrd: ended by {signal}; {showable(str(options.output))} is as it was", file=sys.stderr)
        return signal.status
    except BuildError as error:
        print(f"initrd: {showable_lines(str(error))}", file=sys.stderr)
        return error.status
    for entry in result.files:
        print(f"{showable(str(options.output / entry.name))}  {entry.size / 1e6:.1f} MB")
    print(f"kernel {result.kernel}, {len(result.modules)} drivers, {len(result.packages)} Debian packages")
    for line in firmware.report(result.missing_firmware, result.packages, apt.this_release()):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())

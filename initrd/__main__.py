"""python3 -m initrd build -o DIR: builds the pair.

What builds is imported where signals are looked after already, so that Ctrl-C is never a traceback.
"""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the others are imported, which takes a moment

import argparse
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_cmdline import showable, showable_lines
from kernel_cmdline.arguments import ArgumentParser, path_to_write

from . import tools
from .errors import BuildError
from .interruption import Interrupted, interruptible

if TYPE_CHECKING:
    from .manifest import Manifest

PROG = "python3 -m initrd"
DESCRIPTION = "Write udpcast-linux, udpcast-initrd and udpcast-manifest.json to a directory."
STATUSES = (
    "Exit status: 0 the pair is written, 1 it could not be built, 2 wrong usage, or a kernel, driver or udpcfg.txt "
    "that cannot be used, 128 and its number for a signal that ended it (Ctrl-C: 130). Whenever it is not 0, the "
    "directory holds what it held before."
)


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    main_parser: argparse.ArgumentParser = ArgumentParser(prog=prog, description=DESCRIPTION, epilog=STATUSES)
    add_commands(main_parser.add_subparsers(dest="command", required=True))
    return main_parser


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands with their options; the parser that they are added to names the program."""
    make = commands.add_parser("build", help="build the pair", description=DESCRIPTION, epilog=STATUSES)
    make.set_defaults(usage_error=make.error)
    make.add_argument(
        "-o", "--output", type=path_to_write, required=True, metavar="DIR", help="where the three files go"
    )
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
        "--firmware-dir",
        type=Path,
        metavar="DIR",
        help="has firmware that goes before this machine's: a directory like\n/usr/lib/firmware, linux-firmware, or an "
        "unpacked package",
    )
    make.add_argument(
        "--filesystems",
        type=tools.file_systems,
        default=tools.FILE_SYSTEMS,
        metavar="NAMES",
        help="those whose tools go in, with commas, or none; default: "
        f"{','.join(tools.FILE_SYSTEMS)}\n(ext is ext2 to ext4). Partitions with another one are sent whole",
    )
    make.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a udpcfg.txt that goes in: the launcher's parameters, one a line",
    )
    make.add_argument(
        "--cache", type=path_to_write, metavar="DIR",
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
    try:
        with interruptible():
            options = parser(prog).parse_args(words)
            if options.command == "packages":
                return packages()
            return make(options, f"{prog} {shlex.join(words)}")
    except Interrupted as ended:
        print(f"initrd: ended by {ended}; the files in the output directory are as they were", file=sys.stderr)
        return ended.status


def packages() -> int:
    from .build import DEBIAN_PACKAGES  # noqa: PLC0415

    print("\n".join(DEBIAN_PACKAGES))
    return 0


def make(options: argparse.Namespace, command: str) -> int:
    """Build the pair; the result is the exit status."""
    if options.modules and not options.kernel:
        options.usage_error("--modules goes with --kernel: it names that kernel's modules")
    if options.release and options.kernel:
        options.usage_error("--release and --kernel both say which kernel goes in; give one of them")
    if options.release and not re.fullmatch("[a-z]+", options.release):
        options.usage_error(f"--release {options.release} is no code name of a Debian release, such as trixie")
    logging.basicConfig(format="%(message)s", level=logging.DEBUG if options.verbose else logging.WARNING)
    from .build import build  # noqa: PLC0415

    try:
        result = build(
            options.output,
            options.kernel,
            options.modules,
            release=options.release,
            cache=options.cache,
            drivers=options.add_driver,
            file_systems=options.filesystems,
            firmware_dir=options.firmware_dir and options.firmware_dir.absolute(),
            config=options.config,
            command=command,
        )
    except BuildError as error:
        print(f"initrd: {showable_lines(str(error))}", file=sys.stderr)
        return error.status
    try:
        print("\n".join(summary(result, options.output, options.firmware_dir)), flush=True)
    except OSError as error:  # whoever reads it has gone, or its disk is full
        print(f"initrd: the pair is written, but not this report: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def summary(result: Manifest, output: Path, firmware_dir: Path | None = None) -> Iterator[str]:
    """What was built, and what is missing in it."""
    from . import apt, firmware  # noqa: PLC0415
    from .pair import check  # noqa: PLC0415

    for entry in result.files:
        yield f"{showable(str(output / entry.name))}  {entry.size / 1e6:.1f} MB"
    if (image := output / check.IMAGE).exists():
        yield f"{showable(str(image))} still has the pair of before: `tree` makes it anew"
    yield f"kernel {result.kernel}, {len(result.modules)} drivers, {len(result.packages)} Debian packages"
    if result.udpcfg:
        yield "with a udpcfg.txt: the command line wins over it"
    if without := [name for name in tools.FILE_SYSTEMS if name not in result.file_systems]:
        yield f"without the tools of {', '.join(without)}: such partitions are sent whole"
    yield from firmware.report(result.missing_firmware, result.packages, apt.this_release(), firmware_dir)


if __name__ == "__main__":
    sys.exit(main())

"""python3 -m initrd build -o DIR: writes udpcast-linux, udpcast-initrd and udpcast-manifest.json to DIR.

Exit status: 0 the pair is written; 1 it could not be built; 2 wrong usage, or a kernel that cannot be used.
Whenever it is not 0, DIR holds what it held before.
"""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
from pathlib import Path

from .build import DEBIAN_PACKAGES, build
from .errors import BuildError


def parser() -> argparse.ArgumentParser:
    main_parser = argparse.ArgumentParser(
        prog="python3 -m initrd", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = main_parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser(
        "build", help="build the pair", epilog=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
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
    commands.add_parser("packages", help="print the Debian packages that a build needs, one a line")
    return main_parser


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(words)
    if options.command == "packages":
        print("\n".join(DEBIAN_PACKAGES))
        return 0
    if options.modules and not options.kernel:
        parser().error("--modules goes with --kernel: it names that kernel's modules")
    if options.release and options.kernel:
        parser().error("--release and --kernel both say which kernel goes in; give one of them")
    if options.release and not re.fullmatch("[a-z]+", options.release):
        parser().error(f"--release {options.release} is no code name of a Debian release, such as trixie")
    logging.basicConfig(format="%(message)s", level=logging.DEBUG if options.verbose else logging.WARNING)
    try:
        result = build(
            options.output,
            options.kernel,
            options.modules,
            release=options.release,
            cache=options.cache,
            drivers=options.add_driver,
            command=shlex.join(["python3", "-m", "initrd", *words]),
        )
    except BuildError as error:
        print(f"initrd: {error}", file=sys.stderr)
        return error.status
    for entry in result.files:
        print(f"{options.output / entry.name}  {entry.size / 1e6:.1f} MB")
    print(f"kernel {result.kernel}, {len(result.modules)} drivers, {len(result.packages)} Debian packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

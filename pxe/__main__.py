"""python3 -m pxe: write a boot tree, or run a boot server.

Exit status: 0 done (or the server was stopped by Ctrl-C), 1 a wrong value or a refusal (one sentence on standard
error), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .boot_entry import LABEL
from .tree import DEFAULT_APPEND, Tree, TreeError, write_tree


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except TreeError as error:
        print(error, file=sys.stderr)
        return 1


def _tree(options: argparse.Namespace) -> int:
    tree = write_tree(
        options.directory,
        options.pair or options.directory,
        options.append,
        dict(options.machine),
        label=options.label,
        timeout=options.timeout,
    )
    report(tree)
    return 0


def report(tree: Tree) -> None:
    """Tell what was written, and what is left to the administrator."""
    for warning in tree.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for path in tree.written:
        print(path)
    for path, section in tree.sections:
        print(f"\n{path} is not ours and was left as it is; add this section to it yourself:\n\n{section}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m pxe",
        description="Boot the pair udpcast-linux and udpcast-initrd over the network.",
        epilog="Exit status: 0 done, 1 a wrong value or a refusal (one sentence on standard error), 2 wrong usage.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tree = commands.add_parser("tree", help="write a TFTP tree", description="Write or renew a TFTP tree in DIR.")
    tree.add_argument("directory", type=Path, metavar="DIR")
    _entry_options(tree)
    tree.set_defaults(run=_tree)
    return parser


def _entry_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--pair", type=Path, metavar="DIR", help="where udpcast-linux and udpcast-initrd are (default: in the tree)")
    add("--append", default=DEFAULT_APPEND, metavar="TEXT", help="parameters for every machine (default: %(default)s)")
    add(
        "--machine",
        action="append",
        default=[],
        type=_machine,
        metavar="MAC=TEXT",
        help="parameters for one machine, in place of those of the same name (may be repeated)",
    )
    add("--label", default=LABEL, help="label of the section (default: %(default)s)")
    add("--timeout", type=_seconds, default=0, metavar="S", help="show a boot prompt for so many seconds")


def _machine(text: str) -> tuple[str, str]:
    mac, equals, append = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f'"{text}" is not MAC=TEXT, e.g. 52:54:00:aa:bb:01=umode=snd')
    return mac, append


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds from 0 to 3600')
    return value


if __name__ == "__main__":
    sys.exit(main())

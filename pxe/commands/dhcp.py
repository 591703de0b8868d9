"""The command `dhcp`: what to add to somebody else's DHCP server, so that its PCs boot from a tree of ours."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from kernel_cmdline import showable_lines

from ..entries.boot_entry import KERNEL
from ..others.answers import Served
from ..others.servers import SERVERS, told
from .options import address

STATUSES = "Exit status: 0 done, 1 a wrong value (one sentence on standard error), 2 wrong usage."
_URL = re.compile(r"http://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")


class DhcpError(Exception):
    """One sentence: why nothing can be said."""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `dhcp`."""
    parser = commands.add_parser(
        "dhcp",
        help="say what to add to a DHCP server",
        description="Say what to add to the DHCP server that is there, so that its PCs boot from the tree in DIR: each "
        "kind of PC (BIOS, UEFI, UEFI by HTTP, iPXE) is told its own file. Nothing is changed.",
        epilog=STATUSES,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the tree, the root of the TFTP server")
    parser.add_argument(
        "--tftp", type=address, required=True, metavar="IP", help="the address of the TFTP server, as the PCs see it"
    )
    parser.add_argument(
        "--http",
        type=_url,
        metavar="URL",
        help="where a web server serves the same tree, e.g. http://10.0.0.1/tftp: then PCs load by HTTP where they can",
    )
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        choices=[one.name for one in SERVERS],
        help="which DHCP server it is (default: the lines for each of these; may be repeated)",
    )
    parser.set_defaults(run=_dhcp)


def _dhcp(options: argparse.Namespace) -> int:
    served = Served(options.tftp, options.http or "", files(options.directory))
    for line in told(served, tuple(options.server)):
        print(showable_lines(line))
    return 0


def files(directory: Path) -> frozenset[str]:
    """The names of the files in the tree's root. Raises DhcpError where it is no tree."""
    try:
        found = frozenset(path.name for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise DhcpError(f"{directory} cannot be read: {error.strerror}.") from error
    if KERNEL not in found:
        raise DhcpError(f"{directory} has no {KERNEL}, so it is no tree: write it first, with `tree`.")
    return found


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise argparse.ArgumentTypeError(f'"{text}" is no plain URL, e.g. http://10.0.0.1/tftp (firmware needs http)')
    return text.rstrip("/")

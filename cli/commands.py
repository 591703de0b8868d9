"""The sub-commands of ``udpcast-launcher``, one row each, and the parser that has them all.

A sub-command belongs to a folder, which parses its words and runs it; a folder is imported only when it is asked for.
To add a sub-command, add it in its folder and give it a row in `COMMANDS`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from kernel_cmdline.arguments import ArgumentParser
from launcher import VERSION

PROG = "udpcast-launcher"
DESCRIPTION = (
    "Clone the disk of one PC to a room of PCs with UDPCast: build the kernel and the initrd that they boot, serve "
    "them over the network or write them to a disc or a stick, and try the append line before the PCs do."
)
EPILOG = f"`{PROG} COMMAND --help` tells the options and the exit statuses of a command."


@dataclass(frozen=True)
class Folder:
    """`main` runs a sub-command (its words, what to call the program) and returns the exit status; `add_commands`
    adds the parsers of all the folder's sub-commands.
    """

    main: Callable[[list[str], str], int]
    add_commands: Callable[[argparse._SubParsersAction[argparse.ArgumentParser]], None]


def _initrd() -> Folder:
    from initrd.__main__ import add_commands, main  # noqa: PLC0415

    return Folder(main, add_commands)


def _pxe() -> Folder:
    from pxe.__main__ import add_commands, main  # noqa: PLC0415

    return Folder(main, add_commands)


def _launcher() -> Folder:
    from launcher.__main__ import main  # noqa: PLC0415
    from launcher.commands.commands import add_commands  # noqa: PLC0415

    return Folder(main, add_commands)


COMMANDS: dict[str, Callable[[], Folder]] = {
    "build": _initrd,
    "packages": _initrd,
    "tree": _pxe,
    "serve": _pxe,
    "iso": _pxe,
    "arm": _pxe,
    "page": _pxe,
    "dhcp": _pxe,
    "room": _pxe,
    "explain": _launcher,
    "screens": _launcher,
    "transfer": _launcher,
    "image": _launcher,
    "machine": _launcher,
    "parameters": _launcher,
}
"""Each sub-command, and the folder that has it. (`run` is the initrd's own, and is not offered.)"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command: for its help, its manual page and its completion."""
    whole: argparse.ArgumentParser = ArgumentParser(prog=PROG, description=DESCRIPTION, epilog=EPILOG)
    whole.add_argument("--version", action="version", version=f"{PROG} {VERSION}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for folder in dict.fromkeys(COMMANDS.values()):
        folder().add_commands(commands)
    return whole

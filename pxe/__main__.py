"""python3 -m pxe: write a boot tree, or run a boot server.

The exit statuses are in `STATUSES`.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from collections.abc import Collection, Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from initrd.pair.switch import Change
from kernel_cmdline import showable, showable_lines
from kernel_cmdline.arguments import ArgumentParser, path_to_write

from .commands import arm as arm_commands
from .commands import dhcp as dhcp_command
from .commands import iso as iso_command
from .commands import options as room_options
from .commands import page as page_command
from .commands import room as room_command
from .commands.dhcp import DhcpError
from .commands.iso import IsoError
from .commands.options import room_of
from .display import say
from .done.arming import ArmError, remembering
from .done.state import SERVER_STATE, Damaged, StateError
from .done.told import Told
from .entries.room import Room, RoomError
from .others.servers import SERVERS
from .proxy.loaders import SHIM, SNPONLY
from .room_file import advice as room_advice
from .server import firewall
from .server.dnsmasq import BOOT_FILE, BootServer, ConfigError
from .server.offers import choosable
from .server.ports import HTTP, OTHER_HTTP
from .server.serve import ServeError, Service, serve
from .tree.tree import Tree, TreeError, write_tree

PROG = "python3 -m pxe"
PAIR = "where udpcast-linux and udpcast-initrd are"
STATUSES = (
    "Exit status: 0 done, 1 a wrong value or a refusal (one sentence on standard "
    "error), 2 wrong usage, 130 stopped by Ctrl-C."
)
SERVE_STATUSES = (
    "Exit status: 0 ended by Ctrl-C or a request, 1 a wrong value or a refusal (one sentence on standard error), "
    "2 wrong usage."
)
BESIDE = {"bios": BOOT_FILE, "uefi": f"{SHIM}, or {SNPONLY} where GRUB would not find its files"}
"""What PCs load first beside another DHCP server (`server.beside`), by the option of their kind."""


def main(arguments: list[str] | None = None, prog: str = PROG) -> int:
    """Run the command in `arguments`. `prog` is what usage and hints call the program; another one also builds."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if arm_commands.is_tree_command(words):
            return arm_commands.tree_command(words, prog)
        options = _parser(prog).parse_args(words)
        options.prog = prog
        options.build = "python3 -m initrd build" if prog == PROG else f"{prog} build"
        return int(options.run(options))
    except Damaged as error:
        command = shlex.join(arm_commands.arming_all(error.path, prog))
        print(showable_lines(f"{error} To arm all: `{command}`"), file=sys.stderr)
        return 1
    except (RoomError, TreeError, ServeError, ConfigError, StateError, ArmError, DhcpError, IsoError) as error:
        print(showable_lines(str(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped: the tree is as it was, or the next run finishes what this one began.", file=sys.stderr)
        return 130


def _tree(options: argparse.Namespace) -> int:
    room = room_of(options)
    with remembering(options.directory, options.pair or options.directory, room) as memory:
        also = (memory.change,)
        tree = _write(options, options.directory, room, memory.done, options.force, also, options.tftp)
    advice = (*_advice(options, room, memory.done), *room_advice.loops(room, options.prog, memory.done))
    report(replace(tree, warnings=(*tree.warnings, *advice)))
    server = str(options.tftp or "ADDRESS")
    command = shlex.join((*options.prog.split(), "dhcp", str(options.directory), "--tftp", server))
    command += f" --server {'|'.join(one.name for one in SERVERS)}"
    print(showable(f"What the DHCP server needs: `{command}`{'' if options.tftp else ', that of the TFTP server'}."))
    return 0


def _serve(options: argparse.Namespace) -> int:
    def write(settings: BootServer) -> None:
        tree = _write(options, settings.tftp_root, told.begin(settings), told.done, server=settings.server.ip)
        page = [("tcp", told.port)] if told.port else []
        closed = firewall.warnings(settings.interface, settings.server, page)
        for warning in (*tree.warnings, *tree.notes, *_advice(options, room, told.done), *closed):
            say(f"warning: {warning}")

    if options.proxy and options.all:
        options.wrong_usage("--all goes without --proxy, which leaves the addresses to the server that is there")
    room, state = room_of(options), arm_commands.state_path(options)
    arm = shlex.join((*options.prog.split(), "arm", "--state", str(state)))
    with contextlib.closing(Told(room, state, say, arm)) as told:
        service = Service(
            options.interface,
            options.proxy,
            options.range,
            options.force,
            options.address,
            everybody=options.all,
            machines=room.machines,
            loaders={kind.option: file for kind in choosable() if (file := getattr(options, kind.option))},
            http=options.http_port,
        )
        serve(service, write, say, [told.attach])
    return 0


def _write(
    options: argparse.Namespace,
    directory: Path,
    room: Room,
    done: Collection[str],
    force: bool = False,
    also: Iterable[Change] = (),
    server: IPv4Address | None = None,
) -> Tree:
    pair = options.pair or directory
    loaders = room_options.loaders_of(options)
    return write_tree(
        directory,
        pair,
        room,
        done,
        force=force,
        loaders=loaders,
        build=options.build,
        also=also,
        server=server,
    )


def _advice(options: argparse.Namespace, room: Room, done: Collection[str]) -> tuple[str, ...]:
    """What is right word by word, and should be known all the same."""
    kept = () if options.room else room_advice.inherited(room)
    return (*room_advice.advice(room, done), *kept)


def report(tree: Tree) -> None:
    """Tell what was written, and what is left to the administrator."""
    for warning in (*tree.warnings, *tree.closed):
        print(showable(f"warning: {warning}"), file=sys.stderr)
    for path in tree.written:
        print(showable(str(path)))
    for note in tree.notes:
        print(showable(note))
    for path, section in tree.sections:
        print(f"\n{showable(str(path))} is not ours and was left as it is; add this section to it yourself:\n")
        print(showable_lines(section))


def _parser(prog: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = ArgumentParser(
        prog=prog,
        description="Boot the pair udpcast-linux and udpcast-initrd: over the network, or from a disc or a stick.",
        epilog=STATUSES,
    )
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    return parser


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands with their options; the parser that they are added to names the program."""
    tree = commands.add_parser(
        "tree",
        help="write a TFTP tree",
        description="Write or renew a TFTP tree in DIR, for PCs with BIOS and with UEFI. `tree done DIR MAC ...` lets "
        "PCs boot their disks from now on, `tree arm DIR MAC ...` the launcher again; both have a --help.",
        epilog=STATUSES,
    )
    tree.add_argument("directory", type=path_to_write, metavar="DIR", help="the root of the TFTP server")
    tree.add_argument("--pair", type=Path, metavar="DIR", help=f"{PAIR} (default: in the tree)")
    tree.add_argument(
        "--force", action="store_true", help="replace also files that are not ours; each is kept as NAME.bak"
    )
    tree.add_argument(
        "--tftp",
        type=room_options.address,
        metavar="IP",
        help="the address of the TFTP server, for PCs that boot by HTTP: there they find the files of their own "
        "(default: the next server that the DHCP server names)",
    )
    room_options.add_options(tree)
    room_options.add_without(tree)
    tree.set_defaults(run=_tree)
    server = commands.add_parser(
        "serve",
        help="run a boot server",
        description="Serve the pair by DHCP, TFTP and HTTP until Ctrl-C, and show each client as it boots. Needs root. "
        "A PC that has reported a success boots its disk from then on, until `arm` makes it ready to be cloned again.",
        epilog=SERVE_STATUSES,
    )
    server.add_argument(
        "--interface", type=room_options.interface, required=True, metavar="IF", help="the card on the room's network"
    )
    server.add_argument("--pair", type=Path, metavar="DIR", required=True, help=PAIR)
    server.add_argument(
        "--address",
        type=room_options.address,
        metavar="IP",
        help="which address of the card to serve from, where it has several",
    )
    server.add_argument("--proxy", action="store_true", help="leave the addresses to the DHCP server that is there")
    server.add_argument(
        "--range",
        type=_range,
        metavar="FIRST,LAST",
        help="addresses to lease, which nobody else has or gives (default: all of the network)",
    )
    server.add_argument(
        "--force",
        action="store_true",
        help="start although another DHCP server gives addresses, or (--proxy) another boot server answers",
    )
    for kind in choosable():
        server.add_argument(
            f"--{kind.option}",
            choices=kind.choices,
            help=f"what PCs with {kind.name} load first (default: the first of these that is installed; with --proxy: "
            f"{BESIDE[kind.option]})",
        )
    server.add_argument(
        "--http-port",
        type=room_options.port,
        metavar="N",
        help=f"TCP port for the files by HTTP (default: {HTTP}, or {OTHER_HTTP} where that is in use)",
    )
    server.add_argument("--all", action="store_true", help="give addresses to those that do not boot, too")
    server.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help=f"where it is kept who is done (default: beside the room's file, or {SERVER_STATE} beside the pair)",
    )
    room_options.add_options(server)
    room_options.add_without(server)
    server.set_defaults(run=_serve)
    iso_command.add_commands(commands)
    arm_commands.add_commands(commands)
    page_command.add_commands(commands)
    dhcp_command.add_commands(commands)
    room_command.add_commands(commands)


def _range(text: str) -> tuple[IPv4Address, IPv4Address]:
    try:
        first, last = (IPv4Address(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is not FIRST,LAST, e.g. 10.77.0.100,10.77.0.199') from error
    return first, last


if __name__ == "__main__":
    sys.exit(main())

"""The commands that say who is done and who is not: `arm` for a server of ours, `tree done` and `tree arm` for a tree.

`tree DIR` writes a tree; a folder that is called "done" or "arm" is written as ./done and ./arm.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from kernel_cmdline import showable
from kernel_cmdline.arguments import ArgumentParser

from ..done.arming import TREE_STATE, ArmError, Chosen, TreeRoom, arm
from ..done.register import who_is_done
from ..done.state import SERVER_STATE, State, read
from .room import state_of

STATUSES = "Exit status: 0 done, 1 a wrong value or a refusal (one sentence on standard error), 2 wrong usage."
WHO = "MAC address, or the name that the room gives it"
TREE_COMMANDS = ("done", "arm")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `arm`."""
    parser = commands.add_parser(
        "arm",
        help="make PCs that are done ready to be cloned again",
        description="Make PCs that are done boot the launcher again, for a running `serve` (within seconds) and for "
        "the next one. Without a choice it lists who is done.",
        epilog=STATUSES,
    )
    parser.add_argument("machines", nargs="*", metavar="MAC", help=WHO)
    _choices(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--room", type=Path, metavar="FILE", help="the room's file that `serve` was given")
    where.add_argument("--pair", type=Path, metavar="DIR", help="the pair, where `serve` was given no room's file")
    where.add_argument(
        "--state", type=Path, metavar="FILE", help="where `serve` keeps who is done, if it was told where"
    )
    parser.set_defaults(run=_arm)


def is_tree_command(words: Sequence[str]) -> bool:
    """Whether the words are `tree done …` or `tree arm …`."""
    return len(words) > 1 and words[0] == "tree" and words[1] in TREE_COMMANDS


def arming_all(state: Path, prog: str) -> tuple[str, ...]:
    """The command that arms all machines of this state."""
    if state.name == TREE_STATE:
        return (*prog.split(), "tree", "arm", str(state.parent), "--all")
    return (*prog.split(), "arm", "--state", str(state), "--all")


def tree_command(words: Sequence[str], prog: str) -> int:
    """Run `tree done …` or `tree arm …`. Raises ArmError, StateError."""
    parser = tree_parser(words[1], f"{prog} tree {words[1]}")
    options = parser.parse_args(list(words[2:]))
    room = TreeRoom(options.directory)
    if not _chosen(options):
        return _list(room.state())
    try:
        return _say(room.done(_chosen(options)) if words[1] == "done" else room.arm(_chosen(options)))
    except ArmError as error:
        _say(error.lines)
        raise


def tree_parser(command: str, prog: str) -> argparse.ArgumentParser:
    """The parser of `tree done` or `tree arm`."""
    what = {
        "done": "Let PCs boot their disks from now on, as they do when they have reported a success.",
        "arm": "Let PCs that are done boot the launcher again.",
    }
    parser: argparse.ArgumentParser = ArgumentParser(
        prog=prog,
        description=f"{what[command]} Written into the tree in DIR, for a server that knows nothing of it. Without a "
        f"choice it lists who is done. (To write a tree in a folder that is called {command}: tree ./{command})",
        epilog=STATUSES,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the tree")
    parser.add_argument("machines", nargs="*", metavar="MAC", help=WHO)
    if command == "arm":
        _choices(parser)
    return parser


def _choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="all machines")
    parser.add_argument("--group", action="append", default=[], metavar="NAME", help="the machines of this group")


def _chosen(options: argparse.Namespace) -> Chosen:
    return Chosen(tuple(options.machines), tuple(getattr(options, "group", ())), getattr(options, "all", False))


def _arm(options: argparse.Namespace) -> int:
    path = state_path(options)
    if _chosen(options):
        return _say(arm(path, _chosen(options)))
    if not path.exists():
        raise ArmError(f"{path} does not exist: no server has kept there who is done.")
    return _list(read(path))


def state_path(options: argparse.Namespace) -> Path:
    """Where a server keeps who is done: beside the room's file, each room its own; else beside the pair.

    Raises ArmError for the state of a tree, from which files must follow.
    """
    path: Path = options.state or (state_of(options.room) if options.room else options.pair / SERVER_STATE)
    if path.name == TREE_STATE:
        raise ArmError(f"{path} belongs to a tree, and not to a server: `tree arm {path.parent}` changes it.")
    return path


def _list(state: State) -> int:
    return _say(who_is_done(state) or ["nobody is done"])


def _say(lines: Sequence[str]) -> int:
    for line in lines:
        print(showable(line))
    return 0

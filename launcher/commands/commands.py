"""The commands for administrators and developers: ``explain``, ``screens`` (the dry run), ``transfer``, ...

Each command is a function of its parsed options, and gives the exit status. `add_commands` describes them to argparse:
for ``python3 -m launcher``, and for whoever has them in a command line of his own.
"""

from __future__ import annotations

import argparse
import io
import shlex
import sys
from pathlib import Path

from kernel_cmdline import CommandLine, parse, showable
from kernel_cmdline.arguments import ArgumentParser

from .. import exits
from ..answers.configuration import LONGEST, Configuration, Origin, read_configuration
from ..answers.explain import explain as explanation_of
from ..answers.explain import to_json, to_text
from ..answers.lookup import reference
from ..model import machine as machines
from ..model.machine import Machine
from ..model.medium import without_medium
from ..model.plan import Plan
from . import transfer as headless
from .image import add_image

RECORDED = Path(__file__).parents[1] / "machines"


def command(arguments: list[str], prog: str = "python3 -m launcher") -> int:
    """Run one command. Raises ValueError or OSError with a sentence for a file that cannot be used."""
    options = parser(prog).parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # None where it is closed
        sys.stdout.reconfigure(errors="backslashreplace")  # a line may hold any bytes
    return int(options.run(options))


def parser(prog: str = "python3 -m launcher") -> argparse.ArgumentParser:
    """The command line; what it parses has `run`, the function to call with it."""
    main: argparse.ArgumentParser = ArgumentParser(
        prog=prog,
        description="Clone disks with UDPCast: screens, explanation of append lines, recorded machines.",
        epilog=f"`run` is what the initrd starts; it takes no options. Exit statuses: {exits.in_words()}",
    )
    main.add_argument("--dry-run", action="store_true", help="the same as `screens`")
    _add_inputs(main)

    def without_command(options: argparse.Namespace) -> int:
        if options.dry_run:
            return screens(options)
        main.error("nothing to do: run, explain, screens, transfer, image, machine or parameters")

    main.set_defaults(run=without_command)
    commands = main.add_subparsers(metavar="{run,explain,screens,transfer,image,machine,parameters}")
    commands.add_parser(
        "run",
        help="what the initrd starts: interview and transfer on this PC",
        description="What the initrd starts: interview and transfer on this PC. It takes no options.",
    )
    add_commands(commands)
    return main


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands with their options; the parser that they are added to names the program."""
    explained = commands.add_parser(
        "explain",
        help="what the launcher would do with a line on a machine",
        description="Print what each parameter of an append line means, what would be asked, and the commands that "
        "would be run. Nothing is executed.",
        epilog=f"Exit status: {exits.of_command('explain')}",
    )
    _add_inputs(explained)
    explained.add_argument("--json", action="store_true", help="machine-readable")
    explained.set_defaults(run=explain)
    shown = commands.add_parser(
        "screens",
        help="the real screens, executing nothing",
        description="Show the launcher's screens for an append line on a machine, and print what it would have run. "
        "Nothing is executed. Needs a terminal.",
    )
    _add_inputs(shown)
    shown.set_defaults(run=screens)
    transferred = commands.add_parser(
        "transfer",
        help="one transfer without screens, of a disk or an image file",
        description="Send or receive a disk or an image file without screens, with the same checks and digests.",
        epilog=headless.usage(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    transferred.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="what to do; see below")
    transferred.set_defaults(run=transfer)
    add_image(commands)
    commands.add_parser(
        "machine",
        help="this machine as JSON, to record it",
        description="Print this machine's disks and network cards as JSON, for --machine of other commands.",
    ).set_defaults(run=machine)
    commands.add_parser(
        "parameters",
        help="all parameters, as a Markdown table",
        description="Print all parameters of the append line, as a Markdown table.",
    ).set_defaults(run=parameters)


def _add_inputs(to: argparse.ArgumentParser) -> None:
    to.add_argument("--cmdline", metavar="TEXT|@FILE", help="the kernel command line; default: /proc/cmdline")
    to.add_argument(
        "--machine", metavar="FILE.json", help=f"a recorded machine instead of this one; there are: {_recorded()}"
    )
    to.add_argument("--config", type=Path, metavar="FILE", help="the file that config= will fetch")
    to.add_argument("--udpcfg", type=Path, metavar="FILE", help="a udpcfg.txt of the initrd, or of a medium")


def _configurations(options: argparse.Namespace) -> tuple[Configuration, ...]:
    files = ((options.config, Origin.FETCHED), (options.udpcfg, Origin.INITRD))
    return tuple(_read(file, origin) for file, origin in files if file)


def _read(file: Path, origin: Origin) -> Configuration:
    """Raises ValueError for a file that a PC would not read."""
    with file.open("rb") as opened:
        text = opened.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise ValueError(f"{file} is longer than {LONGEST >> 10} KiB: the launcher would not read it.")
    return read_configuration(text, str(file), origin)


def explain(options: argparse.Namespace) -> int:
    """Print what the launcher would do with a line on a machine."""
    explanation = explanation_of(_line(options.cmdline), _machine(options.machine), *_configurations(options))
    print(to_json(explanation) if options.json else to_text(explanation), end="")
    return 1 if explanation.errors else 0


def screens(options: argparse.Namespace) -> int:
    """Show the real screens, and print what would have been run."""
    from ..session.dry_run import dry_run  # noqa: PLC0415 - urwid is needed here only
    from ..session.interviewing import Dialogue  # noqa: PLC0415
    from ..udpcast.command import argv  # noqa: PLC0415

    line, there = _line(options.cmdline), _machine(options.machine)
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise ValueError("This shows screens and takes keys, so it needs a terminal; `explain` does not.")
    medium = line.last("medium")
    there = without_medium(there, medium.value if medium else None)
    reached = dry_run(there, Dialogue.of(line, _configurations(options)))
    if isinstance(reached, Plan):
        print("Nothing was executed. The launcher would have run:")
        for stage in argv(reached):
            print(f"  {showable(shlex.join(stage))}")
        return 0
    print(f"Nothing was executed. The launcher would have ended with: {reached.name.lower()}")
    return 0 if reached else 1


def transfer(options: argparse.Namespace) -> int:
    """One transfer without screens."""
    return headless.transfer(options.parameters)


def machine(options: argparse.Namespace) -> int:
    """Print this machine as JSON."""
    print(machines.to_json(_machine(None)), end="")
    return 0


def parameters(options: argparse.Namespace) -> int:
    """Print the reference of parameters."""
    print(reference(), end="")
    return 0


def _line(text: str | None) -> CommandLine:
    if text is None:
        return parse(Path("/proc/cmdline").read_bytes())
    return parse(Path(text[1:]).read_bytes()) if text.startswith("@") else parse(text)


def _machine(file: str | None) -> Machine:
    """The machine in `file` (a path, or the name of a recorded one), else this one."""
    if file is None:
        from ..hardware.detect import detect  # noqa: PLC0415 - a recorded machine needs no pyudev

        return detect()
    path = Path(file)
    if path.name == file and not path.exists():
        path = RECORDED / file
    if not path.exists():
        raise ValueError(
            f"--machine {file} is not there. Recorded machines that come with the launcher: {_recorded()}."
        )
    return machines.from_json(path.read_text(encoding="utf-8"))


def _recorded() -> str:
    return ", ".join(sorted(path.name for path in RECORDED.glob("*.json")))

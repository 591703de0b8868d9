"""All commands of ``python3 -m qemu``, and how one is run."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable

from kernel_cmdline import CommandLineError, showable_lines
from kernel_cmdline.arguments import ArgumentParser

from ..bench.results import BenchError
from ..classroom.faults import FaultError
from ..host import sandbox
from ..machine.spec import SpecError
from . import bench, classroom, machine, pictures
from .options import RAW, STATUSES

_OF_THE_MACHINE = {"DeadlinePassed", "BadEnd", "LostMachine", "Unexpected", "Refused"}
"""Ends of a run that are the machine's doing, not the harness's: exit status 1."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status (see `options.STATUSES`)."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.WARNING, format="%(message)s")
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except sandbox.Stopped:
        print("stopped", file=sys.stderr)
        return sandbox.STOPPED
    except sandbox.RunFailed as error:
        print(showable_lines(str(error)), file=sys.stderr)
        return 1 if error.kind in _OF_THE_MACHINE else 3
    except (SpecError, CommandLineError, FaultError, BenchError, sandbox.SandboxError, OSError) as error:
        print(showable_lines(str(error)), file=sys.stderr)
        return 3


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    main = ArgumentParser(
        prog="python3 -m qemu",
        description="Virtual machines that boot the pair udpcast-linux and udpcast-initrd.",
        epilog=STATUSES,
        formatter_class=RAW,
    )
    commands = main.add_subparsers(required=True, metavar="COMMAND")
    for kind in (classroom, machine, pictures, bench):
        kind.add(commands)
    return main

"""Show how a kernel command line is read: ``python3 -m kernel_cmdline [--json] [TEXT | -]``.

TEXT is the line, as one argument. ``-`` reads the line from standard input, with the same rules as
``/proc/cmdline``. Without either, ``/proc/cmdline`` itself is read; standard input is then left alone, whether
it is a terminal or not. Put ``--`` before a TEXT that begins with a hyphen.

Plain output has one parameter a line, ``name`` or ``name = value``; those for PID 1 begin with ``--``, and
what is not plainly seen is written as its number: ``\\t``, ``\\x0b``, ``\\u202e``. With ``--json`` there is one list
of ``{"name", "value"}`` in the line's order; the value of a bare word is null, and those for PID 1 have
``"init": true``. Bytes that are no UTF-8 are written as ``\\xXX``, in JSON as ``\\udcXX``. Warnings go to standard
error.

Exit status: 0 the line was read, with or without warnings; 1 it could not be read; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from . import CommandLine, CommandLineError, Parameter, parse, showable
from .arguments import ArgumentParser

PROC_CMDLINE = Path("/proc/cmdline")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        line = parse(_text(options.text))
    except (OSError, CommandLineError) as error:
        print(f"kernel_cmdline: {showable(str(error))}", file=sys.stderr)
        return 1
    for warning in line.warnings:
        print(f"kernel_cmdline: warning: {warning}", file=sys.stderr)
    output = as_json(line) if options.json else as_text(line)
    sys.stdout.buffer.write(output.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
    return 0


def as_json(line: CommandLine) -> str:
    """A JSON list with one parameter a line; pure ASCII, so that it survives any terminal and pipe."""
    if not line.parameters:
        return "[]\n"
    return "[\n" + ",\n".join(f"  {json.dumps(_entry(parameter))}" for parameter in line) + "\n]\n"


def as_text(line: CommandLine) -> str:
    return "".join(f"{_readable(parameter)}\n" for parameter in line)


def _entry(parameter: Parameter) -> dict[str, str | bool | None]:
    entry: dict[str, str | bool | None] = {"name": parameter.name, "value": parameter.value}
    if parameter.init:
        entry["init"] = True
    return entry


def _readable(parameter: Parameter) -> str:
    text = parameter.name if parameter.value is None else f"{parameter.name} = {parameter.value}"
    return f"-- {showable(text)}" if parameter.init else showable(text)


def _text(text: str | None) -> bytes:
    if text is None:
        return PROC_CMDLINE.read_bytes()
    return sys.stdin.buffer.read() if text == "-" else os.fsencode(text)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    summary, _, details = (__doc__ or "").partition("\n\n")
    parser = ArgumentParser(
        prog="python3 -m kernel_cmdline",
        description=summary.partition(":")[0] + ".",
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="write a JSON list instead of lines")
    parser.add_argument("text", nargs="?", metavar="TEXT | -", help="the line as one argument, or - for standard input")
    options, surplus = parser.parse_known_args(arguments)
    if surplus:
        parser.error(
            f"{surplus[0]!r} is too much: TEXT is one argument, so put quotes around the whole line, "
            "and -- before it if it begins with a hyphen"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())

"""The catalogues of translations.

python3 -m catalogues update        bring launcher/lang/*.po in step with the sources
python3 -m catalogues add CODE      begin the catalogue of another language
python3 -m catalogues compile DIR   write them, compiled, to DIR
python3 -m catalogues template      print every message, untranslated
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import CatalogueError, add, compile_all, template, update


def parser() -> argparse.ArgumentParser:
    main_parser = argparse.ArgumentParser(
        prog="python3 -m catalogues", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = main_parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="bring launcher/lang/*.po in step with the sources")
    commands.add_parser("add", help="begin the catalogue of another language").add_argument("code", metavar="CODE")
    commands.add_parser("compile", help="write them, compiled, to DIR").add_argument("target", type=Path, metavar="DIR")
    commands.add_parser("template", help="print every message, untranslated")
    return main_parser


def _write(options: argparse.Namespace) -> list[Path]:
    if options.command == "compile":
        return compile_all(options.target)
    return [add(options.code)] if options.command == "add" else update()


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 it is done; 1 one sentence on standard error says why not; 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "template":
            print(template(), end="")
            return 0
        paths = _write(options)
    except (CatalogueError, OSError) as error:
        print(f"catalogues: {error}", file=sys.stderr)
        return 1
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

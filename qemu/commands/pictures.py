"""``python3 -m qemu pictures``: the pictures of the documents."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from kernel_cmdline import showable

from ..classroom import pictures
from .options import command, machine_options, seconds, tell

DIRECTORY = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LANGUAGES = ("en", "fr")
"""Those of the documents."""

DESCRIPTION = f"""\
Take the pictures of docs/operator.md and its translations: a room of three PCs boots over the network in each language,
is walked through by keys, and clones a disk.

pictures, each behind all those before it:
{chr(10).join(f"  {name:9} {words}" for name, words in pictures.PICTURES.items())}

Each is a PNG file with 16 colours, DIR/LANGUAGE/NAME.png, and takes the place of the one before. Sizes, names and
addresses are the same each time; seconds and rates are those of the run.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    words = "the pictures of the documents: the screens of a room, in each language"
    made = command(commands, "pictures", _pictures, words, DESCRIPTION)
    machine_options(made)
    add = made.add_argument
    add("--lang", nargs="+", default=LANGUAGES, metavar="CODE", help=f"languages (default: {' '.join(LANGUAGES)})")
    names = list(pictures.PICTURES)
    add("--only", nargs="+", choices=names, default=names, metavar="NAME", help="pictures (default: all)")
    add("-o", "--output", type=Path, default=DIRECTORY, metavar="DIR", help="where they go (default: %(default)s)")
    add("--deadline", type=seconds, default=pictures.DEADLINE, metavar="S", help="of a room (default: %(default)s)")
    add("--artefacts", type=Path, metavar="DIR", help="where transcripts, screens and events of a failure go")


def _pictures(options: argparse.Namespace) -> int:
    for lang in options.lang:
        spec = pictures.Spec(
            pair=options.pair,
            lang="" if lang == "en" else lang,
            pictures=tuple(options.only),
            directory=options.output.absolute() / lang,
            memory=options.memory,
            deadline=options.deadline,
            artefacts=options.artefacts.absolute() if options.artefacts else None,
        )
        for path in pictures.take(spec, partial(_taking, lang)):
            print(f"{showable(str(path))}: {path.stat().st_size} bytes")
    return 0


def _taking(lang: str, line: str) -> None:
    tell(f"{lang}: {line}")

"""The parser of every command's arguments: argparse, with one rule.

A message about a wrong argument repeats it, and an argument is foreign text as any other (`showing`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from .showing import showable


class ArgumentParser(argparse.ArgumentParser):
    """What sub-commands are added to it is of this class as well."""

    def error(self, message: str) -> NoReturn:
        super().error(showable(message))


def path_to_write(text: str) -> Path:
    """The type of an argument that names where something is written. An empty one is mostly a variable of a script that
    is not set, and would be the folder where the script happens to run."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty; that of a folder was expected (. is the one you are in)")
    return Path(text)

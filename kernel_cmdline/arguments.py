"""The parser of every command's arguments: argparse, with one rule.

A message about a wrong argument repeats it, and an argument is foreign text as any other (`showing`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .showing import showable


class ArgumentParser(argparse.ArgumentParser):
    """What sub-commands are added to it is of this class as well."""

    def error(self, message: str) -> NoReturn:
        super().error(showable(message))


class MixedParser(ArgumentParser):
    """Options may stand anywhere, also between arguments of which there may be any number. Of a command without
    commands of its own."""

    _mixing = False

    def parse_known_args(  # type: ignore[override]  # no overloads: callers know the type
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        if self._mixing:  # argparse does it in two passes of this
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def path_to_write(text: str) -> Path:
    """The type of an argument that names where something is written. An empty one is mostly a variable of a script that
    is not set, and would be the folder where the script happens to run."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty; that of a folder was expected (. is the one you are in)")
    return Path(text)

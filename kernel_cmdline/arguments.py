"""The parser of every command's arguments: argparse, with one rule.

A message about a wrong argument repeats it, and an argument is foreign text as any other (`showing`).
"""

from __future__ import annotations

import argparse
from typing import NoReturn

from .showing import showable


class ArgumentParser(argparse.ArgumentParser):
    """What sub-commands are added to it is of this class as well."""

    def error(self, message: str) -> NoReturn:
        super().error(showable(message))

"""The Python libraries that the launcher does not have with it, and what is said where they are missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from ..errors import ErrorKind, LauncherError
from ..sentence import say

PACKAGES = {"urwid": "python3-urwid", "pyudev": "python3-pyudev", "xxhash": "python3-xxhash"}
"""Each library, and the Debian package that has it."""


@contextlib.contextmanager
def libraries_named() -> Iterator[None]:
    """A library that is missing within becomes a LauncherError that names all that are."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        names = [name for name in PACKAGES if name == error.name or find_spec(name) is None]
        packages = " ".join(PACKAGES[name] for name in names)
        sentence = say("Python has no {names} here.", names=tuple(names))
        hint = say("Install Debian's packages: apt-get install {packages}.", packages=packages)
        raise LauncherError(ErrorKind.PROGRAM_MISSING, sentence, hint) from error

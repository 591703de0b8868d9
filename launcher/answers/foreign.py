"""Whose else a word on the command line may be: the lists in ``words/``, which name their sources.

``kernel.txt`` has the words of the kernel, of dracut, of PXELINUX and of what runs beside them, ``peers.txt`` those of
installers, live systems and other cloning systems. Most lines need neither, so they are read when the first word is
looked up.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kernel_cmdline import canonical

LISTS = Path(__file__).parent / "words"


def known(name: str) -> bool:
    """Whether a parameter `name` is somebody else's; names are matched as everywhere (`canonical`)."""
    return canonical(name) in _names()


def may_stand_alone(word: str) -> bool:
    """Whether the kernel, or what runs beside it, takes the bare word `word`.

    Spelt as it takes it: ``S`` or ``quiet``, and no ``Quiet``. ``module.parameter`` is the kernel's by its form
    (Documentation/admin-guide/kernel-parameters.rst); there are more of these than any list has.
    """
    module, dot, parameter = word.partition(".")
    by_form = bool(dot) and all(part.isidentifier() and part == part.lower() for part in (module, parameter))
    return by_form or _dashes(word) in _spelt("kernel")


@cache
def _spelt(name: str) -> frozenset[str]:
    lines = (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(_dashes(word) for line in lines if not line.startswith("#") for word in line.split())


@cache
def _names() -> frozenset[str]:
    return frozenset(canonical(word) for name in ("kernel", "peers") for word in _spelt(name))


def _dashes(word: str) -> str:
    return word.replace("-", "_")

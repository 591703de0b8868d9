"""Which of the launcher's programs go into an image, and what an image may be built without.

The launcher's own list (launcher/programs.py) is read, not imported: what goes in is the project that is built.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE_SYSTEMS = ("ext", "ntfs", "xfs", "btrfs")
"""Those whose tools an image can have; all of them, unless it is built with fewer."""

APPLETS = {"env", "gzip", "ip", "modinfo", "modprobe", "tftp", "udhcpc", "wget"}
"""Those programs of the launcher that stand for another one in the image: busybox, pigz for gzip, kmod for modprobe.
Under every other name its own program is meant, though busybox may have one of that name."""


def file_systems(text: str) -> tuple[str, ...]:
    """The type of an argument: ``ext,ntfs`` as names; ``none`` is none. Raises argparse.ArgumentTypeError."""
    names = () if text == "none" else tuple(text.split(","))
    for name in names:
        if name not in FILE_SYSTEMS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is none of {', '.join(FILE_SYSTEMS)}; some of these were expected, with commas, or none"
            )
    return tuple(name for name in FILE_SYSTEMS if name in names)


def launcher_programs(project: Path, chosen: Iterable[str] = FILE_SYSTEMS) -> dict[str, str]:
    """The programs that the launcher of `project` starts in an image with the tools of the file systems `chosen`."""
    optional = _read(project, "FILE_SYSTEMS")
    programs = dict(_read(project, "PROGRAMS"))
    for name in chosen:
        programs |= optional[name]
    return programs


def to_install(project: Path, chosen: Iterable[str]) -> tuple[str, ...]:
    """Those of them that are copied from this machine."""
    return tuple(sorted(set(launcher_programs(project, chosen)) - APPLETS))


def left_out(project: Path, chosen: Iterable[str]) -> set[str]:
    """The programs that an image with the tools of `chosen` does without."""
    return set(launcher_programs(project)) - set(launcher_programs(project, chosen))


def _read(project: Path, name: str) -> dict[str, Any]:
    return table(project, "launcher/programs.py", name)


def table(project: Path, file: str, name: str) -> dict[str, Any]:
    """The table `name` of a module of the launcher's."""
    for statement in ast.parse((project / file).read_bytes()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(assigned)], value=value) if assigned == name:
                return dict(ast.literal_eval(value))
    raise ValueError(f"{file} assigns no {name}")

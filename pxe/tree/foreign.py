"""What is in a tree that somebody else wrote: sections in the way of ours, loaders in other folders, closed folders.

Nothing is written here, and what cannot be read is left out: these are warnings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from kernel_cmdline import showable

from ..entries.loaders import LOADERS
from .record import RECORD

_INCLUDE = re.compile(r"(?:menu\s+)?include\s+(\S+)", re.IGNORECASE)
_LABEL = re.compile(r"label\s+(\S+)", re.IGNORECASE)
_BOOTS = ("kernel", "linux", "initrd", "append", "ipappend", "sysappend", "localboot", "com32")
"""The words of a section that decide what it boots; beside them it may have a title, a help text, a place in a menu."""

_SHOWN = 3
"""So many names stand in a sentence."""

_DEPTH = 4
_FOLDERS = 2000
"""Folders that are looked into for loaders; there may be whole mirrors of distributions below a TFTP root."""


def has_section(directory: Path, config: Path, section: str) -> bool:
    """Whether a configuration that is not ours has a section already that boots what `section` does."""
    if not _split(section):  # no PXELINUX's: all its lines stand there, in their order
        return _lines(section) in _lines(config.read_text(errors="replace"))
    there = {label: lines for label, (_, lines) in _sections(directory, config).items()}
    wanted = _split(section)
    return bool(wanted) and all(there.get(label) == lines for label, (_, lines) in wanted.items())


def _lines(text: str) -> str:
    """Each line in one spelling, with a newline on both sides."""
    return "".join(f"\n{' '.join(line.split())}\n" for line in text.splitlines())


def clashes(directory: Path, config: Path, section: str) -> Iterator[str]:
    """Sentences about labels of `section` that `config`, or a file that it includes, has for something else."""
    there = _sections(directory, config)
    for label, (_, lines) in _split(section).items():
        if label in there and there[label][1] != lines:
            yield (
                f"{showable(there[label][0])} has a section {label} of its own, and two of one name cannot be: "
                "put ours in its place, or give ours another name with --label."
            )


def _split(text: str, place: str = "") -> dict[str, tuple[str, tuple[str, ...]]]:
    """The sections of a text: by label, where it stands and what it boots. Of two with one label the first counts."""
    found: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _LABEL.fullmatch(line.strip()):
            lines = found.setdefault(match[1], (f"{place}:{number}", []))[1] if match[1] not in found else []
        elif (words := line.split()) and words[0].lower() in _BOOTS:
            lines.append(" ".join([words[0].lower(), *words[1:]]))
    return {label: (where, tuple(sorted(lines))) for label, (where, lines) in found.items()}


def _sections(directory: Path, config: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    waiting, seen = [config], set[Path]()
    while waiting:
        path = waiting.pop(0)
        if path in seen or len(seen) > 64:
            continue
        seen.add(path)
        try:
            text = path.read_text(errors="replace") if path.is_file() else ""
        except OSError:
            continue
        found = {**_split(text, str(path)), **found}
        includes = (_INCLUDE.match(line.strip()) for line in text.splitlines())
        waiting += [directory / match[1].lstrip("/") for match in includes if match]  # below the loader's own folder
    return found


def rivals(directory: Path, ours: Collection[str]) -> Iterator[str]:
    """Sentences about files that PCs read instead of what is `ours`."""
    for loader in LOADERS:
        folder = directory / loader.default.parent
        names = [str(path.relative_to(directory)) for path in sorted(folder.iterdir())] if folder.is_dir() else []
        for form, instead in loader.rivals:
            found = [name for name in names if name not in ours and re.fullmatch(form, PurePosixPath(name).name)]
            if found:
                more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
                yield (
                    f"{directory} has {', '.join(map(showable, found[:_SHOWN]))}{more}, not from this command: the PCs "
                    f"of these names boot what stands there, and read it instead of ours ({instead})."
                )


def loaders_elsewhere(directory: Path) -> Iterator[str]:
    """Sentences about loaders in sub-folders: they read configurations beside themselves."""
    own = {path.resolve() for loader in LOADERS for name in loader.files if (path := directory / name).exists()}
    for loader in LOADERS:
        for folder in _folders(directory) if loader.reads_beside else ():
            path, shown = folder / loader.files[0], showable(str(folder))
            if path.is_file() and path.resolve() not in own and not (folder / RECORD).exists():
                yield (
                    f"{shown}/{path.name} is a loader, too: PCs that are given it read {shown}/{loader.default}, and "
                    f"look for kernel and initrd in {shown}. To boot these PCs, too, write a tree there: tree {shown}"
                )


def _folders(directory: Path) -> Iterator[Path]:
    """Sub-folders, the nearest first."""
    level, count = [directory], 0
    for _ in range(_DEPTH):
        below: list[Path] = []
        for folder in level:
            try:
                below += sorted(Path(entry) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
            except OSError:
                continue
        for folder in below:
            count += 1
            if count > _FOLDERS:
                return
            yield folder
        level = below


def _mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


def closed(directory: Path, names: Sequence[str]) -> Iterator[str]:
    """Sentences about folders on the way to these files, and files among them, that not everybody may read."""
    folders = {folder for name in names for folder in (directory / name).parents}
    for folder in sorted(folders):
        if not folder.stat().st_mode & 0o001:
            yield (
                f"{folder} is closed (mode {_mode(folder)}): the TFTP server reads below it only if its user may enter "
                f"it; chmod o+x {folder} lets everybody do so."
            )
    for name in names:
        path = directory / name
        if path.exists() and not path.stat().st_mode & 0o004:
            yield (
                f"{path} is closed (mode {_mode(path)}): the TFTP server reads it only if its user may; chmod o+r "
                f"{path} lets everybody do so."
            )

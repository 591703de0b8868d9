"""A TFTP tree that boots the pair: boot loaders, kernel, initrd, and for each loader one configuration file per case.

    DIR/pxelinux.0, DIR/ldlinux.c32        PXELINUX (Debian packages pxelinux, syslinux-common)
    DIR/udpcast-linux, DIR/udpcast-initrd  the pair
    DIR/pxelinux.cfg/default               the section for every machine
    DIR/pxelinux.cfg/01-aa-bb-cc-dd-ee-ff  the section for one machine, looked up by PXELINUX before `default`

Which loaders there are, and what their files are called, is in `loaders`; above is what PXELINUX's are.
A directory may already belong to a boot server. Its configuration files and its loaders are never replaced:
only files that begin with `OURS` are ours. Everything is checked before the first byte is written, and each file
appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import CommandLineError

from .boot_entry import INITRD, KERNEL, BootEntryError, Check, check_entries, launcher_check
from .configuration import configurations, entries
from .loaders import LOADERS, OURS, Loader
from .room import Room


class TreeError(Exception):
    """One sentence (a line each for several append lines): why no tree was written."""


@dataclass(frozen=True)
class Tree:
    """What `write_tree` did.

    `written` are the files that are in place now, `warnings` sentences about the append lines, `sections` what the
    administrator must add himself: (a configuration file that is not ours, the section to put there).
    """

    written: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    sections: tuple[tuple[Path, str], ...] = ()


def write_tree(
    directory: Path,
    pair: Path,
    room: Room,
    done: Collection[str] = (),
    *,
    places: Iterable[Path] | None = None,
    check: Check = launcher_check,
    build: str = "python3 -m initrd build",
) -> Tree:
    """Make or renew the tree in `directory` from the pair in the directory `pair`, for the machines of `room`.

    Those whose MAC address is in `done` boot their disks. `places`: where the loaders' files are, if not where Debian
    has them; `build`: the command that makes a pair, for the hint when there is none. Raises TreeError; then
    `directory` is as it was, unless writing itself failed.
    """
    directory = directory.absolute()
    try:
        wanted = {directory / one.path: one for one in configurations(room, done)}
        warnings = check_entries(entries(room), check)
    except (BootEntryError, CommandLineError) as error:
        raise TreeError(str(error)) from error
    try:
        copies = _pair(directory, pair, build)
        for loader in LOADERS:
            copies = {**_files(loader, directory, places), **copies}
        foreign = [path for path in wanted if not _is_ours(path)]
    except OSError as error:
        raise TreeError(f"cannot read {error.filename or directory}: {error.strerror}.") from error
    try:
        for path in wanted:
            _make(path.parent)
        for target, source in copies.items():
            _replace(target, source)
        for path in wanted.keys() - set(foreign):
            _replace(path, wanted[path].text)
    except OSError as error:
        raise TreeError(f"cannot write {error.filename or directory}: {error.strerror}.") from error
    written = (*copies, *(path for path in wanted if path not in foreign))
    sections = tuple((path, wanted[path].section) for path in foreign)
    return Tree(written, warnings, sections)


def _files(loader: Loader, directory: Path, places: Iterable[Path] | None) -> dict[Path, Path]:
    """The loader's own files, or none where another boot server has its own: they belong together."""
    default = directory / loader.default
    if (directory / loader.files[0]).exists() and not (default.exists() and _is_ours(default)):
        return {}
    found = tuple(places) if places else loader.places
    return {directory / name: _find(name, found, loader) for name in loader.files}


def _find(name: str, places: tuple[Path, ...], loader: Loader) -> Path:
    for place in places:
        if (place / name).is_file():
            return place / name
    wanted = " or ".join(str(place) for place in places)
    packages = " and ".join(loader.packages)
    raise TreeError(f"{name} is not in {wanted}: install the packages {packages}.")


def _pair(directory: Path, pair: Path, build: str) -> dict[Path, Path]:
    copies = {}
    for name in (KERNEL, INITRD):
        source = pair.absolute() / name
        if not source.is_file():
            raise TreeError(f"{source} does not exist: build the pair with `{build} -o {pair}`.")
        if pair.absolute() != directory:
            copies[directory / name] = source
    return copies


def _is_ours(path: Path) -> bool:
    """True when `path` may be (over)written: it does not exist, or we wrote it."""
    try:
        return path.read_text(errors="replace").startswith(OURS)
    except FileNotFoundError:
        return True


def _make(folder: Path) -> None:
    """Make `folder`, and what is missing above it, so that the TFTP server can read there whatever our umask is."""
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(0o755)


def _replace(target: Path, content: str | Path) -> None:
    """Put a text, or a copy of a file, at `target`, whole or not at all, readable by the TFTP server."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(content, str):
                file.write(content.encode("utf-8", "surrogateescape"))
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            os.fchmod(handle, 0o644)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise

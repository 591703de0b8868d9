"""A TFTP tree that boots the pair: boot loaders, kernel, initrd, and for each loader one configuration file per case.

    DIR/pxelinux.0, DIR/ldlinux.c32        PXELINUX (Debian packages pxelinux, syslinux-common)
    DIR/udpcast-linux, DIR/udpcast-initrd  the pair
    DIR/pxelinux.cfg/default               the section for every machine
    DIR/pxelinux.cfg/01-aa-bb-cc-dd-ee-ff  the section for one machine, looked up by PXELINUX before `default`
    DIR/udpcfg.txt                         for lines with config=udpcfg.txt: the one beside the pair (`answers`)
    DIR/udpcast.img                        what UEFI loads by HTTP, with the pair in it (`image`): about 42 MB
    DIR/.udpcast-launcher.json             what we wrote, see `record`

Which loaders there are, and what their files are called, is in `loaders`; above is what PXELINUX's are. What the files
for machines say is in `configuration`. The rules, for a directory that may already belong to a boot server:

- What we did not write stays (`standing` tells it) unless it is forced, and then it is kept as NAME.bak. So is what we
  wrote and somebody changed. Files that belong together are replaced together or not at all.
- What an earlier run wrote and this one would not is removed: a machine's old line may overwrite its disk.
- Everything is checked before the first byte is written, and all files change together or none (`initrd.pair.switch`).
- What was removed, kept under another name, left as it is, or finished for an earlier run is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from initrd.pair.lock import LockError, locked
from initrd.pair.switch import JOURNAL, Change, SourceError, recover, switch
from kernel_cmdline import CommandLineError

from ..entries.boot_entry import INITRD, KERNEL, BootEntryError, Check, check_entries, launcher_check
from ..entries.configuration import configurations, entries
from ..entries.loaders import GRUB, LOADERS, Loader
from ..entries.room import Room
from ..medium.programs import MediumError
from ..signatures.check import Chain, complaints
from . import answers, foreign
from .families import families
from .image import http_image
from .pair import PairError, find_pair
from .planning import Blocked, Order, Plan, make_plan
from .record import RECORD
from .standing import tenants


class TreeError(Exception):
    """One sentence (a line each for several append lines): why no tree was written."""


@dataclass(frozen=True)
class Tree:
    """What `write_tree` did.

    `written` are the files that are in place now, `warnings` sentences about append lines, the pair and the directory,
    `sections` what the administrator must add himself: (a configuration file that is not ours, the section to put
    there). `notes` are sentences about what was done besides: removed, kept under another name, left as it is. `closed`
    are warnings about folders and files that a TFTP server may not be able to read.
    """

    written: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    sections: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


def write_tree(
    directory: Path,
    pair: Path,
    room: Room,
    done: Collection[str] = (),
    *,
    force: bool = False,
    loaders: Sequence[Loader] = LOADERS,
    places: Iterable[Path] | None = None,
    check: Check = launcher_check,
    build: str = "python3 -m initrd build",
    also: Iterable[Change] = (),
    server: IPv4Address | None = None,
) -> Tree:
    """Make or renew the tree in `directory` from the pair in the directory `pair`, for the machines of `room`.

    Those whose MAC address is in `done` boot their disks. `force`: replace also what is not ours. `places`: where the
    files of `loaders` are, if not where Debian has them; `build`: the command that makes a pair, for the hint when
    there is none; `also`: changes of other files in `directory`, made together with these. `server` is the address of
    the TFTP server, where it is known. Raises TreeError; then `directory` is as it was.
    """
    directory, pair = directory.absolute(), pair.absolute()
    try:
        checked = check_entries(entries(room), check)  # first: a mistake in a line may be what a loader cannot carry
        loaders, missing = families(directory, room, tuple(places or ()), loaders)
        wanted = configurations(room, done, loaders)
        warnings = (*checked, *missing)
    except (BootEntryError, CommandLineError) as error:
        raise TreeError(str(error)) from error
    with _reading(pair):
        if pair == directory and not any((pair / name).exists() for name in (KERNEL, INITRD, JOURNAL)):
            raise TreeError(
                f"{pair} has no {KERNEL} and {INITRD}: say with --pair where they are; `{build} -o pair` makes them."
            )
        if not pair.is_dir():
            raise TreeError(f"{pair} does not exist or is no folder: build the pair with `{build} -o {pair}`.")
        with locked(pair):
            found = find_pair(pair, build)
            source = None if pair.resolve() == directory.resolve() else pair
            beside, doubts = answers.read(pair) if source else (None, ())
            doubts += answers.beside(beside, room) if beside else ()
            with http_image(pair, room, loaders, tuple(places or ()), server) as (image, lacking):
                order = Order(
                    source, found.sha256, wanted, force, tuple(places or ()), loaders, tuple(also), image, beside
                )
                folders = [folder for loader in loaders for folder in loader.folders]
                folders += dict.fromkeys(one.path.parent for one in wanted if one.path.parent not in folders)
                with _made([directory, *(directory / folder for folder in folders)]), locked(directory):
                    plan = _carry_out(directory, order)
                    refused = _refused(directory) if GRUB in loaders else ()
            return Tree(
                tuple(directory / name for name in plan.in_place),
                (*warnings, *doubts, *lacking, *found.warnings, *plan.warnings, *refused),
                plan.sections,
                (*found.notes, *plan.notes),
                tuple(foreign.closed(directory, (*plan.in_place, *plan.theirs))),
            )


def _refused(directory: Path) -> tuple[str, ...]:
    shim, grub = (directory / name for name in GRUB.files)
    return complaints(Chain(shim, grub, directory / KERNEL))


def _carry_out(directory: Path, order: Order) -> Plan:
    """With the directory locked: mend it, look at it, change it."""
    with _writing(directory):
        mended = recover(directory)
        for stray in directory.glob(f".{RECORD}.*"):  # of a run that was killed while it wrote the record
            stray.unlink()
    plan = make_plan(tenants(directory), order)
    with _writing(directory):
        if plan.changes:
            switch(directory, plan.changes)
        for name in plan.ours:
            _open(directory / name)
    return Plan(notes=mended) + plan


def _open(path: Path) -> None:
    """A file of ours is for everybody to read, also where it did not have to be written anew."""
    if not path.is_symlink() and path.stat().st_mode & 0o444 != 0o444:
        path.chmod(0o644)


@contextlib.contextmanager
def _reading(pair: Path) -> Iterator[None]:
    try:
        yield
    except (PairError, LockError, SourceError, Blocked, MediumError, BootEntryError) as error:
        raise TreeError(str(error)) from error
    except OSError as error:
        raise TreeError(f"cannot read {error.filename or pair}: {error.strerror}.") from error


@contextlib.contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        left = "the next run finishes it" if (directory / JOURNAL).exists() else "nothing was changed"
        raise TreeError(f"cannot write {error.filename or directory}: {error.strerror}; {left}.") from error


@contextlib.contextmanager
def _made(folders: Sequence[Path]) -> Iterator[None]:
    """Make these folders, and what is missing above them, so that the TFTP server can read there whatever our umask is;
    they go again when the block fails."""
    made: list[Path] = []
    try:
        for path in dict.fromkeys(path for folder in folders for path in (*reversed(folder.parents), folder)):
            if not path.exists():
                with _writing(folders[0]):
                    path.mkdir()
                    made.append(path)
                    path.chmod(0o755)
        yield
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()
        raise

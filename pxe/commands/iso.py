"""The command `iso`: an image for discs and sticks, from the pair and the room."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from initrd.pair.lock import LockError, locked
from kernel_cmdline import CommandLineError, format_line, showable
from kernel_cmdline.arguments import path_to_write

from ..entries.boot_entry import KERNEL, BootEntryError, check_entries
from ..entries.configuration import alone, booted, line_of, menu_of
from ..entries.menu import Choice
from ..entries.room import Boot, Room
from ..medium.iso import make_iso
from ..medium.programs import GRUB, SHIM, MediumError, Part, find
from ..signatures.check import Chain, complaints
from ..tree.pair import PairError, find_pair
from .options import add_options, room_of

STATUSES = "Exit status: 0 the image is written, 1 it is not (one sentence on standard error), 2 wrong usage."


LONGEST_UDPCFG = 64 << 10
"""Bytes that the launcher reads of one."""


class IsoError(Exception):
    """One sentence (a line each for several mistakes): why no image was written."""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `iso`."""
    parser = commands.add_parser(
        "iso",
        help="write an image for discs and sticks",
        description="Write an image that PCs boot from a disc or a stick, by BIOS, by UEFI and under Secure Boot. The "
        "launcher's parameters of the room's line are in its udpcfg.txt. The same pair and room make the same bytes.",
        epilog=STATUSES,
    )
    parser.add_argument("file", type=path_to_write, metavar="FILE", help="the image, such as udpcast.iso")
    parser.add_argument(
        "--pair", type=Path, required=True, metavar="DIR", help="where udpcast-linux and udpcast-initrd are"
    )
    parser.add_argument(
        "--udpcfg",
        type=Path,
        metavar="FILE",
        help="the udpcfg.txt to put on it; the room's line, which wins over it, then stays with the boot loaders "
        "(default: made from that line)",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_options(parser)
    parser.set_defaults(run=_iso)


def _iso(options: argparse.Namespace) -> int:
    room = room_of(options)
    try:
        warnings = write(options.file, options.pair, room, options.udpcfg, options.force, options.build)
    except (MediumError, BootEntryError, CommandLineError, PairError, LockError) as error:
        raise IsoError(str(error)) from error
    except OSError as error:
        raise IsoError(f"{error.filename or options.file}: {error.strerror}; no image was written.") from error
    for warning in warnings:
        print(f"warning: {showable(warning)}", file=sys.stderr)
    print(f"{showable(str(options.file))}  {options.file.stat().st_size / 1e6:.1f} MB")
    return 0


def write(out: Path, pair: Path, room: Room, udpcfg: Path | None, force: bool, build: str) -> tuple[str, ...]:
    """Write the image, and return warnings. Raises what can go wrong with line, file, pair and image."""
    warnings = (*_lines(room), *check_entries(booted(room).values() if room.common_is_booted else []))
    text = None if udpcfg is None else _read(udpcfg)
    if text is not None:
        warnings += _checked(text, str(udpcfg), room)
    if not pair.is_dir():
        raise MediumError(f"{pair} does not exist or is no folder: build the pair with `{build} -o {pair}`.")
    with locked(pair):
        found = find_pair(pair, build)
        make_iso(pair, found.sha256, room, out.absolute(), udpcfg=text, replace=force)
        refused = complaints(Chain(_file(SHIM), _file(GRUB), pair / KERNEL))
    return (*warnings, *_loops(room, text or b""), *found.notes, *found.warnings, *refused)


def _read(udpcfg: Path) -> bytes:
    with udpcfg.open("rb") as file:
        text = file.read(LONGEST_UDPCFG + 1)
    if len(text) > LONGEST_UDPCFG:
        raise IsoError(f"{udpcfg} is longer than {LONGEST_UDPCFG >> 10} KiB: the launcher would not read it.")
    return text


def _file(part: Part) -> Path:
    return find([part])[part]


def _loops(room: Room, udpcfg: bytes) -> tuple[str, ...]:
    """Where nobody takes the medium out."""
    from launcher.answers.explain import prospect  # noqa: PLC0415 - not needed to import pxe

    if not room.common_is_booted or room.default is Boot.DISK:
        return ()
    line = prospect(format_line(alone(room).command_line), udpcfg)
    if not (line.unattended and line.restarts):
        return ()
    return (
        "the line asks nobody, and restarts the PC after a success: one that still has the medium in it, and boots "
        "from that first, is cloned again. Write after=poweroff,menu, or take the medium out once the screen asks or "
        "waits.",
    )


def _lines(room: Room) -> tuple[str, ...]:
    if not room.machines:
        return ()
    return (
        f"a medium boots the room's own line on every PC: the lines of single machines ({len(room.machines)}) are not "
        "on it.",
    )


def _checked(text: bytes, name: str, room: Room) -> tuple[str, ...]:
    """Warnings about somebody's udpcfg.txt."""
    from launcher.answers.explain import check_file, prospect  # noqa: PLC0415 - as above

    errors, warnings = check_file(text, name, line_of(room) if room.common_is_booted else "")
    if errors:
        raise IsoError("\n".join(errors))
    if menu_of(room) and prospect("", text).role:
        warnings.append(f"{name} gives a role: the menu's choice {Choice.ASK} has it, too, and does not ask for one.")
    return tuple(warnings)

"""``python3 -m qemu bench``: what is measured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeVar

from ..bench import (
    at_once,
    at_once_results,
    boot,
    cases,
    classrooms,
    hardware,
    hardware_lines,
    languages,
    namespaces,
    paths,
    results,
    used,
    used_cases,
)
from ..machine import available
from ..machine.firmware import Firmware
from ..machine.spec import SpecError
from .options import command, firmware, json_option, machine_options, pair_option, positive, show, tell

STAGES = """
``python3 -m qemu bench stages``: each of the launcher's own stages alone, on one core, with files in memory.

Where the launcher stands in the path of the data (`launcher/datapath/copying.py`), it must not be the one who is waited
for: a cast over 1 Gbit/s brings 125 MB/s of stream. Each stage runs in a process that is bound to one core; what feeds
or drains it is ``dd``, bound to another one where there is one.
"""

C = TypeVar("C", classrooms.RoomCase, cases.Case, used_cases.UsedCase, hardware_lines.Line, paths.Way)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``bench`` with its own commands."""
    benches = commands.add_parser("bench", help="measure").add_subparsers(required=True, metavar="WHAT")
    _boot_options(
        command(benches, "boot", _boot, "our initrd's stages beside a bare initrd, in instructions", boot.__doc__)
    )
    words = "what catalogues, keymaps and fonts cost: bytes of the pair, and instructions to the role screen"
    _language_options(command(benches, "languages", _languages, words, languages.__doc__))
    description = f"{hardware.__doc__}\n{hardware_lines.__doc__}"
    words = "every firmware, way to boot, network card and disk, to the role choice"
    _hardware_options(command(benches, "hardware", _hardware, words, description))
    words = "from power-on to the role screen by every way to boot, beside Debian's installer"
    _path_options(command(benches, "paths", _paths, words, paths.__doc__))
    words = "what PCs that are switched on together do to the boot server"
    _at_once_options(command(benches, "at-once", _at_once, words, at_once.__doc__))
    _classroom_options(
        command(benches, "transfer", _classrooms, "the launcher's transfer beside plain udpcast", classrooms.__doc__)
    )
    _namespace_options(
        command(
            benches,
            "namespaces",
            _namespaces,
            "the same without machines, between network namespaces; with CPU time and memory",
            namespaces.__doc__,
        )
    )
    words = "only what is used, beside the whole disk and beside partclone by hand"
    _used_options(command(benches, "used", _used, words, used.__doc__))
    _stage_options(command(benches, "stages", _stages, "each of the launcher's own stages alone, on one core", STAGES))


def _boot_options(made: argparse.ArgumentParser) -> None:
    machine_options(made)
    add = made.add_argument
    add("--wall", action="store_true", help="measure wall time (default: count instructions)")
    add("--runs", type=positive, default=3, metavar="N", help="boots of each (default: 3)")
    add("--memory-search", action="store_true", help="find the smallest memory that can clone")
    json_option(made, "whole result")


def _boot(options: argparse.Namespace) -> int:
    result = boot.bench_boot(
        options.pair, options.runs, options.memory_search, options.memory, counted=not options.wall
    )
    show(options, boot.table(result), boot.to_json(result))
    return 0 if not result.counted or boot.agree(result.rows) else 1


def _language_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--runs", type=positive, default=1, metavar="N", help="boots of each (default: 1)")
    json_option(made, "whole result")


def _languages(options: argparse.Namespace) -> int:
    result = languages.bench_languages(options.runs, tell)
    show(options, languages.table(result), languages.to_json(result))
    return 0 if result.good else 1


def _hardware_options(made: argparse.ArgumentParser) -> None:
    pair_option(made)
    add = made.add_argument
    add("--all", action="store_true", help="each with each other (default: each at least once)")
    add("--only", default="", metavar="TEXT", help='machines with this in their name, e.g. "uefi pxe"')
    add("--list", action="store_true", help="only name them")
    add("--artefacts", type=Path, metavar="DIR", help="where transcripts and screens of what is not reached go")
    json_option(made, "whole result")


def _hardware(options: argparse.Namespace) -> int:
    every = hardware_lines.every() if options.all else hardware_lines.economical(available.devices())
    lines = _chosen(every, options.only)
    if options.list:
        print(*(line.name for line in lines), sep="\n")
        return 0
    result = hardware.bench_hardware(options.pair, lines, tell, options.artefacts)
    show(options, hardware.table(result), hardware.to_json(result))
    return 0 if result.good else 1


def _path_options(made: argparse.ArgumentParser) -> None:
    pair_option(made)
    add = made.add_argument
    add("--runs", type=positive, default=1, metavar="N", help="boots of each (default: 1)")
    add("--only", default="", metavar="TEXT", help='ways with this in their name, e.g. "uefi pxe"')
    json_option(made, "whole result")


def _paths(options: argparse.Namespace) -> int:
    result = paths.bench_paths(options.pair, _chosen(paths.WAYS, options.only), options.runs, tell)
    show(options, paths.table(result), paths.to_json(result))
    return 0 if paths.met(result) else 1


def _at_once_options(made: argparse.ArgumentParser) -> None:
    pair_option(made)
    add = made.add_argument
    add("--clients", type=positive, default=30, metavar="N", help="that load at once (default: 30)")
    add("--machines", type=positive, default=3, metavar="N", help="switched on at once (default: 3)")
    add("--firmware", type=firmware, default=Firmware.BIOS, metavar="KIND", help="of the machines (default: bios)")
    json_option(made, "whole result")


def _at_once(options: argparse.Namespace) -> int:
    settings = at_once.Settings(options.pair, options.clients, options.machines, options.firmware)
    result = at_once.measure(settings, tell)
    show(options, at_once_results.table(result), at_once_results.to_json(result))
    return 1 if result.failures else 0


def _classroom_options(made: argparse.ArgumentParser) -> None:
    machine_options(made)
    add = made.add_argument
    add("--receivers", type=positive, nargs="+", default=[1, 4, 16], metavar="N", help="in a room (default: 1 4 16)")
    add("--size", type=positive, default=128, metavar="MIB", help="of the model disk (default: 128)")
    add("--bitrate", metavar="RATE", help="at most so many bit/s, such as 40m (default: no limit)")
    add("--disk-rate", type=positive, metavar="MB/S", help="of each disk (default: no limit)")
    add("--only", default="", metavar="TEXT", help='cases with this in their name, e.g. "zstd noise"')
    add("--rounds", type=positive, default=2, metavar="N", help="of each case (default: 2)")
    json_option(made, "whole result")


def _classrooms(options: argparse.Namespace) -> int:
    chosen = _chosen(classrooms.cases(options.receivers), options.only)
    settings = classrooms.RoomSettings(
        options.pair, chosen, options.size, options.rounds, options.memory, options.bitrate, options.disk_rate
    )
    result = classrooms.measure(settings, tell)
    show(options, classrooms.table(result), classrooms.to_json(result))
    return 0


def _namespace_options(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--quick", action="store_true", help="eight cases of the 24")
    add("--processors", action="store_true", help="32 cases more, where the seats' processors are the limit")
    add("--files", action="store_true", help="files as disks, where a loop device would be taken else")
    add("--only", default="", metavar="TEXT", help='cases with this in their name, e.g. "zstd text 4"')
    add("--rounds", type=positive, default=2, metavar="N", help="of each case (default: 2)")
    json_option(made, "whole result")


def _namespaces(options: argparse.Namespace) -> int:
    found = cases.quick_cases() if options.quick else cases.all_cases(options.processors)
    chosen = _chosen(found, options.only)
    result = namespaces.measure(namespaces.Settings(chosen, options.rounds, not options.files), tell)
    show(options, results.table(result), results.to_json(result))
    return 1 if result.failures else 0


def _used_options(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--quick", action="store_true", help="a tenth of the data, with 1 and 4 receivers")
    add("--only", default="", metavar="TEXT", help='cases with this in their name, e.g. "1 noise"')
    add("--rounds", type=positive, default=1, metavar="N", help="of each case (default: 1)")
    json_option(made, "whole result")


def _used(options: argparse.Namespace) -> int:
    chosen = _chosen(used_cases.quick_cases() if options.quick else used_cases.all_cases(), options.only)
    result = used.measure(used.UsedSettings(chosen, options.rounds, maps=not options.only), tell)
    show(options, used_cases.table(result), used_cases.to_json(result))
    return 1 if result.failures or not all(goal.met for goal in used_cases.goals(result)) else 0


def _stage_options(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--size", type=positive, default=1024, metavar="MIB", help="that each moves (default: 1024)")
    add("--rounds", type=positive, default=3, metavar="N", help="of each (default: 3)")
    json_option(made, "whole result")


def _stages(options: argparse.Namespace) -> int:
    from ..bench import stages  # noqa: PLC0415 - no help needs its library

    found = stages.measure(options.size, options.rounds, tell)
    show(options, stages.table(found), stages.to_json(found))
    return 0


def _chosen(every: tuple[C, ...], only: str) -> tuple[C, ...]:
    """The cases with `only` in their names. Raises SpecError where there is none."""
    chosen = tuple(case for case in every if only in case.name)
    if not chosen:
        raise SpecError(f'no case has "{only}" in its name: {", ".join(case.name for case in every)}.')
    return chosen

"""The commands of ``python3 -m qemu``: their options, and what each does with them."""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kernel_cmdline import CommandLineError

from .bench import boot as bench
from .bench import cases, classrooms, namespaces, results, stages
from .classroom import classroom, report, scenarios, single
from .classroom.faults import GRAMMAR, Fault, FaultError, parse_fault
from .columns import layout
from .host import sandbox
from .machine.keys import UnknownKey, serial
from .machine.spec import NIC_MODELS, Bus, SpecError

C = TypeVar("C", classrooms.RoomCase, cases.Case)

STATUSES = """\
exit status:
  0    good: what was asked for was reached; in a classroom, every seat succeeded and every disk is equal;
       with faults, every fault came and every seat told the truth; `faults`: every row as the table says
  1    a machine failed, disks differ, or something was not reached before the deadline
  2    wrong usage
  3    the harness itself could not work; one sentence on standard error says why
  4    FALSE SUCCESS: a seat reported success although its disk differs from the source
  130  stopped (Ctrl-C, SIGTERM)

environment:
  UDPCAST_ACCEL=kvm|tcg  the accelerator; without it KVM is used if a probe machine boots with it, else TCG
  TMPDIR                 where disk images and sockets of a run are (default /var/tmp); nothing is left there

Everything runs in namespaces of its own, with or without root (then with a user namespace), and ends with the run.
"""
_RAW = argparse.RawDescriptionHelpFormatter
DEFAULT_PAIR = Path(__file__).resolve().parent.parent / ".cache" / "pair"
_OF_THE_MACHINE = {"DeadlinePassed", "BadEnd", "LostMachine", "Unexpected"}
"""Ends of a run that are the machine's doing, not the harness's: exit status 1."""


_BUSES = ", ".join(bus.value for bus in Bus)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status (see `STATUSES`)."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.WARNING, format="%(message)s")
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except sandbox.Stopped:
        print("stopped", file=sys.stderr)
        return sandbox.STOPPED
    except sandbox.RunFailed as error:
        print(error, file=sys.stderr)
        return 1 if error.kind in _OF_THE_MACHINE else 3
    except (SpecError, CommandLineError, FaultError, stages.StageError, sandbox.SandboxError, OSError) as error:
        print(error, file=sys.stderr)
        return 3


def _classroom(options: argparse.Namespace) -> int:
    spec = classroom.ClassroomSpec(
        pair=options.pair,
        receivers=options.receivers,
        append_sender=options.append_sender,
        append_receiver=options.append_receiver,
        model=options.model_disk,
        target_size=options.target_size,
        memory=options.memory,
        nic=options.nic,
        bus=options.bus,
        deadline=options.deadline,
        keep=options.keep,
        artefacts=options.artefacts,
        faults=tuple(options.fault),
    )
    result = classroom.run_classroom(spec)
    if options.json:
        options.json.write_text(report.to_json(result))
    print(report.table(result), end="")
    return int(result.verdict)


def _single(options: argparse.Namespace, *, serial_console: bool, window: bool = False) -> single.SingleSpec:
    kernel, initrd = options.kernel, options.initrd
    if kernel is None or initrd is None:
        pair = single.of_pair(options.pair)
        kernel, initrd = kernel or pair[0], initrd or pair[1]
    return single.SingleSpec(
        kernel=kernel,
        initrd=initrd,
        append=options.append,
        pxe=options.pxe,
        disks=tuple(options.disk),
        memory=options.memory,
        nic=None if options.nic == "none" else options.nic,
        bus=options.bus,
        sector=options.sector,
        cable=not options.no_cable,
        dhcp=not options.no_dhcp,
        serial=serial_console,
        window=window,
        deadline=options.deadline,
    )


def _boot(options: argparse.Namespace) -> int:
    spec = _single(options, serial_console=not options.vga, window=options.vga)
    if sys.stdin.isatty():
        print("Ctrl-] ends the machine", file=sys.stderr)
    single.run_machine(spec, lambda vm: single.interactive(vm, tuple(options.until)), options.artefacts)
    return 0


def _screenshot(options: argparse.Namespace) -> int:
    output: Path = options.output.absolute()
    presses = dict(options.press)
    spec = _single(options, serial_console=False)
    single.run_machine(spec, lambda vm: single.screenshot(vm, options.until_screen, presses, output), options.artefacts)
    print(output)
    return 0


def _faults(options: argparse.Namespace) -> int:
    if options.markdown:
        print(scenarios.markdown(), end="")
        return 0
    worst, rows = 0, []
    for scenario in options.scenario or scenarios.SCENARIOS:
        place = options.artefacts and options.artefacts / scenario.name
        result = classroom.run_classroom(scenario.spec(options.pair, place))
        unmet = scenarios.unmet(scenario, result)
        print(f"{scenario.name}\n{report.table(result)}", *unmet, "", sep="\n", flush=True)
        rows += scenarios.rows(scenario, result)
        worst = max(worst, int(result.verdict), 1 if unmet else 0)
    print(*layout([scenarios.MEASURED, *rows]), sep="\n")
    return worst


def _bench_boot(options: argparse.Namespace) -> int:
    result = bench.bench_boot(
        options.pair, options.runs, options.memory_search, options.memory, counted=not options.wall
    )
    return _show(options, bench.table(result), bench.to_json(result))


def _show(options: argparse.Namespace, table: str, json: str) -> int:
    """A benchmark's result: the table for the reader, the whole of it in a file if that was asked for."""
    if options.json:
        options.json.write_text(json)
    print(table, end="")
    return 0


def _namespaces(options: argparse.Namespace) -> int:
    chosen = _chosen(classrooms.cases(options.receivers), options.only)
    settings = classrooms.RoomSettings(
        options.pair, chosen, options.size, options.rounds, options.memory, options.bitrate, options.disk_rate
    )
    result = classrooms.measure(settings, _tell)
    return _show(options, classrooms.table(result), classrooms.to_json(result))


def _chosen(cases: tuple[C, ...], only: str) -> tuple[C, ...]:
    """The cases with `only` in their names. Raises SpecError where there is none."""
    chosen = tuple(case for case in cases if only in case.name)
    if not chosen:
        raise SpecError(f'no case has "{only}" in its name: {", ".join(case.name for case in cases)}.')
    return chosen


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _bench_namespaces(options: argparse.Namespace) -> int:
    found = cases.quick_cases() if options.quick else cases.all_cases(options.processors)
    chosen = _chosen(found, options.only)
    result = namespaces.measure(namespaces.Settings(chosen, options.rounds, not options.files), _tell)
    _show(options, results.table(result), results.to_json(result))
    return 1 if result.failures else 0


def _stages(options: argparse.Namespace) -> int:
    found = stages.measure(options.size, options.rounds, _tell)
    return _show(options, stages.table(found), stages.to_json(found))


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="python3 -m qemu",
        description="Virtual machines that boot the pair udpcast-linux and udpcast-initrd.",
        epilog=STATUSES,
        formatter_class=_RAW,
    )
    commands = main.add_subparsers(required=True, metavar="COMMAND")
    room = _command(commands, "classroom", _classroom, "a room that PXE-boots, clones, and is compared", 900)
    room.epilog = f"faults:\n{textwrap.indent(GRAMMAR, '  ')}\n\n{STATUSES}"
    _classroom_options(room)
    _fault_table_options(commands)
    boot = _command(commands, "boot", _boot, "one machine, its console on this terminal", 86400)
    _machine_options(boot)
    boot.add_argument("--vga", action="store_true", help="the launcher on the VGA screen, shown in a window")
    boot.add_argument(
        "--until", action="append", default=[], metavar="EVENT", help='end at this event, e.g. "screen:umode"'
    )
    shot = _command(commands, "screenshot", _screenshot, "a picture of one of the launcher's screens", 300)
    _machine_options(shot)
    shot.add_argument("--until-screen", default="umode", metavar="NAME", help="the screen (default: umode)")
    shot.add_argument(
        "--press",
        action="append",
        default=[],
        type=_presses,
        metavar="SCREEN=KEY,KEY",
        help='keys for a screen that comes before, e.g. "umode=s"; in the order in which the screens come',
    )
    shot.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.png")
    benches = commands.add_parser("bench", help="measure").add_subparsers(required=True, metavar="WHAT")
    boots = _command(benches, "boot", _bench_boot, "our initrd's stages beside a bare initrd", None)
    boots.description = bench.__doc__
    boots.add_argument("--wall", action="store_true", help="measure wall time (default: count instructions)")
    boots.add_argument("--runs", type=_positive, default=3, metavar="N", help="boots of each (default: 3)")
    boots.add_argument("--memory-search", action="store_true", help="find the smallest memory that can clone")
    boots.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    rooms = _command(benches, "transfer", _namespaces, "the launcher's transfer beside plain udpcast", None)
    rooms.description = classrooms.__doc__
    rooms.add_argument(
        "--receivers", type=_positive, nargs="+", default=[1, 4, 16], metavar="N", help="in a room (default: 1 4 16)"
    )
    rooms.add_argument("--size", type=_positive, default=128, metavar="MIB", help="of the model disk (default: 128)")
    rooms.add_argument("--bitrate", metavar="RATE", help="at most so many bit/s, such as 40m (default: no limit)")
    rooms.add_argument("--disk-rate", type=_positive, metavar="MB/S", help="of each disk (default: no limit)")
    rooms.add_argument("--only", default="", metavar="TEXT", help='cases with this in their name, e.g. "zstd noise"')
    rooms.add_argument("--rounds", type=_positive, default=2, metavar="N", help="of each case (default: 2)")
    rooms.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    moves = benches.add_parser(
        "namespaces",
        help="the same without machines, between network namespaces; with CPU time and memory",
        description=namespaces.__doc__,
        formatter_class=_RAW,
    )
    moves.set_defaults(run=_bench_namespaces, verbose=False)
    moves.add_argument("--quick", action="store_true", help="eight cases of the 24")
    moves.add_argument(
        "--processors", action="store_true", help="32 cases more, where the seats' processors are the limit"
    )
    moves.add_argument("--files", action="store_true", help="files as disks, where a loop device would be taken else")
    moves.add_argument("--only", default="", metavar="TEXT", help='cases with this in their name, e.g. "zstd text 4"')
    moves.add_argument("--rounds", type=_positive, default=2, metavar="N", help="of each case (default: 2)")
    moves.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    alone = benches.add_parser(
        "stages",
        help="each of the launcher's own stages alone, on one core",
        description=stages.__doc__,
        formatter_class=_RAW,
    )
    alone.set_defaults(run=_stages, verbose=False)
    alone.add_argument("--size", type=_positive, default=1024, metavar="MIB", help="that each moves (default: 1024)")
    alone.add_argument("--rounds", type=_positive, default=3, metavar="N", help="of each (default: 3)")
    alone.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    return main


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    words: str,
    deadline: float | None,
) -> argparse.ArgumentParser:
    """A command with the options that all have."""
    command = commands.add_parser(
        name,
        help=words,
        description=words[0].upper() + words[1:] + ".",
        epilog=STATUSES,
        formatter_class=_RAW,
    )
    add = command.add_argument
    add(
        "--pair",
        type=Path,
        default=DEFAULT_PAIR,
        metavar="DIR",
        help="where the pair is (default: %(default)s)",
    )
    add("--memory", type=_positive, default=384, metavar="MIB", help="of each machine (default: 384)")
    add("-v", "--verbose", action="store_true", help="show every command that is run")
    if deadline is not None:
        add(
            "--deadline",
            type=_seconds,
            default=deadline,
            metavar="S",
            help="of the whole run (default: %(default)s)",
        )
        add(
            "--bus",
            type=_bus,
            default=Bus.AHCI,
            metavar="BUS",
            help=f"{', '.join(b.value for b in Bus)} (default: ahci)",
        )
        add(
            "--artefacts",
            type=Path,
            metavar="DIR",
            help="where transcripts, screens and events of a failure go (default: a new directory in /tmp for a"
            " classroom, nowhere for one machine)",
        )
    command.set_defaults(run=function)
    return command


def _classroom_options(room: argparse.ArgumentParser) -> None:
    add = room.add_argument
    add("--receivers", type=_positive, default=2, metavar="N", help="how many receivers (default: 2)")
    add(
        "--append-sender",
        metavar="TEXT",
        help="the sender's append line (default: unattended, starts when all receivers are there)",
    )
    add("--append-receiver", metavar="TEXT", help="the receivers' append line (default: umode=rcv auto=yes)")
    add(
        "--model-disk",
        type=Path,
        metavar="FILE",
        help="raw image to clone; it is not written (default: a small disk that boots, made for the run)",
    )
    add(
        "--target-size",
        type=_size,
        metavar="BYTES",
        help="of each target; also 2G, 512M (default: the source's)",
    )
    add(
        "--nic",
        choices=NIC_MODELS,
        default="e1000",
        metavar="MODEL",
        help=f"{', '.join(NIC_MODELS)} (default: e1000)",
    )
    add(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="FAULT",
        help="what goes wrong, e.g. kill:receiver-1@30%%; may be repeated, see below. Without --model-disk the model is"
        f" then noise, and without --append-sender it is sent at {classroom.FAULT_RATE}bit/s",
    )
    add("--keep", action="store_true", help="keep the targets in the artefacts' directory")
    add("--json", type=Path, metavar="FILE", help="write the report there")


def _fault_table_options(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    words = "the fault table of FAULTS.md: run all of it, or some rows"
    table = commands.add_parser("faults", help=words, description=f"{words}.", epilog=STATUSES, formatter_class=_RAW)
    add = table.add_argument
    add("scenario", nargs="*", type=_scenario, metavar="SCENARIO", help="the first column of a row (default: all rows)")
    add("--markdown", action="store_true", help="print the table as it is in FAULTS.md, and run nothing")
    add("--pair", type=Path, default=DEFAULT_PAIR, metavar="DIR", help="where the pair is (default: %(default)s)")
    add("--artefacts", type=Path, metavar="DIR", help="where transcripts and events of failed runs go (default: /tmp)")
    add("-v", "--verbose", action="store_true", help="show every command that is run")
    table.set_defaults(run=_faults)


def _machine_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--pxe", action="store_true", help="boot through the card's ROM (default: kernel and initrd directly)")
    add("--kernel", type=Path, metavar="FILE", help="instead of the pair's")
    add("--initrd", type=Path, metavar="FILE", help="instead of the pair's")
    add("--append", default="", metavar="TEXT", help="the append line")
    add(
        "--disk",
        action="append",
        default=[],
        type=single.parse_disk,
        metavar="FILE|SIZE",
        help="a raw image (it is not written) or a blank disk of a size like 2G; may be repeated",
    )
    add("--sector", type=int, choices=(512, 4096), default=512, help="logical sector size (default: 512)")
    models = ("none", *NIC_MODELS)
    add(
        "--nic",
        choices=models,
        default="e1000",
        metavar="MODEL",
        help=f"{', '.join(models)} (default: e1000)",
    )
    add("--no-cable", action="store_true", help="the card's cable is not plugged in")
    add("--no-dhcp", action="store_true", help="nobody answers on the network")


def _scenario(text: str) -> scenarios.Scenario:
    found = scenarios.by_name(text)
    if found is None:
        names = ", ".join(scenario.name for scenario in scenarios.SCENARIOS)
        raise argparse.ArgumentTypeError(f'"{text}" is no scenario: {names}')
    return found


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is no positive number')
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text}" is no positive number of seconds')
    return seconds


def _size(text: str) -> int:
    size = single.parse_disk(text)
    if isinstance(size, Path):
        size = int(text) if text.isdecimal() else 0
    if size == 0 or size % 512:
        raise argparse.ArgumentTypeError(f'"{text}" is no size: bytes in whole sectors of 512, or 2G, 512M')
    return size


def _bus(text: str) -> Bus:
    try:
        return Bus(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no bus: {_BUSES}') from None


def _presses(text: str) -> tuple[str, tuple[str, ...]]:
    screen, equals, keys = text.partition("=")
    names = tuple(keys.split(","))
    try:
        for name in names:
            serial(name)
    except UnknownKey as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not screen or not equals:
        raise argparse.ArgumentTypeError(f'"{text}" is not SCREEN=KEY,KEY')
    return screen, names

"""``python3 -m qemu classroom`` and ``faults``: rooms that PXE-boot, clone, and are compared."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from ..classroom import fault_table, report, scenarios
from ..classroom.classroom import run_classroom
from ..classroom.faults import GRAMMAR, Fault, FaultError, parse_fault
from ..classroom.spec import FAULT_RATE, ClassroomSpec
from ..columns import layout
from ..machine.cards import ANY_NIC, NIC_MODELS
from ..machine.firmware import Boot
from .options import (
    BOOTS,
    STATUSES,
    boot,
    command,
    json_option,
    loader_option,
    pair_option,
    positive,
    run_options,
    show,
    size,
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    room = command(commands, "classroom", _classroom, "a room that PXE-boots, clones, and is compared")
    room.epilog = f"faults:\n{textwrap.indent(GRAMMAR, '  ')}\n\n{STATUSES}"
    run_options(room, 900)
    _classroom_options(room)
    words = "the fault table of docs/faults.md: run all of it, or some rows"
    table = command(commands, "faults", _faults, words)
    _fault_table_options(table)


def _classroom(options: argparse.Namespace) -> int:
    spec = ClassroomSpec(
        pair=options.pair,
        receivers=options.receivers,
        append_sender=options.append_sender,
        append_receiver=options.append_receiver,
        model=options.model_disk,
        target_size=options.target_size,
        memory=options.memory,
        nic=options.nic,
        bus=options.bus,
        firmware=options.firmware,
        boot=options.boot,
        loader=options.loader,
        deadline=options.deadline,
        of_others=options.server_of_others,
        keep=options.keep,
        artefacts=options.artefacts,
        faults=tuple(options.fault),
    )
    result = run_classroom(spec)
    show(options, report.table(result), report.to_json(result))
    return int(result.verdict)


def _faults(options: argparse.Namespace) -> int:
    worst, rows = 0, []
    for scenario in options.scenario or scenarios.SCENARIOS:
        place = options.artefacts and options.artefacts / scenario.name
        result = run_classroom(fault_table.room(scenario, options.pair, place))
        unmet = fault_table.unmet(scenario, result)
        print(f"{scenario.name}\n{report.table(result)}", *unmet, "", sep="\n", flush=True)
        rows += fault_table.rows(scenario, result)
        worst = max(worst, int(result.verdict), 1 if unmet else 0)
    print(*layout([fault_table.MEASURED, *rows]), sep="\n")
    return worst


def _classroom_options(room: argparse.ArgumentParser) -> None:
    add = room.add_argument
    add("--receivers", type=positive, default=2, metavar="N", help="how many receivers (default: 2)")
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
    add("--target-size", type=size, metavar="BYTES", help="of each target; also 2G, 512M (default: the source's)")
    add(
        "--nic",
        choices=(ANY_NIC, *NIC_MODELS),
        default=ANY_NIC,
        metavar="MODEL",
        help=f"{ANY_NIC}, {', '.join(NIC_MODELS)} (default: {ANY_NIC}, one that the firmware can boot from)",
    )
    add(
        "--boot",
        type=boot,
        default=Boot.PXE,
        metavar="PATH",
        help=f"what the firmware starts: {BOOTS} (default: pxe)",
    )
    loader_option(room)
    add(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="FAULT",
        help="what goes wrong, e.g. kill:receiver-1@30%%; may be repeated, see below. Without --model-disk the model is"
        f" then noise, and without --append-sender it is sent at {FAULT_RATE}bit/s",
    )
    add(
        "--server-of-others",
        action="store_true",
        help="the boot server is ISC dhcpd with tftpd-hpa, which tests/run unpacks (default: ours)",
    )
    add("--keep", action="store_true", help="keep the targets in the artefacts' directory")
    json_option(room, "report")


def _fault_table_options(table: argparse.ArgumentParser) -> None:
    add = table.add_argument
    add("scenario", nargs="*", type=_scenario, metavar="SCENARIO", help="the first column of a row (default: all rows)")
    pair_option(table)
    add("--artefacts", type=Path, metavar="DIR", help="where transcripts and events of failed runs go (default: /tmp)")


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

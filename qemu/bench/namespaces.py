"""``python3 -m qemu bench namespaces``: plain udpcast by hand beside the launcher's transfer, same data, same network.

Without machines: each seat is a network namespace (`seats`), disks are loop devices over memory (`memory_disk`).
Three ways are measured in turns, in the order plain, ours, verified, and then backwards, so that whatever else the host
does falls on all of them:

* plain: ``udp-sender --file SOURCE [--pipe COMPRESSOR]``, and on each receiver
  ``udp-receiver --nosync --file TARGET [--pipe DECOMPRESSOR]`` followed by ``sync TARGET``.
* ours: ``python3 -m launcher transfer`` on both sides with ``verify=no``.
* verified: the same with ``verify=yes``.

The programs, their options and the options of udpcast are the same in all three. The clock runs from the sender's
"Starting transfer" to the moment when the last receiver's command has ended, with its data flushed to the disk. A wire
has a speed (tc's tbf on the sender's card, as a real card holds its sender up), which the seats can keep up with; with
``--processors`` also one that they cannot, or none. ``--exit-wait`` keeps udp-receiver's lingering (half a second by
default) out of it, on all sides.
"""

from __future__ import annotations

import filecmp
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..classroom.by_hand import PATIENCE
from ..disks.raw import MIB
from ..host import sandbox
from ..host.network import NetworkError
from .cases import PACK, UNPACK, Case, Way, write_source
from .memory_disk import MemoryDisk, memory_disk
from .results import Row, Run, TransferBench, line, row
from .seats import BenchFailed, Seats, Side, Usage

ROOT = Path(__file__).resolve().parents[2]
PORT = 9000
EXIT_WAIT = "20"  # ms
DEADLINE = 240.0  # seconds for one transfer


@dataclass(frozen=True)
class Settings:
    """What is to be measured: the cases, and how often; with block devices as disks, or with files."""

    cases: tuple[Case, ...]
    rounds: int = 2
    block: bool = True
    ways: tuple[Way, ...] = (Way.PLAIN, Way.OURS, Way.VERIFIED)


def plain(case: Case, source: Path, targets: Sequence[Path]) -> list[tuple[tuple[str, ...], ...]]:
    """The commands of an experienced person, the sender's first."""
    pack = ("--pipe", PACK[case.compression]) if case.compression in PACK else ()
    unpack = ("--pipe", UNPACK[case.compression]) if case.compression in UNPACK else ()
    common = ("--interface", "eth0", "--portbase", str(PORT))
    sender = ("udp-sender", *common, *PATIENCE, *_sender_options(case), "--nokbd", "--file", str(source), *pack)
    receivers = [
        (
            ("udp-receiver", *common, "--nokbd", "--exit-wait", EXIT_WAIT, "--nosync", "--file", str(target), *unpack),
            ("sync", str(target)),
        )
        for target in targets
    ]
    return [(sender,), *receivers]


def ours(case: Case, source: Path, targets: Sequence[Path], *, verify: bool) -> list[tuple[tuple[str, ...], ...]]:
    """The launcher's commands for the same."""
    command = (sys.executable, "-m", "launcher", "transfer", "nic=eth0", f"port={PORT}")
    options = " ".join(_sender_options(case))
    sender = (*command, "umode=snd", f"disk={source}", "blank=yes", f"compr={case.compression}", f"udpcparam={options}")
    receiver = (*command, "umode=rcv", f"verify={'yes' if verify else 'no'}", f"udpcparam=--exit-wait {EXIT_WAIT}")
    return [(sender,), *(((*receiver, f"disk={target}"),) for target in targets)]


def _sender_options(case: Case) -> tuple[str, ...]:
    return ("--min-receivers", str(case.receivers))


def sides(case: Case, way: Way, source: Path, targets: Sequence[Path]) -> list[Side]:
    """What each seat runs. Pinned, the sender has the first core, and the receivers share the second."""
    commands = plain(case, source, targets) if way is Way.PLAIN else ours(
        case, source, targets, verify=way is Way.VERIFIED
    )  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))
    places = ((cores[0],), (cores[min(1, len(cores) - 1)],)) if case.pinned else ((), ())
    return [
        Side(seat, words, places[min(seat, 1)], {"PYTHONPATH": str(ROOT)} if way is not Way.PLAIN else {})
        for seat, words in enumerate(commands)
    ]


def measure(settings: Settings, tell: Callable[[str], None]) -> TransferBench:
    """Measure all cases in one sandbox. Raises sandbox.RunFailed, sandbox.Stopped, sandbox.SandboxError."""
    expected = (BenchFailed, NetworkError, OSError)
    return sandbox.call(lambda scratch: _Bench(settings, scratch, tell).run(), expected)


class _Bench:
    """One measurement, inside the sandbox."""

    def __init__(self, settings: Settings, scratch: Path, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._ram = scratch / "ram"
        self._ram.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", str(self._ram)], check=True)
        self._failures: list[str] = []
        self._runs: list[Run] = []

    def run(self) -> TransferBench:
        settings = self._settings
        seats = Seats(1 + max(case.receivers for case in settings.cases))
        rows: list[Row] = []
        disks = "none"
        for kind, mib in sorted({(case.data, case.mib) for case in settings.cases}):
            source = MemoryDisk(write_source(self._ram / "source", kind, mib * MIB), settings.block)
            disks = "loop devices in memory" if source.is_block else "files in memory"
            for case in (case for case in settings.cases if (case.data, case.mib) == (kind, mib)):
                rows += self._case(seats, case, source)
            source.close()
        rows.sort(key=lambda row: settings.cases.index(row.case))
        about = {"disks": disks, **host()}
        return TransferBench(settings.rounds, tuple(rows), tuple(self._runs), tuple(self._failures), about)

    def _case(self, seats: Seats, case: Case, source: MemoryDisk) -> Iterable[Row]:
        names = [self._ram / f"target{number}" for number in range(case.receivers)]
        targets = [memory_disk(name, case.mib * MIB, source.is_block) for name in names]
        runs: list[Run] = []
        reads: list[float] = []
        try:
            for turn in range(self._settings.rounds):
                ways = self._settings.ways if turn % 2 == 0 else tuple(reversed(self._settings.ways))
                for way in ways:
                    runs.append(self._once(seats, case, way, turn, source, targets))
                reads.append(_read(seats, targets))
        except BenchFailed as error:
            self._failures.append(f"{case.name}: {error}")
            self._tell(f"{case.name}: {error}")
            return ()
        finally:
            for target in targets:
                target.close()
        self._runs += runs
        found = row(case, runs, statistics.median(reads))
        self._tell(line(found))
        return (found,)

    def _once(
        self, seats: Seats, case: Case, way: Way, turn: int, source: MemoryDisk, targets: Sequence[MemoryDisk]
    ) -> Run:
        for target in targets:
            target.wipe()
        source.forget()
        seats.shape(case.wire)
        usages = seats.run(sides(case, way, source.path, [target.path for target in targets]), DEADLINE)
        for target in targets:
            if not filecmp.cmp(source.file, target.file, shallow=False):
                raise BenchFailed(f"{way.value}: {target.file.name} differs from the source.")
        return _run(case, way, turn, usages)


def _run(case: Case, way: Way, turn: int, usages: Sequence[Usage]) -> Run:
    sender, *receivers = usages
    if sender.started is None:
        raise BenchFailed(f"{way.value}: the sender did not say when it started.")
    return Run(
        case=case.name,
        way=way.value,
        round=turn,
        seconds=max(one.ended for one in receivers) - sender.started,
        sender_cpu=sender.cpu,
        sender_peak=sender.peak,
        receiver_cpu=statistics.mean(one.cpu for one in receivers),
        receiver_peak=max(one.peak for one in receivers),
    )


def _read(seats: Seats, targets: Sequence[MemoryDisk]) -> float:
    """Seconds until every receiver has read its whole target once more."""
    begin = time.monotonic()
    past_cache = ("iflag=direct",) if all(target.is_block for target in targets) else ()
    command = ("dd", "bs=1M", "of=/dev/null", "status=none", *past_cache)
    for target in targets:
        target.forget()
    found = seats.run([Side(seat, ((*command, f"if={one.path}"),)) for seat, one in enumerate(targets, 1)], DEADLINE)
    return max(one.ended for one in found) - begin


def host() -> dict[str, str]:
    """What the numbers depend on."""
    info = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else "unknown",
        "cores": str(len(os.sched_getaffinity(0))),
        "sha_ni": "yes" if " sha_ni" in info else "no",
        "kernel": os.uname().release,
    }

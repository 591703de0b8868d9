"""``python3 -m qemu bench used``: only what is used, beside the whole disk and beside partclone by hand.

Like ``bench namespaces``: each seat is a network namespace, disks are loop devices. A disk is a GPT with an ext4 and a
swap; a fifth of it is files, half of them text, and the rest is zeros or stale noise. Four ways in turns, then
backwards:

* whole: ``udp-sender --file SOURCE --pipe ZSTD``, and on each receiver ``udp-receiver --file TARGET --pipe ZSTD`` with
  ``sync TARGET`` behind it, as an experienced person types it.
* partclone: ``partclone.ext4 -c | zstd | udp-sender``, ``udp-receiver | zstd -dc | partclone.ext4 -r``, ``sync``, of
  the one partition with the files.
* ours: ``python3 -m launcher transfer`` on both sides with ``verify=no``.
* verified: the same with ``verify=yes``.

The clock runs as there, from the first data to the end of the last receiver's command. Before each cast all used bytes
of the targets are spoilt; behind it each of them is compared with the source's, by partclone's map, and every file by
its content, as the kernel reads it. What the survey of the source costs alone is measured as `gate`, and for 2 TB with
nothing on them for `map`. One disk of 10 GB is a file on a real disk, for memory is not enough for two of them.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..classroom.by_hand import PATIENCE
from ..disks.contents import Files, listed
from ..disks.holes import FIRST, disk_with_holes
from ..disks.parts import Part, Range, mapped, parts, used_ranges
from ..disks.raw import MIB, first_difference
from ..disks.tools import DiskError, run
from ..host import sandbox
from ..host.network import NetworkError
from .cases import PACK, UNPACK, Case
from .memory_disk import MemoryDisk, memory_disk
from .namespaces import EXIT_WAIT, PORT, ROOT, host, ours, plain
from .seats import BenchFailed, Seats, Side, Usage
from .used_cases import USED, Free, UsedBench, UsedCase, UsedRow, UsedRun, UsedWay, row

DEADLINE = 600.0  # seconds for one cast
IN_MEMORY = 9e9
"""Bytes of all disks of a case: more go to files in the scratch directory."""
_ALMOST = 0.955  # of a disk: files that fill it
TB = 10**12


@dataclass(frozen=True)
class UsedSettings:
    """What is measured. `launcher`: where the package is that is run."""

    cases: tuple[UsedCase, ...]
    rounds: int = 1
    launcher: Path = ROOT
    maps: bool = True


def measure(settings: UsedSettings, tell: Callable[[str], None]) -> UsedBench:
    """Measure all cases in one sandbox. Raises sandbox.RunFailed, sandbox.Stopped, sandbox.SandboxError."""
    expected = (BenchFailed, NetworkError, DiskError, OSError)
    return sandbox.call(lambda scratch: _Bench(settings, scratch, tell).run(), expected)


@dataclass(frozen=True)
class Source:
    """The disk that is cast: its one partition with files, what of it is used, and the files."""

    disk: MemoryDisk
    part: Part
    used: tuple[Range, ...]
    files: Files

    @property
    def bytes(self) -> int:
        return sum(end - begin for begin, end in self.used)

    @property
    def in_part(self) -> list[Range]:
        cut = ((max(begin, self.part.start), min(end, self.part.end)) for begin, end in self.used)
        return [one for one in cut if one[0] < one[1]]


def by_partclone(case: UsedCase, source: str, targets: Sequence[str]) -> list[tuple[tuple[str, ...], ...]]:
    """The commands of an experienced person for one partition, the sender's first."""
    common = ("--interface", "eth0", "--portbase", str(PORT), "--nokbd")
    send = shlex.join(("udp-sender", *common, *PATIENCE, "--min-receivers", str(case.receivers)))
    receive = shlex.join(("udp-receiver", *common, "--exit-wait", EXIT_WAIT))
    quiet = "-q -L /dev/null"
    sender = f"partclone.ext4 {quiet} -c -s {source} -o - | {PACK['zstd']} | {send}"
    receivers = [
        f"{receive} | {UNPACK['zstd']} | partclone.ext4 {quiet} -r -s - -o {target} && sync {target}"
        for target in targets
    ]
    return [(("bash", "-o", "pipefail", "-c", words),) for words in (sender, *receivers)]


class _Bench:
    """One measurement, inside the sandbox."""

    def __init__(self, settings: UsedSettings, scratch: Path, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._scratch = scratch
        self._tell = tell
        self._ram = scratch / "ram"
        self._mount = scratch / "mount"
        for folder in (self._ram, self._mount):
            folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", str(self._ram)], check=True)

    def run(self) -> UsedBench:
        settings, runs, failures = self._settings, list[UsedRun](), list[str]()
        rows: list[UsedRow] = []
        seats = Seats(1 + max(case.receivers for case in settings.cases))
        for case in settings.cases:
            try:
                found, measured = self._case(seats, case)
            except BenchFailed as error:
                failures.append(f"{case.name}: {error}")
                self._tell(failures[-1])
                continue
            runs += measured
            rows.append(found)
            words = ", ".join(f"{way} {seconds:.1f} s" for way, seconds in found.seconds.items())
            self._tell(f"{case.name}: {words}")
        maps = self._maps() if settings.maps else {}
        return UsedBench(settings.rounds, tuple(rows), tuple(runs), maps, tuple(failures), host())

    def _case(self, seats: Seats, case: UsedCase) -> tuple[UsedRow, list[UsedRun]]:
        size = case.mib * MIB
        place = self._ram if size * (case.receivers + 1) <= IN_MEMORY else self._scratch
        source = self._source(place, case)
        targets = [memory_disk(place / f"target{number}", size) for number in range(case.receivers)]
        runs: list[UsedRun] = []
        reads: list[float] = []
        try:
            for target in targets:
                _fill(target.file, size)
            for turn in range(self._settings.rounds):
                for way in case.ways if turn % 2 == 0 else tuple(reversed(case.ways)):
                    runs.append(self._once(seats, case, way, turn, source, targets))
                    self._tell(f"  {case.name}, {way.value}: {runs[-1].seconds:.1f} s")
                reads.append(_read(seats, source, targets))
            gate = self._survey(source.disk.path, size)
        finally:
            for disk in (source.disk, *targets):
                disk.close()
        return row(case, source.bytes, gate, statistics.median(reads), runs), runs

    def _source(self, place: Path, case: UsedCase) -> Source:
        size = case.mib * MIB
        used = int(size * (_ALMOST if case.free is Free.FULL else USED))
        path = disk_with_holes(place / "source", size, used, stale=case.free is not Free.ZEROS, text=True)
        part, _ = parts(path)
        disk = MemoryDisk(path)
        if not disk.is_block:
            raise BenchFailed("there are no loop devices here, or this is not root: partclone and the gate want them.")
        with _Partition(disk, part) as device:
            inside = [(part.start + begin, part.start + end) for begin, end in mapped("partclone.ext4", device, place)]
        return Source(disk, part, tuple(used_ranges(path, {part.number: inside}, place)), self._files(disk, part))

    def _files(self, disk: MemoryDisk, part: Part) -> Files:
        """The files as the kernel reads them; nothing is written, no journal replayed."""
        with _Partition(disk, part) as device:
            run(["mount", "-t", "ext4", "-o", "ro,noload", device, self._mount])
            try:
                return listed(self._mount)
            finally:
                run(["umount", self._mount])

    def _once(
        self, seats: Seats, case: UsedCase, way: UsedWay, turn: int, source: Source, targets: Sequence[MemoryDisk]
    ) -> UsedRun:
        for target in targets:
            _spoil(target, source.used)
        source.disk.forget()
        seats.shape(case.wire)
        with _Partitions([source.disk, *targets] if way is UsedWay.PARTCLONE else [], source.part) as devices:
            sides = self._sides(case, way, source, targets, devices)
            began = time.monotonic()
            usages = seats.run(sides, DEADLINE)
        ranges = source.in_part if way is UsedWay.PARTCLONE else source.used
        for target in targets:
            self._compare(way, source, target, ranges)
        return _run(case, way, turn, usages, began)

    def _sides(
        self, case: UsedCase, way: UsedWay, source: Source, targets: Sequence[MemoryDisk], devices: Sequence[Path]
    ) -> list[Side]:
        plainly = Case("zstd", "", case.receivers, case.mib)
        paths = [target.path for target in targets]
        match way:
            case UsedWay.WHOLE:
                commands = plain(plainly, source.disk.path, paths)
            case UsedWay.PARTCLONE:
                first, *others = map(str, devices)
                commands = by_partclone(case, first, others)
            case _:
                commands = ours(plainly, source.disk.path, paths, verify=way is UsedWay.VERIFIED)
        cores = sorted(os.sched_getaffinity(0))
        places = ((cores[0],), (cores[min(1, len(cores) - 1)],)) if case.receivers == 1 else ((), ())
        path = {"PYTHONPATH": str(self._settings.launcher)}
        return [Side(seat, words, places[min(seat, 1)], path) for seat, words in enumerate(commands)]

    def _compare(self, way: UsedWay, source: Source, target: MemoryDisk, ranges: Sequence[Range]) -> None:
        """Raises BenchFailed where a used byte or a file is another one."""
        where = first_difference(source.disk.file, target.file, ranges)
        if where is not None:
            raise BenchFailed(
                f"{way.value}: {target.file.name} differs from the source at byte {where}, which is used."
            )
        if self._files(target, source.part) != source.files:
            raise BenchFailed(f"{way.value}: {target.file.name} has other files than the source.")

    def _maps(self) -> dict[str, float]:
        """Seconds of the survey for a TB, of file systems of 2 TB whose bitmaps are all there."""
        found: dict[str, float] = {}
        for kind, words in MAKERS.items():
            path = self._scratch / f"map.{kind}"
            with path.open("wb") as file:
                file.truncate(2 * TB // MIB * MIB)
            run([*words, path])
            seconds = self._survey(path, path.stat().st_size)
            path.unlink()
            if seconds is not None:
                found[kind] = seconds / 2
                self._tell(f"map of {kind}: {seconds / 2:.2f} s a TB")
        return found

    def _survey(self, path: Path, size: int) -> float | None:
        """How long the launcher's survey of a disk takes, with its programs; None where the launcher has none."""
        words = [sys.executable, "-P", "-c", _SURVEY, str(path), str(size)]
        environment = {**os.environ, "PYTHONPATH": str(self._settings.launcher)}
        done = subprocess.run(words, check=False, capture_output=True, text=True, env=environment)
        if done.returncode == NO_SURVEY:
            return None
        if done.returncode:
            raise BenchFailed(f"the survey of {path.name} failed: {done.stderr.strip().splitlines()[-1]}")
        return float(done.stdout)


NO_SURVEY = 9
_SURVEY = f"""\
import sys, time
try:
    from launcher.used.look import survey
except ImportError:
    sys.exit({NO_SURVEY})
began = time.monotonic()
found = survey(sys.argv[1], int(sys.argv[2]))
seconds = time.monotonic() - began
if not any(run.hole for run in found.used.runs()):
    sys.exit("nothing was taken for unused: " + "; ".join(str(part.whole) for part in found.parts if part.whole))
print(seconds)
"""
MAKERS = {
    "ext4": ("mke2fs", "-q", "-F", "-t", "ext4", "-i", "67108864", "-O", "^uninit_bg,^metadata_csum"),
    "ntfs": ("mkntfs", "--quiet", "--force", "--fast"),
}
"""File systems of 2 TB, sparse: ext4 with every group's bitmap written, and few inodes."""


class _Partition:
    """The kernel's device of one partition of a disk, without a table; a context manager."""

    def __init__(self, disk: MemoryDisk, part: Part) -> None:
        self._disk, self._part = disk, part

    def __enter__(self) -> Path:
        number, start, sectors = self._part.number, self._part.start // 512, self._part.size // 512
        run(["addpart", self._disk.path, str(number), str(start), str(sectors)])
        return Path(f"{self._disk.path}p{number}")

    def __exit__(self, *_: object) -> None:
        run(["delpart", self._disk.path, str(self._part.number)])


class _Partitions:
    """The same of several disks."""

    def __init__(self, disks: Sequence[MemoryDisk], part: Part) -> None:
        self._all = [_Partition(disk, part) for disk in disks]

    def __enter__(self) -> list[Path]:
        return [one.__enter__() for one in self._all]

    def __exit__(self, *_: object) -> None:
        for one in self._all:
            one.__exit__()


def _fill(path: Path, size: int) -> None:
    """Give a target all of its room before the first cast: what is new costs more than what is measured."""
    block = b"\x5a" * MIB
    with path.open("r+b") as file:
        for _ in range(0, size, MIB):
            file.write(block)


def _spoil(target: MemoryDisk, ranges: Sequence[Range]) -> None:
    """Let no used byte be what it was, so that nothing is equal from the last cast."""
    block = b"\xa5" * MIB
    with target.file.open("r+b") as file:
        for begin, end in ranges:
            file.seek(begin)
            for at in range(begin, end, MIB):
                file.write(block[: min(MIB, end - at)])
        os.fsync(file.fileno())
    target.forget()


def _run(case: UsedCase, way: UsedWay, turn: int, usages: Sequence[Usage], began: float) -> UsedRun:
    sender, *receivers = usages
    if sender.started is None:
        raise BenchFailed(f"{way.value}: the sender did not say when it started.")
    end = max(one.ended for one in receivers)
    return UsedRun(
        case=case.name,
        way=way.value,
        round=turn,
        seconds=end - sender.started,
        sender_cpu=sender.cpu,
        sender_peak=sender.peak,
        receiver_cpu=statistics.mean(one.cpu for one in receivers),
        receiver_peak=max(one.peak for one in receivers),
        whole=end - began,
    )


def _read(seats: Seats, source: Source, targets: Sequence[MemoryDisk]) -> float:
    """Seconds until every receiver has read what is used once more, past the page cache: as many bytes in one piece."""
    begin = time.monotonic()
    for target in targets:
        target.forget()
    words = ("dd", "bs=1M", "of=/dev/null", "status=none", "iflag=direct,fullblock", f"count={source.bytes // MIB}")
    sides = [
        Side(seat, ((*words, f"skip={FIRST // MIB}", f"if={target.path}"),)) for seat, target in enumerate(targets, 1)
    ]
    return max(one.ended for one in seats.run(sides, DEADLINE)) - begin

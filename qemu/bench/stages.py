"""What `commands.bench.STAGES` tells. Imports the launcher's own data path, and with it a library."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.datapath.block_device import ReadBack, SourceDisk, TargetDisk
from launcher.datapath.copying import (
    Incoming,
    copy_from_disk,
    copy_pipe,
    copy_stream,
    copy_to_disk,
    wide_pipe,
)
from launcher.datapath.moved import Moved
from launcher.datapath.rereading import read_back

from ..columns import layout
from ..disks.raw import MIB
from .cases import write_source
from .results import BenchError

GIGABIT = 125.0  # MB/s
MEMORY = Path("/dev/shm")


class StageError(BenchError):
    """One sentence: why nothing was measured."""


@dataclass(frozen=True)
class Stage:
    """`speed` in MB/s (10^6 bytes), `cpu` in seconds for 10^9 bytes; medians over the rounds."""

    name: str
    speed: float
    cpu: float


def nothing(*_: int) -> None:
    """No progress is watched."""


def measure(mib: int, rounds: int, tell: Callable[[str], None]) -> tuple[Stage, ...]:
    """All stages over `mib` MiB. Raises StageError."""
    if not MEMORY.is_dir():
        raise StageError(f"{MEMORY} is not there: a file system in memory was expected.")
    found = []
    with tempfile.TemporaryDirectory(prefix="udpcast-stages-", dir=MEMORY) as directory, _pinned() as elsewhere:
        source = write_source(Path(directory) / "source", "noise", mib * MIB)
        target = Path(directory) / "target"
        target.write_bytes(bytes(mib * MIB))
        for name, stage in stages(source, target, elsewhere).items():
            runs = [_once(stage, mib * MIB) for _ in range(rounds)]
            speed, cpu = (statistics.median(run[part] for run in runs) for part in (0, 1))
            found.append(Stage(name, speed, cpu))
            tell(f"{name}: {speed:.0f} MB/s")
    return tuple(found)


@contextlib.contextmanager
def _pinned() -> Iterator[tuple[str, ...]]:
    """Bind this process to its first core; gives the words before a command that shall run on another one."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    try:
        yield ("taskset", "-c", str(cores[-1]))
    finally:
        os.sched_setaffinity(0, cores)


def _once(stage: Callable[[], int], size: int) -> tuple[float, float]:
    begin, busy = time.monotonic(), time.process_time()
    moved = stage()
    seconds, cpu = time.monotonic() - begin, time.process_time() - busy
    if moved != size:
        raise StageError(f"a stage moved {moved} bytes; {size} were expected.")
    return size / seconds / 1e6, cpu / size * 1e9


@contextlib.contextmanager
def _fed(source: Path, elsewhere: tuple[str, ...]) -> Iterator[int]:
    """The reading end of a pipe into which another process copies `source`."""
    inlet, outlet = wide_pipe()
    command = (*elsewhere, "dd", "bs=128K", "status=none", f"if={source}")
    with subprocess.Popen(command, stdout=outlet):
        os.close(outlet)
        yield inlet
        os.close(inlet)


@contextlib.contextmanager
def _drained(elsewhere: tuple[str, ...]) -> Iterator[int]:
    """The writing end of a pipe that another process empties."""
    inlet, outlet = wide_pipe()
    with subprocess.Popen((*elsewhere, "dd", "bs=128K", "status=none", "of=/dev/null"), stdin=inlet):
        os.close(inlet)
        yield outlet
        os.close(outlet)


def stages(source: Path, target: Path, elsewhere: tuple[str, ...]) -> dict[str, Callable[[], int]]:
    """The stages by name; each moves the whole of `source` and returns how many bytes that were."""
    size = source.stat().st_size

    def disk_to_pipe() -> int:
        disk = SourceDisk(str(source))
        with _drained(elsewhere) as outlet:
            moved = copy_from_disk(disk, size, outlet, nothing)
        disk.close()
        return moved.count

    def through(copy: Callable[[int, int], Moved]) -> int:
        with _fed(source, elsewhere) as inlet, _drained(elsewhere) as outlet:
            return copy(inlet, outlet).count

    def pipe_to_disk() -> int:
        disk = TargetDisk(str(target))
        with _fed(source, elsewhere) as inlet:
            moved = copy_to_disk(Incoming(inlet).fill, disk, size, nothing)
        disk.close()
        written.append(moved)
        return moved.count

    written: list[Moved] = []

    def again() -> int:
        disk = ReadBack(str(target))
        found = read_back(disk, written[-1], nothing)
        disk.close()
        if found.digest is None:
            raise StageError("what was read back is not what was written.")
        return found.count

    return {
        "disk to pipe, digested (sender)": disk_to_pipe,
        "pipe to pipe by the kernel (sender)": lambda: through(copy_pipe),
        "stream to decompressor (receiver)": lambda: through(lambda inlet, sink: copy_stream(Incoming(inlet), sink)),
        "pipe to disk, digested (receiver)": pipe_to_disk,
        "reading back (receiver)": again,
    }


def table(found: tuple[Stage, ...]) -> str:
    """The stages for a person; the last column is how many times 1 Gbit/s goes through one."""
    rows: list[tuple[str, ...]] = [("stage", "MB/s", "CPU s/GB", "times 1 Gbit/s")]
    rows += [(one.name, f"{one.speed:.0f}", f"{one.cpu:.2f}", f"{one.speed / GIGABIT:.1f}") for one in found]
    return "\n".join(layout(rows)) + "\n"


def to_json(found: tuple[Stage, ...]) -> str:
    """The whole result."""
    return json.dumps([dataclasses.asdict(one) for one in found], indent=2) + "\n"

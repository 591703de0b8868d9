"""The demonstration: a PC with an installed Debian is cloned to two blank ones with larger disks, and the clones boot.

Only what is used is sent; on the clones the swap behind the last file system moves to the end of the disk, and the file
system grows up to it. Everything is virtual and real: PXE firmware, boot server, kernel, our initrd, udpcast.
`qemu/demo` installs what this needs and starts it.

    python3 -m qemu.demo [--receivers N] [--firmware KIND] [--keep]

Exit status: 0 every clone has all files of the model, has grown, and boots to its login prompt; 1 one does not; 2 wrong
usage; 3 something could not be built or run (one sentence on standard error); 4 a seat reported success although its
disk differs; 130 stopped (Ctrl-C).
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kernel_cmdline import showable, showable_lines
from kernel_cmdline.arguments import ArgumentParser

from . import pair
from .classroom.classroom import run_classroom
from .classroom.report import Report, Role, SeatReport, Verdict, equal, holds
from .classroom.spec import ClassroomSpec
from .classroom.starting import Booted, boot_clones
from .columns import layout
from .disks.debian import debian_model
from .disks.model import ModelDisk
from .disks.raw import MIB
from .disks.tools import DiskError
from .host import sandbox
from .host.packages import missing, named
from .machine.accel import choose
from .machine.firmware import Firmware

CLONE_SECONDS = 1200.0
"""Many times what an idle machine takes: under load it takes several times as long."""
MORE = 512 * MIB
"""By so much the clones' disks are larger than the model."""


@dataclass
class Progress:
    """Lines with the time since the start in front of them."""

    started: float

    def __call__(self, line: str) -> None:
        # One write, for two threads report.
        sys.stderr.write(f"[{time.monotonic() - self.started:5.0f} s] {showable_lines(line)}\n")
        sys.stderr.flush()


class Sparing:
    """Passes lines on, of a seat's many byte counts only one in `every` seconds."""

    BYTES = re.compile(r"\s(\S+)\s+\d+ of \d+ bytes$")

    def __init__(self, say: Callable[[str], None], every: float = 10.0) -> None:
        self._say, self._every = say, every
        self._last: dict[str, float] = {}

    def __call__(self, line: str) -> None:
        if counted := self.BYTES.search(line):
            now = time.monotonic()
            if now - self._last.get(counted[1], -self._every) < self._every:
                return
            self._last[counted[1]] = now
        self._say(line)


class _ToProgress(logging.Handler):
    def __init__(self, say: Progress) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


def make_parts(cache: Path, say: Progress) -> tuple[Path, ModelDisk]:
    """The pair and the model disk, made side by side. Raises DiskError, CalledProcessError."""

    def the_pair() -> Path:
        say("the pair: building it, unless it is up to date")
        built = pair.ensure(cache / "pair")
        say(f"the pair: {'built' if built else 'up to date'}")
        return cache / "pair"

    def the_model() -> ModelDisk:
        say("Debian: installing it on the model disk, unless that is up to date")
        model = debian_model(None, cache)
        say(f"Debian: {model.path.name}, {model.size / 1e6:.0f} MB")
        return model

    with ThreadPoolExecutor(2) as pool:
        pair_made, model_made = pool.submit(the_pair), pool.submit(the_model)
        return pair_made.result(), model_made.result()


HEADINGS = ("seat", "role", "disk", "MB", "used MB", "seconds", "boots", "its root MB")


def table(report: Report, booted: dict[str, Booted]) -> str:
    """One row for each seat; what its disk holds is seen by the host, not by the seat."""
    rows = [HEADINGS, *(_row(report, seat, booted.get(seat.name)) for seat in report.seats)]
    return "\n".join(layout(rows))


def _row(report: Report, seat: SeatReport, booted: Booted | None) -> tuple[str, ...]:
    claim = seat.claim
    if seat.role is Role.SENDER:
        untouched = not report.source.written and report.source.xxh128_before == report.source.xxh128_after
        disk = "unchanged" if untouched else "CHANGED"
    else:
        disk = holds(report, seat) if equal(report, seat) else "DIFFERS" if claim else "not finished"
    boots, root = ("", "") if seat.role is Role.SENDER else ("not tried", "")
    if booted is not None:
        boots = "NO" if booted.problem else f"yes, in {booted.seconds:.0f} s"
        root = f"{booted.root / 1e6:.0f}" if booted.root else ""
    transferred = ("", "", "")
    if claim is not None:
        used = claim.bytes if claim.sent is None else claim.sent
        transferred = (f"{claim.bytes / 1e6:.0f}", f"{used / 1e6:.0f}", f"{claim.seconds:.1f}")
    return (seat.name, seat.role.value, disk, *transferred, boots, root)


def not_as_wanted(report: Report, booted: dict[str, Booted]) -> list[str]:
    """What keeps a clone that is equal from being a grown system that boots."""
    found = []
    for seat in report.seats:
        if seat.target and equal(report, seat) and not seat.target.grown:
            found.append(f"{seat.name}: nothing has grown on its disk.")
    for name, one in booted.items():
        if one.problem:
            found.append(f"{name}: {one.problem}")
        elif one.root < MORE:
            found.append(f"{name}: its root file system has {one.root} bytes only.")
        elif one.swaps != 1:
            found.append(f"{name}: it uses {one.swaps} swaps, 1 was expected.")
    return found


@contextlib.contextmanager
def _workplace(cache: Path, keep: bool) -> Iterator[Path]:
    """Where the clones are; a failed run leaves them and the transcripts there."""
    place = cache / "demo"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    yield place
    if not keep:
        shutil.rmtree(place, ignore_errors=True)


def demonstrate(receivers: int, keep: bool, say: Progress, firmware: Firmware = Firmware.BIOS) -> int:
    """Run it all; returns the exit status. Raises what the steps raise."""
    files, model = make_parts(pair.CACHE, say)
    accel = choose(files / "udpcast-linux")
    with _workplace(pair.CACHE, keep) as place:
        say(
            f"the classroom: one sender, {receivers} blank receivers whose disks are {MORE / 1e6:.0f} MB larger, all"
            f" booting by PXE ({firmware.value}); only what is used is sent, and the clones grow"
        )
        spec = ClassroomSpec(
            files,
            receivers,
            append_receiver="umode=rcv auto=yes grow=yes",
            model=model.path,
            target_size=model.size + MORE,
            firmware=firmware,
            deadline=CLONE_SECONDS,
            keep=True,
            artefacts=place,
        )
        report = run_classroom(spec, Sparing(say))
        seats = [seat.name for seat in report.seats if seat.role is Role.RECEIVER]
        booted: dict[str, Booted] = {}
        if report.verdict is Verdict.GOOD:
            say("every disk has all files of the model; restarting the clones from their own disks")
            clones = tuple(Path(seat.target.path) for seat in report.seats if seat.target)
            started = boot_clones(clones, model.boot_line, accel, say, firmware=firmware)
            booted = dict(zip(seats, started, strict=True))
        print(table(report, booted), flush=True)
        problems = [*report.problems, *not_as_wanted(report, booted)]
        for problem in problems:
            print(showable(problem))
        if problems:
            print(f"transcripts and disks are in {place}")
            # Leaving through an error keeps them.
            raise _Bad(int(report.verdict) or 1)
    return 0


class _Bad(Exception):
    """The verdict is not good; `status` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def main(arguments: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="qemu/demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receivers", type=int, default=2, metavar="N", help="blank machines (default: 2)")
    words = ", ".join(kind.value for kind in Firmware)
    parser.add_argument(
        "--firmware",
        choices=[kind.value for kind in Firmware],
        default="bios",
        metavar="KIND",
        help=f"{words} (default: bios)",
    )
    parser.add_argument("--keep", action="store_true", help="leave the clones' disks in .cache/demo")
    options = parser.parse_args(arguments)
    if lacking := missing():
        print(f"qemu/demo: {named(lacking)}", file=sys.stderr)
        return 3
    say = Progress(time.monotonic())
    logging.getLogger("qemu").addHandler(_ToProgress(say))
    logging.getLogger("qemu").setLevel(logging.INFO)
    try:
        status = demonstrate(options.receivers, options.keep, say, Firmware(options.firmware))
    except _Bad as bad:
        status = bad.status
    except subprocess.CalledProcessError as error:
        print(f"qemu/demo: {shlex.join(error.cmd)} failed, see above.", file=sys.stderr)
        return 3
    except (DiskError, sandbox.RunFailed, sandbox.SandboxError) as error:
        print(f"qemu/demo: {showable_lines(str(error))}", file=sys.stderr)
        return 3
    except (KeyboardInterrupt, sandbox.Stopped):
        print("stopped", file=sys.stderr)
        return sandbox.STOPPED
    say("good: the clones have every file, have grown, and boot" if status == 0 else "FAILED")
    return status


if __name__ == "__main__":
    sys.exit(main())

"""The demonstration: a PC with an installed Debian is cloned to two blank ones, and the clones boot.

Everything is virtual and real: PXE firmware, boot server, kernel, our initrd, udpcast. `qemu/demo` installs what this
needs and starts it.

    python3 -m qemu.demo [--receivers N] [--keep]

Exit status: 0 every clone equals the model and boots to its login prompt; 1 one does not; 2 wrong usage;
3 something could not be built or run (one sentence on standard error); 4 a seat reported success although its disk
differs; 130 stopped (Ctrl-C).
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
from .classroom.errors import HARNESS_ERRORS
from .classroom.report import Report, Role, SeatReport, Verdict, equal
from .classroom.spec import ClassroomSpec
from .columns import layout
from .disks import images
from .disks.debian import debian_model
from .disks.model import ModelDisk
from .disks.tools import DiskError
from .host import sandbox
from .host.event_loop import Deadline, DeadlinePassed, EventLoop
from .host.packages import missing, named
from .machine.accel import choose
from .machine.console import Unexpected
from .machine.spec import Drive, MachineSpec, uuid
from .machine.vm import VM, LostMachine

CLONE_SECONDS = 420.0
BOOT_SECONDS = 180.0
NO_BOOT = ("Kernel panic", r"\(initramfs\)", "emergency mode", "No bootable device", "grub rescue>")
"""What a disk says that boots, but not to its end."""


@dataclass(frozen=True)
class Booted:
    """How a clone's own start went: `seconds` from power-on to the login prompt, or the `problem`."""

    seconds: float
    problem: str = ""


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


def boot_clones(clones: tuple[Path, ...], boot_line: str, accel: str, say: Progress) -> tuple[Booted, ...]:
    """Start each clone from its own disk, without a network, all at once, up to its login prompt.

    What they write goes to overlays, so that the clones stay as they were compared. Raises sandbox.RunFailed.
    """
    return sandbox.call(lambda scratch: _boot_all(clones, boot_line, accel, scratch, say), HARNESS_ERRORS)


def _boot_all(clones: tuple[Path, ...], boot_line: str, accel: str, scratch: Path, say: Progress) -> tuple[Booted, ...]:
    loop, deadline = EventLoop(), Deadline(BOOT_SECONDS)
    with contextlib.ExitStack() as stack:
        machines = []
        for number, clone in enumerate(clones):
            directory = scratch / clone.stem
            directory.mkdir()
            drive = Drive(images.overlay(clone, directory / "overlay.qcow2"), format="qcow2", bootindex=1)
            spec = MachineSpec(clone.stem, uuid=uuid(number + 1), accel=accel, drives=(drive,))
            machines.append(stack.enter_context(VM(spec, directory, loop, deadline)))
        # They run all the time; the second one's prompt may long be there when it is looked for.
        return tuple([_wait_for_login(vm, boot_line, deadline, say) for vm in machines])


def _wait_for_login(vm: VM, boot_line: str, deadline: Deadline, say: Progress) -> Booted:
    try:
        vm.console.expect(boot_line, NO_BOOT, deadline=deadline)
    except (Unexpected, LostMachine, DeadlinePassed) as error:
        say(f"{vm.spec.name}: {error}")
        return Booted(time.monotonic() - vm.started, str(error).splitlines()[0])
    say(f'{vm.spec.name}: booted from its own disk to "{boot_line}"')
    return Booted(time.monotonic() - vm.started)


HEADINGS = ("seat", "role", "disk", "bytes", "seconds", "MB/s", "digest", "boots")


def table(report: Report, booted: dict[str, Booted]) -> str:
    """One row for each seat; the digest is the host's own of what the disk holds."""
    rows = [HEADINGS, *(_row(report, seat, booted.get(seat.name)) for seat in report.seats)]
    return "\n".join(layout(rows))


def _row(report: Report, seat: SeatReport, booted: Booted | None) -> tuple[str, ...]:
    claim, same = seat.claim, equal(report, seat)
    if seat.role is Role.SENDER:
        untouched = not report.source.written and report.source.xxh128_before == report.source.xxh128_after
        disk, digest = "unchanged" if untouched else "CHANGED", report.source.xxh128_after
    else:
        disk, digest = "equal" if same else "DIFFERS", (seat.target.xxh128 if seat.target else None) or ""
    boots = "" if seat.role is Role.SENDER else "not tried"
    if booted is not None:
        boots = "NO" if booted.problem else f"yes, in {booted.seconds:.0f} s"
    transferred = ("", "", "")
    if claim is not None:
        rate = f"{claim.rate:.1f}" if claim.rate is not None else ""
        transferred = (str(claim.bytes), f"{claim.seconds:.1f}", rate)
    return (seat.name, seat.role.value, disk, *transferred, digest[:16], boots)


@contextlib.contextmanager
def _workplace(cache: Path, keep: bool) -> Iterator[Path]:
    """Where the clones are; a failed run leaves them and the transcripts there."""
    place = cache / "demo"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    yield place
    if not keep:
        shutil.rmtree(place, ignore_errors=True)


def demonstrate(receivers: int, keep: bool, say: Progress) -> int:
    """Run it all; returns the exit status. Raises what the steps raise."""
    files, model = make_parts(pair.CACHE, say)
    accel = choose(files / "udpcast-linux")
    with _workplace(pair.CACHE, keep) as place:
        say(f"the classroom: one sender, {receivers} blank receivers, all booting by PXE")
        spec = ClassroomSpec(files, receivers, model=model.path, deadline=CLONE_SECONDS, keep=True, artefacts=place)
        report = run_classroom(spec, Sparing(say))
        seats = [seat.name for seat in report.seats if seat.role is Role.RECEIVER]
        booted: dict[str, Booted] = {}
        if report.verdict is Verdict.GOOD:
            say("every disk is equal to the model; restarting the clones from their own disks")
            clones = tuple(Path(seat.target.path) for seat in report.seats if seat.target)
            booted = dict(zip(seats, boot_clones(clones, model.boot_line, accel, say), strict=True))
        print(table(report, booted), flush=True)
        problems = [*report.problems, *(f"{name}: {b.problem}" for name, b in booted.items() if b.problem)]
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
    parser.add_argument("--keep", action="store_true", help="leave the clones' disks in .cache/demo")
    options = parser.parse_args(arguments)
    if lacking := missing():
        print(f"qemu/demo: {named(lacking)}", file=sys.stderr)
        return 3
    say = Progress(time.monotonic())
    logging.getLogger("qemu").addHandler(_ToProgress(say))
    logging.getLogger("qemu").setLevel(logging.INFO)
    try:
        status = demonstrate(options.receivers, options.keep, say)
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
    say("good: the clones are equal and boot" if status == 0 else "FAILED")
    return status


if __name__ == "__main__":
    sys.exit(main())

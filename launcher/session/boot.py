"""``launcher run``: the launcher inside the initrd, on the running PC.

/init starts it on a console of its own and acts on its exit status. Nothing that happens here may end without a
sentence: an unexpected exception is kept in ``/run/udpcast/crash`` and reported by /init, which stays PID 1.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_cmdline import CommandLine, parse, showable_lines

from .. import paths, shells
from ..events import EventLog, named, since_boot
from ..exits import CRASHED

if TYPE_CHECKING:
    from ..answers.configuration import Configuration
    from ..model.plan import Plan
    from .app import App
    from .stage import Stage


def run() -> int:
    """Run the screens once; the result is the exit status for /init."""
    started = since_boot()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)  # a closed serial line or Ctrl-C is no reason to end a clone
    paths.RUN.mkdir(parents=True, exist_ok=True)
    paths.CRASH.unlink(missing_ok=True)
    log = EventLog(paths.EVENTS)
    try:
        line = parse(Path("/proc/cmdline").read_bytes())
        port = line.last("events")
        if port and port.value:
            log.add(named(port.value))
        _emit_start(log, started)
        status = _screens(line, log)
        log.close()  # before what asks nobody any more
        if status:
            _force_if_stuck(status)
        return status
    except Exception as bug:
        sentence, trace = f"udpcast-launcher failed: {type(bug).__name__}: {bug}", _traceback()
        paths.CRASH.write_text(showable_lines(f"{sentence}\n\n{trace}"))  # /init shows it
        log.emit("crash", sentence=sentence, traceback=trace)
        return CRASHED
    finally:
        log.close()


def _traceback() -> str:
    """Of the exception that is handled; the sentence stands alone where a PC that has run out cannot import more."""
    try:
        from traceback import format_exc  # noqa: PLC0415 - importing it delays the first screen
    except Exception:
        return ""
    return format_exc()


def _screens(line: CommandLine, log: EventLog) -> int:
    from .app import App  # noqa: PLC0415 - so that a broken import is caught above and reported
    from .interviewing import Dialogue, Interviewing  # noqa: PLC0415
    from .system import RunningSystem  # noqa: PLC0415

    inside = configurations()
    ended = paths.RESULT.exists()  # before a shell or a crash, after which the launcher was started again
    dialogue = Dialogue.of(line, inside, ended=ended)
    text = Path("/proc/cmdline").read_text(errors="replace").strip()
    log.emit("cmdline", text=text, warnings=[str(sentence) for sentence in (*dialogue.warnings, *dialogue.errors)])
    medium = line.last("medium")
    label = medium.value if medium else None
    system = RunningSystem(log, label)
    shells.permit(not (label or "config" in dialogue.given))  # what is yet to be read may forbid them

    def first(app: App) -> Stage:
        if not label and "config" not in app.dialogue.given:
            return Interviewing(app)
        from .files import Files  # noqa: PLC0415 - most PCs have none

        return Files(line, inside, label, ended, system.connect).first(app)

    def carry_out(app: App, plan: Plan) -> Stage:
        from .connecting import Connecting  # noqa: PLC0415 - not before there is a plan

        return Connecting(app, system, plan)

    return App(system, dialogue, log, carry_out, first).run()


def _force_if_stuck(status: int) -> None:
    from .leaving import force, stuck  # noqa: PLC0415 - not before the end

    if stuck():
        force(status)


def configurations(root: Path = Path("/")) -> tuple[Configuration, ...]:
    """UDPCast's ``udpcfg.txt`` in the initrd."""
    path = root / "udpcfg.txt"
    if not path.is_file():
        return ()
    from ..answers.configuration import read_configuration  # noqa: PLC0415 - as above

    return (read_configuration(path.read_bytes()),)


def _emit_start(log: EventLog, started: float) -> None:
    """What happened before the log could be written, with the time at which it did."""
    if paths.STAMPS.exists():
        for stamp in paths.STAMPS.read_text().split("\n"):
            name, _, seconds = stamp.partition(" ")
            if name:
                log.emit_at(float(seconds), name)
        paths.STAMPS.replace(paths.reported())  # a second start of the launcher is no second boot
    log.emit_at(started, "python")

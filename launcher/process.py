"""The one function that starts the transfer's processes, and what is known of a running one.

No shell is involved and no Python runs between fork and exec (``posix_spawn``), so that starting a process is safe
beside threads and cheap in a small memory. Every command is logged in a form that can be pasted into a shell.
What reads a stranger's bytes gets its pipes, and no rights (see `confinement`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from .errors import ErrorKind, TransferFailed
from .reasons import reason
from .sentence import say
from .shortage import shortage

FIRST_TO_GO = 500
"""Where memory runs out, the kernel ends one of the transfer's processes (proc(5), oom_score_adj), not the launcher,
which lives to tell."""

FALLBACKS = {"pigz": "gzip"}  # the same options, one thread


class Process:
    """A child in a session of its own, which belongs to one thread.

    `status` is None while it runs, then as `subprocess` counts it: -9 for SIGKILL. `sent`: the signals that we sent it.
    `errors` becomes readable with its standard error, `pidfd` when it has ended. `name`: what people call it; without
    one, the program's without its directory.
    """

    def __init__(self, argv: tuple[str, ...], pid: int, errors: int, name: str | None = None) -> None:
        self.argv = argv
        self.name = name or argv[0].rpartition("/")[2]
        self.pid = pid
        self.errors = errors
        self.pidfd = os.pidfd_open(pid)
        self.status: int | None = None
        self.sent: set[int] = set()

    def signal(self, number: int) -> None:
        """Send a signal to the process and all it started; harmless when it was reaped."""
        if self.status is None:  # else the number is another's
            self.sent.add(number)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def reap(self) -> int:
        """Wait for the end and return the status."""
        _, raw = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(raw)
        os.close(self.pidfd)
        os.close(self.errors)
        return self.status


def program(argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv` with a program that is there: itself, or its fallback with the same options.

    Raises TransferFailed when there is neither.
    """
    for name in (argv[0], FALLBACKS.get(argv[0])):
        if name and shutil.which(name):
            return (name, *argv[1:])
    raise TransferFailed(
        ErrorKind.PROGRAM_MISSING,
        say("{program} is missing from this initrd, and this transfer needs it.", program=argv[0]),
        say("Build the pair anew on a machine that has it."),
    )


def open_terminal() -> tuple[int, int, str] | None:
    """A new pseudo-terminal: our side, the process's side, and that side's path; None where there is none to have.

    Raises OSError where this PC has run out of something.
    """
    try:
        ours, theirs = os.openpty()
    except OSError as error:
        if shortage(error):
            raise
        return None
    try:
        return ours, theirs, os.ttyname(theirs)
    except OSError:  # devpts is not mounted
        os.close(ours)
        os.close(theirs)
        return None


def spawn(
    argv: tuple[str, ...],
    stdin: int | None,
    stdout: int,
    note: Callable[[str], None],
    terminal: str | None = None,
    *,
    rights: bool = True,
    name: str | None = None,
) -> Process:
    """Start `argv` with these descriptors as standard input (None: /dev/null) and standard output.

    `note` is given the command in a form that can be pasted into a shell.
    `terminal` (the path of a pseudo-terminal) becomes its controlling terminal, which ``/dev/tty`` is to it: when our
    side of it closes, even because we were killed, the kernel hangs the process up.
    Without `rights` it is confined (see `confinement`). `name`: see `Process`.
    Raises TransferFailed when it cannot be started.
    """
    note(shlex.join(argv))
    with contextlib.ExitStack() as ours:
        try:
            null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            ours.callback(os.close, null)
            errors, errors_end = os.pipe()
            ours.callback(os.close, errors_end)
        except OSError as error:
            raise _not_started(argv, error) from error
        # A session leader without a terminal gets the one that it opens first.
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = []
        if terminal:
            actions.append((os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0))
        actions += [
            (os.POSIX_SPAWN_DUP2, null if stdin is None else stdin, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, errors_end, 2),
        ]

        def start() -> int:
            return os.posix_spawnp(
                argv[0],
                argv,
                {**os.environ, "LC_ALL": "C"},
                file_actions=actions,
                setsid=True,
                setsigmask=[],
                setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
            )

        try:
            pid = start() if rights else _confined(start, terminal)
        except OSError as error:
            os.close(errors)
            raise _not_started(argv, error) from error
        except TransferFailed:
            os.close(errors)
            raise
    os.set_blocking(errors, False)
    with contextlib.suppress(OSError):  # only root may, and only where the kernel knows it
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(FIRST_TO_GO))
    try:
        return Process(argv, pid, errors, name)
    except OSError as error:  # no descriptor is left to watch it with
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(errors)
        sentence = say("{program} could not be watched: {error}.", program=argv[0], error=reason(error))
        raise TransferFailed(ErrorKind.PROGRAM_FAILED, sentence) from error


def spawn_to_stay(argv: tuple[str, ...], log: str, fd: int) -> int:
    """Start `argv`, which goes on when we have ended, and give its process number. What it says goes to the file `log`;
    `fd` is open there as well, by its number. Raises TransferFailed when it cannot be started."""
    os.set_inheritable(fd, True)
    try:
        return os.posix_spawnp(
            argv[0],
            argv,
            {**os.environ, "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
        )
    except OSError as error:
        raise _not_started(argv, error) from error
    finally:
        os.set_inheritable(fd, False)


def _not_started(argv: tuple[str, ...], error: OSError) -> TransferFailed:
    sentence = say("{program} could not be started: {error}.", program=argv[0], error=reason(error))
    return TransferFailed(ErrorKind.PROGRAM_FAILED, sentence)


def _confined(start: Callable[[], int], terminal: str | None) -> int:
    from .confinement import confined, hand_over  # noqa: PLC0415 - no transfer, no need of it

    if terminal:
        hand_over(terminal)
    return confined(start)


def output(argv: tuple[str, ...]) -> bytes:
    """What `argv` writes to its standard output. Raises TransferFailed when it cannot be started, or fails."""
    read, write = os.pipe()
    try:
        process = spawn(argv, None, write, lambda command: None)
    except TransferFailed:
        os.close(read)
        raise
    finally:
        os.close(write)
    with open(read, "rb") as end:  # noqa: PTH123 - a descriptor
        written = end.read()
    status = process.reap()
    if status:
        raise TransferFailed(
            ErrorKind.PROGRAM_FAILED, say("{name} ended with status {status}.", name=argv[0], status=status)
        )
    return written

"""A place from which nothing can leak: processes, network devices and files all end with the run.

    caller ── guard (holds the scratch directory, removes it when everybody else is gone)
       └──── keeper (makes the namespaces) ── the run itself: PID 1 of its own PID namespace

- The run lives in its own PID and network namespaces. When it ends, in whatever way, the kernel kills every process
  in there, and the bridge, the taps and their addresses go with the last of them.
- Caller and keeper each drag their child along when they die (PR_SET_PDEATHSIG), be it by SIGKILL.
- The guard is in a session of its own, so that Ctrl-C does not reach it. It waits for the end of a pipe that all the
  others hold, which no way to die can prevent, and then removes the scratch directory.

Root needs no user namespace. Without root one is made (unshare(2): user namespace first), in which the run is
root over its own network; /dev/net/tun may be opened there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TypeVar, cast

T = TypeVar("T")

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 20
"""After a request to stop, the run may write its artefacts for so long; then it is killed."""

STOPPED = 130
"""Exit status of a run that was stopped by Ctrl-C or a signal."""


class SandboxError(Exception):
    """One sentence: why no namespace could be made, and what to do."""


class RunFailed(Exception):
    """One sentence: why the run came to no result. `kind` is the name of the exception's class inside the run."""

    def __init__(self, sentence: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.kind = kind


class Stopped(KeyboardInterrupt):
    """The run was asked to stop (SIGINT, SIGTERM, SIGHUP)."""


def call(function: Callable[[Path], T], expected: tuple[type[Exception], ...]) -> T:
    """Call `function` as `run` does and return what it returns (a value that can be pickled).

    Exceptions of the `expected` classes become `RunFailed` with the same sentence; a failed assertion stays one; any
    other prints its traceback and becomes RunFailed. Raises RunFailed, AssertionError, Stopped, SandboxError.
    """
    with os.fdopen(os.memfd_create("result"), "w+b") as file:

        def inside(directory: Path) -> int:
            try:
                answer: tuple[bool, str, object] = (True, "", function(directory))
            except AssertionError as error:
                answer = (False, AssertionError.__name__, str(error))
            except expected as error:
                kind = error.kind if isinstance(error, RunFailed) else type(error).__name__
                answer = (False, kind, str(error))
            pickle.dump(answer, file)
            file.flush()
            return 0

        status = run(inside)
        if status == STOPPED:
            raise Stopped
        if status:
            raise RunFailed(f"the harness itself failed (status {status}); its last words are above.")
        file.seek(0)
        good, kind, value = pickle.load(file)
    if kind == AssertionError.__name__:
        raise AssertionError(value)
    if not good:
        raise RunFailed(str(value), kind)
    return cast(T, value)


def run(function: Callable[[Path], int], scratch: Path | None = None) -> int:
    """Call `function` with a scratch directory inside new namespaces; returns its exit status.

    `scratch` is where the scratch directory is made: by default $TMPDIR or /var/tmp, for disk images go there. Only
    for the main thread (it handles signals). A run that was stopped gives `STOPPED`, one that was killed or crashed
    gives 3. Raises SandboxError.
    """
    if sys.platform != "linux":
        raise SandboxError("the virtual classroom needs Linux's namespaces.")
    directory = Path(tempfile.mkdtemp(prefix="udpcast-", dir=scratch or os.environ.get("TMPDIR", "/var/tmp")))
    pipe_read, pipe_write = os.pipe()
    _flush()
    guard = os.fork()
    if guard == 0:
        _guard(directory, pipe_read, pipe_write)
    os.close(pipe_read)
    caller = os.pidfd_open(os.getpid())
    keeper = os.fork()
    if keeper == 0:
        _child(lambda: _keep(lambda: _in_scratch(function, directory), caller))
    os.close(pipe_write)
    os.close(caller)
    try:
        with _forwarding(keeper):
            return _exit_status(keeper)
    finally:
        os.waitpid(guard, 0)


def _guard(directory: Path, pipe_read: int, pipe_write: int) -> None:
    """Wait until nobody holds the pipe any more, then remove `directory`. Never returns."""
    try:
        os.setsid()
        os.close(pipe_write)
        # Whoever reads the caller's output until its end must not wait for us.
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        while os.read(pipe_read, 1):
            pass
        # A process that is being killed may still be busy in there for an instant.
        end = time.monotonic() + 5
        while directory.exists() and time.monotonic() < end:
            shutil.rmtree(directory, ignore_errors=True)
    finally:
        os._exit(0)


def _keep(function: Callable[[], int], caller: int) -> int:
    """In the keeper: make the namespaces, start the run, hand on signals and its exit status."""
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWNS
    _unshare(flags if uid == 0 else flags | _CLONE_NEWUSER)
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _die_with_parent(caller)  # only now: a change of credentials clears it
    keeper = os.pidfd_open(os.getpid())
    runner = os.fork()
    if runner == 0:
        _child(lambda: _first_process(function, keeper))
    os.close(keeper)
    with _forwarding(runner):
        return _exit_status(runner)


def search_path() -> str:
    """PATH, with the administrator's directories, which not every user has in his (ip and dnsmasq are there)."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _in_scratch(function: Callable[[Path], int], directory: Path) -> int:
    """All temporary files of the run go into its scratch directory, those of a sandbox within this one too."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(directory)
    os.environ["PATH"] = search_path()
    return function(directory)


def _first_process(function: Callable[[], int], keeper: int) -> int:
    _die_with_parent(keeper)
    _mount_proc()
    _stop_on_signals()
    return function()


def _child(function: Callable[[], int]) -> None:
    """Run `function` as a forked process: never returns into the caller's code."""
    status = 3
    try:
        status = function()
    except KeyboardInterrupt:
        status = STOPPED
    except SandboxError as error:
        print(error, file=sys.stderr)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 3
    except BaseException:  # whatever it is must not unwind into the parent's frames
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            _flush()
        os._exit(status)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _unshare(flags: int) -> None:
    if _libc().unshare(flags) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxError(
            f"no namespace could be made ({reason}): run it as root, or allow user namespaces"
            " (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0)."
        )


def _mount_proc() -> None:
    """Show the new PID namespace in /proc: some programs (syslinux, for one) look for themselves by number there.

    A container may forbid it; most programs do not mind.
    """
    libc = _libc()
    if libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None) == 0:
        libc.mount(b"proc", b"/proc", b"proc", 0, None)


def _die_with_parent(pidfd: int) -> None:
    """Be killed when the parent, whose `pidfd` this is, ends; it may have ended already."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if select.select([pidfd], [], [], 0)[0]:
        os._exit(STOPPED)
    os.close(pidfd)


def _stop_on_signals() -> None:
    """Turn the first request to stop into `Stopped`; ignore further ones, so that the cleaning up is not disturbed."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)


@contextlib.contextmanager
def _forwarding(child: int) -> Iterator[None]:
    """Hand requests to stop on to `child`; kill it when it does not end within the grace."""

    asked: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL if number == signal.SIGALRM else number)
        signal.alarm(GRACE_SECONDS)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        if asked:
            signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_status(child: int) -> int:
    """Wait for `child`; a killed one counts as crashed (3), or as stopped when the signal was a request to stop."""
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    return STOPPED if os.WTERMSIG(status) in {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} else 3

"""A server under a keeper: it never outlives the boot server that started it, however that one ends.

    boot server ══ pipe ══ keeper ── dnsmasq
    boot server ══ pipe ══ keeper ── the server of files (`web.files`)

- The keeper is a fork of the boot server in a session of its own, so that neither Ctrl-C nor a closed terminal reaches
  it. It waits for the end of a pipe that only the boot server holds. Whatever ends the boot server, SIGKILL as well,
  ends the pipe: then the keeper ends dnsmasq, and clears away.
- The server of files is a fork that goes on in this program, for the code may lie where its user cannot read it. It
  sees nothing but its tree (chroot(2)), has no capability, and can make no file grow.
- dnsmasq dies with the keeper (PR_SET_PDEATHSIG). The kernel forgets that when a process changes its credentials, as
  dnsmasq does when it gives up root (measured: it lived on). So it never is root: it is started as its own user, with
  the three capabilities that it would have kept. Where there is no other user to become (user_namespaces(7)), it stays
  root, and nothing changes.
- SIGKILL for the keeper: dnsmasq dies, and the boot server sees the keeper's end. For both at once: dnsmasq dies, the
  files stay, and the next run finds them (`workspace`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import resource
import select
import signal
import struct
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE = 2.0
"""Seconds that dnsmasq has for its end."""

USERS = ("dnsmasq", "nobody")
"""Whom dnsmasq is started as: the user that Debian's package makes, else nobody."""

_SETGID, _SETUID, _NET_BIND_SERVICE, _NET_ADMIN, _NET_RAW = 6, 7, 10, 12, 13
_KEPT = (_NET_BIND_SERVICE, _NET_ADMIN, _NET_RAW)
"""Ports 67 and 69; the ARP entry of a client that does not answer ARP yet; ping (dnsmasq's src/dnsmasq.c)."""

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 38, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_NOT_STARTED = 127


@dataclass(frozen=True)
class User:
    """Who dnsmasq is."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What is kept: its words, who it is (None: as we are), how many descriptors it may open (0: as many as we)."""

    argv: tuple[str, ...]
    user: User | None = None
    descriptors: int = 0


@dataclass(frozen=True)
class Task:
    """What is kept, in this program: `run` gets the descriptor of the log, in a process that sees only `root`.
    `name` is the process's, 15 characters at most."""

    name: str
    run: Callable[[int], int]
    root: Path
    user: User | None = None
    descriptors: int = 0


def other_user() -> User | None:
    """Who dnsmasq can be but root; None where nobody else can be become."""
    if _in_user_namespace() or not _may(_SETUID) or not _may(_SETGID):
        return None
    for name in USERS:
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return User(name, found.pw_uid, found.pw_gid)
    return None


class Supervisor:
    """A running command with its keeper.

    `log` is the descriptor of what the command says; its end is the command's end. `keeper` is a pidfd: the keeper ends
    before `close` only when it is killed. `pid` is the command's, 0 when it did not come to one.
    """

    def __init__(self, command: Command | Task, clear: Callable[[], None], keep: Collection[int] = ()) -> None:
        """Start both. The keeper calls `clear` at its end; of our descriptors it has only `keep`, and so has a `Task`.

        For a process without threads. Raises OSError when there can be no further process.
        """
        self.log, log = os.pipe()
        theirs, self._control = os.pipe()
        pid, told = os.pipe()
        self._clear = clear
        with contextlib.suppress(OSError):  # the disk behind it is full
            sys.stdout.flush()
        self._keeper = os.fork()
        if not self._keeper:
            _never_back(lambda: _keep(command, clear, (theirs, log, told), keep))
        for fd in (theirs, log, told):
            os.close(fd)
        self.keeper = os.pidfd_open(self._keeper)
        self.pid = int(os.read(pid, 20) or 0)
        os.close(pid)
        self._command = os.pidfd_open(self.pid) if self.pid else None
        self.keeper_was_killed = False

    def signal(self, number: signal.Signals) -> None:
        """Send the command a signal; nothing happens when it has ended."""
        if self._command is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._command, number)

    def close(self) -> int:
        """End the command, unless it has ended by itself, and clear away: its exit status, or 128 and its signal."""
        os.close(self._control)
        status = os.waitstatus_to_exitcode(os.waitpid(self._keeper, 0)[1])
        if status < 0:
            self.keeper_was_killed = True
            self.signal(signal.SIGKILL)
            select.select([self._command] if self._command is not None else [], [], [], GRACE)
            self._clear()
        for fd in (self.log, self.keeper, self._command):
            if fd is not None:
                os.close(fd)
        self._command = None
        return status if status >= 0 else 128 - status


def _keep(
    command: Command | Task, clear: Callable[[], None], pipes: tuple[int, int, int], keep: Collection[int]
) -> int:
    """The keeper: start the command, wait for the end of the boot server's pipe, end the command, clear away."""
    control, log, told = pipes
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # who means all of a service means the boot server too, which ends us
    _close_all_but({*pipes, *keep})
    keeper = os.getpid()
    pid = os.fork()
    if not pid:
        _never_back(lambda: _become(command, log, keeper))
    handle = os.pidfd_open(pid)
    os.close(log)
    with contextlib.suppress(BrokenPipeError):  # the boot server was killed meanwhile
        os.write(told, str(pid).encode())
    os.close(told)
    while os.read(control, 1):
        pass
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
        select.select([handle], [], [], GRACE)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    clear()
    return status if status >= 0 else 128 - status


def _become(command: Command | Task, log: int, keeper: int) -> int:
    """The command's process, up to the command. The order matters: a change of credentials clears the death signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(log, 1)
    os.dup2(log, 2)
    what = command.argv[0] if isinstance(command, Command) else "it cannot give up its rights"
    try:
        if command.descriptors:
            _allow(command.descriptors)
        if isinstance(command, Task):
            Path("/proc/self/comm").write_text(command.name)
            _see_only(command.root)
        kept = _KEPT if isinstance(command, Command) else ()
        if command.user:
            _become_user(command.user)
        if command.user or isinstance(command, Task):
            _keep_only([capability for capability in kept if _may(capability)])  # it names itself what it misses
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # it is gone, and its end was not noticed
            return _NOT_STARTED
        if isinstance(command, Task):
            return command.run(log)
        # What it says is read, so it must not be in the language of this machine.
        os.execve(command.argv[0], command.argv, {**os.environ, "LC_ALL": "C"})
    except OSError as error:
        os.write(2, f"{what}: {error.strerror}\n".encode())
    return _NOT_STARTED


def _see_only(root: Path) -> None:
    """No file but those in `root`, and none to write (signal(7): SIGXFSZ is ignored by Python, and the write fails)."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # of clients that are gone
    os.chroot(root)
    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _become_user(user: User) -> None:
    """For good; what may be done as root stays permitted until `_keep_only`."""
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)


def _keep_only(kept: Sequence[int]) -> None:
    """No capability but these, which the next program has as well (capabilities(7))."""
    bits = sum(1 << capability for capability in kept)
    header, low = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), struct.pack("III", bits, bits, bits)
    if _libc().capset(header, low + bytes(12)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for capability in kept:
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _allow(descriptors: int) -> None:
    """Let this process open so many descriptors, as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        hard = max(hard, descriptors)
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def _may(capability: int) -> bool:
    """True when this process is permitted to do what the capability allows."""
    found = [
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapPrm")
    ]
    return bool(found) and bool(int(found[0], 16) >> capability & 1)


def _in_user_namespace() -> bool:
    """True where root is not the machine's root, and there need be no other user (user_namespaces(7))."""
    try:
        return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]
    except OSError:
        return False


def _close_all_but(kept: Collection[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):  # whoever reads the boot server's output until its end must not wait for us
        os.dup2(null, fd)
    for fd in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if fd > 2 and fd not in kept:
            with contextlib.suppress(OSError):
                os.close(fd)


def _never_back(function: Callable[[], int]) -> None:
    """Run `function` in a forked process, which never returns into its parent's code."""
    status = 3
    try:
        status = function()
    finally:
        os._exit(status)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *values: int) -> None:
    """Raises OSError."""
    if _libc().prctl(option, *(values + (0,) * (4 - len(values)))):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

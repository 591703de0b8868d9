"""Programs that read what strangers may have written are started without rights: as `NOBODY`, in no other group, with
no capability, and without any means to get some again (PR_SET_NO_NEW_PRIVS).

Credentials belong to a thread (credentials(7)), and what a thread starts has its thread's. So a thread gives up all of
its own, starts the program, and ends: nothing runs between fork and exec, no helper program is needed, and a program
that cannot be started is told of as ever. The libraries' setuid() is no use here: it changes every thread.

Where `NOBODY` is not known (a user namespace), where we may not become another user, or where the machine's system
calls are not in `_SYSTEM_CALLS`, the user stays; all the rest holds. udpcast and the compressors need no more
(measured: multicast, broadcast, ports from 1024 up).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

from .errors import ErrorKind, TransferFailed
from .sentence import say

T = TypeVar("T")

NOBODY = 65534

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522

_GENERIC = 159, 149, 147
_SYSTEM_CALLS = {
    ("x86_64", 8): (116, 119, 117),
    ("x86_64", 4): (206, 210, 208),  # a 32-bit Python on a 64-bit kernel
    ("i686", 4): (206, 210, 208),
    ("aarch64", 8): _GENERIC,
    ("riscv64", 8): _GENERIC,
}
"""The numbers of setgroups, setresgid and setresuid, by machine and size of a pointer (the kernel's syscall tables)."""


def confined(start: Callable[[], T]) -> T:
    """What `start` gives, called in a thread without rights. Raises what it raises, OSError where there are too many
    threads, and TransferFailed where the rights could not be given up."""
    came: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            give_up_rights()
            came.append(start())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="confined")
    try:
        thread.start()
    except RuntimeError as none_left:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from none_left
    thread.join()
    for error in failed:
        raise error
    return came[0]


def hand_over(path: str) -> None:
    """Let a program that is `confined` open the terminal `path`. Never fails: the program tells."""
    with contextlib.suppress(OSError):
        os.chown(path, NOBODY, -1, follow_symlinks=False)


def hand_over_log(path: str) -> None:
    """The same of a file that may not be there yet. Whatever is no plain file with this one name stays as it is."""
    with contextlib.suppress(OSError):
        new = 0 if os.path.lexists(path) else os.O_CREAT | os.O_EXCL
        log = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | new, 0o644)
        with contextlib.closing(os.fdopen(log)):
            found = os.fstat(log)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                os.fchown(log, NOBODY, -1)


def give_up_rights() -> None:
    """In this thread only. Raises TransferFailed where that cannot be.

    The order matters: each step is the last one that the next may not be done before."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _not_given_up()
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    capability = 0
    while not libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):  # until there is none of that number, or no right to
        capability += 1
    groups, gid, uid = _SYSTEM_CALLS.get((os.uname().machine, struct.calcsize("P")), (None, None, None))
    if uid is not None:
        libc.syscall(groups, 0, None)
        libc.syscall(gid, NOBODY, NOBODY, NOBODY)
        libc.syscall(uid, NOBODY, NOBODY, NOBODY)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    if libc.capset(header, bytes(24)):  # effective, permitted, inheritable: none
        raise _not_given_up()


def _not_given_up() -> TransferFailed:
    words = os.strerror(ctypes.get_errno())
    return TransferFailed(ErrorKind.PROGRAM_FAILED, say("A program could not be confined: {error}.", error=words))

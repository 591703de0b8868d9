"""The kernel's reasons in the operator's language: those that disks, files and networks give.

In English they are the C library's own words, as programs and logs have them. One that is not here stays English.
"""

from __future__ import annotations

import errno

from .sentence import Sentence, say, verbatim

REASONS = {
    errno.EPERM: say("Operation not permitted"),
    errno.ENOENT: say("No such file or directory"),
    errno.EIO: say("Input/output error"),
    errno.ENXIO: say("No such device or address"),
    errno.ENOMEM: say("Cannot allocate memory"),
    errno.EACCES: say("Permission denied"),
    errno.EBUSY: say("Device or resource busy"),
    errno.EEXIST: say("File exists"),
    errno.ENODEV: say("No such device"),
    errno.EINVAL: say("Invalid argument"),
    errno.EMFILE: say("Too many open files"),
    errno.ENOSPC: say("No space left on device"),
    errno.EROFS: say("Read-only file system"),
    errno.EOPNOTSUPP: say("Operation not supported"),
    errno.ENETUNREACH: say("Network is unreachable"),
    errno.ETIMEDOUT: say("Connection timed out"),
    errno.ECONNREFUSED: say("Connection refused"),
    errno.EHOSTUNREACH: say("No route to host"),
    errno.ENOMEDIUM: say("No medium found"),
}
"""By the error's number."""


def reason(error: OSError) -> Sentence:
    """Why it failed."""
    known = REASONS.get(error.errno or 0)
    return known or verbatim(error.strerror or str(error))

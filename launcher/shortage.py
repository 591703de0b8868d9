"""What a PC can run out of: open files, threads, processes, memory. Told from bugs, which are tracebacks."""

from __future__ import annotations

import errno

from .reasons import REASONS, reason
from .sentence import Sentence, say

_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_NO_THREAD = "can't start new thread"  # threading's own words, in a RuntimeError

HINT = say("Something on this PC uses more than there is; restart it.")


def shortage(error: BaseException) -> Sentence | None:
    """What there is too little of, or None where `error` is another one."""
    if isinstance(error, OSError) and error.errno in _SHORT:
        return reason(error)
    if isinstance(error, MemoryError):
        return REASONS[errno.ENOMEM]
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return say("no thread can be started")
    return None

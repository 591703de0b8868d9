"""What a server says to its operator, line by line.

Whatever a line quotes, of clients, files or other servers, goes through `showable`, here for all of them: a line stays
one line, and moves no cursor.

A line that cannot be written for now is left out: a full disk behind the output, or a letter that the terminal does not
know, ends no server whose PCs are in the middle of a clone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from kernel_cmdline import showable

_FULL = (errno.ENOSPC, errno.EDQUOT)


def say(line: str) -> None:
    """Raises OSError where nobody will read it any more: behind a closed pipe or terminal."""
    line = showable(line)
    try:
        try:
            print(line, flush=True)
        except UnicodeEncodeError:
            print(line.encode("ascii", "backslashreplace").decode(), flush=True)
    except OSError as error:
        if error.errno not in _FULL:
            with contextlib.suppress(OSError, ValueError):  # else Python complains at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise

"""What a server says to its operator, line by line.

A line that cannot be written is left out: a full disk behind the output, or a letter that the terminal does not know,
ends no server whose PCs are in the middle of a clone. Where nobody reads any more (a pipe was closed), it ends as it
does when its terminal is closed: it never goes on unseen.
"""

from __future__ import annotations

import contextlib
import os
import sys

from .loop import Told


def say(line: str) -> None:
    """Raises Told where nobody reads any more."""
    try:
        try:
            print(line, flush=True)
        except UnicodeEncodeError:
            print(line.encode("ascii", "backslashreplace").decode(), flush=True)
    except BrokenPipeError as error:
        with contextlib.suppress(OSError, ValueError):  # else Python complains at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Told from error
    except OSError:
        pass

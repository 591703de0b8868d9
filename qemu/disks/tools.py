"""Other people's programs that make and read disks (sfdisk, mke2fs, qemu-img, …): how each of them is run."""

from __future__ import annotations

import logging
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)


class DiskError(Exception):
    """An image cannot be made or read; one sentence for the operator."""


def run(argv: Sequence[str | Path], *, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed.

    The command goes to the log in a form that a shell takes. Raises `DiskError` with the command's last line of
    complaint when it is missing or fails.
    """
    words = [str(word) for word in argv]
    log.debug("$ %s", shlex.join(words))
    try:
        done = subprocess.run(
            words,
            input=stdin,
            env=env,
            check=False,
            text=True,
            capture_output=True,
        )
    except FileNotFoundError:
        raise DiskError(f"{words[0]} is not installed; tests/run and qemu/demo install what is missing.") from None
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise DiskError(f"{shlex.join(words)} ended with status {done.returncode}: {complaint}")
    return done.stdout

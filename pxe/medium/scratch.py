"""A folder for what is made on the way to an image: tens of megabytes, so the next run removes what a killed one left.

Whoever made one holds a lock on it (flock(2)) as long as it lives. A file system without such locks keeps what is left
there: nobody can tell whether somebody still works in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".udpcast-image-"
_NAME = re.compile(re.escape(PREFIX) + r"\w{8}", re.ASCII)


@contextlib.contextmanager
def scratch(place: Path | None = None) -> Iterator[Path]:
    """A folder in `place` (None: where temporary files are) for as long as the block runs. Raises OSError."""
    place = Path(tempfile.gettempdir()) if place is None else place
    _sweep(place)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place, ignore_cleanup_errors=True) as made:
        lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            os.stat(made)  # noqa: PTH116 - another run may have taken it for a leftover until just now
            yield Path(made)
        finally:
            os.close(lock)


def _sweep(place: Path) -> None:
    try:
        found = [path for path in place.iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return  # who makes a folder there says why not
    for path in found:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(handle).st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)

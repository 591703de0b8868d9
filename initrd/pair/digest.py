"""SHA-256 of files."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


def digest(path: Path) -> str | None:
    """The SHA-256 of a regular file; None for what is none (a link is none), or is not there. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        if path.is_symlink():
            return None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

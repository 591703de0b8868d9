"""A file appears whole or not at all, is on the disk before it has its name, and everybody can read it."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

MODE = 0o644
_UNKNOWN = (errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.EOPNOTSUPP)


def write_whole(target: Path, content: bytes) -> None:
    """Put `content` at `target`. Raises OSError; then `target` is as it was."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, MODE)
            os.fsync(handle)
        Path(name).replace(target)
        sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk, where the file system can be told so (some network ones cannot)."""
    with contextlib.suppress(PermissionError):  # it may be written in and not read
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
        finally:
            os.close(handle)
